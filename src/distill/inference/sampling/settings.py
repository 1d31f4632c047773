"""Settings of sampling, free of torch, so that `--help` and a server can read their defaults."""

from dataclasses import dataclass

from distill.bounds import check_bound
from distill.errors import UsageError

LONGEST_LEAD_IN_S = 60.0
"""Longest prompt in seconds: the prior looks back less than that."""
HIGHEST_TEMPERATURE = 10.0
"""Highest temperature: codes are nearly uniform at 10."""
DEFAULT_GUIDANCE = 1.0
"""Exponent of the attribute classifier's likelihood: 1 is Bayes' rule."""


@dataclass(frozen=True)
class Sampling:
    """Settings of a draw. `UsageError` for values out of range.

    Whether a sound ends, and whether the first level keeps its code, is drawn without cuts.

    Attributes:
        temperature: divisor of the logits; 0 takes the likeliest code.
        top_k: number of likeliest codes to draw from; 0 for all.
        top_p: share of the probability to draw from, likeliest codes first; 1 for all.
        lead_in: length of the prompt in seconds; 0 for none.
        like: text in the name of the recording that the prompt is taken from.
        free_levels: levels whose codes are drawn, coarsest first. The finer ones come from frames
            of the recordings.
        closeness: share of first-level codes that follow the recordings, 0 to 1.
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
            raise UsageError("--like chooses the prompt, so --lead-in must be above 0.")
        check_bound("--free-levels", self.free_levels)
        if not 0 <= self.closeness <= 1:
            raise UsageError("--closeness must lie between 0 and 1.")
        if not 0 <= self.temperature <= HIGHEST_TEMPERATURE:
            raise UsageError("--temperature must lie between 0 and 10.")
        check_bound("--top-k", self.top_k)
        if not 0 < self.top_p <= 1:
            raise UsageError("--top-p must be above 0 and at most 1.")
