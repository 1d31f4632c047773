"""Descriptors of a sound for every code frame: loudness, brightness, noisiness, pitch, onsets.

Each can also be given as a percentile of a corpus (`PercentileTable`), so that 50 is always the
median. Shapes: `C` channels, `N` samples, `T` frames, `F` frequency bins.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import convolve1d, maximum_filter1d
from torch import Tensor

from distill.audio.blocks import pieces, windows
from distill.audio.descriptor_names import DESCRIPTORS
from distill.audio.mel import mel_filterbank
from distill.audio.stft import hann, stft

DESCRIBED_ABOVE_DB = -50.0
"""Loudness in dBFS below which a frame is silent: mostly hiss, which would count as bright and
noisy."""

RUMBLE_HZ = 50.0
"""Frequency in Hz below which power does not count for brightness and noisiness."""

FLATNESS_RANGE = 1e-5
"""Least power of a bin relative to the mean, for noisiness: -50 dB."""

LOWEST_HZ = 50.0
"""Lowest fundamental in Hz that is looked for: about G1, below most melodies."""

HIGHEST_HZ = 2000.0
"""Highest fundamental in Hz that is looked for: about B6."""

CONFIDENT = 0.8
"""Similarity after one period from which a frame has a pitch (McLeod & Wyvill's clarity)."""

FIRST_PEAK = 0.9
"""Height of a peak relative to the highest, from which it may be the first period (McLeod & Wyvill
2005, section 5: 0.8 to 1)."""

BANDS = 24
"""Mel bands of the onset detector: about one per critical band."""

BAND_FLOOR = 1e-5
"""Amplitude added to every band before the logarithm: -100 dB, below hearing."""

RISE_DB = 4.0
"""Mean rise of the bands in dB from which a frame has an onset."""

RISE_FRAMES = 2
"""Frames back to which the rise is measured: an attack may fall on the border of two."""

ALONE_FRAMES = 2
"""Frames on either side of an onset without another one."""

DENSITY_S = 2.0
"""Length in seconds of the window over which onsets are counted."""

SMOOTHING_S = 1.0
"""Length in seconds of the window that `smooth` averages over."""

LEAST_WEIGHT = 0.05
"""Share of the smoothing window that must hold measured frames."""

PERCENTILES = 101
"""Values of a percentile table: 0 to 100."""

# Frames measured at a time: whatever the length of a sound, they take about 50 MB.
_PIECE_FRAMES = 250

# Frames of context around a piece: the reach of the onset detector and of the pitch window.
_MARGIN_FRAMES = 4

# Least divisor and argument of logarithms.
_TINY = 1e-12

# Values below count as 0 in a percentile table. From here on doubles lie 2e-296 or more apart:
# 100 percent over the gap between two stays below the largest double, 1.8e308.
_LEAST_VALUE = 1e-280


def measure(audio: np.ndarray, sample_rate: int, hop: int) -> np.ndarray:
    """Measure all descriptors of a sound.

    Args:
        audio: Sound `[C, N]`.
        sample_rate: In Hz.
        hop: Samples of a frame; the last frame is padded with silence.

    Returns:
        Values `[T, 5]` in the order of `DESCRIPTORS`. NaN in silent frames, and for pitch in frames
        without one.
    """
    # Made before the work: rows kept one by one between the large arrays of the work would keep its
    # memory from being given back.
    rows = np.empty((-(-audio.shape[1] // hop), len(DESCRIPTORS)), np.float32)
    done = 0
    for window in windows(pieces(audio), _PIECE_FRAMES * hop, _MARGIN_FRAMES * hop):
        sound = torch.from_numpy(np.array(window.sound, np.float32))
        sound = F.pad(sound, (0, -sound.shape[1] % hop))
        first = window.core.start // hop
        last = -(-window.core.stop // hop)
        rows[done : done + last - first] = _measure_piece(sound, sample_rate, hop)[first:last]
        done += last - first
    onset = rows[:, -1] > 0
    rows[:, -1] = density(onset, sample_rate / hop)
    # Not `<=`: NaN is silent too.
    rows[~(rows[:, 0] > DESCRIBED_ABOVE_DB)] = np.nan
    return rows


def _measure_piece(sound: Tensor, sample_rate: int, hop: int) -> np.ndarray:
    """Descriptors `[T, 5]` of `sound` `[C, N]`, with 1 for an onset and 0 for none.

    Silent frames have values too.
    """
    n_fft = 2 * hop
    spectra = stft(sound, n_fft, hop)
    # The mean over channels of their powers: opposite channels do not cancel.
    power = spectra.abs().square().mean(0)
    hz, confidence = pitch(sound.mean(0), sample_rate, hop)
    columns = (
        loudness(power, n_fft),
        brightness(power, sample_rate),
        noisiness(power[:, _first_bin(n_fft, sample_rate) :]),
        torch.where(confidence >= CONFIDENT, hz, torch.nan),
        onsets(power, n_fft, sample_rate).float(),
    )
    return torch.stack(columns, 1).numpy()


def loudness(power: Tensor, n_fft: int) -> Tensor:
    """RMS `[T]` in dBFS from power spectra `[T, F]` under a Hann window (Parseval's theorem)."""
    # All bins but the first and the last stand for two frequencies, one of them negative.
    two_sided = 2 * power.sum(-1) - power[:, 0] - power[:, -1]
    mean_square = two_sided / _window_energy(n_fft)
    return 10 * mean_square.clamp(min=_TINY).log10()


def _window_energy(n_fft: int) -> float:
    """Power of a bin per mean square of the signal under a Hann window of `n_fft` samples."""
    return n_fft * float(hann(n_fft).square().sum())


def brightness(power: Tensor, sample_rate: int) -> Tensor:
    """Spectral centroid `[T]` in Hz of power spectra `[T, F]` (Peeters 2004, section 6.1.1).

    Weighted by power: by magnitude, the hiss behind a sound would count for more than the sound.
    """
    first = _first_bin(2 * (power.shape[1] - 1), sample_rate)
    hz = torch.linspace(0, sample_rate / 2, power.shape[1])
    audible = power[:, first:]
    return (audible @ hz[first:]) / audible.sum(-1).clamp(min=_TINY)


def _first_bin(n_fft: int, sample_rate: int) -> int:
    """Index of the first bin above `RUMBLE_HZ`."""
    return -(-round(RUMBLE_HZ * n_fft) // sample_rate)


def noisiness(power: Tensor) -> Tensor:
    """Spectral flatness `[T]` in dB of power spectra `[T, F]` (Gray & Markel 1974).

    The ratio of geometric to arithmetic mean. Bins count as at most 50 dB below the mean, so that
    inaudible ones do not decide.
    """
    mean = power.mean(-1, keepdim=True).clamp(min=_TINY)
    relative = (power / mean).clamp(min=FLATNESS_RANGE)
    return 10 * relative.log10().mean(-1)


def pitch(sound: Tensor, sample_rate: int, hop: int) -> tuple[Tensor, Tensor]:
    """Fundamental frequency (McLeod & Wyvill 2005, "A smarter way to find pitch").

    The period is the first peak of the normalised square difference that is nearly as high as the
    highest one.

    Args:
        sound: Mono sound `[N]`, `N` a multiple of `hop`.
        sample_rate: In Hz.
        hop: Samples of a frame.

    Returns:
        The frequency `[T]` in Hz, and the height of the highest peak `[T]`, 0 to 1: how periodic
        the frame is.
    """
    longest = round(sample_rate / LOWEST_HZ)
    shortest = round(sample_rate / HIGHEST_HZ)
    size = 4 * hop
    side = (size - hop) // 2
    frames = F.pad(sound, (side, side)).unfold(0, size, hop)
    similarity = _normalised_square_difference(frames, longest + 2)
    middle = similarity[:, 1:-1]
    peak = (middle > similarity[:, :-2]) & (middle >= similarity[:, 2:])
    # Peaks before the first negative value lie on the slope of lag 0.
    peak &= (similarity < 0).cummax(1).values[:, 1:-1]
    peak[:, : shortest - 1] = False
    height = torch.where(peak, middle, 0.0)
    highest = height.max(1, keepdim=True).values
    candidates = (height >= FIRST_PEAK * highest) & peak
    lag = candidates.float().argmax(1, keepdim=True) + 1
    # The top of the parabola through the peak and its neighbours.
    before = similarity.gather(1, lag - 1)
    top = similarity.gather(1, lag)
    after = similarity.gather(1, lag + 1)
    curvature = (before - 2 * top + after).clamp(max=-_TINY)
    shift = (before - after) / (2 * curvature)
    period = lag + shift.clamp(-0.5, 0.5)
    return sample_rate / period[:, 0], highest[:, 0].clamp(0, 1)


def _normalised_square_difference(frames: Tensor, lags: int) -> Tensor:
    """Similarity `[T, lags]` of frames `[T, n]` to themselves after each lag: -1 to 1 (equal)."""
    n = frames.shape[1]
    # Products of all lags at once; padding keeps the end from meeting the beginning.
    power = torch.fft.rfft(frames, 2 * n).abs().square()
    product = torch.fft.irfft(power, 2 * n)[:, :lags]
    # Energies of the first 0, 1, … n samples.
    energy = F.pad(frames.square().cumsum(1), (1, 0))
    lag = torch.arange(lags)
    total = energy[:, -1:]
    squares = energy[:, n - lag] + total - energy[:, lag]
    return 2 * product / squares.clamp(min=1e-9)


def onsets(power: Tensor, n_fft: int, sample_rate: int) -> Tensor:
    """Onsets `[T]` (bool) in power spectra `[T, F]`: peaks of the mean rise of the bands.

    Spectral flux (Dixon 2006, "Onset detection revisited", section 2.1) over log-mel bands, as in
    Böck et al. 2012.
    """
    scale = 1 / _window_energy(n_fft)
    bands = (power * scale) @ mel_filterbank(BANDS, n_fft, sample_rate)
    level_db = 10 * (bands.clamp(min=0) + BAND_FLOOR**2).log10()
    floor_db = float(20 * np.log10(BAND_FLOOR))
    # Silence before the first frame, so that a sound that begins at once has an onset.
    delayed_db = F.pad(level_db, (0, 0, RISE_FRAMES, 0), value=floor_db)
    rise_db = level_db - delayed_db[:-RISE_FRAMES]
    flux = rise_db.clamp(min=0).mean(1)
    highest = maximum_filter1d(flux.numpy(), 2 * ALONE_FRAMES + 1, mode="nearest")
    return (flux >= RISE_DB) & (flux == torch.from_numpy(highest))


def density(onset: np.ndarray, frame_rate: float) -> np.ndarray:
    """Onsets per second `[T]` around each frame, from `onset` `[T]` (bool)."""
    window = _window(DENSITY_S, frame_rate)
    return convolve1d(onset.astype(np.float64), window, mode="constant") * frame_rate


def _window(seconds: float, frame_rate: float) -> np.ndarray:
    """A Hann window of an odd number of frames, of sum 1; its effective length is half as long."""
    window = np.hanning(2 * round(seconds * frame_rate / 2) + 3)
    return window / window.sum()


# --- percentiles ----------------------------------------------------------------------------------


class PercentileTable(NamedTuple):
    """Percentiles 0 to 100 of descriptors over the frames of a corpus.

    Attributes:
        rows: 101 values for each descriptor; all NaN for one that the corpus never has.
    """

    rows: Sequence[Sequence[float]]

    @classmethod
    def of(cls, rows: np.ndarray) -> "PercentileTable":
        """The table of measured `rows` `[T, descriptors]`; NaN does not count."""
        return cls([_percentiles(column) for column in rows.T])

    def place(self, rows: np.ndarray) -> np.ndarray:
        """Percentiles, 0 to 100, of measured `rows` `[T, descriptors]`; NaN stays."""
        columns = [
            _place(column, np.asarray(table))
            for column, table in zip(rows.T, self.rows, strict=True)
        ]
        return np.stack(columns, 1)


def _percentiles(column: np.ndarray) -> list[float]:
    values = column[~np.isnan(column)]
    if not len(values):
        return [float("nan")] * PERCENTILES
    percentiles: list[float] = np.percentile(values, np.arange(PERCENTILES)).tolist()
    return percentiles


def _place(values: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Percentiles of `values` `[T]` by a `table` `[101]`.

    A value that stands in the table several times has the middle of its places.
    """
    if np.isnan(table).any():
        return np.full(len(values), np.nan)
    levels, level_index = np.unique(_without_tiny(table), return_inverse=True)
    counts = np.bincount(level_index)
    middles = np.bincount(level_index, weights=np.arange(len(table))) / counts
    percentiles: np.ndarray = np.interp(_without_tiny(values), levels, middles)
    return percentiles


def _without_tiny(values: np.ndarray) -> np.ndarray:
    """`values` with 0 in place of those so near it that a slope between two would overflow."""
    return np.where(np.abs(values) < _LEAST_VALUE, 0.0, values)


def smooth(rows: np.ndarray, frame_rate: float) -> np.ndarray:
    """Average measured `rows` `[T, descriptors]` over about half a second.

    NaN does not count; where too few frames are left, the result is NaN.
    """
    window = _window(SMOOTHING_S, frame_rate)
    valid = ~np.isnan(rows)
    values = np.where(valid, rows, 0.0).astype(np.float64)
    weight = convolve1d(valid.astype(np.float64), window, axis=0, mode="constant")
    total = convolve1d(values, window, axis=0, mode="constant")
    return np.where(weight >= LEAST_WEIGHT, total / np.maximum(weight, LEAST_WEIGHT), np.nan)
