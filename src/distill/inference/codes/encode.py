"""Encode any sound to codes, with the gain, width and length that decoding gives back.

The codec knows the levels of its corpus only. So a sound is brought into that range before it is
encoded, and the grid's `gain` takes it back. The gain also corrects the level error of the codec
itself, which is measured on a few seconds from the middle of the sound.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.audio.blocks import pieces
from distill.audio.level import FLOOR_DB, active_rms_db_of
from distill.audio.stereo import (
    WIDE_DB,
    energy_ratio_db,
    mix_channels,
    mono_loss_db,
    side_energies,
)
from distill.errors import AudioError, ModelFileError
from distill.inference.codes.compatible import make_grid
from distill.inference.codes.grid import LARGEST_GAIN, CodeGrid
from distill.models.chunked import decode_codes, encode_stream, frames_of
from distill.models.losses import MelLoss, best_gain
from distill.models.mid_side import to_mid_side
from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE
from distill.progress import Progress, no_progress

EXCERPT_S = 4.0
"""Seconds from the middle of a sound that the level correction is measured on."""

LARGEST_CORRECTION = 8.0
"""Bound on the level correction, as a factor either way (18 dB): near silence it means nothing."""

MOSTLY_SIDE_DB = -3.0
"""Side level (dB re mid and side together) above which the side has more energy than the mid."""

CANCELLING_DB = -10.0
"""Energy left in mono (dB) below which channels are said to cancel: independent ones keep -3."""


class Encoding(NamedTuple):
    """An encoded sound: its codes, and a sentence on what encoding lost, mostly empty."""

    grid: CodeGrid
    remark: str


def encode_sound(
    loaded: LoadedVQModel,
    audio: np.ndarray,
    source: str = "",
) -> CodeGrid:
    """Encode `audio` `[C, N]` at the codec's rate; see `encode_blocks`."""
    return encode_blocks(loaded, lambda: pieces(audio), source)


def encode_blocks(
    loaded: LoadedVQModel,
    read: Callable[[], Iterable[np.ndarray]],
    source: str = "",
) -> CodeGrid:
    """The codes that `encode_with_remark` gives for the same arguments."""
    return encode_with_remark(loaded, read, source).grid


def encode_with_remark(
    loaded: LoadedVQModel,
    read: Callable[[], Iterable[np.ndarray]],
    source: str = "",
    progress: Progress = no_progress,
) -> Encoding:
    """Encode a sound of any length in bounded memory.

    Any number of channels is mixed to those of the codec. Dual mono gets a `width` of 0, so that it
    comes back as dual mono.

    Args:
        loaded: The model to encode with.
        read: Gives the sound from its start as blocks `[C, n]` at the codec's rate. It is called
            twice, since the level of the whole must be known before the first block is encoded.
        source: Name of the sound, for messages.
        progress: Takes the code frames encoded so far and the number of all.

    Returns:
        The codes, with a remark where a mono codec loses most of the sound.

    Raises:
        AudioError: The sound has no samples, or is far too loud.
        ModelFileError: The weights of the model decode to no sound.
    """
    codec = loaded.model

    def mix(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        return (mix_channels(block, codec.channels) for block in blocks)

    # First pass: length, level, and width before the mix.
    meter = _PassMeter()
    level_db = active_rms_db_of(mix(meter.watch(read())), codec.sample_rate)
    if meter.n_samples == 0:
        raise AudioError(f"'{source}' holds no samples: choose another sound.")
    remark = _mono_remark(meter.side_db, source) if codec.channels == 1 else ""
    gain = _gain_into_range(level_db, loaded.metadata.get("corpus_rms_range_db"))

    # Second pass: codes, width, and the excerpt that the codes are compared with.
    n_samples = meter.n_samples
    first_frame, last_frame = _excerpt_frames(codec, n_samples)
    meter = _PassMeter(first_frame * codec.frame_hop, last_frame * codec.frame_hop)
    at_level = (block * np.float32(gain) for block in meter.watch(mix(read())))
    n_frames = frames_of(n_samples, codec.frame_hop)
    codes = torch.cat(list(_count(encode_stream(codec, at_level), n_frames, progress)))

    target = meter.excerpt() * np.float32(gain)
    correction = _measure_correction(codec, codes, target, first_frame, meter.side_db)
    total_gain = correction.gain / gain
    if not total_gain > 0:
        # Not a number either: weights that are numbers may still give none.
        raise ModelFileError(
            f"{loaded.path} decodes '{source}' to no sound: use another copy of it, or train again."
        )
    if total_gain > LARGEST_GAIN:
        raise AudioError(
            f"'{source}' is {level_db:.0f} dB above full scale, far louder than the recordings of "
            "the model: normalise it first."
        )
    grid = make_grid(
        loaded,
        codes.numpy(),
        n_samples=meter.n_samples,
        gain=total_gain,
        width=correction.width,
        source=source,
    )
    return Encoding(grid=grid, remark=remark)


def _count(parts: Iterable[Tensor], frames: int, progress: Progress) -> Iterator[Tensor]:
    """Codes `[T, Q]` in `parts`; `progress` takes how many of all `frames` there are so far."""
    count = 0
    for part in parts:
        count += len(part)
        progress(count, frames)
        yield part


def _mono_remark(side_db: float, source: str) -> str:
    """A sentence where left and right of the sound called `source` cancel in mono, or nothing."""
    loss_db = mono_loss_db(side_db)
    if loss_db > CANCELLING_DB:
        return ""
    name = f"'{source}'" if source else "this sound"
    return (
        f"Left and right of {name} cancel in mono, which the model works in: {-loss_db:.0f} dB are "
        "lost. Invert one of the two channels, or keep only one."
    )


class _PassMeter:
    """Measures a sound while its blocks pass: length, side level, and an excerpt to keep.

    Args:
        start: First sample of the excerpt.
        stop: Sample after its last.
    """

    def __init__(self, start: int = 0, stop: int = 0) -> None:
        self.start = start
        self.stop = stop
        self.n_samples = 0
        self._side_energy = 0.0
        self._total_energy = 0.0
        self._excerpt: list[np.ndarray] = []

    def watch(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the blocks `[C, n]` unchanged, and measure them."""
        for block in blocks:
            begin = self.n_samples
            self.n_samples += block.shape[1]
            # Blocks have any length: keep the part of each that overlaps the excerpt.
            if begin < self.stop and self.n_samples > self.start:
                self._excerpt.append(block[:, max(0, self.start - begin) : self.stop - begin])
            if len(block) > 1:
                side, total = side_energies(block)
                self._side_energy += side
                self._total_energy += total
            yield block

    @property
    def side_db(self) -> float:
        """Energy of the side re mid and side together, in dB."""
        return energy_ratio_db(self._side_energy, self._total_energy)

    def excerpt(self) -> np.ndarray:
        """The samples `[C, n]` from `start` to `stop`, as far as the sound goes."""
        return np.concatenate(self._excerpt, axis=1)


def _excerpt_frames(codec: VQVAE, n_samples: int) -> tuple[int, int]:
    """First frame of the excerpt and the frame after its last, which may lie past the end."""
    length = round(EXCERPT_S * codec.frame_rate)
    first = max(0, (frames_of(n_samples, codec.frame_hop) - length) // 2)
    return first, first + length


class _Correction(NamedTuple):
    """Linear factors for the decoded sound: on all of it, and on its side beyond that."""

    gain: float
    width: float


@torch.inference_mode()
def _measure_correction(
    codec: VQVAE,
    codes: torch.Tensor,
    target: np.ndarray,
    first: int,
    side_db: float,
) -> _Correction:
    """Factors that bring the decoded excerpt nearest to the sound that was encoded.

    Args:
        codec: The codec that made the codes.
        codes: Codes `[T, Q]` of the whole sound.
        target: The excerpt `[C, n]` as it was encoded.
        first: The frame at which the excerpt begins.
        side_db: Side level of the whole sound, in dB.
    """
    # The mel loss compares whole windows, so both sounds are padded to those.
    n = target.shape[1]
    last = first + frames_of(n, codec.frame_hop)
    sound = decode_codes(codec, codes[first:last])[:, :n]
    padding = (0, -n % codec.n_fft)
    output = torch.nn.functional.pad(torch.from_numpy(sound), padding)
    reference = torch.nn.functional.pad(torch.from_numpy(target), padding)
    mel = MelLoss(codec.sample_rate)
    if codec.channels == 1:
        return _Correction(gain=_bounded_gain(output, reference, mel), width=1.0)

    # Mid and side, since one of left and right may be silent and say nothing about level.
    mid_output, side_output = to_mid_side(output[None])[0]
    mid_reference, side_reference = to_mid_side(reference[None])[0]
    mid = _bounded_gain(mid_output, mid_reference, mel)
    side = _bounded_gain(side_output, side_reference, mel)
    # Too faint to be heard as stereo: a width of 0 makes both channels equal to the bit.
    if side_db < WIDE_DB:
        return _Correction(gain=mid, width=0.0)
    # Whichever has more energy sets the level of the whole.
    gain = side if side_db > MOSTLY_SIDE_DB else mid
    return _Correction(gain=gain, width=side / gain)


def _bounded_gain(
    output: torch.Tensor,
    target: torch.Tensor,
    mel: MelLoss,
) -> float:
    return min(max(best_gain(output, target, mel), 1 / LARGEST_CORRECTION), LARGEST_CORRECTION)


def range_gain(loaded: LoadedVQModel, audio: np.ndarray) -> float:
    """Linear gain that brings `audio` `[C, N]`, in the channels of the codec, into the range of the
    model's corpus."""
    level_db = active_rms_db_of(pieces(audio), loaded.model.sample_rate)
    return _gain_into_range(level_db, loaded.metadata.get("corpus_rms_range_db"))


def _gain_into_range(level_db: float, range_db: list[float] | None) -> float:
    """Linear gain that brings a sound of `level_db` into the range of the corpus.

    It is 1 for silence, and for models that do not state their range.
    """
    if range_db is None or level_db <= FLOOR_DB:
        return 1.0
    wanted_db = min(max(level_db, range_db[0]), range_db[1])
    return float(10 ** ((wanted_db - level_db) / 20))
