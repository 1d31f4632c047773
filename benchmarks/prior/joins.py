"""Joins: whether a click or a jump of level is heard where new sound meets old.

    python -m benchmarks.prior.joins MODEL.sda SOUNDS --count 20

SOUNDS is a folder, such as the one that the prior was trained on. Takes about 5 minutes.

The first half of each sound is continued (`--continue-from`), a gap in it is filled (`--infill`,
both joins), and as many loops are repeated once.

A step of samples is the largest within 5 ms before or after a join; a cross-fade is part of the
join. It is compared twice with the corpus. First with the 99.9th percentile of all its steps: how
many joins lie over it, how many of the originals do at the same places, how many joins do whose
original does not, and how many stretches of the corpus as long do. Then with the 99.9th percentile
of the largest steps in such stretches.

A step of level is the difference in dB between the 50 ms before and after a join; beside it stands
that of the corpus at random places.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

import distill
from benchmarks.common import run_main, sounds_parser
from benchmarks.prior.likeness import EDGE, USUAL_QUANTILE, largest_by_stretch
from distill.data.corpus import scan_corpus
from distill.errors import UsageError
from distill.inference.generate import generate
from distill.inference.modes import continuation, infill, loop
from distill.inference.modes.request import ModeSettings, Request, Source
from distill.inference.sampling.level_ramp import STEP_S, level_step
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE

SHORTEST_S = 0.3
"""Seconds that a sound has to last to be used."""

LONGEST_GAP_S = 0.5
"""Seconds of a gap, at most."""

LARGEST_GAP = 1 / 3
"""Share of the sound that a gap takes, at most."""

MARGIN = 0.1
"""Share of the sound that is left at either end of a gap, at least."""

LEVEL_PLACES = 20
"""Places in each sound of the corpus at which its own steps of level are measured."""

STEP_SIZE = round(STEP_S * SAMPLE_RATE)
"""Samples before and after a join whose levels are compared."""

Figures = dict[str, float]


class Fade(NamedTuple):
    """A cross-fade between old and new sound, in samples.

    Attributes:
        at: The join.
        first: Where the fade begins.
        last: Where it ends.
    """

    at: int
    first: int
    last: int

    @classmethod
    def into_new(cls, at: int, overlap_s: float) -> "Fade":
        """A fade of `overlap_s` seconds, after which the new sound is alone from `at` on."""
        return cls(
            at=at,
            first=at - round(overlap_s * SAMPLE_RATE),
            last=at,
        )

    @classmethod
    def out_of_new(cls, at: int, overlap_s: float) -> "Fade":
        """A fade of `overlap_s` seconds, before which the new sound is alone up to `at`."""
        return cls(
            at=at,
            first=at,
            last=at + round(overlap_s * SAMPLE_RATE),
        )

    @property
    def reach(self) -> int:
        """Samples that count as near the join."""
        return self.last - self.first + 2 * EDGE


class Join(NamedTuple):
    """Figures of one join.

    Attributes:
        step: Largest step of samples near it.
        original: Largest step of the original there; NaN without an original.
        level: Step of level in dB.
        reach: Samples that count as near.
    """

    step: float
    original: float
    level: float
    reach: int

    @classmethod
    def of(
        cls,
        sound: np.ndarray,
        fade: Fade,
        original: np.ndarray | None = None,
    ) -> "Join":
        """Measure a join in `sound` `[C, N]`, made from `original` `[C, N]`."""
        return cls(
            step=largest_near(sound, fade),
            original=np.nan if original is None else largest_near(original, fade),
            level=level_step(sound, fade.at, STEP_SIZE),
            reach=fade.reach,
        )


def largest_near(sound: np.ndarray, fade: Fade) -> float:
    """Largest step of samples in `sound` `[C, N]`, from 5 ms before a fade to 5 ms after it."""
    near = sound[:, max(0, fade.first - EDGE) : fade.last + EDGE]
    return float(np.abs(np.diff(near)).max())


# --- modes ----------------------------------------------------------------------------------------


def continuation_joins(
    loaded: LoadedVQModel,
    audio: np.ndarray,
    seed: int,
    seconds: float,
) -> list[Join]:
    """The join after the first half of `audio` `[C, N]`, which is continued to `seconds`."""
    middle = audio.shape[1] // 2
    source = Source("first half", "", audio[:, :middle])
    request = Request(seconds, seed, mode=ModeSettings("continue"), source=source)
    (sound,) = generate(loaded, request)
    fade = Fade.into_new(middle, continuation.OVERLAP_S)
    return [Join.of(sound.audio, fade, audio)]


class FilledGap(NamedTuple):
    """A gap: the fades at its ends, and the mode that fills it."""

    into: Fade
    out: Fade
    mode: ModeSettings


def gap_in(
    audio: np.ndarray,
    hop: int,
    seed: int,
) -> FilledGap:
    """A random gap in `audio` `[C, N]`, of whole frames of `hop` samples."""
    N = audio.shape[1]
    longest = int(min(LONGEST_GAP_S * SAMPLE_RATE, LARGEST_GAP * N))
    # Of whole frames, so that it lies where it was requested.
    length = max(1, longest // hop) * hop
    margin = round(MARGIN * N)
    start = int(np.random.default_rng(seed).integers(margin, N - length - margin))
    stop = start + length
    return FilledGap(
        into=Fade.into_new(start, infill.OVERLAP_S),
        out=Fade.out_of_new(stop, infill.OVERLAP_S),
        mode=ModeSettings("infill", start=start / SAMPLE_RATE, stop=stop / SAMPLE_RATE),
    )


def infill_joins(
    loaded: LoadedVQModel,
    audio: np.ndarray,
    seed: int,
    seconds: float,
) -> list[Join]:
    """Both joins of a gap in `audio` `[C, N]`; `seconds` do not matter."""
    gap = gap_in(audio, loaded.model.frame_hop, seed)
    request = Request(seed=seed, mode=gap.mode, source=Source("sound", "", audio))
    (sound,) = generate(loaded, request)
    return [Join.of(sound.audio, fade, audio) for fade in (gap.into, gap.out)]


def loop_joins(
    loaded: LoadedVQModel,
    audio: np.ndarray,
    seed: int,
    seconds: float,
) -> list[Join]:
    """The join of a loop of `seconds` that is repeated; `audio` does not matter."""
    (sound,) = generate(loaded, Request(seconds, seed, mode=ModeSettings("loop")))
    twice = np.concatenate([sound.audio, sound.audio], 1)
    return [Join.of(twice, Fade.into_new(sound.audio.shape[1], loop.OVERLAP_S))]


MODES: dict[str, Callable[[LoadedVQModel, np.ndarray, int, float], list[Join]]] = {
    "continue": continuation_joins,
    "infill": infill_joins,
    "loop": loop_joins,
}
"""The modes with joins."""


# --- figures --------------------------------------------------------------------------------------


def measure(
    loaded: LoadedVQModel,
    folder: Path,
    count: int = 20,
    seconds: float = 4.0,
) -> dict[str, Figures]:
    """Generate sounds of each mode and measure their joins.

    Args:
        loaded: A model with a prior.
        folder: The sounds to continue and fill, and to compare with.
        count: Sounds of each mode.
        seconds: Seconds of continuations and loops.

    Returns:
        The figures of each mode.
    """
    sounds = long_sounds(folder, loaded.model.channels)
    steps = [np.abs(np.diff(sound)).max(0) for sound in sounds]
    levels = np.array(list(corpus_level_steps(sounds)))
    corpus = {
        "corpus_level_median": float(np.median(levels)),
        "corpus_level_95": float(np.quantile(levels, 0.95)),
    }
    figures = {}
    for name, make in MODES.items():
        joins: list[Join] = []
        for i in range(count):
            joins += make(loaded, sounds[i % len(sounds)], i, seconds)
        figures[name] = summary(joins, steps) | corpus
    return figures


def long_sounds(folder: Path, channels: int) -> list[np.ndarray]:
    """The sounds `[C, N]` in `folder` that are long enough."""
    clips = scan_corpus(folder, channels).clips
    shortest = SHORTEST_S * SAMPLE_RATE
    sounds = [np.array(clip.audio()) for clip in clips if clip.n_samples >= shortest]
    if not sounds:
        raise UsageError(f"No sound in {folder} lasts {SHORTEST_S:g} s: name another folder.")
    return sounds


def corpus_level_steps(sounds: Sequence[np.ndarray]) -> Iterator[float]:
    """Yield steps of level in dB, at random places of each of `sounds` `[C, N]`."""
    rng = np.random.default_rng(0)
    for sound in sounds:
        for at in rng.integers(STEP_SIZE, sound.shape[1] - STEP_SIZE, LEVEL_PLACES):
            yield level_step(sound, int(at), STEP_SIZE)


def summary(joins: Sequence[Join], corpus: Sequence[np.ndarray]) -> Figures:
    """Figures of `joins`, beside the steps `[N]` of each sound of the corpus."""
    step = np.array([join.step for join in joins])
    original = np.array([join.original for join in joins])
    level = np.array([join.level for join in joins])
    usual = float(np.quantile(np.concatenate(corpus), USUAL_QUANTILE))
    stretches = largest_by_stretch(corpus, joins[0].reach)
    usual_in_stretches = float(np.quantile(stretches, USUAL_QUANTILE))
    is_over = step > usual
    # A NaN, without an original, is not over.
    is_original_over = original > usual
    has_original = not np.isnan(original).all()
    return {
        "joins": len(joins),
        "step_median": float(np.median(step)),
        "step_most": float(step.max()),
        "corpus_step": usual,
        "over": int(is_over.sum()),
        "originals_over": int(is_original_over.sum()) if has_original else float("nan"),
        "over_and_original_not": int((is_over & ~is_original_over).sum()),
        "corpus_share_over": float(np.mean(stretches > usual)),
        "corpus_step_in_stretches": usual_in_stretches,
        "over_in_stretches": int((step > usual_in_stretches).sum()),
        "level_median": float(np.median(level)),
        "level_95": float(np.quantile(level, 0.95)),
    }


COLUMNS = (
    "joins",
    "median, most",
    "99.9 % of all steps",
    "over it",
    "originals, joins alone",
    "such stretches of the corpus",
    "99.9 % of those",
    "over it",
    "level, dB: median, 95 %",
    "corpus",
)
"""Heads of the table, beside the name of the mode."""


def show(figures: dict[str, Figures]) -> None:
    """Print the figures as a table, a row for each mode."""
    table = Table(box=None, title="Joins: largest step of samples within 5 ms, step of level")
    table.add_column("")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for name, row in figures.items():
        originals = ""
        if not np.isnan(row["originals_over"]):
            originals = f"{row['originals_over']:.0f}, {row['over_and_original_not']}"
        table.add_row(
            name,
            f"{row['joins']}",
            f"{row['step_median']:.4f}, {row['step_most']:.4f}",
            f"{row['corpus_step']:.4f}",
            f"{row['over']}",
            originals,
            f"{row['corpus_share_over']:.1%}",
            f"{row['corpus_step_in_stretches']:.4f}",
            f"{row['over_in_stretches']}",
            f"{row['level_median']:.1f}, {row['level_95']:.1f}",
            f"{row['corpus_level_median']:.1f}, {row['corpus_level_95']:.1f}",
        )
    Console(width=170).print(table)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = sounds_parser(__doc__, "sounds of each mode", 4.0, "of continuations and loops")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    loaded = distill.load(args.model, "cpu", args.threads)
    show(measure(loaded, args.sounds, args.count, args.seconds))


if __name__ == "__main__":
    run_main(main)
