"""Pulse: how regularly onsets follow each other.

    python -m benchmarks.prior.pulse FOLDER...

Each FOLDER holds recordings or generated sounds. Takes a second for a minute of sound.

The figure of a sound is the highest peak of the normalised autocorrelation of its onset envelope
(`benchmarks.prior.bands`) at lags of 0.25 to 2 s: 1 is a machine, 0.1 to 0.2 chance. It is taken in
windows of 6 s that overlap by half; the median over windows counts. Sounds below 3 s have none.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.common import parser_of, run_main
from benchmarks.prior.bands import FRAME_RATE, mel_levels, onset_envelope
from benchmarks.prior.recordings import read_folder

WINDOW = round(6.0 * FRAME_RATE)
"""Frames of a window: 6 s, several beats of any tempo."""

SHORTEST = round(3.0 * FRAME_RATE)
"""Frames of the shortest window that is measured: 3 s."""

LEAST_LAG = round(0.25 * FRAME_RATE)
"""Shortest lag in frames, 0.25 s: the beat of 240 BPM."""

MOST_LAG = round(2.0 * FRAME_RATE)
"""Longest lag in frames, 2 s: a bar of 120 BPM. At most half a window."""

TINY = 1e-9
"""Added to divisors that may be 0."""


def autocorrelation(envelope: np.ndarray) -> np.ndarray:
    """Autocorrelation `[n]` of an envelope `[n]`, 1 at lag 0.

    The mean is taken off first, and each lag is weighted by how many products it has (the unbiased
    estimate), so that a strict rhythm has 1 at its period.
    """
    n = len(envelope)
    deviation = envelope - envelope.mean()
    products = np.correlate(deviation, deviation, "full")[n - 1 :]
    return products / (products[0] + TINY) / (1 - np.arange(n) / n + TINY)


def pulse(sound: np.ndarray) -> float | None:
    """How regular the onsets of `sound` `[N]` are; None below 3 s."""
    envelope = onset_envelope(mel_levels(sound))
    peaks = []
    for start in range(0, max(1, len(envelope) - WINDOW + 1), WINDOW // 2):
        window = envelope[start : start + WINDOW]
        if len(window) >= SHORTEST:
            most_lag = min(MOST_LAG, len(window) // 2)
            peaks.append(autocorrelation(window)[LEAST_LAG:most_lag].max())
    return float(np.median(peaks)) if peaks else None


def pulses(sounds: Sequence[np.ndarray]) -> list[float]:
    """The pulse of each of `sounds` `[N]` that lasts 3 s."""
    values = map(pulse, sounds)
    return [value for value in values if value is not None]


def show(by_folder: dict[str, list[float]]) -> None:
    """Print median and range over the files of each folder."""
    table = Table("", "median", "least", "most", "sounds of 3 s", title="pulse", box=None)
    for name, values in by_folder.items():
        figures = [np.median(values), min(values), max(values)] if values else []
        texts = [f"{value:.2f}" for value in figures] or ["-"] * 3
        table.add_row(name, *texts, str(len(values)))
    Console(width=120).print(table)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    show({str(folder): pulses(read_folder(folder)) for folder in args.folders})


if __name__ == "__main__":
    run_main(main)
