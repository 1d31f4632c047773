"""Key of a recording: "A minor", "G major".

Shapes: `C` channels, `N` samples, `T` frames, `F` frequency bins.
"""

from collections.abc import Iterator

import numpy as np
from scipy.fft import next_fast_len, rfft
from scipy.ndimage import median_filter
from scipy.signal.windows import hann

from distill.audio.blocks import pieces, windows

NOTES = ("C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")
"""Names of the pitch classes, from C up."""

SHORTEST_S = 2.0
"""Seconds below which a recording has no key: it is a note or two."""

LOWEST_HZ = 60.0
"""Lowest partial in Hz that counts: below, neighbouring semitones lie in one bin."""

HIGHEST_HZ = 1500.0
"""Highest partial in Hz that counts: above lie overtones rather than notes."""

WINDOW_S = 0.37
"""Seconds of a spectrum: tells semitones apart from about 100 Hz upwards."""

OVERTONES = (2, 3, 4, 5, 6)
"""Multiples of a partial's frequency at which a weaker one is its overtone: the third and the sixth
are fifths, the fifth is a major third, and neither need be in the key."""

OVERTONE_CENTS = 25.0
"""Cents by which an overtone may lie beside the multiple."""

PROMINENCE_DB = 15.0
"""Level in dB above the median of the bins around it from which a peak is a partial: peaks of noise
rarely reach that."""

RANGE_DB = 40.0
"""Level in dB below the loudest partial of a frame under which others do not count."""

STEADY_CENTS = 35.0
"""Cents by which a partial may move from one spectrum to the next; noise moves by more."""

LEAST_TONAL = 0.25
"""Share of the power in partials that last, below which nothing is tonal enough."""

LEAST_CORRELATION = 0.65
"""Correlation with the profile of a key below which there is none."""

LEAST_LEAD = 0.03
"""Correlation by which a key must lead the next: major and minor of one note are near."""

MOST_OUTSIDE = 0.28
"""Share of the five weakest pitch classes, those outside of a scale, above which there is no key:
it is 0.42 where all twelve are equal."""

LEAST_THIRD = 0.1
"""Weight of the third relative to the strongest pitch class: without it, major and minor are the
same."""

# Ratings of the twelve pitch classes, from the tonic up (Krumhansl & Kessler 1982).
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)

# Bins of an octave in which partials are gathered: 5 cents each.
_OCTAVE_BINS = 240

# Bins of a semitone.
_SEMITONE_BINS = _OCTAVE_BINS // 12

# Frequency in Hz of C4, from A4 at 440 Hz.
_C_HZ = 440.0 * 2 ** (-9 / 12)

# Bins on either side of a peak whose median it has to stand out from: 32 Hz.
_AROUND = 12

_TINY = 1e-20


def find_key(audio: np.ndarray, sample_rate: int) -> str | None:
    """Find the key of a recording, whatever it is tuned to.

    Args:
        audio: Samples `[C, N]`.
        sample_rate: In Hz.

    Returns:
        The key, such as "A minor"; None where nothing is tonal enough, or two keys fit as well.

    Example:
        key = find_key(read_audio("pad.wav"), 48_000)
    """
    if audio.shape[1] < SHORTEST_S * sample_rate:
        return None
    octave, tonal_share = _gather_partials(audio, sample_rate)
    if tonal_share < LEAST_TONAL:
        return None
    return _best_key(_chroma(octave))


def _gather_partials(audio: np.ndarray, sample_rate: int) -> tuple[np.ndarray, float]:
    """Amplitudes of lasting partials by pitch class `[_OCTAVE_BINS]`, and their share of power."""
    octave = np.zeros(_OCTAVE_BINS)
    tonal = 0.0
    total = 0.0
    before = np.zeros((0, 2))
    # Even, so that windows overlap by half.
    size = 2 * next_fast_len(round(WINDOW_S * sample_rate / 2), real=True)
    bin_hz = sample_rate / size
    for power in _spectra(audio, size, bin_hz):
        partials = _partials(power, bin_hz)
        lasting = _lasting(partials, before)
        before = partials
        tonal += float(lasting[:, 1].sum())
        cents, peak_power = _fundamentals(lasting).T
        places = np.rint(cents / 1200 * _OCTAVE_BINS).astype(int) % _OCTAVE_BINS
        np.add.at(octave, places, np.sqrt(peak_power))
        total += float(power.sum())
    # A Hann window spreads the power of a sine over its peak and half as much beside it.
    return octave, 1.5 * tonal / max(total, _TINY)


def _spectra(audio: np.ndarray, size: int, bin_hz: float) -> Iterator[np.ndarray]:
    """Power spectra `[F]` from 0 Hz to above `HIGHEST_HZ`, each half a window later."""
    taper = hann(size, sym=False).astype(np.float32)
    n_bins = min(size // 2 + 1, int(HIGHEST_HZ / bin_hz) + 2 + _AROUND)
    for window in windows(pieces(audio), size // 2, size // 2):
        sound = window.sound[:, window.core.start :][:, :size]
        sound = np.pad(sound, ((0, 0), (0, size - sound.shape[1]))).astype(np.float32)
        # The mean over channels of their powers: opposite channels do not cancel.
        power: np.ndarray = np.square(np.abs(rfft(sound * taper)[:, :n_bins])).mean(0)
        power[: int(LOWEST_HZ / bin_hz)] = 0.0
        yield power


def _partials(power: np.ndarray, bin_hz: float) -> np.ndarray:
    """Cents above C4 and power of the peaks of a spectrum `[F]` that stand out, `[n, 2]`."""
    level_db = 10 * np.log10(power + _TINY)
    floor_db = median_filter(level_db, 2 * _AROUND + 1, mode="nearest")
    left = level_db[:-2]
    middle = level_db[1:-1]
    right = level_db[2:]
    is_partial = (middle > left) & (middle >= right)
    is_partial &= middle >= floor_db[1:-1] + PROMINENCE_DB
    is_partial &= middle >= level_db.max() - RANGE_DB
    # The beginning of the range is an edge, not a peak.
    is_partial &= power[:-2] > 0
    tops = np.flatnonzero(is_partial)
    # The top of the parabola through the peak and its neighbours.
    curvature = np.minimum(left - 2 * middle + right, -1e-9)
    shift = np.clip((left - right) / (2 * curvature), -0.5, 0.5)
    top_db = middle - (left - right) * shift / 4
    hz = (tops + 1 + shift[tops]) * bin_hz
    cents = 1200 * np.log2(hz / _C_HZ)
    return np.stack((cents, 10 ** (top_db[tops] / 10)), 1)


def _lasting(partials: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Those of `partials` `[n, 2]` that the spectrum `before` has too, the weaker power of both."""
    if not len(partials) or not len(before):
        return np.zeros((0, 2))
    distance = np.abs(partials[:, None, 0] - before[None, :, 0])
    nearest = distance.argmin(1)
    index = np.arange(len(partials))
    lasts = distance[index, nearest] <= STEADY_CENTS
    weaker = np.minimum(partials[:, 1], before[nearest, 1])
    return np.stack((partials[lasts, 0], weaker[lasts]), 1)


def _fundamentals(partials: np.ndarray) -> np.ndarray:
    """Those of `partials` `[n, 2]` that are no overtones of a stronger one."""
    cents, power = partials.T
    is_overtone = np.zeros(len(cents), bool)
    for multiple in OVERTONES:
        interval = cents[:, None] - cents - 1200 * np.log2(multiple)
        is_near = np.abs(interval) <= OVERTONE_CENTS
        is_overtone |= (is_near & (power[:, None] <= power)).any(1)
    return partials[~is_overtone]


def _chroma(octave: np.ndarray) -> np.ndarray:
    """Weights of the pitch classes `[12]` from C up, after tuning to the nearest semitone.

    Args:
        octave: Amplitudes by pitch class, `[_OCTAVE_BINS]`.
    """
    # The tuning is the circular mean of the places within a semitone.
    angle = 2 * np.pi * np.arange(_OCTAVE_BINS) / _SEMITONE_BINS
    mean = np.angle(np.sum(octave * np.exp(1j * angle)))
    shift = round(float(mean) / (2 * np.pi) * _SEMITONE_BINS)
    octave_here = np.roll(octave, _SEMITONE_BINS // 2 - shift)
    chroma: np.ndarray = octave_here.reshape(12, _SEMITONE_BINS).sum(1)
    return chroma


def _best_key(chroma: np.ndarray) -> str | None:
    """The key whose profile correlates best with a `chroma` `[12]`; None if none stands out."""
    outside = np.sort(chroma)[:5].sum() / max(chroma.sum(), _TINY)
    if not chroma.any() or outside > MOST_OUTSIDE:
        return None
    keys = []
    for tonic, note in enumerate(NOTES):
        rotation = np.roll(chroma, -tonic)
        for mode, profile, third in (("major", _MAJOR, 4), ("minor", _MINOR, 3)):
            correlation = float(np.corrcoef(rotation, profile)[0, 1])
            has_third = bool(rotation[third] >= LEAST_THIRD * chroma.max())
            keys.append((correlation, f"{note} {mode}", has_third))
    keys.sort(reverse=True)
    (correlation, key, has_third), (second, _, _) = keys[:2]
    stands_out = correlation >= LEAST_CORRELATION and correlation - second >= LEAST_LEAD
    return key if stands_out and has_third else None
