"""Whether two sounds are of one recording: they are laid over each other and correlated.

Only copies agree in phase, so that another note or another take is told apart however alike the
spectra are. A copy may be encoded anew, louder or softer, a little noisy, trimmed or padded.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import soxr
from scipy.fft import irfft, next_fast_len, rfft

from distill.settings import SAMPLE_RATE

COMPARISON_VERSION = 1
"""Version of the comparison: raised whenever one may end otherwise, by this file or by the parts
that fingerprints choose."""

LOWEST_HZ = 40.0
"""Lower edge of what is compared, in Hz: filters against rumble change what lies below."""

HIGHEST_HZ = 7900.0
"""Upper edge of what is compared, in Hz: lossy formats change what lies above."""

# Sample rate in Hz at which sounds are correlated: twice the upper edge, and a third of the usual.
_RATE = 16_000
_DECIMATION = SAMPLE_RATE // _RATE

# Samples of the probe, half a second where a sound is loudest, by which its place is found.
_PROBE = SAMPLE_RATE // 2

# Correlation of the probe from which the whole is compared.
_PROBE_LEAST = 0.5

# Longest piece in samples that is correlated at once: 2 s. A longer sound is tried in three places.
_PIECE = 2 * SAMPLE_RATE
_PLACES = 3

# Energy of a piece, relative to the loudest, below which noise of a copy may drown it: -20 dB.
_QUIET = 0.01

# Samples before and after the expected place where a probe is searched: padding by lossy formats.
_SLACK = SAMPLE_RATE // 4

# Amplitude, relative to the largest of its first quarter second, at which a sound begins.
_ONSET = 0.05

# Samples by which a copy may be trimmed at its start: half a minute, or a search takes too long.
_MOST_TRIMMED = 30 * SAMPLE_RATE

# Places of best fit that are examined: in a steady tone many fit nearly as well.
_TRIES = 3

# Distance of these places, in samples at `_RATE`: 2.5 ms.
_APART = 40

# Samples within which a place is refined, and how often: fades blur where it was found.
_NEAR = 16
_REFINEMENTS = 3

# Correlation of a place below which it is not examined.
_HOPELESS = 0.3

# Least share of a probe that must lie inside the other sound.
_LEAST_OVERLAP = 0.5

# Bands that are whitened by themselves: thirds of an octave.
_BANDS = 23

# Energy of a band, relative to the loudest, from which it is whitened; noise of copies is below.
_FLOOR = 0.01

# Fade in samples at `_RATE` at the ends of what is correlated: 10 ms, so that no cut is heard.
_FADE = _RATE // 100

# Parts of a sample by which sounds are shifted to find where they agree best.
_FRACTIONS = 8

# Fewest samples in which a drift can be measured: three terms explain fewer anyway.
_FEWEST = 4

# Relative difference in pitch from which two sounds are two notes: a sixth of a semitone.
_DRIFT = 0.01

# How many times less a drift must leave unexplained.
_CERTAIN = 2.0

# Mean frequency in Hz below which a short tone has so few periods that its drift hardly shows.
_LOW_HZ = 140.0

# Degrees of freedom below which such a sound, not whitened, is a tone; and the share of its energy
# that a copy may leave unexplained: most copies leave under 0.008, notes a semitone apart 0.012.
_TONE = 20.0
_TONE_REST = 0.01

# Correlation from which two sounds are of one recording, by their degrees of freedom. Measured: a
# few partials correlate by chance, and noise suffers most from lossy formats.
_FREEDOM = (10.0, 100.0, 1000.0)
_SAME = (0.95, 0.87, 0.70)


class _Fit(NamedTuple):
    """How two sounds agree.

    Attributes:
        correlation: 0 to 1.
        freedom: Degrees of freedom: some partials and instants, or thousands in noise.
    """

    correlation: float
    freedom: float

    def is_same(self) -> bool:
        """Whether the two are of one recording."""
        least = np.interp(np.log10(max(self.freedom, 1.0)), np.log10(_FREEDOM), _SAME)
        return bool(self.correlation >= least)


_NONE = _Fit(correlation=0.0, freedom=0.0)


class _Overlap(NamedTuple):
    """Stretch in which two sounds overlap.

    Attributes:
        spectra: White spectra `[2, F]` of both; all 0 if they do not overlap.
        size: Samples of the transform.
    """

    spectra: np.ndarray
    size: int


class Part(NamedTuple):
    """The part of a sound file that sounds.

    Attributes:
        audio: Its samples `[C, N]` at `SAMPLE_RATE`.
        loudest: The sample round which it is loudest.
        start: Where in the file it begins, in samples.
    """

    audio: np.ndarray
    loudest: int
    start: int = 0


def same_recording(first: Part, second: Part) -> bool:
    """Whether two sounds are of one recording, at the same pitch."""
    longer, shorter = (first, second) if _length(first) >= _length(second) else (second, first)
    begin = max(0, shorter.loudest - _PROBE // 2)
    probe = _low_rate(shorter.audio, begin, begin + _PROBE)
    start = max(0, begin - _SLACK)
    spare = min(_length(longer) - _length(shorter), _MOST_TRIMMED) + _SLACK
    field = _low_rate(longer.audio, start, begin + _PROBE + spare)
    # A steady tone fits in many places, so two are tried by position: nothing was cut before it, or
    # both begin with their onset.
    as_it_lies = (shorter.start - longer.start + begin - start) / _DECIMATION
    by_onset = (_onset(longer) - _onset(shorter) + begin - start) / _DECIMATION
    # Several guesses may lead to one place.
    tried: set[int] = set()
    for likely in [round(as_it_lies), round(by_onset), *_likely_lags(probe, field)]:
        lag, overlap = _refine(probe, field, likely)
        if lag in tried:
            continue
        tried.add(lag)
        if _fit(overlap).correlation < _PROBE_LEAST:
            continue
        ahead = start - begin + lag * _DECIMATION
        agree = _pieces_agree(longer.audio, shorter.audio, ahead)
        if agree and not _is_transposed(probe, field, lag):
            return True
    return False


def _onset(part: Part) -> int:
    """The sample at which a sound begins to be loud."""
    beginning = np.abs(_low_rate(part.audio, 0, _SLACK))
    is_loud = beginning > _ONSET * beginning.max(initial=0.0)
    return int(is_loud.argmax()) * _DECIMATION if is_loud.any() else 0


def _length(part: Part) -> int:
    return part.audio.shape[1]


def _pieces_agree(longer: np.ndarray, shorter: np.ndarray, ahead: int) -> bool:
    """Whether all pieces that are loud enough are of one recording.

    Args:
        longer: A sound `[C, N]` at `SAMPLE_RATE`.
        shorter: Another.
        ahead: Samples by which the same moment lies later in the longer one.
    """
    # The stretch of the shorter sound that the longer one covers.
    start = max(0, -ahead)
    stop = min(shorter.shape[1], longer.shape[1] - ahead)
    size = min(_PIECE, stop - start)
    if size <= 0:
        return False
    places = 1 if stop - start <= _PIECE else _PLACES
    begins = [round(place) for place in np.linspace(start, stop - size, places)]
    pairs = [
        (
            _low_rate(shorter, begin, begin + size),
            _low_rate(longer, begin + ahead, begin + ahead + size),
        )
        for begin in begins
    ]
    energies = [np.square(piece).sum() for piece, _ in pairs]
    least = _QUIET * max(energies)
    return all(
        _fit(_overlap_spectra(*pair, 0)).is_same()
        for pair, energy in zip(pairs, energies, strict=True)
        if energy >= least
    )


def mean_channel(audio: np.ndarray) -> np.ndarray:
    """Mean `[N]` of the channels of a sound `[C, N]`; faster than NumPy's for so few."""
    total = np.array(audio[0], np.float32)
    for channel in audio[1:]:
        total += channel
    return total / np.float32(len(audio))


def _low_rate(audio: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Samples `start` to `stop` of a sound `[C, N]`, as mono `[n]` at `_RATE`."""
    part = mean_channel(audio[:, start:stop])
    output: np.ndarray = soxr.resample(part, SAMPLE_RATE, _RATE, quality="MQ")
    return output


def _likely_lags(probe: np.ndarray, field: np.ndarray) -> list[int]:
    """Where in a field `[m]` a probe `[n]` fits best, in samples from its start; best first."""
    if not len(probe) or not len(field):
        return []
    size = next_fast_len(len(probe) + len(field), real=True)
    spectra = _white_spectra(probe * _fades(len(probe)), field * _fades(len(field)), size)
    white = irfft(spectra, size)
    products = irfft(np.conj(spectra[0]) * spectra[1], size)
    least = max(1, round(_LEAST_OVERLAP * len(probe)))
    # A negative lag lies at the end of `products`, where negative indices find it.
    lags = np.arange(least - len(probe), len(field) - least + 1)
    fits = np.abs(products[lags])
    before = np.concatenate([[0.0], np.cumsum(np.square(white[1, : len(field)]))])
    energy = float(np.square(white[0]).sum())
    likely: list[int] = []
    for _ in range(_TRIES):
        if not fits.any():
            break
        best = int(fits.argmax())
        lag = int(lags[best])
        there = before[min(lag + len(probe), len(field))] - before[max(lag, 0)]
        if fits[best] >= _HOPELESS * np.sqrt(energy * there):
            likely.append(lag)
        fits[max(0, best - _APART) : best + _APART + 1] = 0.0
    return likely


def _refine(first: np.ndarray, second: np.ndarray, lag: int) -> tuple[int, _Overlap]:
    """Find the lag close to `lag` at which two sounds `[n]` and `[m]` agree best.

    Returns:
        That lag, and the overlap of the sounds there.
    """
    overlap = _overlap_spectra(first, second, lag)
    for _ in range(_REFINEMENTS):
        own, other = overlap.spectra
        products = irfft(np.conj(own) * other, overlap.size)
        reach = min(_NEAR, overlap.size // 2)
        near = np.arange(-reach, reach + 1)
        step = int(near[np.abs(products[near]).argmax()])
        if step == 0:
            break
        lag += step
        overlap = _overlap_spectra(first, second, lag)
    return lag, overlap


def _fit(overlap: _Overlap) -> _Fit:
    """How two sounds agree where they overlap."""
    own, other = overlap.spectra
    power = np.square(overlap.spectra.real) + np.square(overlap.spectra.imag)
    norm = float(np.sqrt(power.sum(axis=1, dtype=np.float64).prod()))
    if norm <= 0.0:
        return _NONE
    mean = power.mean(axis=0)
    freedom = float(np.square(mean.sum()) / np.square(mean).sum())
    # The best place may lie between two samples: half a sample earlier to half a sample later.
    angles = 2 * np.pi / (overlap.size * _FRACTIONS) * np.arange(len(own))
    turn = np.exp(1j * angles).astype(np.complex64)
    cross = np.conj(own) * other * turn ** (-_FRACTIONS // 2)
    best = 0.0
    for _ in range(_FRACTIONS + 1):
        # Without its sign: a copy may be inverted.
        best = max(best, abs(float(cross.real.sum())))
        cross *= turn
    return _Fit(correlation=best / norm, freedom=freedom)


def _overlap_spectra(first: np.ndarray, second: np.ndarray, lag: int) -> _Overlap:
    """Overlap of two sounds `[n]` and `[m]` at `_RATE`, of which the first begins `lag` later."""
    own, other = _overlap(first, second, lag)
    if not len(own):
        return _Overlap(spectra=np.zeros((2, 2), np.complex64), size=2)
    size = next_fast_len(len(own) + 2, real=True)
    return _Overlap(spectra=_white_spectra(own, other, size), size=size)


def _is_transposed(first: np.ndarray, second: np.ndarray, lag: int) -> bool:
    """Whether two sounds `[n]` and `[m]` that agree differ in pitch where they overlap.

    A short low tone correlates with its neighbours, but its phase drifts away from theirs. Drift is
    what the second sound's slope, times the time, explains of the first. Nothing but a copy
    explains all of a low tone.
    """
    own, other = _overlap(first, second, lag)
    if len(own) < _FEWEST or not other.any():
        return False
    rate = np.gradient(other)
    energy = np.square(other)
    # Centred, so that a shift and a drift do not explain the same.
    time = np.arange(len(other)) - float(energy @ np.arange(len(other))) / energy.sum()
    terms = np.stack([other, rate, time * rate], axis=1)
    without, _ = _explain(own, terms[:, :2])
    with_drift, factors = _explain(own, terms)
    drift = abs(factors[2] / factors[0]) if factors[0] else 0.0
    if drift > _DRIFT and without > _CERTAIN * with_drift:
        return True
    power = np.square(np.abs(rfft(own)))
    hz = np.arange(len(power)) * (_RATE / len(own))
    is_low = power @ hz < _LOW_HZ * power.sum()
    is_tone = is_low and np.square(power.sum()) < _TONE * np.square(power).sum()
    return bool(is_tone and without > _TONE_REST * np.square(own).sum())


def _overlap(first: np.ndarray, second: np.ndarray, lag: int) -> tuple[np.ndarray, np.ndarray]:
    """The stretch in which two sounds overlap, of each `[n]`, faded; empty for none."""
    begin = max(lag, 0)
    end = max(begin, min(lag + len(first), len(second)))
    fades = _fades(end - begin)
    return first[begin - lag : end - lag] * fades, second[begin:end] * fades


def _explain(samples: np.ndarray, terms: np.ndarray) -> tuple[float, np.ndarray]:
    """Energy of `samples` `[n]` that the best sum of `terms` `[n, k]` leaves, and its factors."""
    factors = np.linalg.lstsq(terms, samples, rcond=None)[0]
    return float(np.square(samples - terms @ factors).sum()), factors


def _fades(n: int) -> np.ndarray:
    """Gains `[n]` that fade in and out."""
    length = min(_FADE, n // 4)
    ramp = np.square(np.sin(np.pi / 2 * (np.arange(length) + 0.5) / max(1, length)))
    return np.concatenate([ramp, np.ones(n - 2 * length), ramp[::-1]]).astype(np.float32)


def _white_spectra(first: np.ndarray, second: np.ndarray, size: int) -> np.ndarray:
    """Spectra `[2, F]` of two sounds, whitened alike: else the loudest partial would decide."""
    spectra = np.stack([rfft(first, size), rfft(second, size)])
    borders = _borders(size)
    power = np.square(spectra.real) + np.square(spectra.imag)
    before = np.zeros((2, spectra.shape[1] + 1))
    np.cumsum(power, axis=1, out=before[:, 1:])
    bands = np.diff(before[:, borders], axis=1)
    total = bands.sum(axis=1, keepdims=True)
    mean = (bands / np.where(total > 0.0, total, 1.0)).mean(axis=0)
    loudest = float(mean.max())
    gains = np.zeros(spectra.shape[1], np.float32)
    if loudest > 0.0:
        whitening = 1.0 / np.sqrt(mean + _FLOOR * loudest)
        gains[borders[0] : borders[-1]] = np.repeat(whitening, np.diff(borders))
    return spectra * gains


@lru_cache(maxsize=64)
def _borders(size: int) -> np.ndarray:
    """Bins `[_BANDS + 1]` of a transform of `size` samples at which bands begin, and the last ends.

    Sizes repeat from pair to pair, and the search took longer than a transform.
    """
    hz = np.arange(size // 2 + 1) * (_RATE / size)
    return np.searchsorted(hz, np.geomspace(LOWEST_HZ, HIGHEST_HZ, _BANDS + 1))
