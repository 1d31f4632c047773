"""Library: the baselines beside the codec, true magnitudes with an estimated phase, and Opus.

They depend on no model, so that the figures of a sound are cached.
"""

import hashlib
import json
import math
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf
import torch
from torch import Tensor

from benchmarks.codec import metrics
from distill.audio.write import write_sound
from distill.settings import cache_dir

GRIFFIN_LIM_STEPS = (0, 1, 8, 32)
"""Steps of phase estimation that are compared."""

OPUS_KBPS = (6, 12, 24)
"""Bit rates of Opus that are requested, in kb/s."""

MOMENTUM = 0.99
"""Momentum of the fast Griffin-Lim algorithm, as its authors recommend."""

Scores = dict[str, float]


def scores_of(source: np.ndarray, seed: int = 0) -> dict[str, Scores]:
    """Figures of every baseline.

    Args:
        source: A sound `[N]`.
        seed: Of random phases.

    Returns:
        The figures by name of the baseline; `kbps` beside those of Opus.
    """
    cache_file = cache_dir() / "benchmarks" / f"{_key(source, seed)}.json"
    if cache_file.exists():
        return {name: _with_nan(row) for name, row in json.loads(cache_file.read_text()).items()}
    rows = _measure(source, seed)
    cache_file.parent.mkdir(parents=True, exist_ok=True)
    cache_file.write_text(json.dumps({name: _without_nan(row) for name, row in rows.items()}))
    return rows


def _measure(source: np.ndarray, seed: int) -> dict[str, Scores]:
    magnitude = metrics.magnitudes(source)
    rows = {}
    for steps in GRIFFIN_LIM_STEPS:
        name = f"true magnitude, {steps} Griffin-Lim" if steps else "true magnitude, random phase"
        rows[name] = metrics.score(source, griffin_lim(magnitude, len(source), steps, seed))
    if has_opus():
        for kbps in OPUS_KBPS:
            output, measured_kbps = opus(source, kbps)
            rows[f"Opus {kbps} kb/s"] = metrics.score(source, output) | {"kbps": measured_kbps}
    return rows


def _key(source: np.ndarray, seed: int) -> str:
    """A key that changes with the sound, with the tools installed here, and with this code."""
    code = [Path(__file__).read_bytes(), Path(metrics.__file__).read_bytes()]
    tools = f"{seed} {metrics.VisqolApi is not None} {has_opus()}".encode()
    return hashlib.sha256(b"".join([source.tobytes(), *code, tools])).hexdigest()


def _without_nan(row: Scores) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in row.items()}


def _with_nan(row: dict[str, float | None]) -> Scores:
    return {name: math.nan if value is None else value for name, value in row.items()}


# --- phase from magnitudes ------------------------------------------------------------------------


def griffin_lim(
    magnitude: Tensor,
    n_samples: int,
    steps: int,
    seed: int = 0,
) -> np.ndarray:
    """Estimate the phase of magnitudes (fast Griffin-Lim, Perraudin et al. 2013).

    Args:
        magnitude: Magnitudes `[F, S]`, as by `metrics.magnitudes`.
        n_samples: Samples of the sound.
        steps: Steps of the algorithm; 0 leaves the phase random.
        seed: Of the random phase at the start.

    Returns:
        The sound `[n_samples]`.
    """
    generator = torch.Generator().manual_seed(seed)
    phase = 2 * math.pi * torch.rand(magnitude.shape, generator=generator)
    spectrum = torch.polar(magnitude, phase)
    previous = torch.zeros(())
    for _ in range(steps):
        consistent = metrics.stft(_istft(spectrum, n_samples))
        next_guess = consistent + MOMENTUM * (consistent - previous)
        spectrum = torch.polar(magnitude, next_guess.angle())
        previous = consistent
    return _istft(spectrum, n_samples).numpy()


def _istft(spectrum: Tensor, n_samples: int) -> Tensor:
    window = torch.hann_window(metrics.N_FFT)
    return torch.istft(spectrum, metrics.N_FFT, metrics.HOP, window=window, length=n_samples)


# --- Opus -----------------------------------------------------------------------------------------


def has_opus() -> bool:
    """Whether `opusenc` and `opusdec` are installed."""
    return shutil.which("opusenc") is not None and shutil.which("opusdec") is not None


def opus(source: np.ndarray, kbps: int) -> tuple[np.ndarray, float]:
    """Encode and decode a sound with Opus.

    `opusenc` with its defaults: variable bit rate, highest complexity, 20 ms frames. `opusdec`
    drops the pre-skip, so that the sounds are aligned to the sample.

    Args:
        source: A sound `[N]`.
        kbps: The bit rate to request, in kb/s.

    Returns:
        The decoded sound `[N]`, and the bit rate without Ogg, in kb/s.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        original = folder / "in.wav"
        code_file = folder / "sound.opus"
        output_file = folder / "out.wav"
        write_sound(original, source)
        report = _run("opusenc", "--bitrate", str(kbps), str(original), str(code_file))
        _run(
            "opusdec", "--rate", "48000", "--float", "--no-dither", str(code_file), str(output_file)
        )
        output, _ = sf.read(output_file, dtype="float32")
    (rate,) = re.findall(r"Bitrate: ([\d.]+) kbit/s", report.stderr)
    return output[: len(source)], float(rate)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
    )
