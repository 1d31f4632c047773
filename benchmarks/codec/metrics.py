"""Library: how near a decoded sound is to its source.

Sounds are mono `[N]` at 48 kHz unless a function says otherwise. All spectral figures but mel7 use
one STFT: 2048 samples, hop 512, periodic Hann, centred, silence beyond the ends. A figure is NaN
for sounds that are too short or too silent; `mean` leaves those out.
"""

import logging
import math
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
import soxr
import torch
from torch import Tensor
from torch.nn.functional import pad

from distill.audio.mel import mel_filterbank
from distill.settings import SAMPLE_RATE

try:
    from visqol import VisqolApi
except ImportError:
    VisqolApi = None

MEL_SCALES = ((5, 32), (10, 64), (20, 128), (40, 256), (80, 512), (160, 1024), (320, 2048))
"""Mel bands and samples of the window, for each of the scales of mel7."""

MEL_FLOOR = 1e-5
"""Magnitude below which mel bands count as equal."""

N_FFT = 2048
"""Samples of the window of all other figures."""

HOP = 512
"""Samples between two windows."""

LSD_RANGE_DB = 80.0
"""Range in dB below the highest power in which spectra are compared."""

LSD_QUIETEST_DB = -60.0
"""Level in dBFS (RMS) below which a frame is left out."""

VISQOL_SHORTEST_S = 1.0
"""Seconds of the shortest sound that ViSQOL judges."""

RATIO_RANGE_DB = 120.0
"""Largest ratio of two energies, in dB."""


def load(path: Path) -> np.ndarray:
    """The sound at `path` as it is scored, `[C, N]` at 48 kHz.

    Resampled with soxr's default quality, as in the reference for mel7.
    """
    sound, rate = sf.read(path, dtype="float32", always_2d=True)
    if rate != SAMPLE_RATE:
        sound = soxr.resample(sound, rate, SAMPLE_RATE)
    return np.ascontiguousarray(sound.T)


def score(
    source: np.ndarray,
    output: np.ndarray,
    with_visqol: bool = True,
) -> dict[str, float]:
    """All figures of a decoded sound.

    Args:
        source: The source `[N]`.
        output: The decoded sound `[N]`; the longer of the two is cut.
        with_visqol: Whether to compute ViSQOL, which takes longest.

    Returns:
        Distances: `mel7`, `stft` (mean difference of magnitudes), `convergence` (Frobenius norm of
        that difference over the source's), `lsd` in dB. And `visqol`, a mean opinion score from 1
        to 5, for sounds of 1 s or more.
    """
    n = min(len(source), len(output))
    source = source[:n]
    output = output[:n]
    source_stft = magnitudes(source)
    decoded_stft = magnitudes(output)
    difference = source_stft - decoded_stft
    # 0 for silence, where the convergence is not defined.
    norm = float(source_stft.norm())
    return {
        "mel7": mel7(source, output),
        "stft": float(difference.abs().mean()),
        "convergence": float(difference.norm()) / norm if norm else math.nan,
        "lsd": log_spectral_distance(source, source_stft, decoded_stft),
        "visqol": visqol(source, output) if with_visqol else math.nan,
    }


def mean(values: Iterable[float]) -> float:
    """Mean without NaN; NaN for none."""
    numbers = [value for value in values if not math.isnan(value)]
    return sum(numbers) / len(numbers) if numbers else math.nan


# --- spectra --------------------------------------------------------------------------------------


def mel7(a: np.ndarray, b: np.ndarray) -> float:
    """7-scale log10-mel L1 distance of `a` and `b` `[N]`: the sum over scales of mean differences.

    Cut to the shorter, 2048 zeros appended; periodic Hann, hop of a quarter window, centred with
    reflection.
    """
    n = min(len(a), len(b))
    padded_a = pad(torch.tensor(a[:n]), (0, 2048))
    padded_b = pad(torch.tensor(b[:n]), (0, 2048))
    distance = 0.0
    for n_mels, n_fft in MEL_SCALES:
        log_a = _log_mel(padded_a, n_mels, n_fft)
        log_b = _log_mel(padded_b, n_mels, n_fft)
        distance += float((log_a - log_b).abs().mean())
    return distance


@cache
def _bank(n_mels: int, n_fft: int) -> Tensor:
    return mel_filterbank(n_mels, n_fft, SAMPLE_RATE).T


def _log_mel(
    sound: Tensor,
    n_mels: int,
    n_fft: int,
) -> Tensor:
    """Log10 mel magnitudes `[n_mels, S]` of `sound` `[N]`."""
    window = torch.hann_window(n_fft)
    spectrum = torch.stft(sound, n_fft, n_fft // 4, window=window, return_complex=True).abs()
    return (_bank(n_mels, n_fft) @ spectrum).clamp(MEL_FLOOR).log10()


def stft(sound: Tensor) -> Tensor:
    """Complex spectra `[F, S]` of `sound` `[N]`, `S = N // HOP + 1`."""
    window = torch.hann_window(N_FFT)
    return torch.stft(
        sound,
        N_FFT,
        HOP,
        window=window,
        pad_mode="constant",
        return_complex=True,
    )


def magnitudes(sound: np.ndarray) -> Tensor:
    """Magnitudes `[F, S]` of `sound` `[N]`."""
    return stft(torch.tensor(sound)).abs()


def log_spectral_distance(
    source: np.ndarray,
    a: Tensor,
    b: Tensor,
) -> float:
    """Log-spectral distance in dB: RMS over bins, mean over frames.

    Args:
        source: The source `[N]`. Frames below -60 dBFS (RMS) are left out.
        a: Its magnitudes `[F, S]`. Powers are floored 80 dB below their highest.
        b: Magnitudes of the other sound `[F, S]`.
    """
    frames = pad(torch.tensor(source), (N_FFT // 2, N_FFT // 2)).unfold(0, N_FFT, HOP)
    is_audible = frames.square().mean(1) >= 10 ** (LSD_QUIETEST_DB / 10)
    if not is_audible.any():
        return math.nan
    floor = a.square().max() * 10 ** (-LSD_RANGE_DB / 10)
    level_a = 10 * a[:, is_audible].square().clamp(min=floor).log10()
    level_b = 10 * b[:, is_audible].square().clamp(min=floor).log10()
    return float((level_a - level_b).square().mean(0).sqrt().mean())


# --- ViSQOL ---------------------------------------------------------------------------------------


@cache
def _visqol_api(align: bool) -> Any:
    # It warns of stretches that it leaves out after shifting a sound: of no use to a reader.
    logging.getLogger("visqol").setLevel(logging.ERROR)
    api = VisqolApi()
    api.create(mode="audio", disable_global_alignment=not align)
    return api


def visqol(source: np.ndarray, output: np.ndarray) -> float:
    """ViSQOL v3 in audio mode (Chinen et al. 2020), as MOS-LQO.

    Args:
        source: The source `[N]`.
        output: The decoded sound `[N]`.

    Returns:
        A mean opinion score from 1 to 5; NaN under 1 s, or without `visqol-python`.
    """
    if VisqolApi is None or len(source) < VISQOL_SHORTEST_S * SAMPLE_RATE or not source.any():
        return math.nan
    if not output.any():
        # ViSQOL divides by the level of the decoded sound; silence is as unlike as can be.
        return 1.0
    try:
        return float(_visqol_api(True).measure_from_arrays(source, output, SAMPLE_RATE).moslqo)
    except ValueError:
        # Its search for a common lag, needless here, can leave less than its shortest sound.
        return float(_visqol_api(False).measure_from_arrays(source, output, SAMPLE_RATE).moslqo)


# --- stereo ---------------------------------------------------------------------------------------


def stereo(source: np.ndarray, output: np.ndarray) -> dict[str, float]:
    """Figures of the stereo image.

    Args:
        source: The source `[2, N]`.
        output: The decoded sound `[2, N]`; the longer of the two is cut.

    Returns:
        `side_mel7` and `side_level_db` (decoded over source) of the side signals; width (energy of
        the side over that of the mid, in dB) and correlation of both sounds. Ratios lie between
        -120 and 120 dB.
    """
    n = min(source.shape[1], output.shape[1])
    source = source[:, :n]
    output = output[:, :n]
    side_source = _side(source)
    side_decoded = _side(output)
    return {
        "side_mel7": mel7(side_source, side_decoded),
        "side_level_db": _ratio_db(side_decoded, side_source),
        "width_source_db": _ratio_db(side_source, _mid(source)),
        "width_decoded_db": _ratio_db(side_decoded, _mid(output)),
        "correlation_source": _correlation(source),
        "correlation_decoded": _correlation(output),
    }


def _mid(sound: np.ndarray) -> np.ndarray:
    return (sound[0] + sound[1]) / 2


def _side(sound: np.ndarray) -> np.ndarray:
    return (sound[0] - sound[1]) / 2


def _ratio_db(above: np.ndarray, below: np.ndarray) -> float:
    """Energy of `above` over that of `below` in dB; 0 where both are silent."""
    energy_above = float(np.sum(np.square(above, dtype=np.float64)))
    energy_below = float(np.sum(np.square(below, dtype=np.float64)))
    loudest = max(energy_above, energy_below)
    if not loudest:
        return 0.0
    floor = 10 ** -(RATIO_RANGE_DB / 10)
    above_db = 10 * math.log10(max(energy_above / loudest, floor))
    below_db = 10 * math.log10(max(energy_below / loudest, floor))
    return above_db - below_db


def _correlation(sound: np.ndarray) -> float:
    """Correlation of left and right; NaN for silence."""
    left, right = sound.astype(np.float64)
    energy_left = float(left @ left)
    energy_right = float(right @ right)
    energy = math.sqrt(energy_left * energy_right)
    return float(left @ right) / energy if energy else math.nan
