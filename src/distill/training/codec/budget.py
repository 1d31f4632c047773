"""How long to train: by minutes or by steps, and the schedule laid out over that."""

import math
from dataclasses import dataclass

from distill.training.config import VQVAEConfig, default_minutes

WARMUP_STEPS = 50
"""Steps with rising learning rate."""

COOL_DOWN = 0.15
"""An early stop takes so much longer of what was spent: most of the gain comes while the rate falls
to nothing."""

VALIDATE_EVERY_S, VALIDATE_EVERY_STEPS = 20.0, 40
FEWEST_VALIDATIONS, MOST_VALIDATIONS = 6, 20


@dataclass(frozen=True)
class Budget:
    """Exactly one of `steps` and `seconds` is set. With `steps`, every answer depends on the step
    alone.

    From `falls_from` (a progress) on, the learning rate falls linearly from `highest` (a factor) to
    0 at the end.
    """

    steps: int | None = None
    seconds: float | None = None
    falls_from: float = 0.0
    highest: float = 1.0

    @property
    def validations(self) -> int:
        """How many validations to spread over the whole: a few for minutes, and not too many for
        hours."""
        if self.seconds is not None:
            count = self.seconds / VALIDATE_EVERY_S
        else:
            count = (self.steps or 1) / VALIDATE_EVERY_STEPS
        return round(min(MOST_VALIDATIONS, max(FEWEST_VALIDATIONS, count)))

    @property
    def is_cut_short(self) -> bool:
        return self.falls_from > 0

    def progress(self, step: int, elapsed_s: float) -> float:
        """0 at the start, 1 at the end."""
        done = step / self.steps if self.steps is not None else elapsed_s / (self.seconds or 1.0)
        return min(1.0, done)

    def rate_factor(self, step: int, elapsed_s: float) -> float:
        """Share of the highest learning rate: linear warm-up over the first steps, then the linear
        fall to 0."""
        left = (1 - self.progress(step, elapsed_s)) / (1 - self.falls_from)
        return min(1.0, (step + 1) / WARMUP_STEPS) * self.highest * min(1.0, left)

    def cut_short(self, step: int, elapsed_s: float) -> "Budget":
        """A budget that ends soon after now, over a last stretch in which the rate falls from where
        it is to 0."""
        longer, factor = 1 + COOL_DOWN, self.rate_factor(step, elapsed_s)
        if self.seconds is not None:
            return Budget(seconds=elapsed_s * longer, falls_from=1 / longer, highest=factor)
        return Budget(steps=math.ceil(step * longer), falls_from=1 / longer, highest=factor)

    def remaining_s(self, step: int, elapsed_s: float) -> float:
        """Seconds left, estimated from the pace so far when the budget is in steps."""
        if self.seconds is not None:
            return max(0.0, self.seconds - elapsed_s)
        assert self.steps is not None
        return (self.steps - step) * elapsed_s / max(step, 1)


def lay_out(config: VQVAEConfig, total_s: float, step_s: float) -> Budget:
    """The budget that `config` asks for; by default, minutes that suit a corpus of `total_s`
    seconds.

    `step_s` is how many seconds of sound one step hears: an epoch is as many steps as hear
    `total_s`.
    """
    if config.steps is not None:
        return Budget(steps=config.steps)
    if config.epochs is not None:
        return Budget(steps=max(1, round(config.epochs * total_s / step_s)))
    return Budget(seconds=60 * (config.minutes or default_minutes(total_s)))
