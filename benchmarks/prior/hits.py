"""Whether long outputs of a prior of short sounds are sequences of hits, as its corpus is.

    python benchmarks/hits.py MODEL.sda SOUNDS [--count 20 --seconds 10]

SOUNDS is the folder that the prior was trained on. Its range is that of as many pieces of the same
length, each of files of it, one after the other in random order, each with all the silence that it
has. Generated with the defaults of `distill generate`, from seed 0 on.
"""

import argparse
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

import distill
from benchmarks.common import picture
from distill.data.corpus import scan_corpus
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE

WINDOW = 480
"""Samples of which one level is measured: 10 ms."""
SILENCE_DB, DECAY_DB = -60.0, 30.0
RISE_DB, LOUD_DB, FEWEST_BETWEEN = 9.0, -40.0, 5


def envelope(sound: np.ndarray, hop: int = WINDOW) -> np.ndarray:
    """RMS in dBFS of windows of 10 ms of `sound` `[N]`."""
    n = len(sound) // hop * hop
    return 10 * np.log10(np.mean(sound[:n].reshape(-1, hop) ** 2, axis=1) + 1e-12)


def silence_share(sound: np.ndarray) -> float:
    """Share of 10 ms under -60 dBFS."""
    level = envelope(sound)
    return float(np.mean(level < SILENCE_DB)) if len(level) else 0.0


def onsets(level: np.ndarray) -> list[int]:
    """Where `level` (dB, every 10 ms) rises by more than 9 dB within 20 ms to above -40 dBFS, 50 ms
    apart at least.

    A sound that is there from the start begins there.
    """
    padded = np.pad(level, (2, 0), constant_values=-120.0)
    found: list[int] = []
    for at in np.flatnonzero((padded[2:] - padded[:-2] > RISE_DB) & (level > LOUD_DB)):
        if not found or at - found[-1] > FEWEST_BETWEEN:
            found.append(int(at))
    return found


def onsets_per_s(sound: np.ndarray) -> float:
    """Of a sound `[N]`."""
    return len(onsets(envelope(sound))) * SAMPLE_RATE / len(sound)


def durations(level: np.ndarray) -> list[float]:
    """Seconds from each onset until the sound is 30 dB under its peak, or until the next."""
    edges = [*onsets(level), len(level)]
    lengths = []
    for begin, end in pairwise(edges):
        part = level[begin:end]
        peak = int(part.argmax())
        gone = np.flatnonzero(part[peak:] < part[peak] - DECAY_DB)
        lengths.append((peak + gone[0] if len(gone) else len(part)) * WINDOW / SAMPLE_RATE)
    return lengths


def longest_silence(level: np.ndarray) -> float:
    """Seconds of the longest stretch under -60 dBFS."""
    longest = run = 0
    for silent in level < SILENCE_DB:
        run = run + 1 if silent else 0
        longest = max(longest, run)
    return longest * WINDOW / SAMPLE_RATE


def figures_of(sound: np.ndarray) -> dict[str, float]:
    """What is measured of a piece `[N]`."""
    level = envelope(sound)
    hits = durations(level) or [len(sound) / SAMPLE_RATE]
    return {
        "onsets a second": onsets_per_s(sound),
        "share of silence": silence_share(sound),
        "hit, median s": float(np.median(hits)),
        "longest hit, s": max(hits),
        "longest silence, s": longest_silence(level),
    }


def strung(sounds: list[np.ndarray], seconds: float, seed: int) -> np.ndarray:
    """`seconds` of `sounds`, one after the other in random order, again from the first where they
    are too few."""
    order, parts, wanted = np.random.default_rng(seed), [], round(seconds * SAMPLE_RATE)
    while sum(map(len, parts)) < wanted:
        parts += [sounds[i] for i in order.permutation(len(sounds))]
    return np.concatenate(parts)[:wanted]


class Measured(NamedTuple):
    """Sounds `[N]` of a corpus strung together, and as many that were made, each with its
    figures."""

    pieces: list[np.ndarray]
    corpus: list[dict[str, float]]
    sounds: list[np.ndarray]
    made: list[dict[str, float]]


def measure(
    loaded: LoadedVQModel, folder: Path, count: int = 20, seconds: float = 10.0, top_p: float = 0.97
) -> Measured:
    """`count` of both, of the corpus in `folder`."""
    own = [clip.audio().mean(0) for clip in scan_corpus(folder).clips]
    pieces = [strung(own, seconds, seed) for seed in range(count)]
    sounds = [
        sound.audio.mean(0) for sound in distill.generate(loaded, seconds, top_p=top_p, count=count)
    ]
    return Measured(
        pieces, [figures_of(x) for x in pieces], sounds, [figures_of(x) for x in sounds]
    )


class Range(NamedTuple):
    """Whether what was made, `new` `[n]`, lies within the range of the corpus, `own` `[n]`."""

    own: np.ndarray
    new: np.ndarray
    low: float

    @classmethod
    def of(cls, name: str, corpus: list[dict[str, float]], made: list[dict[str, float]]) -> "Range":
        own, new = (np.array([row[name] for row in rows]) for rows in (corpus, made))
        # Of silence there may be less, never more.
        return cls(own, new, 0.0 if name == "longest silence, s" else float(own.min()))

    @property
    def within(self) -> int:
        return int(((self.new >= self.low) & (self.new <= self.own.max())).sum())

    @property
    def fits(self) -> bool:
        """Whether the median does."""
        return bool(self.low <= np.median(self.new) <= self.own.max())


def show(corpus: list[dict[str, float]], made: list[dict[str, float]]) -> None:
    """Each figure's range in the corpus beside what was generated, and how many of the outputs lie
    within."""
    table = Table(box=None)
    for column in (
        "",
        "corpus: least, median, most",
        "generated: least, median, most",
        "within",
        "median within",
    ):
        table.add_column(column)
    for name in corpus[0]:
        both = Range.of(name, corpus, made)
        three = [f"{x.min():.2f}, {np.median(x):.2f}, {x.max():.2f}" for x in (both.own, both.new)]
        table.add_row(
            name, *three, f"{both.within} of {len(both.new)}", "yes" if both.fits else "no"
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("sounds", type=Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--top-p", type=float, default=0.97)
    parser.add_argument("--picture", type=Path, help="PNG of the first outputs beside the corpus")
    a = parser.parse_args()
    found = measure(distill.load(a.model, "cpu", a.threads), a.sounds, a.count, a.seconds, a.top_p)
    show(found.corpus, found.made)
    if a.picture:
        named = {f"generated, seed {i}": sound for i, sound in enumerate(found.sounds[:4])}
        picture(a.picture, {"corpus": found.pieces[0], **named})
