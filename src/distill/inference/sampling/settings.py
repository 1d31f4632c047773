"""Sampling settings, free of torch, so that `--help` and a server can read their defaults."""

from dataclasses import dataclass

from distill.errors import UsageError

LONGEST_LEAD_IN_S = 60.0
"""Seconds of a prompt, at most."""

DEFAULT_GUIDANCE = 1.0
"""Weight of the attribute classifier in the logits, unless another is given."""


@dataclass(frozen=True)
class Sampling:
    """How a sound is drawn. `top_k` 0 and `top_p` 1 switch that cut off; temperature 0 takes the
    likeliest. Whether a sound ends, and whether the first level stays as it is, is drawn uncut.

    The prior first hears `lead_in` seconds of a recording whose name holds `like`. It draws the
    codes of `free_levels` levels, coarsest first; the finer ones come together from frames of the
    recordings. A share `closeness` of the first level's follows the recordings too.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 0.97
    lead_in: float = 4.0
    like: str = ""
    free_levels: int = 1
    closeness: float = 0.15

    def __post_init__(self) -> None:
        if not 0 <= self.lead_in <= LONGEST_LEAD_IN_S:
            raise UsageError(f"--lead-in must lie between 0 and {LONGEST_LEAD_IN_S:g} seconds.")
        if self.like and not self.lead_in:
            raise UsageError(
                "--like needs a --lead-in above 0: it says what the prior hears first."
            )
        if self.free_levels < 1:
            raise UsageError("--free-levels must be 1 or more.")
        if not 0 <= self.closeness <= 1:
            raise UsageError("--closeness must lie between 0 and 1.")
        if not 0 <= self.temperature <= 10:
            raise UsageError("--temperature must lie between 0 and 10.")
        if self.top_k < 0:
            raise UsageError("--top-k must be 0 (off) or more.")
        if not 0 < self.top_p <= 1:
            raise UsageError("--top-p must be above 0 and at most 1.")
