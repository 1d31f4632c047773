"""How long to train, by minutes or by steps, and the learning rate schedule over that.

The rate rises linearly over the first steps (warm-up), then falls linearly to 0 at the end.
"""

import math
from dataclasses import dataclass

from distill.training.config import VQVAEConfig, default_minutes

# Steps with a rising learning rate.
WARMUP_STEPS = 50

# Share of the time spent so far that an early stop adds. Most of the gain comes while the learning
# rate falls to 0, so training never ends at a high rate.
COOL_DOWN = 0.15

# Seconds between two validations, and steps between two where the budget is in steps. Each
# validation costs a second or two.
VALIDATE_EVERY_S = 20.0
VALIDATE_EVERY_STEPS = 40

# Validations of a whole training: enough points for the rules in `stopping`, and not too many for
# trainings of hours.
FEWEST_VALIDATIONS = 6
MOST_VALIDATIONS = 20


@dataclass(frozen=True)
class Budget:
    """Length of a training. With `steps`, every answer depends on the step alone.

    Attributes:
        steps: Number of steps; None where `seconds` is set.
        seconds: Training time in s; None where `steps` is set.
        falls_from: Progress (0 to 1) from which the learning rate falls.
        highest: Factor of the learning rate up to there.
    """

    steps: int | None = None
    seconds: float | None = None
    falls_from: float = 0.0
    highest: float = 1.0

    @property
    def validations(self) -> int:
        """Number of validations, spread evenly over the training."""
        if self.seconds is not None:
            count = self.seconds / VALIDATE_EVERY_S
        else:
            count = (self.steps or 1) / VALIDATE_EVERY_STEPS
        return round(min(MOST_VALIDATIONS, max(FEWEST_VALIDATIONS, count)))

    @property
    def is_cut_short(self) -> bool:
        """Whether this is the budget of an early stop."""
        return self.falls_from > 0

    def progress(self, step: int, elapsed_s: float) -> float:
        """Progress after `step` steps or `elapsed_s` seconds: 0 at the start, 1 at the end."""
        share = step / self.steps if self.steps is not None else elapsed_s / (self.seconds or 1.0)
        return min(1.0, share)

    def rate_factor(self, step: int, elapsed_s: float) -> float:
        """Factor of the learning rate after `step` steps or `elapsed_s` seconds, 0 to 1."""
        warm_up = min(1.0, (step + 1) / WARMUP_STEPS)
        remaining_share = (1 - self.progress(step, elapsed_s)) / (1 - self.falls_from)
        return warm_up * self.highest * min(1.0, remaining_share)

    def cut_short(self, step: int, elapsed_s: float) -> "Budget":
        """The budget of an early stop: the rate falls from its present value to 0, soon after."""
        longer = 1 + COOL_DOWN
        factor = self.rate_factor(step, elapsed_s)
        if self.seconds is not None:
            return Budget(seconds=elapsed_s * longer, falls_from=1 / longer, highest=factor)
        return Budget(steps=math.ceil(step * longer), falls_from=1 / longer, highest=factor)

    def remaining_s(self, step: int, elapsed_s: float) -> float:
        """Seconds left; where the budget is in steps, estimated from the pace so far."""
        if self.seconds is not None:
            return max(0.0, self.seconds - elapsed_s)
        assert self.steps is not None
        return (self.steps - step) * elapsed_s / max(step, 1)


def plan_budget(config: VQVAEConfig, total_s: float, step_s: float) -> Budget:
    """The budget that `config` asks for; by default, minutes that suit the corpus.

    Args:
        config: Its `steps`, `epochs` or `minutes` set the length.
        total_s: Sound in the training split, in s.
        step_s: Sound in the batch of a step, in s. An epoch has `total_s / step_s` steps.
    """
    if config.steps is not None:
        return Budget(steps=config.steps)
    if config.epochs is not None:
        steps = round(config.epochs * total_s / step_s)
        return Budget(steps=max(1, steps))
    return Budget(seconds=60 * (config.minutes or default_minutes(total_s)))
