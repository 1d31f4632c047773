"""Generated sounds beside the corpus: likeness, copies, loudness, steps at ends, silence.

    python -m benchmarks.prior.likeness MODEL.sda SOUNDS --count 20 --seconds 10

SOUNDS is the folder that the prior was trained on. Takes about 5 minutes for 20 sounds of 10 s.
Sounds are generated with the defaults of `distill generate`, from seed 0 on.

Likeness is the squared maximum mean discrepancy (Gretton et al. 2012, equation 5, the biased
estimate; a Gaussian kernel as wide as the median distance in the corpus). It compares descriptors
averaged over a second, of equally many seconds of both. The corpus is taken one file after the
other, as the prior learns it. Beside it stands the discrepancy of random halves of the corpus,
split by files.

The copied share is that of the copy meter (docs/copying.md), beyond held-out files. Steps from
sample to sample are the largest within 5 ms of three places: the ends; places where the context of
training is full, which may be attacks as any other 10 ms may; the beginnings, which are attacks as
often as those of files.
"""

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

import distill
from benchmarks.common import run_main, sounds_parser
from benchmarks.prior.hits import envelope, longest_silence
from distill.audio.descriptor_names import DESCRIPTORS
from distill.audio.descriptors import DESCRIBED_ABOVE_DB, measure
from distill.audio.level import integrated_loudness
from distill.data.corpus import scan_corpus
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE
from distill.training.prior_config import PriorConfig

SPLITS = 200
"""Random halves of the corpus."""

HOP = 1024
"""Samples between two rows of descriptors."""

ROWS_A_SECOND = round(SAMPLE_RATE / HOP)
"""Rows of descriptors that are averaged."""

EDGE = round(0.005 * SAMPLE_RATE)
"""Samples before and after a place in which a step counts as near: 5 ms."""

USUAL_QUANTILE = 0.999
"""Quantile of all steps of the corpus up to which a step is usual."""

PITCH = DESCRIPTORS.index("pitch")
"""Column of the pitch."""


# --- likeness -------------------------------------------------------------------------------------


def descriptors_by_second(sound: np.ndarray) -> np.ndarray:
    """Mean descriptors of each whole second.

    Args:
        sound: A sound `[C, N]`.

    Returns:
        `[n, 6]`: the descriptors, pitch as log2, and the share of rows that have a pitch. NaN
        where nothing could be measured.
    """
    rows = measure(sound, SAMPLE_RATE, HOP)
    rows[:, PITCH] = np.log2(rows[:, PITCH])
    seconds = len(rows) // ROWS_A_SECOND
    parts = rows[: seconds * ROWS_A_SECOND].reshape(seconds, ROWS_A_SECOND, -1)
    with warnings.catch_warnings():
        # A second of silence has no mean.
        warnings.simplefilter("ignore", RuntimeWarning)
        means = np.nanmean(parts, 1)
    pitch_share = np.mean(~np.isnan(parts[:, :, PITCH]), 1)
    means[:, 0] = np.nan_to_num(means[:, 0], nan=DESCRIBED_ABOVE_DB)
    return np.column_stack([means, pitch_share])


def descriptors_by_file(sounds: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Descriptors by second of `sounds` `[C, N]` joined in random order, grouped by sound.

    A second belongs to the sound in which its middle lies.
    """
    order = rng.permutation(len(sounds))
    rows = descriptors_by_second(np.concatenate([sounds[i] for i in order], 1))
    ends = np.cumsum([sounds[i].shape[1] for i in order])
    middles = (np.arange(len(rows)) + 0.5) * ROWS_A_SECOND * HOP
    owners = np.searchsorted(ends, middles, side="right")
    return [rows[owners == i] for i in np.unique(owners)]


def standardise(rows: np.ndarray, corpus: np.ndarray) -> np.ndarray:
    """`rows` `[n, D]` by mean and standard deviation of `corpus` `[m, D]`; NaN becomes 0."""
    deviation = np.nanstd(corpus, 0)
    scale = np.where(deviation > 0, deviation, 1.0)
    return np.nan_to_num((rows - np.nanmean(corpus, 0)) / scale)


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distances `[n, m]` between the rows of `a` `[n, D]` and of `b` `[m, D]`."""
    return np.square(a[:, None] - b).sum(-1)


def discrepancy(
    a: np.ndarray,
    b: np.ndarray,
    width: float,
) -> float:
    """Squared maximum mean discrepancy between the rows of `a` `[n, D]` and of `b` `[m, D]`.

    Args:
        a: Rows of the one set.
        b: Rows of the other.
        width: Standard deviation of the Gaussian kernel.
    """

    def mean_kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.exp(-squared_distances(x, y) / (2 * width**2)).mean())

    return mean_kernel(a, a) + mean_kernel(b, b) - 2 * mean_kernel(a, b)


def likeness(
    corpus: Sequence[np.ndarray],
    outputs: np.ndarray,
    rng: np.random.Generator,
) -> tuple[float, np.ndarray]:
    """Discrepancy of generated sounds from the corpus, and that of the corpus from itself.

    Args:
        corpus: Descriptors by second of each file `[n, 6]`.
        outputs: Descriptors by second of the generated sounds `[m, 6]`.
        rng: Draws the halves.

    Returns:
        The median discrepancy of what was generated, and the discrepancies of random halves of the
        corpus `[SPLITS]`.
    """
    raw = np.concatenate(corpus)
    files = [standardise(rows, raw) for rows in corpus]
    outputs = standardise(outputs, raw)
    whole = np.concatenate(files)
    distances = np.sqrt(squared_distances(whole, whole)[np.triu_indices(len(whole), 1)])
    width = float(np.median(distances))
    of_halves = []
    of_generated = []
    for _ in range(SPLITS):
        first_files, second_files = np.array_split(rng.permutation(len(files)), 2)
        first = np.concatenate([files[i] for i in first_files])
        second = np.concatenate([files[i] for i in second_files])
        # The biased estimate depends on the number of rows: compare equally many.
        n = min(len(first), len(second), len(outputs))
        first, second, new, own = (
            rows[rng.permutation(len(rows))[:n]] for rows in (first, second, outputs, whole)
        )
        of_halves.append(discrepancy(first, second, width))
        of_generated.append(discrepancy(new, own, width))
    return float(np.median(of_generated)), np.array(of_halves)


# --- steps ----------------------------------------------------------------------------------------


class Steps(NamedTuple):
    """Largest steps from sample to sample near three places of a sound.

    Attributes:
        beginning: At the beginning.
        full: Wherever the context of training is full.
        end: At the end.
    """

    beginning: float
    full: float
    end: float

    @classmethod
    def of(cls, sound: np.ndarray) -> "Steps":
        """Of `sound` `[N]`, with silence around it."""
        context = round(PriorConfig().context_s * SAMPLE_RATE)
        whole = np.pad(sound, 1)

        def largest_near(place: int) -> float:
            # One sample later, for the silence in front.
            near = whole[max(0, place + 1 - EDGE) : place + 1 + EDGE]
            return float(np.abs(np.diff(near)).max())

        full = [largest_near(place) for place in range(context, len(sound), context)]
        return cls(
            beginning=largest_near(0), full=max(full, default=0.0), end=largest_near(len(sound))
        )


def largest_by_stretch(steps: Sequence[np.ndarray], length: int) -> np.ndarray:
    """The largest step of each stretch of `length` samples, in the `steps` `[N]` of each sound."""
    largest = []
    for own_steps in steps:
        whole = len(own_steps) // length * length
        largest.append(own_steps[:whole].reshape(-1, length).max(1, initial=0))
    return np.concatenate(largest)


def _step_figures(own: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> dict[str, float]:
    """Figures of the steps in `outputs` `[N]`, beside those of the corpus' `own`."""
    steps = [np.abs(np.diff(sound)) for sound in own]
    usual = float(np.quantile(np.concatenate(steps), USUAL_QUANTILE))
    near = [Steps.of(sound) for sound in outputs]
    return {
        "step_at_ends": max(row.end for row in near),
        "corpus_step": usual,
        "context_share_over": float(np.mean([row.full > usual for row in near])),
        "corpus_share_over": float(np.mean(largest_by_stretch(steps, 2 * EDGE) > usual)),
        "step_at_beginnings": max(row.beginning for row in near),
        "corpus_step_at_beginnings": max(Steps.of(sound).beginning for sound in own),
    }


# --- all ------------------------------------------------------------------------------------------


def measure_all(
    loaded: LoadedVQModel,
    folder: Path,
    count: int = 20,
    seconds: float = 10.0,
) -> dict[str, float]:
    """Generate sounds and measure them beside the corpus.

    Args:
        loaded: A model with a prior.
        folder: The corpus.
        count: Sounds to generate.
        seconds: Seconds of each.

    Returns:
        The figures by name; those of the corpus begin with `corpus_`.
    """
    sounds = [clip.audio()[:] for clip in scan_corpus(folder, loaded.model.channels).clips]
    outputs = distill.generate(loaded, seconds, count=count)
    rng = np.random.default_rng(0)
    of_generated, of_halves = likeness(
        descriptors_by_file(sounds, rng),
        np.concatenate([descriptors_by_second(sound.audio) for sound in outputs]),
        rng,
    )
    percents = [sound.copy.passage_percent for sound in outputs if sound.copy is not None]
    loudness = [integrated_loudness(sound.audio, SAMPLE_RATE) for sound in outputs]
    loudness_off = np.array(loudness) - float(loaded.metadata["corpus_loudness"])
    own_mono = [sound.mean(0) for sound in sounds]
    generated_mono = [sound.audio.mean(0) for sound in outputs]
    return {
        "discrepancy": of_generated,
        "corpus_discrepancy": float(np.quantile(of_halves, 0.95)),
        "copied_median": float(np.median(percents)),
        "copied_most": max(percents),
        "loudness_off_median": float(np.median(loudness_off)),
        "loudness_off_most": float(np.abs(loudness_off).max()),
        **_step_figures(own_mono, generated_mono),
        "silence": max(longest_silence(envelope(sound)) for sound in generated_mono),
        "corpus_silence": max(longest_silence(envelope(sound)) for sound in own_mono),
    }


def show(figures: dict[str, float], title: str) -> None:
    """Print the figures as a table."""
    f = figures
    rows = [
        (
            "discrepancy",
            f"{f['discrepancy']:.4f}",
            f"95 % of its halves: {f['corpus_discrepancy']:.4f}",
        ),
        (
            "copied, median and most",
            f"{f['copied_median']:.0f} %, {f['copied_most']:.0f} %",
            "",
        ),
        (
            "loudness off by, median and most",
            f"{f['loudness_off_median']:+.1f}, {f['loudness_off_most']:.1f} LU",
            "",
        ),
        (
            "largest step at ends",
            f"{f['step_at_ends']:.4f}",
            f"99.9 %: {f['corpus_step']:.4f}",
        ),
        (
            "larger where the context is full",
            f"{f['context_share_over']:.1%}",
            f"of all its 10 ms: {f['corpus_share_over']:.1%}",
        ),
        (
            "largest step at beginnings",
            f"{f['step_at_beginnings']:.4f}",
            f"of its files: {f['corpus_step_at_beginnings']:.4f}",
        ),
        ("longest silence", f"{f['silence']:.2f} s", f"{f['corpus_silence']:.2f} s"),
    ]
    table = Table("", "generated", "corpus", title=title, box=None)
    for row in rows:
        table.add_row(*row)
    Console(width=120).print(table)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = sounds_parser(__doc__, "sounds to generate", 10, "of each sound")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    loaded = distill.load(args.model, "cpu", args.threads)
    figures = measure_all(loaded, args.sounds, args.count, args.seconds)
    show(figures, f"{args.count} x {args.seconds:g} s")


if __name__ == "__main__":
    run_main(main)
