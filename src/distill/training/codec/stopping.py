"""When more training would not help, told from the curves alone, so that a resumed run decides
alike.

A curve is a list of validations, each a dict with `step`, `progress`, `train_loss` (mean over the
last steps), `own_loss` and `val_loss` (absent when nothing is held out). Own and held-out distances
are those of the averaged weights: those of the weights themselves stand still while the learning
rate is high and fall when it comes down, which tells nothing of what more time would bring.
"""

import math
from collections.abc import Sequence

from distill.training.curves import Point, mean, series

FEWEST_POINTS = 8
FLAT = 0.005
OVERFITTING_RISE = 0.08
LATEST_PROGRESS = 0.8
RISING = 1.25
DIVERGED_FROM_START = 1.5
DIVERGED_FROM_BEST = 2.0
SHORTLY = 20


def should_stop(curve: Sequence[Point]) -> bool:
    """Whether to end now: flat in every respect, or held-out sounds have long been getting
    worse."""
    if len(curve) < FEWEST_POINTS or curve[-1]["progress"] > LATEST_PROGRESS:
        return False
    return gain(curve) < FLAT or overfits_since(curve) is not None


def gain(curve: Sequence[Point]) -> float:
    """By which share own or held-out distance (whichever did better) fell over the last third of
    the curve."""
    stretch = max(4, len(curve) // 3)
    gains = []
    for name in ("own_loss", "val_loss"):
        values = series(curve, name)
        if len(values) >= stretch + 2:
            earlier = mean(values[-stretch - 2 : -stretch])
            gains.append(1 - mean(values[-2:]) / earlier)
    return max(gains, default=1.0)


def overfits_since(curve: Sequence[Point]) -> int | None:
    """The index since when held-out sounds get worse while own ones get better; None when they do
    not."""
    held_out, own = series(curve, "val_loss"), series(curve, "own_loss")
    if len(held_out) != len(curve) or len(curve) < FEWEST_POINTS:
        return None
    best = min(range(len(curve)), key=held_out.__getitem__)
    long_ago = len(curve) - 1 - best >= max(4, len(curve) // 3)
    worse = mean(held_out[-2:]) > held_out[best] * (1 + OVERFITTING_RISE)
    return best if long_ago and worse and mean(own[-2:]) < own[best] else None


def has_diverged(first_loss: float, recent: Sequence[float], curve: Sequence[Point]) -> bool:
    """Whether the last training losses are far above what the untrained model had, or above the
    best so far."""
    if len(recent) < SHORTLY:
        return False
    now = mean(recent[-SHORTLY:])
    best = min(series(curve, "train_loss"), default=math.inf)
    return now > min(DIVERGED_FROM_START * first_loss, DIVERGED_FROM_BEST * best)


def goes_astray(first_loss: float, recent: Sequence[float], curve: Sequence[Point]) -> bool:
    """Whether the last training losses are above what the untrained model had, or clearly above the
    best so far."""
    if not recent:
        return False
    best = min(series(curve, "train_loss"), default=math.inf)
    return mean(recent[-SHORTLY:]) > min(first_loss, RISING * best)
