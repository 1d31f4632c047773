"""Library of all benchmarks: corpora, bounds, memory, JSON, spectrograms, and how a script runs."""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from distill.errors import DistillError
from distill.settings import SAMPLE_RATE

HELD_OUT_EVERY = 6
"""One file in six is held out: enough to judge by, and little is lost for training."""

QUIETEST_DB = -140
"""Lower end of the colours of a spectrogram, in dB; white noise of 16 bits lies above it."""

LOUDEST_DB = -30
"""Upper end of the colours of a spectrogram, in dB."""

HIGHEST_HZ = 16_000
"""Upper end of a spectrogram, in Hz: there is little to see above."""

INAUDIBLE = 1e-7
"""RMS of the noise below a spectrogram, -140 dBFS: it lies below the colours."""


# --- scripts --------------------------------------------------------------------------------------


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """A parser of the command line that shows the module docstring as it is."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def sounds_parser(
    doc: str | None, count_help: str, seconds: float, seconds_help: str
) -> argparse.ArgumentParser:
    """A parser for benchmarks that generate from a model beside its corpus.

    Args:
        doc: Module docstring of the benchmark.
        count_help: Help of `--count`.
        seconds: Default of `--seconds`, in s.
        seconds_help: Help of `--seconds`.
    """
    parser = parser_of(doc)
    parser.add_argument("model", type=Path)
    parser.add_argument("sounds", type=Path)
    parser.add_argument("--count", type=int, default=20, help=count_help)
    parser.add_argument("--seconds", type=float, default=seconds, help=seconds_help)
    parser.add_argument("--threads", type=int, default=1)
    return parser


def run_main(main: Callable[[], object]) -> None:
    """Run a script in a workspace of its own; an error of Distill is one sentence.

    So its trainings wait for nobody, and are not listed among those of the user.
    """
    with tempfile.TemporaryDirectory(prefix="distill-workspace-") as folder:
        os.environ["DISTILL_WORKSPACE"] = folder
        try:
            main()
        except DistillError as error:
            sys.exit(str(error))


def distill_command(*arguments: object) -> list[str]:
    """The command line of Distill, in this Python."""
    return [sys.executable, "-m", "distill", *map(str, arguments)]


def import_fluidsynth() -> Any:
    """The module `fluidsynth`. The library of the system that it plays with may be missing."""
    try:
        return import_module("fluidsynth")
    except ImportError:
        sys.exit(
            "This plays a soundfont: pip install '.[bench]', and install the library FluidSynth "
            "(Debian: apt install libfluidsynth3)."
        )


# --- corpora --------------------------------------------------------------------------------------


def corpora_dir() -> Path:
    """The folder in `$DISTILL_CORPORA`, whose subfolders are corpora."""
    if folder := os.environ.get("DISTILL_CORPORA"):
        return Path(folder).resolve()
    sys.exit(
        "Set DISTILL_CORPORA to a folder whose subfolders are corpora "
        "(loops, ambient, oneshots, tabla)."
    )


def split_files(root: Path, names: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """Own and held-out FLAC files of the corpora `names` in `root`: every sixth is held out."""
    files = sorted(file for name in names for file in (root / name).glob("*.flac"))
    if len(files) < HELD_OUT_EVERY:
        sys.exit(
            f"{root} holds fewer than {HELD_OUT_EVERY} FLAC files in {', '.join(names)}: "
            "name other corpora."
        )
    held_out = files[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]
    own = [file for file in files if file not in held_out]
    return own, held_out


def link_corpus(files: Sequence[Path], folder: Path) -> Path:
    """Make `folder`, with links to `files`."""
    folder.mkdir(parents=True)
    for file in files:
        (folder / f"{file.parent.name}-{file.name}").symlink_to(file)
    return folder


# --- figures --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bound:
    """A limit on a figure: at most `limit` if `is_upper`, else at least."""

    limit: float
    is_upper: bool = True

    def is_met(self, figure: float) -> bool:
        """Whether `figure` keeps the limit; NaN, a figure that was not measured, does not."""
        return figure <= self.limit if self.is_upper else figure >= self.limit

    def __str__(self) -> str:
        return f"at {'most' if self.is_upper else 'least'} {self.limit:.4g}"

    def verdict(self, figure: float) -> str:
        """In one word."""
        return "met" if self.is_met(figure) else "missed"


def write_json(path: Path, result: Any) -> None:
    """Write `result`; a NaN (not measured) becomes null, since JSON has none."""
    path.write_text(json.dumps(_without_nan(result), indent=1))


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


class MemoryWatch:
    """Samples the anonymous memory (RssAnon) of a process and keeps the peak. Linux only."""

    def __init__(self, pid: int, every_s: float = 0.05) -> None:
        """Watch the process `pid` every `every_s` seconds, until it ends."""
        self.pid = pid
        self.every_s = every_s
        self.peak_mb = 0.0
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


def peak_mb(command: Sequence[str]) -> float:
    """Peak anonymous memory in MB of a command that runs to its end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    watch = MemoryWatch(process.pid)
    if process.wait():
        sys.exit(f"failed: {' '.join(command)}")
    return watch.peak_mb


# --- spectrograms ---------------------------------------------------------------------------------


def draw_spectrogram(
    axis: Axes,
    sound: np.ndarray,
    title: str = "",
) -> None:
    """Draw the spectrogram of `sound` `[N]` in dB, from 0 to 16 kHz."""
    # Two windows at least. Inaudible noise, since digital silence has no logarithm.
    whole = np.pad(sound, (0, max(0, 4096 - len(sound))))
    whole = whole + INAUDIBLE * np.random.default_rng(0).standard_normal(len(whole))
    axis.specgram(
        whole,
        NFFT=2048,
        noverlap=1536,
        Fs=SAMPLE_RATE,
        vmin=QUIETEST_DB,
        vmax=LOUDEST_DB,
        cmap="magma",
    )
    axis.set_ylim(0, HIGHEST_HZ)
    axis.set_yticks([0, 8000, 16_000], ["0", "8", "16 kHz"])
    if title:
        axis.set_title(title, fontsize=9, loc="left")


def save_spectrograms(path: Path, sounds: Mapping[str, np.ndarray]) -> Path:
    """Write a picture of `sounds` `[N]`, one below the other, each under its title."""
    figure, rows = plt.subplots(len(sounds), 1, figsize=(12, 2.6 * len(sounds)), squeeze=False)
    for axis, (title, sound) in zip(rows[:, 0], sounds.items(), strict=True):
        draw_spectrogram(axis, sound, title)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
    return path
