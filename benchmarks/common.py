"""What the benchmarks share: corpora, memory sampling, JSON, spectrogram pictures."""

import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from distill.audio.io import read_audio
from distill.settings import SAMPLE_RATE


def corpora_dir() -> Path:
    """The folder in `$DISTILL_CORPORA`, whose subfolders are corpora."""
    if folder := os.environ.get("DISTILL_CORPORA"):
        return Path(folder).resolve()
    sys.exit(
        "Set DISTILL_CORPORA to a folder whose subfolders are corpora (loops, ambient, oneshots, tabla)."
    )


def split_files(
    root: Path, names: tuple[str, ...], every: int = 6
) -> tuple[list[Path], list[Path]]:
    """Own and held-out files: sorted by path, every sixth is held out."""
    files = sorted(f for name in names for f in (root / name).glob("*.flac"))
    if len(files) < every:
        sys.exit(
            f"{root} holds fewer than {every} FLAC files in {', '.join(names)}: name other corpora."
        )
    held_out = files[every - 1 :: every]
    return [f for f in files if f not in held_out], held_out


def link_corpus(files: list[Path], folder: Path) -> Path:
    """A folder of links to `files`."""
    folder.mkdir(parents=True)
    for file in files:
        (folder / f"{file.parent.name}-{file.name}").symlink_to(file)
    return folder


def mono(path: Path) -> np.ndarray:
    return read_audio(path, mono=True)[0]


class MemoryWatch:
    """Samples the anonymous memory (RssAnon, MB) of a process and keeps the peak. Linux only."""

    def __init__(self, pid: int, every_s: float = 0.05) -> None:
        self.pid, self.every_s, self.peak_mb = pid, every_s, 0.0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while True:
            try:
                status = Path(f"/proc/{self.pid}/status").read_text()
            except (FileNotFoundError, ProcessLookupError):
                return
            for line in status.splitlines():
                if line.startswith("RssAnon"):
                    self.peak_mb = max(self.peak_mb, int(line.split()[1]) / 1024)
            time.sleep(self.every_s)


def write_json(path: Path, result: Any) -> None:
    """JSON has no NaN: what could not be measured is null."""
    path.write_text(json.dumps(_without_nan(result), indent=1))


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def distill(*arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does; stdout and stderr are kept."""
    command = [sys.executable, "-m", "distill", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=check)


def picture(path: Path, sounds: dict[str, np.ndarray]) -> Path:
    """One spectrogram (dB, 0 to 16 kHz) below the other, each sound `[N]` under its title."""
    figure, rows = plt.subplots(len(sounds), 1, figsize=(12, 2.6 * len(sounds)), squeeze=False)
    for axis, (title, sound) in zip(rows[:, 0], sounds.items(), strict=True):
        axis.specgram(
            sound + 1e-7,
            NFFT=2048,
            noverlap=1536,
            Fs=SAMPLE_RATE,
            vmin=-140,
            vmax=-30,
            cmap="magma",
        )
        axis.set_ylim(0, 16_000)
        axis.set_title(title, fontsize=9, loc="left")
        axis.set_ylabel("Hz")
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
    return path
