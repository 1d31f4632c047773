"""Steadiness and decay: whether sounds are held or die away as they do in recordings.

    python -m benchmarks.prior.steadiness RECORDINGS GENERATED... --pieces 0.1 0.25 0.5 1.0

RECORDINGS is the corpus, each GENERATED a folder of sounds. Takes about a minute and a half,
most of it for the halves of the recordings.

A stretch is steady if no onset lies in it, nothing in it is silent, and its level stays within 3 dB
in any second. Onsets are the peaks of the onset envelope (`benchmarks.prior.bands`); levels are RMS
over 50 ms. Each moment counts with the longest steady stretch that holds it, silent moments not at
all. So stretches are weighted by time: a listener hears a hum of 5 s for 5 s, and the many short
stretches within a decay do not drown it.

Decay is the fall of level in dB in the first 200 ms after an onset, from its peak. Onsets that
another follows within that time are left out, since the next hit would hide the fall of the first.

Recordings last from 0.1 to 14 s and outputs 12 s. A file of 0.3 s cannot hold a stretch of a
second, whatever it is of. Beside outputs therefore stand strings: recordings in random order, cut
to 12 s (`benchmarks.prior.recordings`). That is what the prior learns, and both have the same
length and the same number of ends. The limits: a drone ends with its file in a string, and of files
beyond 6 s a string takes 6 s.

All figures are two-sample Kolmogorov-Smirnov statistics between outputs and strings, 0 to 1, of:

- `steady`: seconds of steady stretches, weighted by time;
- `longest`: seconds of the longest steady stretch of each sound;
- `decay`: dB after each onset.

Two rows say how to read them. `recordings, drawn again` is the mean over other strings of the same
recordings: how far luck alone goes. `recordings, halves` is the mean between halves of them, by
file: how far new recordings of the same kind would lie. In a small corpus that is far, and then
nothing below it can be told. `--pieces` adds controls: random pieces, joined.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.stats import ks_2samp

from benchmarks.common import parser_of, run_main
from benchmarks.prior.bands import onset_times
from benchmarks.prior.hits import SILENCE_DB, envelope
from benchmarks.prior.recordings import STRINGS, joined_pieces, read_folder, strings
from distill.errors import UsageError

LEVEL_RATE = 100
"""Levels a second (Hz): one for each 10 ms of `hits.envelope`."""

SMOOTHING = 5
"""Levels that are averaged: 50 ms, two periods of 40 Hz, so that bass is steady."""

STEADY_DB = 3.0
"""Range in dB within which the level of a steady stretch stays in any second."""

DECAY_S = 0.2
"""Seconds after an onset in which the fall of level is measured."""

PEAK_S = 0.05
"""Seconds after an onset in which its peak lies."""

MOST_DECAY_DB = 60.0
"""Fall in dB at which decays are clipped: below that nothing is heard."""

DRAWS = 5
"""Draws of strings, and of halves of the recordings."""


# --- one sound ------------------------------------------------------------------------------------


def smooth_levels(sound: np.ndarray) -> np.ndarray:
    """Levels of `sound` `[N]` in dBFS (RMS) over 50 ms, every 10 ms, `[n]`."""
    power = 10 ** (envelope(sound) / 10)
    # Beyond the ends there is no sound, rather than silence: a held tone is steady to its end.
    counts = np.convolve(np.ones(len(power)), np.ones(SMOOTHING), "same")
    return 10 * np.log10(np.convolve(power, np.ones(SMOOTHING), "same") / counts)


def stretch_starts(levels: np.ndarray, is_onset: np.ndarray) -> np.ndarray:
    """Where the longest steady stretch begins that ends with each moment.

    Args:
        levels: Levels `[n]` in dBFS.
        is_onset: Whether an onset lies at each moment `[n]`; a stretch may begin with one.

    Returns:
        `[n]`; the moment after it where the moment itself is silent.
    """
    starts = np.zeros(len(levels), dtype=int)
    start = 0
    for moment, level in enumerate(levels):
        if level < SILENCE_DB:
            start = moment + 1
        elif is_onset[moment]:
            start = moment
        else:
            begin = max(start, moment - LEVEL_RATE + 1)
            too_far = np.flatnonzero(np.abs(levels[begin:moment] - level) > STEADY_DB)
            if len(too_far):
                start = begin + int(too_far[-1]) + 1
        starts[moment] = start
    return starts


def steady_seconds(sound: np.ndarray, onsets_s: np.ndarray) -> np.ndarray:
    """Seconds of the longest steady stretch that holds each moment.

    Args:
        sound: A sound `[N]`.
        onsets_s: Its onsets in seconds, ascending.

    Returns:
        `[n]`, one for each 10 ms that is not silent.
    """
    levels = smooth_levels(sound)
    is_onset = np.zeros(len(levels), dtype=bool)
    onsets = np.round(onsets_s * LEVEL_RATE).astype(int)
    is_onset[onsets[onsets < len(levels)]] = True
    starts = stretch_starts(levels, is_onset)
    lengths = np.arange(len(levels)) + 1 - starts
    longest = np.zeros(len(levels))
    # Longer stretches overwrite shorter ones.
    for end in np.argsort(lengths, kind="stable"):
        longest[starts[end] : end + 1] = lengths[end]
    return longest[levels >= SILENCE_DB] / LEVEL_RATE


def decays(sound: np.ndarray, onsets_s: np.ndarray) -> list[float]:
    """Fall of level in dB in the 200 ms after each onset.

    Onsets are left out if another follows within 200 ms, or if the sound ends before.

    Args:
        sound: A sound `[N]`.
        onsets_s: Its onsets in seconds, ascending.
    """
    levels = envelope(sound)
    ends = np.append(onsets_s, len(levels) / LEVEL_RATE)[1:]
    falls = []
    for onset, end in zip(onsets_s, ends, strict=True):
        if end - onset < DECAY_S:
            continue
        first = round(onset * LEVEL_RATE)
        peak = levels[first : first + round(PEAK_S * LEVEL_RATE)].max()
        # 20 ms up to then: one level of noise is too uneven.
        last = first + round(DECAY_S * LEVEL_RATE)
        later = levels[last - 2 : last].mean()
        falls.append(min(float(peak - later), MOST_DECAY_DB))
    return falls


# --- several sounds -------------------------------------------------------------------------------


class Durations(NamedTuple):
    """How long some sounds are held, and how they decay.

    Attributes:
        steady: Seconds of the steady stretch at each moment of all of them `[n]`.
        longest: Seconds of the longest stretch of each `[sounds]`.
        decay: dB after each onset of all of them `[onsets]`.
    """

    steady: np.ndarray
    longest: np.ndarray
    decay: np.ndarray

    @classmethod
    def of(cls, sounds: Iterable[np.ndarray]) -> "Durations":
        """Of `sounds` `[N]`.

        Raises:
            UsageError: All are silent.
        """
        steady = []
        decay: list[float] = []
        for sound in sounds:
            onsets_s = onset_times(sound)
            steady.append(steady_seconds(sound, onsets_s))
            decay += decays(sound, onsets_s)
        if not any(map(len, steady)):
            raise UsageError("All sounds are silent: there is nothing to measure.")
        return cls(
            steady=np.concatenate(steady),
            longest=np.array([seconds.max(initial=0.0) for seconds in steady]),
            decay=np.array(decay),
        )


class Figures(NamedTuple):
    """Statistics of some sounds beside recordings, 0 to 1, and their medians.

    Attributes:
        steady: Of the seconds of steady stretches, weighted by time.
        longest: Of the seconds of the longest stretch of each sound.
        decay: Of the dB after onsets; None without an onset that decays alone.
        steady_s: Median seconds of steady stretches, weighted by time.
        longest_s: Median seconds of the longest stretch of each sound.
        decay_db: Median dB after onsets.
    """

    steady: float
    longest: float
    decay: float | None
    steady_s: float
    longest_s: float
    decay_db: float | None


def mean_figures(rows: Sequence[Figures]) -> Figures:
    """Mean of each figure over `rows`, those left out that are None."""
    means = []
    for values in zip(*rows, strict=True):
        numbers = [value for value in values if value is not None]
        means.append(float(np.mean(numbers)) if numbers else None)
    return Figures(*means)


def statistic(a: np.ndarray, b: np.ndarray) -> float | None:
    """Two-sample Kolmogorov-Smirnov statistic of values `[n]` and `[m]`; None if one is empty."""
    if not len(a) or not len(b):
        return None
    # The asymptotic p-value, which is not used, is the quick one.
    return float(ks_2samp(a, b, method="asymp").statistic)


def compare(a: Durations, b: Durations) -> Figures:
    """Statistics between `a` and `b`, and the medians of `a`."""
    steady, longest, decay = map(statistic, a, b)
    assert steady is not None
    assert longest is not None
    return Figures(
        steady=steady,
        longest=longest,
        decay=decay,
        steady_s=float(np.median(a.steady)),
        longest_s=float(np.median(a.longest)),
        decay_db=float(np.median(a.decay)) if len(a.decay) else None,
    )


class Steadiness:
    """Measures sounds and controls beside the recordings of one folder."""

    def __init__(
        self, recordings: Sequence[np.ndarray], seed: int = 0, count: int = STRINGS
    ) -> None:
        """Measure strings of recordings.

        Args:
            recordings: Sounds `[N]`.
            seed: Draws the strings, the halves and the controls.
            count: Number of strings, and of the sounds of a control.

        Raises:
            UsageError: There are fewer than two recordings, or all are silent.
        """
        if len(recordings) < 2:
            raise UsageError("Halves of the recordings need two files at least: add recordings.")
        self.recordings = recordings
        self.count = count
        self._rng = np.random.default_rng(seed)
        self.durations = self._strings(recordings, count)

    def of(self, sounds: Iterable[np.ndarray]) -> Figures:
        """Figures of `sounds` `[N]`.

        Raises:
            UsageError: All are silent.
        """
        return compare(Durations.of(sounds), self.durations)

    def of_pieces(self, piece_s: float) -> Figures:
        """Figures of random pieces of `piece_s` seconds of the recordings, joined.

        Raises:
            CorpusError: No recording is as long.
        """
        return self.of(
            joined_pieces(self.recordings, piece_s, self._rng) for _ in range(self.count)
        )

    def drawn_again(self) -> Figures:
        """Mean figures of other strings of the same recordings."""
        again = [self._strings(self.recordings, self.count) for _ in range(DRAWS)]
        return mean_figures([compare(own, self.durations) for own in again])

    def halves(self) -> Figures:
        """Mean figures between halves of the recordings, by file."""
        return mean_figures([self._of_halves() for _ in range(DRAWS)])

    def _of_halves(self) -> Figures:
        order = self._rng.permutation(len(self.recordings))
        halves = np.array_split(order, 2)
        first, second = (
            self._strings([self.recordings[i] for i in half], self.count // 2) for half in halves
        )
        return compare(first, second)

    def _strings(self, recordings: Sequence[np.ndarray], count: int) -> Durations:
        own_strings = strings(recordings, self._rng, count=count)
        return Durations.of(string.sound for string in own_strings)


# --- script ---------------------------------------------------------------------------------------


def rows_of(
    steadiness: Steadiness, pieces: Sequence[float], folders: Sequence[Path]
) -> Iterator[tuple[str, Figures]]:
    """Names and figures of the recordings, of the controls, then of `folders`."""
    yield "recordings, drawn again", steadiness.drawn_again()
    yield "recordings, halves", steadiness.halves()
    for piece_s in pieces:
        yield f"pieces of {piece_s:g} s, joined", steadiness.of_pieces(piece_s)
    for folder in folders:
        yield folder.name, steadiness.of(read_folder(folder))


def show(rows: Iterable[tuple[str, Figures]], title: str) -> None:
    """Print the figures of each row."""
    heads = ("steady", "longest", "decay", "steady, s", "longest, s", "decay, dB")
    table = Table("", *heads, title=title, box=None)
    for name, figures in rows:
        table.add_row(name, *("-" if value is None else f"{value:.2f}" for value in figures))
    Console(width=120).print(table)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("generated", type=Path, nargs="*", metavar="GENERATED")
    parser.add_argument(
        "--pieces", type=float, nargs="*", default=[0.1, 0.25, 0.5, 1.0], help="seconds"
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    steadiness = Steadiness(read_folder(args.recordings), args.seed)
    title = f"steadiness beside {args.recordings}"
    show(rows_of(steadiness, args.pieces, args.generated), title)


if __name__ == "__main__":
    run_main(main)
