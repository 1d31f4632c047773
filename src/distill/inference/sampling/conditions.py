"""Conditions of a draw."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class LengthLimits(NamedTuple):
    """Of how many frames a sound is, at least and at most; None: any."""

    shortest: int = 1
    longest: int | None = None

    def bounded(self, ends: Tensor, age: Tensor, begun: Tensor) -> Tensor:
        """Where a sound that has lasted for `age` frames `[B]` before this one `ends` with it `[B]`
        (bool).

        If its beginning is not known, not `begun` `[B]` (bool), it has lasted for longer than that.
        """
        ends = ends & (~begun | (age + 1 >= self.shortest))
        return ends if self.longest is None else ends | (age + 1 >= self.longest)


class FixedCodes(NamedTuple):
    """Codes `[T, Q]` for the first `T` frames: where `kept` `[T, Q]` (bool), they are taken instead
    of drawn."""

    codes: Tensor
    kept: Tensor

    def at(self, t: int, level: int) -> Tensor | None:
        """The code of frame `t`, None where it is to be drawn."""
        return self.codes[t, level] if t < len(self.kept) and self.kept[t, level] else None

    def any_at(self, t: int) -> bool:
        """Whether there is any for frame `t`."""
        return t < len(self.kept) and bool(self.kept[t].any())


LogitBias = Callable[[int, Sequence[Tensor]], Tensor]
"""Takes the number of a frame and those of its codes that are chosen, `[B]` each; returns what is
added `[B, K]` to the logits of its next level."""


class Suffix(NamedTuple):
    """Codes `[T, Q]` that follow, `gap` frames after what is heard before; `T` may be 0."""

    codes: Tensor
    gap: int

    @classmethod
    def of_nothing(cls, levels: int) -> "Suffix":
        """For codes of so many levels."""
        return cls(torch.zeros(0, levels, dtype=torch.long), 0)
