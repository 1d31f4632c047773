"""Tempo of an onset envelope: how alike it is to itself one, two and four beats later.

Shapes: `T` frames of an envelope, `W` windows of it, `P` candidate periods.
"""

from typing import NamedTuple

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

LIKELY_BPM = 120.0
"""Tempo that is likely before anything was heard: people tap near 500 ms (van Noorden & Moelants
1999), and music is written so."""

TEMPO_OCTAVES = 1.5
"""Standard deviation of that likelihood, in octaves of the tempo."""

USUAL_BPM = (80.0, 160.0)
"""Tempos beyond which another octave is preferred."""

UNUSUAL_OCTAVES = 0.25
"""Standard deviation of the likelihood beyond those, in octaves of the tempo."""

SLOWEST_BPM = 45.0
"""Slowest tempo that is looked for."""

FASTEST_BPM = 240.0
"""Fastest tempo that is looked for."""

WINDOW_S = 20.0
"""Seconds over which a tempo counts as constant: some ten bars."""

WINDOW_STEP_S = 5.0
"""Seconds from one window to the next."""

JUMP_COST = 2.0
"""Cost of a change of the tempo by an octave from one window to the next, as likeness: keeps
the octave unless the rhythm says otherwise."""

# Step of the candidate periods: after four beats half a per cent is 10 ms at 120 BPM.
_PERIOD_STEP = 1.005

# Share of a window that a lag may span: the rest is what is compared.
_LONGEST_LAG = 0.6

# Bars of three beats count by the likeness after one beat (twice) and after three.
_DUPLE = ((1, 1.0), (2, 1.0), (4, 2.0))
_TRIPLE = ((1, 2.0), (3, 1.0))

_TINY = 1e-9


class Tempo(NamedTuple):
    """Tempo of a recording, window by window.

    Attributes:
        period_s: Seconds of a beat at each window, `[W]`.
        likeness: Likeness of the envelope to itself some beats later, mean of the windows: 1 is
            equal, 0 is chance.
        score: The same, weighted by how usual the tempo is.
        centre_s: Centre of each window in seconds, `[W]`.
    """

    period_s: np.ndarray
    likeness: float
    score: float
    centre_s: np.ndarray


def tempo_weight(bpm: np.ndarray) -> np.ndarray:
    """Likelihood of tempos in BPM, 1 at `LIKELY_BPM`.

    Log-normal (Ellis 2007, equation 6), and steeper beyond `USUAL_BPM`.
    """
    octaves = np.log2(bpm / LIKELY_BPM) / TEMPO_OCTAVES
    beyond = np.log2(bpm / np.clip(bpm, *USUAL_BPM)) / UNUSUAL_OCTAVES
    weight: np.ndarray = np.exp(-0.5 * (np.square(octaves) + np.square(beyond)))
    return weight


def autocorrelation(strength: np.ndarray) -> np.ndarray:
    """Likeness of `strength` `[T]` to itself after each lag, `[T]`, -1 to 1.

    Normalised for each lag by the energies that overlap (McLeod & Wyvill 2005, equation 9).
    """
    T = len(strength)
    deviation = strength - strength.mean()
    size = next_fast_len(2 * T, real=True)
    products = irfft(np.square(np.abs(rfft(deviation, size))), size)[:T]
    energy = np.concatenate(([0.0], np.square(deviation).cumsum()))
    lag = np.arange(T)
    overlapping = energy[T - lag] + energy[-1] - energy[lag]
    likeness: np.ndarray = 2 * products / np.maximum(overlapping, _TINY)
    return likeness


def circular_autocorrelation(strength: np.ndarray) -> np.ndarray:
    """Likeness of `strength` `[T]` to itself turned by each lag, `[T]`, -1 to 1."""
    T = len(strength)
    deviation = strength - strength.mean()
    products = irfft(np.square(np.abs(rfft(deviation))), T)
    likeness: np.ndarray = products / max(products[0], _TINY)
    return likeness


def beat_likeness(correlation: np.ndarray, periods: np.ndarray, is_loop: bool) -> np.ndarray:
    """Likeness after one, two and four beats, or after one and three if that is higher, `[P]`.

    Args:
        correlation: Result of `autocorrelation`, or of the circular one, `[T]`.
        periods: Lengths of a beat in frames, `[P]`.
        is_loop: Whether it is the circular one.
    """
    duple = _mean_likeness(correlation, periods, _DUPLE, is_loop)
    triple = _mean_likeness(correlation, periods, _TRIPLE, is_loop)
    return np.maximum(duple, triple)


def _mean_likeness(
    correlation: np.ndarray,
    periods: np.ndarray,
    weights: tuple[tuple[int, float], ...],
    is_loop: bool,
) -> np.ndarray:
    """Weighted mean of the likeness after some beats, `[P]`; 0 where no lag can be told."""
    T = len(correlation)
    total = np.zeros(len(periods))
    weight_sum = np.zeros(len(periods))
    for beats, weight in weights:
        lags = beats * periods
        if is_loop:
            lags = lags % T
            # A whole turn is equal by definition.
            is_known = np.minimum(lags, T - lags) > 0.5 * periods
        else:
            is_known = lags <= _LONGEST_LAG * T
        values = np.interp(lags, np.arange(T), correlation)
        total += np.where(is_known, weight * values, 0.0)
        weight_sum += np.where(is_known, weight, 0.0)
    return total / np.maximum(weight_sum, 1.0)


def find_tempo(strength: np.ndarray, frame_s: float) -> Tempo:
    """Find the tempo, which may change from one window to the next.

    Args:
        strength: Onset strength `[T]`.
        frame_s: Seconds of a frame.
    """
    longest = 60 / SLOWEST_BPM / frame_s
    shortest = 60 / FASTEST_BPM / frame_s
    count = int(np.log(longest / shortest) / np.log(_PERIOD_STEP)) + 1
    periods = shortest * _PERIOD_STEP ** np.arange(count)
    size = min(len(strength), round(WINDOW_S / frame_s))
    starts = np.arange(0, len(strength) - size + 1, round(WINDOW_STEP_S / frame_s))
    likeness = np.stack(
        [
            beat_likeness(autocorrelation(strength[start : start + size]), periods, is_loop=False)
            for start in starts
        ]
    )
    score = likeness * tempo_weight(60 / (periods * frame_s))
    path = _best_path(score, np.log2(periods))
    window = np.arange(len(path))
    return Tempo(
        period_s=periods[path] * frame_s,
        likeness=float(likeness[window, path].mean()),
        score=float(score[window, path].mean()),
        centre_s=(starts + size / 2) * frame_s,
    )


def _best_path(scores: np.ndarray, octaves: np.ndarray) -> np.ndarray:
    """Index of a period for each window `[W]`, by the Viterbi algorithm.

    Args:
        scores: Of each period in each window, `[W, P]`.
        octaves: Logarithms of the periods, `[P]`.
    """
    cost = JUMP_COST * np.abs(octaves[:, None] - octaves)
    total = scores[0]
    before = []
    for row in scores[1:]:
        totals = total - cost
        best = totals.argmax(1)
        before.append(best)
        total = row + totals[np.arange(len(best)), best]
    path = [int(total.argmax())]
    for best in reversed(before):
        path.append(int(best[path[-1]]))
    return np.array(path[::-1])
