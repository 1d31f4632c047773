"""When more training would not help, from the curves alone, so that a resumed run decides alike.

Points of the curves are validations (see `training.curves`). Their distances are those of the
averaged weights. Distances of the weights themselves depend on the learning rate: they stand still
while it is high and fall with it. They do not show whether more time would help. Free of torch.
"""

import math
from collections.abc import Sequence

from distill.training.curves import Point, mean, series

# Validations before an early stop is considered: fewer make no trend.
FEWEST_POINTS = 8

# Relative gain over the last third of a curve below which it counts as flat. Real trainings, which
# go on gaining, stay above 0.05.
FLAT = 0.005

# Relative rise of the held-out distance above its best that counts as over-fitting. Validations of
# one training differ by a few percent.
OVERFITTING_RISE = 0.08

# Progress after which an early stop is not worth it: it adds 15 % of the time anyway.
LATEST_PROGRESS = 0.8

# Training loss, relative to the best so far, above which it gets worse ...
RISING = 1.25

# ... and above which it has diverged; and the same relative to the untrained model.
DIVERGED_FROM_BEST = 2.0
DIVERGED_FROM_START = 1.5

# Steps whose mean loss counts as the present one.
SHORTLY = 20

# Points of a trend: a third of the curve, but no fewer than these.
SHORTEST_TREND = 4

# Points that are averaged at either end of a trend, against noise.
TREND_ENDS = 2


def should_stop(curve: Sequence[Point]) -> bool:
    """Whether to stop early: both distances are flat, or the held-out one rises for long."""
    if len(curve) < FEWEST_POINTS or curve[-1]["progress"] > LATEST_PROGRESS:
        return False
    return gain(curve) < FLAT or overfits_since(curve) is not None


def gain(curve: Sequence[Point]) -> float:
    """Relative fall over the last third of the curve, of own or held-out distance.

    The better of the two counts; 1 where the curve is too short for a trend.
    """
    stretch = _trend_length(curve)
    gains = []
    for name in ("own_loss", "val_loss"):
        values = series(curve, name)
        if len(values) >= stretch + TREND_ENDS:
            earlier = mean(values[-stretch - TREND_ENDS : -stretch])
            gains.append(1 - mean(values[-TREND_ENDS:]) / earlier)
    return max(gains, default=1.0)


def overfits_since(curve: Sequence[Point]) -> int | None:
    """Index of the point since which held-out sounds get worse while own ones get better.

    None where that is not so, or nothing is held out.
    """
    held_out = series(curve, "val_loss")
    own = series(curve, "own_loss")
    if len(held_out) != len(curve) or len(curve) < FEWEST_POINTS:
        return None

    best = min(range(len(curve)), key=held_out.__getitem__)
    is_long_ago = len(curve) - 1 - best >= _trend_length(curve)
    is_worse = mean(held_out[-TREND_ENDS:]) > held_out[best] * (1 + OVERFITTING_RISE)
    own_improves = mean(own[-TREND_ENDS:]) < own[best]
    return best if is_long_ago and is_worse and own_improves else None


def has_diverged(first_loss: float, recent: Sequence[float], curve: Sequence[Point]) -> bool:
    """Whether training has diverged for good.

    Args:
        first_loss: Distance of the untrained model.
        recent: Training losses of the last steps, the latest last.
        curve: Validations so far.
    """
    if len(recent) < SHORTLY:
        return False
    present = mean(recent[-SHORTLY:])
    from_start = DIVERGED_FROM_START * first_loss
    return present > min(from_start, DIVERGED_FROM_BEST * _best_train_loss(curve))


def is_worsening(first_loss: float, recent: Sequence[float], curve: Sequence[Point]) -> bool:
    """Whether the last training losses are above the untrained model's, or the best by a quarter.

    Arguments as in `has_diverged`.
    """
    if not recent:
        return False
    present = mean(recent[-SHORTLY:])
    return present > min(first_loss, RISING * _best_train_loss(curve))


def _trend_length(curve: Sequence[Point]) -> int:
    return max(SHORTEST_TREND, len(curve) // 3)


def _best_train_loss(curve: Sequence[Point]) -> float:
    return min(series(curve, "train_loss"), default=math.inf)
