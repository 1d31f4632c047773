"""How near a decoded sound is to its source. Mono sounds `[N]` at 48 kHz unless a function says
otherwise.

All spectral figures but mel7 use one STFT: 2048 samples, hop 512, periodic Hann, centred, silence
beyond the ends. A figure that a sound is too short or too silent for is NaN; `mean` leaves those
out.
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
MEL_FLOOR = 1e-5
N_FFT, HOP = 2048, 512
LSD_RANGE_DB, LSD_QUIETEST_DB = 80.0, -60.0
VISQOL_SHORTEST_S = 1.0
RATIO_RANGE_DB = 120.0


def load(path: Path) -> np.ndarray:
    """A source as it is scored, `[C, N]` at 48 kHz: by soxr's default quality, as in the reference
    for mel7."""
    sound, rate = sf.read(path, dtype="float32", always_2d=True)
    return np.ascontiguousarray(
        (sound if rate == SAMPLE_RATE else soxr.resample(sound, rate, SAMPLE_RATE)).T
    )


def score(source: np.ndarray, decoded: np.ndarray, with_visqol: bool = True) -> dict[str, float]:
    """Every figure of `decoded` against `source`, both cut to the shorter.

    `mel7`, `stft` (mean difference of magnitudes), `convergence` (Frobenius norm of that difference
    over the source's), `lsd` (dB) are distances; `visqol` is a mean opinion score from 1 to 5, for
    sounds of 1 s or more.
    """
    n = min(len(source), len(decoded))
    source, decoded = source[:n], decoded[:n]
    a, b = magnitudes(source), magnitudes(decoded)
    norm = float(a.norm())
    return {
        "mel7": mel7(source, decoded),
        "stft": float((a - b).abs().mean()),
        "convergence": float((a - b).norm()) / norm if norm else math.nan,
        "lsd": log_spectral_distance(source, a, b),
        "visqol": visqol(source, decoded) if with_visqol else math.nan,
    }


def mean(values: Iterable[float]) -> float:
    """Mean of those that are numbers; NaN for none."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


# --- spectra --------------------------------------------------------------------------------------


def mel7(a: np.ndarray, b: np.ndarray) -> float:
    """7-scale log10-mel L1 distance: the sum over scales of the mean difference.

    Cut to the shorter, 2048 zeros appended; periodic Hann, hop of a quarter window, centred with
    reflection.
    """
    n = min(len(a), len(b))
    pair = [pad(torch.tensor(x[:n]), (0, 2048)) for x in (a, b)]
    return sum(_mel_distance(*pair, n_mels, n_fft) for n_mels, n_fft in MEL_SCALES)


@cache
def _bank(n_mels: int, n_fft: int) -> Tensor:
    return mel_filterbank(n_mels, n_fft, SAMPLE_RATE).T


def _mel_distance(a: Tensor, b: Tensor, n_mels: int, n_fft: int) -> float:
    window = torch.hann_window(n_fft)
    spectra = (
        torch.stft(x, n_fft, n_fft // 4, window=window, return_complex=True).abs() for x in (a, b)
    )
    a_log, b_log = (
        (_bank(n_mels, n_fft) @ spectrum).clamp(MEL_FLOOR).log10() for spectrum in spectra
    )
    return float((a_log - b_log).abs().mean())


def stft(sound: Tensor) -> Tensor:
    """Complex spectrum `[F, T]` of `[N]`, `T = N // HOP + 1`."""
    window = torch.hann_window(N_FFT)
    return torch.stft(sound, N_FFT, HOP, window=window, pad_mode="constant", return_complex=True)


def magnitudes(sound: np.ndarray) -> Tensor:
    return stft(torch.tensor(sound)).abs()


def log_spectral_distance(source: np.ndarray, a: Tensor, b: Tensor) -> float:
    """dB between the magnitudes `a` (of `source`) and `b`, both `[F, T]`: RMS over bins, mean over
    frames.

    Powers are floored 80 dB under the highest of `a`; frames in which the source's RMS is under -60
    dBFS do not count.
    """
    frames = pad(torch.tensor(source), (N_FFT // 2, N_FFT // 2)).unfold(0, N_FFT, HOP)
    heard = frames.square().mean(1) >= 10 ** (LSD_QUIETEST_DB / 10)
    if not heard.any():
        return math.nan
    floor = a.square().max() * 10 ** (-LSD_RANGE_DB / 10)
    levels = [10 * x[:, heard].square().clamp(min=floor).log10() for x in (a, b)]
    return float((levels[0] - levels[1]).square().mean(0).sqrt().mean())


# --- ViSQOL ---------------------------------------------------------------------------------------


@cache
def _visqol_api(align: bool) -> Any:
    # It warns of stretches that it leaves out after shifting a sound, which tells a user nothing.
    logging.getLogger("visqol").setLevel(logging.ERROR)
    api = VisqolApi()
    api.create(mode="audio", disable_global_alignment=not align)
    return api


def visqol(source: np.ndarray, decoded: np.ndarray) -> float:
    """ViSQOL v3 in audio mode (Chinen et al. 2020), MOS-LQO; NaN under 1 s, or without
    `visqol-python`."""
    if VisqolApi is None or len(source) < VISQOL_SHORTEST_S * SAMPLE_RATE or not source.any():
        return math.nan
    if not decoded.any():
        # The level match of ViSQOL divides by the decoded sound's; silence is as unlike as can be.
        return 1.0
    try:
        return float(_visqol_api(True).measure_from_arrays(source, decoded, SAMPLE_RATE).moslqo)
    except ValueError:
        # The search for a common lag, needless here, can leave less than ViSQOL's shortest sound.
        return float(_visqol_api(False).measure_from_arrays(source, decoded, SAMPLE_RATE).moslqo)


# --- stereo ---------------------------------------------------------------------------------------


def stereo(source: np.ndarray, decoded: np.ndarray) -> dict[str, float]:
    """Side error, width and correlation of two stereo sounds `[2, N]`, cut to the shorter.

    `side_mel7` and `side_level_db` (decoded over source) compare the side signals (left less right,
    halved). Width is the energy of the side over that of the mid. Ratios lie between -120 and 120
    dB.
    """
    n = min(source.shape[1], decoded.shape[1])
    source, decoded = source[:, :n], decoded[:, :n]
    (_, side_source), (_, side_decoded) = pairs = [
        ((x[0] + x[1]) / 2, (x[0] - x[1]) / 2) for x in (source, decoded)
    ]
    width_source, width_decoded = (_ratio_db(side, mid) for mid, side in pairs)
    return {
        "side_mel7": mel7(side_source, side_decoded),
        "side_level_db": _ratio_db(side_decoded, side_source),
        "width_source_db": width_source,
        "width_decoded_db": width_decoded,
        "correlation_source": _correlation(source),
        "correlation_decoded": _correlation(decoded),
    }


def _ratio_db(above: np.ndarray, below: np.ndarray) -> float:
    """Energy of one sound over that of another, in dB; 0 where both are silent."""
    energies = [float(np.sum(np.square(x, dtype=np.float64))) for x in (above, below)]
    loudest = max(energies)
    if not loudest:
        return 0.0
    above_db, below_db = (
        10 * math.log10(max(energy / loudest, 10 ** -(RATIO_RANGE_DB / 10))) for energy in energies
    )
    return above_db - below_db


def _correlation(sound: np.ndarray) -> float:
    left, right = sound.astype(np.float64)
    energy = math.sqrt(float(left @ left) * float(right @ right))
    return float(left @ right) / energy if energy else math.nan
