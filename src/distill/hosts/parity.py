"""Whether a file for a host gives what the model gives: some seconds through both, compared.

The file is loaded as hosts load it, and fed in blocks of several sizes. What it gives is compared
with the codec's own encoding and decoding from the first sample on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.audio.level import db
from distill.cancellation import check_cancellation
from distill.errors import ParityError
from distill.hosts.reference import decode_ahead
from distill.hosts.sample import sample_sound
from distill.models.persistence import LoadedVQModel

SECONDS = 4.0
"""Sound that is compared, in seconds."""

BLOCKS = (1024, 2048, 8192)
"""Sizes of the blocks that it comes in, in samples."""

LARGEST_DIFFERENCE = 1e-5
"""Largest difference of two samples, of full scale 1: -100 dBFS. Rounding gives about 3e-6."""

LARGEST_HALF_DIFFERENCE = 1e-2
"""The same where weights are kept as float16: -40 dBFS. They differ by about 1e-3."""

LEAST_EQUAL = 0.95
"""Smallest share of equal columns. TorchScript has all of them; ONNX Runtime, whose transform
rounds otherwise, 98.6 % at the least. Another code is then as near to the sound as the first."""


class Host(NamedTuple):
    """A file as a host uses it.

    Attributes:
        reset: Forgets all that came before.
        encode: Codes `[t, Q]` of the next block of sound `[C, n]`.
        decode: Sound `[C, n]` of the next codes `[t, Q]`.
        forward: Sound `[C, n]` of the next block of sound `[C, n]`.
        encode_delay: Code frames from a sound to its codes.
        decode_delay: Code frames from codes to their sound.
    """

    reset: Callable[[], object]
    encode: Callable[[Tensor], Tensor]
    decode: Callable[[Tensor], Tensor]
    forward: Callable[[Tensor], Tensor]
    encode_delay: int
    decode_delay: int


@dataclass(frozen=True)
class BlockParity:
    """How near a file comes to the model in blocks of one size.

    Attributes:
        block: Samples of a block.
        decode_difference: Largest difference of samples decoded from codes.
        forward_difference: The same for sound that is encoded and decoded.
        equal_columns: Share of columns that are encoded alike, 0 to 1.
    """

    block: int
    decode_difference: float
    forward_difference: float
    equal_columns: float


@dataclass(frozen=True)
class Parity:
    """How near a file comes to the model.

    Attributes:
        source: `recordings` of the corpus, or `noise`.
        seconds: Sound that was compared, in seconds.
        level_db: Level of what the file gave, in dBFS.
        model_level_db: Level of what the model gives.
        blocks: The figures by size of the blocks.
    """

    source: str
    seconds: float
    level_db: float
    model_level_db: float
    blocks: tuple[BlockParity, ...]

    @property
    def difference(self) -> float:
        """Largest difference of all samples; NaN where one of them is no number."""
        values = [(b.decode_difference, b.forward_difference) for b in self.blocks]
        # Python's `max` may drop it.
        return float(np.max(values))

    @property
    def equal_columns(self) -> float:
        """Smallest share of equal columns."""
        return min(b.equal_columns for b in self.blocks)


@torch.no_grad()
def measure_parity(
    loaded: LoadedVQModel, host: Host, ahead: int, blocks: Sequence[int] = BLOCKS
) -> Parity:
    """Compare what a file gives with what its model gives.

    Args:
        loaded: The model, on the CPU.
        host: The file.
        ahead: Code frames that its decoder looks ahead.
        blocks: Sizes of blocks in samples, multiples of the code frame.

    Raises:
        ParityError: They differ by more than rounding.
    """
    codec = loaded.model
    largest = max(blocks) // codec.frame_hop
    needed = round(SECONDS * codec.frame_rate) + host.encode_delay + host.decode_delay
    n_frames = -(-needed // largest) * largest
    sound, source = sample_sound(loaded, n_frames)
    own = codec.encode(sound[None])[0]
    figures = []
    level_db = model_level_db = 0.0
    columns = expected = own[:0]
    for block in blocks:
        check_cancellation()
        in_blocks = sound.split(block, 1)
        encoded = torch.cat(_run(host, host.encode, in_blocks))[host.encode_delay :]
        # Mostly the same in blocks of every size.
        if not torch.equal(encoded, columns):
            columns = encoded
            expected = decode_ahead(codec, columns, ahead)
        in_columns = columns.split(block // codec.frame_hop)
        decoded = torch.cat(_run(host, host.decode, in_columns), 1)
        through = torch.cat(_run(host, host.forward, in_blocks), 1)
        late = host.decode_delay * codec.frame_hop
        later = late + host.encode_delay * codec.frame_hop
        level_db = level_db_of(decoded[:, late:])
        model_level_db = level_db_of(expected[:, : decoded.shape[1] - late])
        figures.append(
            BlockParity(
                block=block,
                decode_difference=difference(decoded, expected, late),
                forward_difference=difference(through, expected, later),
                equal_columns=equal_share(columns, own),
            )
        )
    return checked(
        Parity(
            source=source,
            seconds=(n_frames - host.encode_delay - host.decode_delay) / codec.frame_rate,
            level_db=level_db,
            model_level_db=model_level_db,
            blocks=tuple(figures),
        ),
        LARGEST_DIFFERENCE,
    )


def _run(host: Host, method: Callable[[Tensor], Tensor], parts: Sequence[Tensor]) -> list[Tensor]:
    """What a method gives for each of the `parts`, from a new start."""
    host.reset()
    return [method(part) for part in parts]


def difference(output: Tensor, expected: Tensor, late: int) -> float:
    """Largest difference of an `output` that comes `late` samples later; before, it is silent."""
    n = min(output.shape[1] - late, expected.shape[1])
    apart = output[:, late : late + n] - expected[:, :n]
    return float(torch.cat((output[:, :late], apart), 1).abs().max())


def equal_share(columns: Tensor, own: Tensor) -> float:
    """Share of columns `[t, Q]` that are those of `own` `[T, Q]`."""
    return float((columns == own[: len(columns)]).all(1).float().mean())


def level_db_of(sound: Tensor) -> float:
    """Level in dBFS."""
    return db(float(sound.square().mean().sqrt()))


def checked(parity: Parity, largest: float) -> Parity:
    """`parity`, unless it says that the file is another model."""
    if not parity.difference <= largest:
        raise ParityError(
            f"The file would sound other than the model, by {parity.difference:.1g} where "
            f"{largest:g} is allowed: nothing was written. Please report it."
        )
    if parity.equal_columns < LEAST_EQUAL:
        raise ParityError(
            f"The file would encode {100 * parity.equal_columns:.1f} % of columns as the model "
            f"does, where {100 * LEAST_EQUAL:g} % are needed: nothing was written. "
            "Please report it."
        )
    return parity
