"""How long to train: by minutes or by steps, and the schedule laid out over that."""

from dataclasses import dataclass

from distill.training.config import VQVAEConfig, default_minutes

WARMUP_STEPS = 50
"""Steps without quantiser and with rising learning rate; then k-means sets the codebooks."""

WARMUP_S = 25.0
"""Slow machines end the warm-up after this long, so that a usable model exists within the first minute."""


@dataclass(frozen=True)
class Budget:
    """Exactly one of `steps` and `seconds` is set. With `steps`, every answer depends on the step alone."""

    steps: int | None = None
    seconds: float | None = None

    def progress(self, step: int, elapsed_s: float) -> float:
        """0 at the start, 1 at the end."""
        done = step / self.steps if self.steps is not None else elapsed_s / (self.seconds or 1.0)
        return min(1.0, done)

    def warmed_up(self, step: int, elapsed_s: float) -> bool:
        """Whether the codebooks should be in place before this step."""
        early = self.progress(step, elapsed_s) >= 0.2
        return step >= WARMUP_STEPS or early or (self.seconds is not None and elapsed_s >= WARMUP_S)

    def remaining_s(self, step: int, elapsed_s: float) -> float:
        """Seconds left, estimated from the pace so far when the budget is in steps."""
        if self.seconds is not None:
            return max(0.0, self.seconds - elapsed_s)
        assert self.steps is not None
        return (self.steps - step) * elapsed_s / max(step, 1)


def lay_out(config: VQVAEConfig, total_s: float, step_s: float) -> Budget:
    """The budget that `config` asks for; by default, minutes that suit a corpus of `total_s` seconds.

    `step_s` is how many seconds of sound one step hears: an epoch is as many steps as hear `total_s`.
    """
    if config.steps is not None:
        return Budget(steps=config.steps)
    if config.epochs is not None:
        return Budget(steps=max(1, round(config.epochs * total_s / step_s)))
    return Budget(seconds=60 * (config.minutes or default_minutes(total_s)))


def learning_rate_factor(step: int, progress: float) -> float:
    """Linear warm-up over the first steps, then linear decay to 0 at the end of the budget."""
    return min(1.0, (step + 1) / WARMUP_STEPS) * max(0.0, 1.0 - progress)
