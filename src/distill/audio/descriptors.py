"""What one hears of a sound, measured for every code frame: loudness, brightness, noisiness, pitch,
onsets.

Each also as a percentile of a corpus (`PercentileTable`), so that 50 is always its middle.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import convolve1d, maximum_filter1d
from torch import Tensor

from distill.audio.blocks import pieces, windows
from distill.audio.mel import mel_filterbank
from distill.audio.stft import hann, stft

DESCRIPTORS = ("loudness", "brightness", "noisiness", "pitch", "onsets")
"""In the order of the columns of `measure`: dBFS, Hz, dB, Hz, onsets a second."""

SILENT_DB = -50.0
"""Under this, what is left of a sound is mostly hiss, which would count as bright and noisy."""
RUMBLE_HZ = 50.0
FLATNESS_RANGE = 1e-5
LOWEST_HZ, HIGHEST_HZ = 50.0, 2000.0
CONFIDENT = 0.8
FIRST_PEAK = 0.9
BANDS, BAND_FLOOR = 24, 1e-5
RISE_DB, RISE_FRAMES, ALONE_FRAMES = 4.0, 2, 2
DENSITY_S, SMOOTHING_S = 2.0, 1.0
LEAST_WEIGHT = 0.05
_PIECE_FRAMES = 1000
_MARGIN_FRAMES = 4
_TINY = 1e-12


def measure(audio: np.ndarray, sample_rate: int, hop: int) -> np.ndarray:
    """The `DESCRIPTORS` `[T, 5]` of `audio` `[C, N]`, one row for every `hop` samples, the last one
    partly silence.

    NaN where there is nothing to say: in silence, and for pitch where nothing repeats.
    """
    parts = [np.zeros((0, len(DESCRIPTORS)), np.float32)]
    for window in windows(pieces(audio), _PIECE_FRAMES * hop, _MARGIN_FRAMES * hop):
        sound = torch.from_numpy(np.array(window.sound, np.float32))
        sound = F.pad(sound, (0, -sound.shape[1] % hop))
        rows = _measure_piece(sound, sample_rate, hop)
        parts.append(rows[window.core.start // hop : -(-window.core.stop // hop)])
    rows = np.concatenate(parts)
    rows[:, -1] = density(rows[:, -1] > 0, sample_rate / hop)
    rows[~(rows[:, 0] > SILENT_DB)] = np.nan
    return rows


def _measure_piece(sound: Tensor, sample_rate: int, hop: int) -> np.ndarray:
    """`measure`, but with 1 where an onset is and 0 elsewhere, and with values for silence."""
    n_fft = 2 * hop
    power = stft(sound, n_fft, hop).abs().square().mean(0)
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
    """RMS in dBFS `[T]` from power spectra `[T, F]` under a Hann window, by Parseval's theorem."""
    two_sided = 2 * power.sum(-1) - power[:, 0] - power[:, -1]
    mean_square = two_sided / (n_fft * float(hann(n_fft).square().sum()))
    return 10 * mean_square.clamp(min=_TINY).log10()


def brightness(power: Tensor, sample_rate: int) -> Tensor:
    """Spectral centroid in Hz `[T]`: mean frequency, each weighed by its power (Peeters 2004,
    section 6.1.1).

    By magnitude, the hiss behind a sound would count for more than the sound.
    """
    first = _first_bin(2 * (power.shape[1] - 1), sample_rate)
    hz = torch.linspace(0, sample_rate / 2, power.shape[1])[first:]
    heard = power[:, first:]
    return (heard @ hz) / heard.sum(-1).clamp(min=_TINY)


def _first_bin(n_fft: int, sample_rate: int) -> int:
    """The first bin of a spectrum that is no rumble."""
    return -(-round(RUMBLE_HZ * n_fft) // sample_rate)


def noisiness(power: Tensor) -> Tensor:
    """Spectral flatness in dB `[T]`: geometric over arithmetic mean of the power (Gray & Markel
    1974).

    Bins count as at most 50 dB under the mean, so that what no one hears does not decide.
    """
    mean = power.mean(-1, keepdim=True).clamp(min=_TINY)
    return 10 * (power / mean).clamp(min=FLATNESS_RANGE).log10().mean(-1)


def pitch(sound: Tensor, sample_rate: int, hop: int) -> tuple[Tensor, Tensor]:
    """Fundamental in Hz and how sure it is, 0 to 1, each `[T]`, of `sound` `[N]`, `N` a multiple of
    `hop`.

    McLeod & Wyvill 2005, "A smarter way to find pitch": the first peak of the normalised square
    difference that is nearly as high as the highest; its height is the confidence.
    """
    longest, shortest = round(sample_rate / LOWEST_HZ), round(sample_rate / HIGHEST_HZ)
    size = 4 * hop
    side = (size - hop) // 2
    frames = F.pad(sound, (side, side)).unfold(0, size, hop)
    similarity = _normalised_square_difference(frames, longest + 2)
    middle = similarity[:, 1:-1]
    peak = (middle > similarity[:, :-2]) & (middle >= similarity[:, 2:])
    # Not before it has been negative once: up to there lies the slope of lag 0.
    peak &= (similarity < 0).cummax(1).values[:, 1:-1]
    peak[:, : shortest - 1] = False
    height = torch.where(peak, middle, 0.0)
    best = height.max(1, keepdim=True).values
    lag = ((height >= FIRST_PEAK * best) & peak).float().argmax(1) + 1
    before, at, after = (similarity.gather(1, (lag + i)[:, None])[:, 0] for i in (-1, 0, 1))
    # The top of the parabola through three points.
    shift = (before - after) / (2 * (before - 2 * at + after).clamp(max=-_TINY))
    return sample_rate / (lag + shift.clamp(-0.5, 0.5)), best[:, 0].clamp(0, 1)


def _normalised_square_difference(frames: Tensor, lags: int) -> Tensor:
    """`[T, lags]` of `frames` `[T, n]`: 1 where a frame is the same again after that lag."""
    n = frames.shape[1]
    spectrum = torch.fft.rfft(frames, 2 * n)
    product = torch.fft.irfft(spectrum.abs().square(), 2 * n)[:, :lags]
    energy = F.pad(frames.square().cumsum(1), (1, 0))
    lag = torch.arange(lags)
    squares = energy[:, n - lag] + energy[:, -1:] - energy[:, lag]
    return 2 * product / squares.clamp(min=1e-9)


def onsets(power: Tensor, n_fft: int, sample_rate: int) -> Tensor:
    """Frames `[T]` (bool) in which something begins: peaks of the mean rise of the bands' levels.

    Spectral flux (Dixon 2006, "Onset detection revisited", section 2.1) over log-mel bands, as in
    Böck et al. 2012.
    """
    scale = 1 / (n_fft * float(hann(n_fft).square().sum()))
    bands = (power * scale) @ mel_filterbank(BANDS, n_fft, sample_rate)
    level = 10 * (bands.clamp(min=0) + BAND_FLOOR**2).log10()
    earlier = F.pad(level, (0, 0, RISE_FRAMES, 0), value=float(20 * np.log10(BAND_FLOOR)))[
        :-RISE_FRAMES
    ]
    flux = (level - earlier).clamp(min=0).mean(1)
    highest = maximum_filter1d(flux.numpy(), 2 * ALONE_FRAMES + 1, mode="nearest")
    return (flux >= RISE_DB) & (flux == torch.from_numpy(highest))


def density(begins: np.ndarray, frame_rate: float) -> np.ndarray:
    """Onsets a second `[T]` around each frame, from where something `begins` `[T]` (bool)."""
    return (
        convolve1d(begins.astype(np.float64), _window(DENSITY_S, frame_rate), mode="constant")
        * frame_rate
    )


def _window(seconds: float, frame_rate: float) -> np.ndarray:
    """A Hann window of an odd number of frames, of sum 1; half as long counts in effect."""
    window = np.hanning(2 * round(seconds * frame_rate / 2) + 3)
    return window / window.sum()


# --- percentiles ----------------------------------------------------------------------------------


class PercentileTable(NamedTuple):
    """Percentiles 0 to 100 of each descriptor over the frames of a corpus: one row of 101 values
    for each.

    All NaN for one that the corpus never has.
    """

    rows: Sequence[Sequence[float]]

    @classmethod
    def of(cls, rows: np.ndarray) -> "PercentileTable":
        """From measured `rows` `[T, n]`, in which NaN does not count."""
        return cls([_percentiles(column[~np.isnan(column)]) for column in rows.T])

    def place(self, rows: np.ndarray) -> np.ndarray:
        """Measured `rows` `[T, n]` as percentiles, 0 to 100; NaN stays."""
        placed = [
            _place(column, np.asarray(table))
            for column, table in zip(rows.T, self.rows, strict=True)
        ]
        return np.stack(placed, 1)


def _percentiles(values: np.ndarray) -> list[float]:
    if not len(values):
        return [float("nan")] * 101
    found: list[float] = np.percentile(values, np.arange(101)).tolist()
    return found


def _place(values: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Where `values` stand in `table`; one that stands there several times has the middle of its
    places."""
    if np.isnan(table).any():
        return np.full(len(values), np.nan)
    levels, which = np.unique(table, return_inverse=True)
    middles = np.bincount(which, weights=np.arange(len(table))) / np.bincount(which)
    placed: np.ndarray = np.interp(values, levels, middles)
    return placed


def smooth(rows: np.ndarray, frame_rate: float) -> np.ndarray:
    """`rows` `[T, n]` averaged over about half a second, frames that are NaN left out; NaN where
    there are too few."""
    window, known = _window(SMOOTHING_S, frame_rate), ~np.isnan(rows)
    weight = convolve1d(known.astype(np.float64), window, axis=0, mode="constant")
    total = convolve1d(
        np.where(known, rows, 0.0).astype(np.float64), window, axis=0, mode="constant"
    )
    return np.where(weight >= LEAST_WEIGHT, total / np.maximum(weight, LEAST_WEIGHT), np.nan)
