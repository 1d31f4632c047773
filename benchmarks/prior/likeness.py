"""What a prior generates beside its corpus: whether it is like it, how much it copies, how loud it
is, how it ends.

    python benchmarks/generated.py MODEL.sda SOUNDS [--count 20 --seconds 10]

SOUNDS is the folder that the prior was trained on. Generated with the defaults of `distill
generate`, from seed 0 on.

Likeness is the squared maximum mean discrepancy (Gretton et al. 2012, equation 5, the biased
estimate; Gaussian kernel, its width the median distance in the corpus) of descriptors averaged over
a second, between as many seconds of both. The corpus is heard one file after the other, as the
prior learns it. Beside it stands that of random halves of the corpus, split by files. A copied
share is what the copy meter says (docs/copying.md), counted from what held-out files have. Steps
from sample to sample are the largest within 5 ms of ends; of where the context of training is full,
which may be an attack, as any other 10 ms may; and of beginnings, which are attacks as often as
those of files are.
"""

import argparse
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

import distill
from benchmarks.prior.hits import envelope, longest_silence
from distill.audio.descriptors import DESCRIPTORS, SILENT_DB, measure
from distill.audio.level import integrated_loudness
from distill.data.corpus import scan_corpus
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE
from distill.training.prior_config import PriorConfig

SPLITS = 200
HOP = 1024
EDGE = round(0.005 * SAMPLE_RATE)
PITCH = DESCRIPTORS.index("pitch")


def seconds_of(sound: np.ndarray) -> np.ndarray:
    """Descriptors `[n, 6]` of each whole second of `sound` `[C, N]`: the share that has a pitch
    comes last. NaN where there is nothing to say."""
    rows = measure(sound, SAMPLE_RATE, HOP)
    rows[:, PITCH] = np.log2(rows[:, PITCH])
    each = round(SAMPLE_RATE / HOP)
    parts = [rows[i : i + each] for i in range(0, len(rows) - each + 1, each)]
    with warnings.catch_warnings():
        # Of silence there is no mean.
        warnings.simplefilter("ignore", RuntimeWarning)
        means = np.stack([np.nanmean(part, 0) for part in parts])
    pitched = np.array([np.mean(~np.isnan(part[:, PITCH])) for part in parts])
    means[:, 0] = np.nan_to_num(means[:, 0], nan=SILENT_DB)
    return np.column_stack([means, pitched])


def seconds_by_file(sounds: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """`seconds_of` all sounds strung together in random order, by the one that each second has its
    middle in."""
    order = rng.permutation(len(sounds))
    rows = seconds_of(np.concatenate([sounds[i] for i in order], 1))
    ends = np.cumsum([sounds[i].shape[1] for i in order])
    middles = (np.arange(len(rows)) + 0.5) * round(SAMPLE_RATE / HOP) * HOP
    owners = np.searchsorted(ends, middles, side="right")
    return [rows[owners == i] for i in np.unique(owners)]


def standardised(rows: np.ndarray, corpus: np.ndarray) -> np.ndarray:
    """`rows` by the mean and the spread of the corpus; what there is nothing to say of lies in the
    middle."""
    spread = np.nanstd(corpus, 0)
    return np.nan_to_num((rows - np.nanmean(corpus, 0)) / np.where(spread > 0, spread, 1.0))


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`[n, m]` between rows."""
    return np.square(a[:, None] - b).sum(-1)


def discrepancy(a: np.ndarray, b: np.ndarray, width: float) -> float:
    """Squared maximum mean discrepancy, biased, of the rows of `a` and `b`."""

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.exp(-squared_distances(x, y) / (2 * width**2)).mean())

    return kernel(a, a) + kernel(b, b) - 2 * kernel(a, b)


def likeness(
    corpus: list[np.ndarray], made: np.ndarray, rng: np.random.Generator
) -> tuple[float, np.ndarray]:
    """Median discrepancy of what was `made` `[n, 6]`, and those of random halves of the `corpus`,
    rows by file."""
    everything = np.concatenate(corpus)
    files = [standardised(rows, everything) for rows in corpus]
    made, everything = standardised(made, everything), np.concatenate(files)
    apart = squared_distances(everything, everything)[np.triu_indices(len(everything), 1)]
    width = float(np.median(np.sqrt(apart)))
    halves, found = [], []
    for _ in range(SPLITS):
        order = rng.permutation(len(files))
        one, other = (np.concatenate([files[i] for i in part]) for part in np.array_split(order, 2))
        n = min(len(one), len(other), len(made))
        one, other, new, own = (
            x[rng.permutation(len(x))[:n]] for x in (one, other, made, everything)
        )
        halves.append(discrepancy(one, other, width))
        found.append(discrepancy(new, own, width))
    return float(np.median(found)), np.array(halves)


class Steps(NamedTuple):
    """Largest differences of neighbouring samples: near the `beginning`, where the context is
    `full`, and near the `end`."""

    beginning: float
    full: float
    end: float

    @classmethod
    def of(cls, sound: np.ndarray) -> "Steps":
        """Of `sound` `[N]`, with silence around it."""
        context = round(PriorConfig().context_s * SAMPLE_RATE)
        padded = np.pad(sound, 1)

        def near(at: int) -> float:
            return float(np.abs(np.diff(padded[max(0, at + 1 - EDGE) : at + 1 + EDGE])).max())

        full = max((near(at) for at in range(context, len(sound), context)), default=0.0)
        return cls(near(0), full, near(len(sound)))


def largest_by_stretch(steps: list[np.ndarray], length: int) -> np.ndarray:
    """The largest of each `length` of `steps` `[N]`, one stretch after the other."""
    return np.concatenate(
        [one[: len(one) // length * length].reshape(-1, length).max(1, initial=0) for one in steps]
    )


def measure_all(
    loaded: LoadedVQModel, folder: Path, count: int = 20, seconds: float = 10.0
) -> dict[str, float]:
    """Figures of `count` sounds, beside those of the corpus in `folder`."""
    corpus = scan_corpus(folder, loaded.model.channels).clips
    made = distill.generate(loaded, seconds, count=count)
    own = [clip.audio()[:] for clip in corpus]
    rng = np.random.default_rng(0)
    mmd, halves = likeness(
        seconds_by_file(own, rng), np.concatenate([seconds_of(s.audio) for s in made]), rng
    )
    usual = float(loaded.metadata["corpus_loudness"])
    loudness = np.array([integrated_loudness(s.audio, SAMPLE_RATE) for s in made]) - usual
    steps = [np.abs(np.diff(x.mean(0))) for x in own]
    usual_step = float(np.quantile(np.concatenate(steps), 0.999))
    largest, begun = (
        np.array([Steps.of(s.audio.mean(0)) for s in made]),
        [Steps.of(x.mean(0)).beginning for x in own],
    )
    silent = np.array([longest_silence(envelope(s.audio.mean(0))) for s in made])
    longest = max(longest_silence(envelope(x.mean(0))) for x in own)
    copied = [s.copy.percent for s in made if s.copy is not None]
    figures = {
        "discrepancy": mmd,
        "corpus_discrepancy": np.quantile(halves, 0.95),
        "copied_median": np.median(copied),
        "copied_most": max(copied),
        "loudness_off_median": np.median(loudness),
        "loudness_off_most": np.abs(loudness).max(),
        "step_at_ends": largest[:, 2].max(),
        "corpus_step": usual_step,
        "context_share_over": np.mean(largest[:, 1] > usual_step),
        "corpus_share_over": np.mean(largest_by_stretch(steps, 2 * EDGE) > usual_step),
        "step_at_beginnings": largest[:, 0].max(),
        "corpus_step_at_beginnings": max(begun),
        "silence": silent.max(),
        "corpus_silence": longest,
    }
    return {name: float(figure) for name, figure in figures.items()}


def show(f: dict[str, float], title: str) -> None:
    table = Table("", "generated", "corpus", title=title, box=None)
    table.add_row(
        "discrepancy",
        f"{f['discrepancy']:.4f}",
        f"95 % of its halves: {f['corpus_discrepancy']:.4f}",
    )
    table.add_row(
        "copied, median and most", f"{f['copied_median']:.0f} %, {f['copied_most']:.0f} %"
    )
    off = f"{f['loudness_off_median']:+.1f}, {f['loudness_off_most']:.1f} LU"
    table.add_row("loudness off by, median and most", off)
    table.add_row(
        "largest step at ends", f"{f['step_at_ends']:.4f}", f"99.9 %: {f['corpus_step']:.4f}"
    )
    own = f"of all its 10 ms: {f['corpus_share_over']:.1%}"
    table.add_row("larger where the context is full", f"{f['context_share_over']:.1%}", own)
    own = f"of its files: {f['corpus_step_at_beginnings']:.4f}"
    table.add_row("largest step at beginnings", f"{f['step_at_beginnings']:.4f}", own)
    table.add_row("longest silence", f"{f['silence']:.2f} s", f"{f['corpus_silence']:.2f} s")
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
    a = parser.parse_args()
    figures = measure_all(distill.load(a.model, "cpu", a.threads), a.sounds, a.count, a.seconds)
    show(figures, f"{a.count} x {a.seconds:g} s")
