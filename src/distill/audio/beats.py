"""Beats by dynamic programming, and the even grid that fits them.

Shapes: `T` frames of an onset envelope, `B` beats.
"""

from typing import NamedTuple

import numpy as np

from distill.cancellation import check_each

TIGHTNESS = 200.0
"""Cost of a beat that is not one period after the last, times the square of the logarithm of the
ratio (Ellis 2007 takes 100 to 400 on envelopes of a standard deviation of 1)."""

STEADY_S = 0.025
"""Distance in seconds from an even grid that most beats keep in a recording of one tempo: less
than the asynchrony of players (Rasch 1979: 30 to 50 ms)."""

STEADY_SHARE = 0.8
"""Share of the beats that keep that distance."""

# Rounds in which the line through the beats is fitted without those far from it.
_FITS = 4


class Grid(NamedTuple):
    """An even grid: beat `i` lies at `first + i * period`, in seconds or frames."""

    first: float
    period: float


def track_beats(strength: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Frames of the beats (Ellis 2007, "Beat tracking by dynamic programming").

    The beats lie where onsets are strong, and about one period from each other.

    Args:
        strength: Onset strength `[T]`.
        periods: Local length of a beat in frames, `[T]`.

    Returns:
        The frames, `[B]`, to fractions.
    """
    T = len(strength)
    weight = strength / max(float(strength.std()), 1e-9)
    score = np.array(weight)
    before = np.full(T, -1)
    costs: dict[int, tuple[int, np.ndarray]] = {}
    for frame in check_each(range(T)):
        period = round(periods[frame])
        if period not in costs:
            costs[period] = _step_costs(period)
        longest, cost = costs[period]
        start = frame - longest
        stop = start + len(cost)
        if stop <= 0:
            continue
        # Steps that would reach before the beginning are left out.
        totals = score[max(0, start) : stop] - cost[max(0, -start) :]
        best = int(totals.argmax())
        if totals[best] > 0:
            score[frame] += totals[best]
            before[frame] = max(0, start) + best
    last = _last_beat(score, periods)
    beats = []
    while last >= 0:
        beats.append(last)
        last = int(before[last])
    return _tops(strength, np.array(beats[::-1]))


def _step_costs(period: int) -> tuple[int, np.ndarray]:
    """The longest step in frames, and the costs of it and all shorter ones, down to half a beat."""
    longest = 2 * period
    steps = np.arange(longest, period // 2 - 1, -1)
    return longest, TIGHTNESS * np.square(np.log(steps / period))


def _last_beat(score: np.ndarray, periods: np.ndarray) -> int:
    """The frame with the best score within one period of the end."""
    start = max(0, len(score) - round(periods[-1]))
    return start + int(score[start:].argmax())


def _tops(strength: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """`beats` moved to the top of the parabola through each and its neighbours."""
    inner = np.clip(beats, 1, len(strength) - 2)
    left = strength[inner - 1]
    middle = strength[inner]
    right = strength[inner + 1]
    curvature = np.minimum(left - 2 * middle + right, -1e-9)
    is_peak = (middle >= left) & (middle >= right)
    shift = np.where(is_peak, (left - right) / (2 * curvature), 0.0)
    return beats + np.clip(shift, -0.5, 0.5)


def fit_grid(beats: np.ndarray, tolerance: float) -> Grid | None:
    """The even grid through `beats` `[B]`; None where too few keep the `tolerance`.

    Both are in the same unit. Beats far from the grid do not move it.
    """
    if len(beats) < 3:
        return None
    index = np.arange(len(beats), dtype=np.float64)
    # The median of the slopes ignores outliers (Theil 1950), here over half the beats.
    half = len(beats) // 2
    period = float(np.median((beats[half:] - beats[: len(beats) - half]) / half))
    first = float(np.median(beats - period * index))
    for _ in range(_FITS):
        distance = np.abs(beats - first - period * index)
        near = distance <= max(tolerance, float(np.median(distance)))
        if near.sum() < 3:
            return None
        slope, intercept = np.polyfit(index[near], beats[near], 1)
        period = float(slope)
        first = float(intercept)
    distance = np.abs(beats - first - period * index)
    return Grid(first, period) if (distance <= tolerance).mean() >= STEADY_SHARE else None


def cover(beats: np.ndarray, duration: float) -> np.ndarray:
    """`beats` `[B]` and as many evenly before and after as lie between 0 and `duration`."""
    early = beats[1] - beats[0]
    late = beats[-1] - beats[-2]
    n_before = max(0, int(beats[0] // early))
    n_after = max(0, int(np.ceil((duration - beats[-1]) / late)) - 1)
    before = beats[0] - early * np.arange(n_before, 0, -1)
    after = beats[-1] + late * np.arange(1, n_after + 1)
    covering = np.concatenate((before, beats, after))
    return covering[(covering >= 0) & (covering < duration)]
