"""The code grid: a sound as the codec's indices `[T, Q]`, with all that decoding needs.

Columns are time, rows are quantiser levels (Structure, Timbre, …, Detail). A grid checks itself
when it is made and never changes afterwards: an edit makes a new one. So undo is a list of grids,
and no function has to fear a grid that does not fit together.
"""

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np

from distill.html import card
from distill.inference.codes.colours import grid_element

LARGEST_GAIN = 1e6
"""Linear factor (120 dB): beyond the range of any recording."""

LARGEST_WIDTH = 1e3
"""Linear factor on the side signal (60 dB)."""

LARGEST_CODEBOOK = 1 << 20
"""Entries a level, far above the 4,096 that training allows: a bound on what a file may claim."""

LARGEST_RATE = 1_000_000
"""Samples a second (Hz)."""

LARGEST_LENGTH = 1 << 40
"""Samples: 265 days at 48 kHz."""

LARGEST_CHANNEL_COUNT = 256
"""Channels."""

RATE_TOLERANCE = 1e-6
"""Relative error allowed of samples a frame, since `frame_rate` is written as a decimal number."""


def bound_gain(gain: float) -> float:
    """The nearest linear factor that a grid can hold: near silence, a gain may leave the range."""
    return min(max(gain, 1 / LARGEST_GAIN), LARGEST_GAIN)


@dataclass(frozen=True, eq=False)
class CodeGrid:
    """A sound as codes `[T, Q]` with what it takes to decode them. It never changes.

    `distill.encode` makes one, `distill.decode` plays it.

    Args:
        codes: Whole numbers `[T, Q]` from 0 to `codebook_size - 1`; a private int32 copy is kept.
        codebook_size: Entries of each level's codebook.
        codebook_hash: Identifies the codebooks that give the codes their meaning.
        model_id: Id of the model that made the codes, or "".
        frame_rate: Code frames a second (Hz).
        level_names: A name for each of the `Q` levels.
        gain: Linear factor that decoding applies.
        n_samples: Length of the sound at `sample_rate`; `T` is that length in whole frames.
        sample_rate: Samples a second (Hz).
        channels: Channels of the decoded sound.
        source: Name of the sound that was encoded, for messages.
        width: Linear factor on the side signal (left minus right) in stereo; 0 is mono.
        locked: `[T, Q]` (bool), cells that edits leave alone; None where none is locked.
        seams: Ascending frames at which an edit broke the continuity of the sound.

    Raises:
        ValueError: The parts do not fit together; the message names the field.
    """

    codes: np.ndarray
    codebook_size: int
    codebook_hash: str
    model_id: str
    frame_rate: float
    level_names: tuple[str, ...]
    gain: float
    n_samples: int
    sample_rate: int
    channels: int
    source: str
    width: float = 1.0
    locked: np.ndarray | None = None
    seams: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        # In this order: later checks rely on the types and ranges of earlier ones.
        _check_scalars(self)
        _check_codes(self)
        _check_length(self)
        _check_locked(self)
        _check_seams(self)
        self._hold("codes", self.codes.astype(np.int32))
        if self.locked is not None:
            # An unlocked grid always has None, so that equal grids compare equal.
            self._hold("locked", self.locked.copy() if self.locked.any() else None)

    def _hold(self, name: str, array: np.ndarray | None) -> None:
        """Set a field to an array that nobody can write to."""
        if array is not None:
            array.setflags(write=False)
        object.__setattr__(self, name, array)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CodeGrid):
            return NotImplemented
        return all(
            _are_equal(getattr(self, field.name), getattr(other, field.name))
            for field in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def frame_hop(self) -> int:
        """Samples a code frame."""
        return round(self.sample_rate / self.frame_rate)

    @property
    def seconds(self) -> float:
        """Length of the sound in seconds."""
        return self.n_samples / self.sample_rate

    def _repr_html_(self) -> str:
        """Its picture and facts, for notebooks."""
        facts = {
            "Length": f"{self.seconds:.2f} s, {len(self.codes)} frames",
            "Levels": f"{', '.join(self.level_names)} of {self.codebook_size} codes",
            "Seams": len(self.seams) or None,
            "Locked": self.locked_count or None,
        }
        return card(f"Codes of {self.source or 'a sound'}", facts, grid_element(self))

    @property
    def locked_count(self) -> int:
        """Number of locked cells."""
        return 0 if self.locked is None else int(self.locked.sum())


def _are_equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return a is not None and b is not None and np.array_equal(a, b)
    return bool(a == b)


# --- checks ---------------------------------------------------------------------------------------


def _check_scalars(grid: CodeGrid) -> None:
    largest = {
        "codebook_size": LARGEST_CODEBOOK,
        "n_samples": LARGEST_LENGTH,
        "sample_rate": LARGEST_RATE,
        "channels": LARGEST_CHANNEL_COUNT,
    }
    for name, limit in largest.items():
        value = getattr(grid, name)
        # The exact type: True is an int to isinstance.
        if type(value) is not int or not 1 <= value <= limit:
            raise ValueError(f"'{name}' must be a whole number from 1 to {limit:,}")

    for name in ("codebook_hash", "model_id", "source"):
        if type(getattr(grid, name)) is not str:
            raise ValueError(f"'{name}' must be text")

    # Comparisons are enough: NaN fails every one, and infinity is above the limit.
    if type(grid.gain) not in (int, float) or not 0 < grid.gain <= LARGEST_GAIN:
        raise ValueError(f"'gain' must be a number above 0 and up to {LARGEST_GAIN:g}")
    if type(grid.width) not in (int, float) or not 0 <= grid.width <= LARGEST_WIDTH:
        raise ValueError(f"'width' must be a number from 0 to {LARGEST_WIDTH:g}")
    if type(grid.frame_rate) not in (int, float) or not 1 <= grid.frame_rate <= grid.sample_rate:
        raise ValueError("'frame_rate' must be a number from 1 to the sample rate")


def _check_codes(grid: CodeGrid) -> None:
    codes = grid.codes
    if not isinstance(codes, np.ndarray) or codes.ndim != 2 or codes.dtype.kind not in "iu":
        raise ValueError("'codes' must be whole numbers in rows of equal length")
    if codes.size == 0:
        raise ValueError("'codes' must have at least one row and one level")
    if codes.min() < 0 or codes.max() >= grid.codebook_size:
        raise ValueError(f"'codes' must lie between 0 and {grid.codebook_size - 1}")

    names = grid.level_names
    if type(names) is not tuple or any(type(name) is not str for name in names):
        raise ValueError("'level_names' must be a list of names")
    if len(names) != codes.shape[1]:
        raise ValueError(
            f"there are {len(names)} 'level_names' for {codes.shape[1]} levels of 'codes'"
        )


def _check_length(grid: CodeGrid) -> None:
    # Frames must have a whole number of samples; only rounding may differ.
    exact_hop = grid.sample_rate / grid.frame_rate
    hop = round(exact_hop)
    if abs(exact_hop - hop) > RATE_TOLERANCE * hop:
        raise ValueError("'frame_rate' must divide 'sample_rate'")

    frame_count = -(-grid.n_samples // hop)
    if frame_count != len(grid.codes):
        raise ValueError(
            f"'n_samples' takes {frame_count} rows of 'codes', but there are {len(grid.codes)}"
        )


def _check_locked(grid: CodeGrid) -> None:
    is_locked = grid.locked
    if is_locked is None:
        return
    is_mask = isinstance(is_locked, np.ndarray) and is_locked.dtype == bool
    if not is_mask or is_locked.shape != grid.codes.shape:
        raise ValueError("'locked' must mark cells of 'codes'")


def _check_seams(grid: CodeGrid) -> None:
    seams = grid.seams
    if type(seams) is not tuple or any(type(seam) is not int for seam in seams):
        raise ValueError("'seams' must be a list of frames")
    are_inside = all(0 < seam < len(grid.codes) for seam in seams)
    if not are_inside or any(a >= b for a, b in pairwise(seams)):
        raise ValueError("'seams' must lie within 'codes', one after the other")
