"""A request for generated sounds: duration, seed, sampling, mode and source in one record.

The command line, `distill.generate`, `distill.stream` and `--again` each make a `Request`, and
`inference.generate` fulfils it. This file loads neither torch nor NumPy, so that `--help` and a
server can read the defaults. A request names its mode by kind: `traits.py` knows the kinds.
"""

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from distill.errors import UsageError
from distill.inference.blending.settings import Blend
from distill.inference.sampling.settings import Sampling
from distill.settings import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np

    from distill.inference.sampling.curves import Steering

DEFAULT_AMOUNT = 0.3
"""Share of its source that a variation redraws, where no other is asked for."""


class Source(NamedTuple):
    """A sound to start from.

    Attributes:
        name: Of its file.
        digest: SHA-256 of its file.
        audio: The sound, `[C, N]` at `SAMPLE_RATE`.
        remarks: Sentences on how `audio` was read, and how it differs from the file.
    """

    name: str
    digest: str
    audio: "np.ndarray"
    remarks: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.audio.shape[1] / SAMPLE_RATE


def _number(option: str) -> Any:
    """A field of `ModeSettings` for a number that the command line calls `option`."""
    return field(default=None, metadata={"option": option})


@dataclass(frozen=True)
class ModeSettings:
    """A mode and its numbers, as a sound file records them.

    Args:
        kind: The `ModeTraits.kind`; by default new sounds from a prompt.
        source: Name of the file that the sound was made from, if any.
        source_hash: SHA-256 of that file.
        amount: Share of the source that a variation redraws, 0 to 1.
        start: Begin of the gap that an infill redraws, in seconds.
        stop: End of that gap, in seconds.

    Raises:
        UsageError: A number is out of range.
    """

    kind: str = "new"
    source: str = ""
    source_hash: str = ""
    amount: float | None = _number("--amount")
    start: float | None = _number("--from")
    stop: float | None = _number("--to")

    def __post_init__(self) -> None:
        start = self.start or 0.0
        if self.amount is not None and not 0 <= self.amount <= 1:
            raise UsageError("--amount must lie between 0 and 1.")
        if not 0 <= start < math.inf:
            raise UsageError("--from must be a time in seconds, from 0 on.")
        if self.stop is not None and not start < self.stop < math.inf:
            raise UsageError("There is nothing between --from and --to: let --from be before --to.")


SEEDS = 2**31
"""Seeds to choose from where none is given: short enough to copy by hand."""

SETTING_OPTIONS: dict[str, str] = {
    number.name: number.metadata["option"]
    for number in fields(ModeSettings)
    if "option" in number.metadata
}
"""Numbers of `ModeSettings` and the options that set them."""


@dataclass(frozen=True)
class Request:
    """All that decides the sounds of one call, beside the model.

    Args:
        duration: Seconds of new sound. A one-shot may end earlier, a loop is about as long, and
            variations and infills last as long as their source.
        seed: Seed of the first sound; the i-th is drawn from `seed + i`.
        count: Number of sounds.
        sampling: How codes are drawn.
        mode: The mode and its numbers.
        source: The sound to start from, in modes that take one.
        steering: Percentiles and tags to follow; None leaves all free.
        bars: Bars of new sound in place of `duration`, which then follows from the tempo.
        max_copy: Percentage of repeated passages above which a sound is drawn again; None accepts
            all.
        blend: A second model and its share; None for the model alone.
        gain: Level factor of an earlier sound, to begin exactly as that one does. None brings the
            sound to the level of the corpus.
    """

    duration: float = 10.0
    seed: int = 0
    count: int = 1
    sampling: Sampling = field(default_factory=Sampling)
    mode: ModeSettings = field(default_factory=ModeSettings)
    source: Source | None = None
    steering: "Steering | None" = None
    bars: float | None = None
    max_copy: float | None = None
    blend: Blend | None = None
    gain: float | None = None
