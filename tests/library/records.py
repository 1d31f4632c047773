"""Events for tests."""

from distill.training.metrics import LevelHealth, StepMetrics


def step(number: int, mel_loss: float = 2.5) -> StepMetrics:
    """Metrics of a step of codec training."""
    level = LevelHealth(name="Structure", utilisation=0.75, perplexity=12.5, dead_codes=8)
    return StepMetrics(
        step=number,
        progress=number / 100,
        elapsed_s=1.0 * number,
        remaining_s=100.0 - number,
        mel_loss=mel_loss,
        learning_rate=1e-3,
        realtime_factor=9.0,
        levels=(level, level),
    )
