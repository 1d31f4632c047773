"""What the codec is measured against, on the same files: true magnitudes with a phase found anew,
and Opus.

None of it depends on a model, so the figures of a sound are kept in the cache.
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

from benchmarks.codec import metrics as figures
from distill.audio.io import write_sound
from distill.settings import cache_dir

GRIFFIN_LIM_STEPS = (0, 1, 8, 32)
OPUS_KBPS = (6, 12, 24)
MOMENTUM = 0.99

Scores = dict[str, float]


def scores_of(source: np.ndarray, seed: int = 0) -> dict[str, Scores]:
    """Figures of every anchor for the mono sound `source` `[N]`, by its name; `kbps` beside those
    of Opus."""
    kept = cache_dir() / "benchmarks" / f"{_key(source, seed)}.json"
    if kept.exists():
        return {name: _filled(row) for name, row in json.loads(kept.read_text()).items()}
    rows = _measure(source, seed)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({name: _holed(row) for name, row in rows.items()}))
    return rows


def _measure(source: np.ndarray, seed: int) -> dict[str, Scores]:
    magnitude = figures.magnitudes(source)
    rows = {}
    for steps in GRIFFIN_LIM_STEPS:
        name = f"true magnitude, {steps} Griffin-Lim" if steps else "true magnitude, random phase"
        rows[name] = figures.score(source, griffin_lim(magnitude, len(source), steps, seed))
    for kbps in OPUS_KBPS if has_opus() else ():
        decoded, measured = opus(source, kbps)
        rows[f"Opus {kbps} kb/s"] = figures.score(source, decoded) | {"kbps": measured}
    return rows


def _key(source: np.ndarray, seed: int) -> str:
    """Changes with the sound, with what can be measured here, and with how."""
    here = [Path(__file__).read_bytes(), Path(figures.__file__).read_bytes()]
    state = f"{seed} {figures.VisqolApi is not None} {has_opus()}".encode()
    return hashlib.sha256(b"".join([source.tobytes(), *here, state])).hexdigest()


def _holed(row: Scores) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in row.items()}


def _filled(row: dict[str, float | None]) -> Scores:
    return {name: math.nan if value is None else value for name, value in row.items()}


# --- phase from magnitudes ------------------------------------------------------------------------


def griffin_lim(magnitude: Tensor, n_samples: int, steps: int, seed: int = 0) -> np.ndarray:
    """Sound `[n_samples]` of magnitudes `[F, T]` (as by `figures.magnitudes`), from random phase.

    `steps` of the fast Griffin-Lim algorithm (Perraudin et al. 2013), momentum 0.99.
    """
    generator = torch.Generator().manual_seed(seed)
    phase = 2 * math.pi * torch.rand(magnitude.shape, generator=generator)
    spectrum, before = torch.polar(magnitude, phase), torch.zeros(())
    for _ in range(steps):
        consistent = figures.stft(_istft(spectrum, n_samples))
        ahead = consistent + MOMENTUM * (consistent - before)
        spectrum, before = torch.polar(magnitude, ahead.angle()), consistent
    return _istft(spectrum, n_samples).numpy()


def _istft(spectrum: Tensor, n_samples: int) -> Tensor:
    return torch.istft(
        spectrum,
        figures.N_FFT,
        figures.HOP,
        window=torch.hann_window(figures.N_FFT),
        length=n_samples,
    )


# --- Opus -----------------------------------------------------------------------------------------


def has_opus() -> bool:
    return shutil.which("opusenc") is not None and shutil.which("opusdec") is not None


def opus(source: np.ndarray, kbps: int) -> tuple[np.ndarray, float]:
    """What Opus makes of a mono sound `[N]`, aligned to the sample, and the kb/s that it took
    without Ogg.

    `opusenc` as it comes: variable bit rate, highest complexity, 20 ms frames. `opusdec` drops the
    pre-skip.
    """
    with tempfile.TemporaryDirectory() as folder:
        original, packed, unpacked = (
            Path(folder) / name for name in ("in.wav", "sound.opus", "out.wav")
        )
        write_sound(original, source)
        done = _run("opusenc", "--bitrate", str(kbps), str(original), str(packed))
        _run("opusdec", "--rate", "48000", "--float", "--no-dither", str(packed), str(unpacked))
        decoded, _ = sf.read(unpacked, dtype="float32")
    (rate,) = re.findall(r"Bitrate: ([\d.]+) kbit/s", done.stderr)
    return decoded[: len(source)], float(rate)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True)
