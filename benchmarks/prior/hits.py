"""Long outputs of a prior of short sounds: whether they are sequences of hits, as the corpus is.

    python -m benchmarks.prior.hits MODEL.sda SOUNDS --count 20 --seconds 10

SOUNDS is the folder that the prior was trained on. Takes about 5 minutes for 20 sounds of 10 s.

Sounds are generated with the defaults of `distill generate`, from seed 0 on. Beside them stand as
many pieces of the corpus: its files in random order, each with all its silence.
"""

import argparse
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

import distill
from benchmarks.common import run_main, save_spectrograms, sounds_parser
from distill.data.corpus import scan_corpus
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE

WINDOW = 480
"""Samples in a window that gives one level: 10 ms."""

SILENCE_DB = -60.0
"""Level in dBFS below which a window is silent."""

DECAY_DB = 30.0
"""Fall in dB below its peak after which a hit is over."""

RISE_DB = 9.0
"""Rise in dB within 20 ms that makes an onset.

Measured on levels alone, unlike `audio.descriptors.onsets`, which steers: a measure of its own.
"""

LOUD_DB = -40.0
"""Level in dBFS above which a rise counts as an onset."""

FEWEST_BETWEEN = 5
"""Windows between two onsets at least: 50 ms."""

FAINTEST = 1e-12
"""Power of the faintest level, -120 dBFS, so that silence has a logarithm."""

LONGEST_SILENCE = "longest silence, s"
"""Name of the figure for which less than the corpus has is fine too."""

Figures = dict[str, float]


def envelope(sound: np.ndarray) -> np.ndarray:
    """Levels `[n]` in dBFS (RMS) of the 10 ms windows of `sound` `[N]`."""
    whole = len(sound) // WINDOW * WINDOW
    power = np.mean(sound[:whole].reshape(-1, WINDOW) ** 2, axis=1)
    return 10 * np.log10(power + FAINTEST)


def silence_share(level: np.ndarray) -> float:
    """Share of the windows of an envelope `[n]` that are silent."""
    return float(np.mean(level < SILENCE_DB)) if len(level) else 0.0


def onsets(level: np.ndarray) -> list[int]:
    """Windows of an envelope `[n]` in which a hit begins.

    A sound that is loud from the start begins there.
    """
    # Silence before the sound, so that a first hit rises too.
    whole = np.pad(level, (2, 0), constant_values=-120.0)
    rises = whole[2:] - whole[:-2] > RISE_DB
    begins: list[int] = []
    for window in np.flatnonzero(rises & (level > LOUD_DB)):
        if not begins or window - begins[-1] > FEWEST_BETWEEN:
            begins.append(int(window))
    return begins


def onsets_per_s(sound: np.ndarray) -> float:
    """Onsets a second of a sound `[N]`."""
    return len(onsets(envelope(sound))) * SAMPLE_RATE / len(sound)


def durations(level: np.ndarray) -> list[float]:
    """Seconds of each hit of an envelope `[n]`: until it has decayed, or until the next onset."""
    edges = [*onsets(level), len(level)]
    seconds = []
    for begin, end in pairwise(edges):
        hit = level[begin:end]
        peak = int(hit.argmax())
        quiet = np.flatnonzero(hit[peak:] < hit[peak] - DECAY_DB)
        length = peak + quiet[0] if len(quiet) else len(hit)
        seconds.append(length * WINDOW / SAMPLE_RATE)
    return seconds


def longest_silence(level: np.ndarray) -> float:
    """Seconds of the longest silence of an envelope `[n]`."""
    sounding = np.flatnonzero(level >= SILENCE_DB)
    edges = np.concatenate([[-1], sounding, [len(level)]])
    return float((np.diff(edges) - 1).max()) * WINDOW / SAMPLE_RATE


def figures_of(sound: np.ndarray) -> Figures:
    """All figures of a piece `[N]`."""
    level = envelope(sound)
    # Without any onset, the piece is one long hit.
    hits = durations(level) or [len(sound) / SAMPLE_RATE]
    return {
        "onsets a second": onsets_per_s(sound),
        "share of silence": silence_share(level),
        "hit, median s": float(np.median(hits)),
        "longest hit, s": max(hits),
        LONGEST_SILENCE: longest_silence(level),
    }


def shuffled_piece(
    sounds: Sequence[np.ndarray],
    seconds: float,
    seed: int,
) -> np.ndarray:
    """`seconds` of `sounds` `[N]` in random order, several times if they are too few."""
    rng = np.random.default_rng(seed)
    length = round(seconds * SAMPLE_RATE)
    parts: list[np.ndarray] = []
    while sum(map(len, parts)) < length:
        parts += [sounds[i] for i in rng.permutation(len(sounds))]
    return np.concatenate(parts)[:length]


class Comparison(NamedTuple):
    """Pieces of the corpus and generated sounds, each `[N]`, with their figures."""

    pieces: list[np.ndarray]
    corpus: list[Figures]
    sounds: list[np.ndarray]
    outputs: list[Figures]


def measure(
    loaded: LoadedVQModel,
    folder: Path,
    count: int = 20,
    seconds: float = 10.0,
    top_p: float = 0.97,
) -> Comparison:
    """Generate sounds and measure them beside the corpus.

    Args:
        loaded: A model with a prior.
        folder: The corpus.
        count: Sounds to generate, and pieces of the corpus.
        seconds: Seconds of each.
        top_p: Sampling setting.
    """
    own = [clip.audio().mean(0) for clip in scan_corpus(folder).clips]
    pieces = [shuffled_piece(own, seconds, seed) for seed in range(count)]
    outputs = distill.generate(loaded, seconds, top_p=top_p, count=count)
    sounds = [sound.audio.mean(0) for sound in outputs]
    return Comparison(
        pieces=pieces,
        corpus=[figures_of(piece) for piece in pieces],
        sounds=sounds,
        outputs=[figures_of(sound) for sound in sounds],
    )


class Range(NamedTuple):
    """One figure of the corpus and of the generated sounds.

    Attributes:
        corpus: Its values in the corpus `[n]`.
        outputs: Its values in the generated sounds `[n]`.
        low: The lowest value that fits the corpus.
    """

    corpus: np.ndarray
    outputs: np.ndarray
    low: float

    @classmethod
    def of(
        cls,
        name: str,
        corpus: Sequence[Figures],
        outputs: Sequence[Figures],
    ) -> "Range":
        """The figure `name`."""
        values = np.array([row[name] for row in corpus])
        low = 0.0 if name == LONGEST_SILENCE else float(values.min())
        return cls(
            corpus=values,
            outputs=np.array([row[name] for row in outputs]),
            low=low,
        )

    @property
    def within(self) -> int:
        """How many generated sounds lie in the range of the corpus."""
        fits = (self.outputs >= self.low) & (self.outputs <= self.corpus.max())
        return int(fits.sum())

    @property
    def is_median_within(self) -> bool:
        """Whether the median of the generated sounds lies in the range of the corpus."""
        return bool(self.low <= np.median(self.outputs) <= self.corpus.max())


def _spread(values: np.ndarray) -> str:
    return f"{values.min():.2f}, {np.median(values):.2f}, {values.max():.2f}"


def show(corpus: Sequence[Figures], outputs: Sequence[Figures]) -> None:
    """Print each figure of the corpus beside that of the generated sounds."""
    table = Table(box=None)
    heads = ("", "corpus: least, median, most", "generated: least, median, most")
    for column in (*heads, "within", "median within"):
        table.add_column(column)
    for name in corpus[0]:
        both = Range.of(name, corpus, outputs)
        table.add_row(
            name,
            _spread(both.corpus),
            _spread(both.outputs),
            f"{both.within} of {len(outputs)}",
            "yes" if both.is_median_within else "no",
        )
    Console(width=120).print(table)


def picture(path: Path, comparison: Comparison) -> None:
    """Write spectrograms of a piece of the corpus and of the first four sounds."""
    by_title: Mapping[str, np.ndarray] = {
        "corpus": comparison.pieces[0],
        **{f"generated, seed {i}": sound for i, sound in enumerate(comparison.sounds[:4])},
    }
    save_spectrograms(path, by_title)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = sounds_parser(__doc__, "sounds to generate", 10, "of each sound")
    parser.add_argument("--top-p", type=float, default=0.97)
    parser.add_argument("--picture", type=Path, help="PNG of the first outputs beside the corpus")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    loaded = distill.load(args.model, "cpu", args.threads)
    comparison = measure(loaded, args.sounds, args.count, args.seconds, args.top_p)
    show(comparison.corpus, comparison.outputs)
    if args.picture:
        picture(args.picture, comparison)


if __name__ == "__main__":
    run_main(main)
