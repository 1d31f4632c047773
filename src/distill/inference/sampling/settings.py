"""Settings of sampling, free of torch, so that `--help` and a server can read their defaults."""

from dataclasses import dataclass

from distill.bounds import check_bound
from distill.errors import UsageError

LONGEST_LEAD_IN_S = 60.0
"""Longest prompt in seconds: the prior looks back less than that."""
HIGHEST_TEMPERATURE = 10.0
"""Highest temperature: choices are nearly uniform at 10."""
DEFAULT_GUIDANCE = 1.0
"""Exponent of the attribute classifier's likelihood: 1 is Bayes' rule."""
SLOWEST_BPM = 20.0
"""Slowest tempo in beats per minute: beats of three seconds are no pulse any more."""
FASTEST_BPM = 400.0
"""Fastest tempo in beats per minute: its beats are about as short as events may be."""
LONGEST_FORM = 64
"""Letters of a form, at most."""


@dataclass(frozen=True)
class Sampling:
    """Settings of a draw. `UsageError` for values out of range.

    Attributes:
        temperature: divisor of the scores of events (or of logits); 0 takes the best.
        top_k: number of best events to draw from; 0 for all.
        top_p: share of the probability to draw from, likeliest first; 1 for all.
        lead_in: length of the prompt in seconds; 0 for none.
        like: text in the name of the recording that the prompt is taken from.
        nearness: 1 draws long stretches as recorded, 0 blends every event. In between, single
            events as recorded stand in a new order, beside blends.
        tempo: in beats per minute; None for that of the recording that a sound begins from.
        swing: how late the second half of a beat comes: 0 for even, 1 for triplets.
        free_time: whether events come as the recordings have them, without a common beat.
        form: letters, one a bar, that repeat: `AABA`. A bar comes back with its letter. Empty
            leaves repetition to chance.
        form_variation: share of the events that change where a bar comes back, 0 to 1.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 0.97
    lead_in: float = 4.0
    like: str = ""
    nearness: float = 0.5
    tempo: float | None = None
    swing: float = 0.0
    free_time: bool = False
    form: str = ""
    form_variation: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.lead_in <= LONGEST_LEAD_IN_S:
            raise UsageError(f"--lead-in must lie between 0 and {LONGEST_LEAD_IN_S:g} seconds.")
        if self.like and not self.lead_in:
            raise UsageError("--like chooses the prompt, so --lead-in must be above 0.")
        if not 0 <= self.temperature <= HIGHEST_TEMPERATURE:
            raise UsageError("--temperature must lie between 0 and 10.")
        check_bound("--top-k", self.top_k)
        if not 0 < self.top_p <= 1:
            raise UsageError("--top-p must be above 0 and at most 1.")
        for option, value in (
            ("--nearness", self.nearness),
            ("--swing", self.swing),
            ("--form-variation", self.form_variation),
        ):
            if not 0 <= value <= 1:
                raise UsageError(f"{option} must lie between 0 and 1.")
        self._check_time()

    def _check_time(self) -> None:
        if self.tempo is not None and not SLOWEST_BPM <= self.tempo <= FASTEST_BPM:
            raise UsageError(
                f"--tempo must lie between {SLOWEST_BPM:g} and {FASTEST_BPM:g} beats per minute."
            )
        is_form = self.form.isascii() and self.form.isalpha() and self.form.isupper()
        if self.form and not (is_form and len(self.form) <= LONGEST_FORM):
            raise UsageError(
                f"--form takes capital letters, one a bar, such as AABA; at most {LONGEST_FORM}."
            )
        if not self.free_time:
            return
        for option, value in (
            ("--tempo", self.tempo),
            ("--swing", self.swing),
            ("--form", self.form),
        ):
            if value:
                raise UsageError(f"--free-time keeps no beat: leave out {option}.")
