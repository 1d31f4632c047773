"""Library: ways to copy a sound, and a folder of sounds with their copies."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import soundfile as sf
import soxr

PCM_16: Mapping[str, Any] = MappingProxyType({"subtype": "PCM_16"})
"""Options for `soundfile.write` of a copy that is not compressed."""


class Copy(NamedTuple):
    """A way to copy a sound.

    Attributes:
        ending: Of the file.
        rate: Sample rate in Hz; 0 for that of the original.
        options: For `soundfile.write`.
        change: Changes the sound `[N, C]` of a rate.
    """

    ending: str = ".wav"
    rate: int = 0
    options: Mapping[str, Any] = PCM_16
    change: Callable[[np.ndarray, int], np.ndarray] = lambda sound, rate: sound


def mp3(kbps: int) -> dict[str, Any]:
    """Options for MP3 at a constant rate; libsndfile counts down from 320 kb/s."""
    level = (320 - kbps) / 288
    return {"subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT", "compression_level": level}


def trim(start_s: float, end_share: float) -> Callable[[np.ndarray, int], np.ndarray]:
    """Cut off the start, at most a quarter of the sound, and a share of the end."""

    def change(sound: np.ndarray, rate: int) -> np.ndarray:
        N = len(sound)
        return sound[min(round(start_s * rate), N // 4) : round((1 - end_share) * N)]

    return change


def add_noise(below_peak_db: float) -> Callable[[np.ndarray, int], np.ndarray]:
    """Add white noise whose RMS lies so far below the peak."""

    def change(sound: np.ndarray, rate: int) -> np.ndarray:
        rms = np.abs(sound).max() * 10 ** (-below_peak_db / 20)
        noise = rms * np.random.default_rng(0).standard_normal(sound.shape)
        return 0.9 * (sound + noise)

    return change


def pad(sound: np.ndarray, rate: int) -> np.ndarray:
    """Put a tenth of a second of silence before the sound."""
    return np.pad(sound, ((rate // 10, 0), (0, 0)))


def all_at_once(sound: np.ndarray, rate: int) -> np.ndarray:
    """Trim both ends and lower the level by 6 dB."""
    return 0.5 * trim(0.01, 0.1)(sound, rate)


MOST_HZ = 48_000
"""Sample rate of copies of sounds at a higher one: lossy formats know none above."""

COPIES = {
    "MP3, 128 kb/s": Copy(".mp3", options=mp3(128)),
    "MP3, 64 kb/s": Copy(".mp3", options=mp3(64)),
    "Vorbis, default": Copy(".ogg", options={"subtype": "VORBIS"}),
    "Vorbis, low": Copy(".ogg", options={"subtype": "VORBIS", "compression_level": 0.9}),
    "Opus, default": Copy(".opus", 48_000, {"subtype": "OPUS", "format": "OGG"}),
    "Opus, low": Copy(
        ".opus", 48_000, {"subtype": "OPUS", "format": "OGG", "compression_level": 0.9}
    ),
    "44.1 kHz, 16 bit": Copy(rate=44_100),
    "22.05 kHz, 16 bit": Copy(rate=22_050),
    "12 dB softer": Copy(change=lambda sound, rate: 0.25 * sound),
    "100 ms of silence before": Copy(change=pad),
    "start cut by 10 ms": Copy(change=trim(0.01, 0.0)),
    "end cut by 20 %": Copy(change=trim(0.0, 0.2)),
    "noise 50 dB below peak": Copy(change=add_noise(50)),
    "noise 40 dB below peak": Copy(change=add_noise(40)),
    "MP3, cut at both ends, softer": Copy(".mp3", options=mp3(128), change=all_at_once),
}
"""Ways to copy a sound."""


def write_copies(originals: Path, folder: Path, copy: Copy) -> Path:
    """Make `folder` with links to the originals, and a copy of each."""
    folder.mkdir(parents=True)
    for path in sorted(originals.iterdir()):
        (folder / f"a {path.name}").symlink_to(path.resolve())
        sound, rate = sf.read(path, always_2d=True)
        target = min(copy.rate or rate, MOST_HZ)
        if target != rate:
            sound = soxr.resample(sound, rate, target)
        output = np.clip(copy.change(sound, target), -1.0, 1.0)
        sf.write(folder / f"b {path.stem}{copy.ending}", output, target, **copy.options)
    return folder
