"""Whether joins are heard: steps of samples and of level where what was made anew meets what was
there.

    python benchmarks/joins.py MODEL.sda SOUNDS [--count 20]

SOUNDS is a folder, such as the one that the prior was trained on. The first half of each sound goes
on (--continue-from), a stretch of it is made anew (--infill, both of its joins), and as many loops
are put round once.

A step of samples is the largest within 5 ms of a join, before and after it; where the one sound
fades into the other, all of the fade is the join. It is set beside the 99.9th percentile of all
steps of the corpus: how many joins are over it, how many of the originals are at the same places,
and how many joins are whose original is not; how many of all stretches of the corpus that are as
long. Then beside the 99.9th percentile of the largest steps in such stretches. A step of level is
the difference in dB between the 50 ms before and after a join; that of the corpus is at random
places.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

import distill
from benchmarks.prior.likeness import EDGE, largest_by_stretch
from distill.data.corpus import Clip, scan_corpus
from distill.errors import DistillError
from distill.inference.generate import generate
from distill.inference.modes import continuation as continuing
from distill.inference.modes import infill as infilling
from distill.inference.modes import loop as looping
from distill.inference.modes.request import ModeSettings, Request, Source
from distill.inference.sampling.level_ramp import STEP_S, level_step
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE

SHORTEST_S = 0.3
"""What a sound has to last to be used."""
LONGEST_GAP_S, LARGEST_GAP, MARGIN = 0.5, 1 / 3, 0.1
"""A gap: seconds, and share of the sound, at most; share of it that is left at both ends at
least."""
LEVEL_PLACES = 20
"""Places in each sound of the corpus at which its own steps of level are measured."""


class Fade(NamedTuple):
    """The samples `first` to `last` in which one sound goes over into the other; the join is
    `at`."""

    at: int
    first: int
    last: int

    @classmethod
    def into_new(cls, at: int, overlap_s: float) -> "Fade":
        """What is new is alone from `at` on."""
        return cls(at, at - round(overlap_s * SAMPLE_RATE), at)

    @classmethod
    def out_of_new(cls, at: int, overlap_s: float) -> "Fade":
        """What is new is alone until `at`."""
        return cls(at, at, at + round(overlap_s * SAMPLE_RATE))

    @property
    def reach(self) -> int:
        """Samples that count as near."""
        return self.last - self.first + 2 * EDGE


class Join(NamedTuple):
    """The largest step of samples near a join, that of the original there (NaN where there is
    none), and the step of level in dB; `reach` samples count as near."""

    step: float
    original: float
    level: float
    reach: int

    @classmethod
    def of(cls, sound: np.ndarray, fade: Fade, original: np.ndarray | None = None) -> "Join":
        """In `sound` `[C, N]`, of which `original` `[C, N]` was as long."""
        own = np.nan if original is None else largest_near(original, fade)
        return cls(
            largest_near(sound, fade),
            own,
            level_step(sound, fade.at, round(STEP_S * SAMPLE_RATE)),
            fade.reach,
        )


def largest_near(sound: np.ndarray, fade: Fade) -> float:
    """Largest step from sample to sample of `sound` `[C, N]` from 5 ms before a fade to 5 ms after
    it."""
    return float(np.abs(np.diff(sound[:, max(0, fade.first - EDGE) : fade.last + EDGE])).max())


# --- the ways -------------------------------------------------------------------------------------


def continued(loaded: LoadedVQModel, audio: np.ndarray, seed: int, seconds: float) -> list[Join]:
    """Where the first half of `audio` `[C, N]` goes on."""
    middle = audio.shape[1] // 2
    source = Source("first half", "", audio[:, :middle])
    request = Request(seconds, seed, mode=ModeSettings("continue"), source=source)
    (sound,) = generate(loaded, request)
    return [Join.of(sound.audio, Fade.into_new(middle, continuing.OVERLAP_S), audio)]


def gap_in(audio: np.ndarray, hop: int, seed: int) -> tuple[Fade, Fade, ModeSettings]:
    """Both joins of a gap in `audio` `[C, N]`, and what makes it anew. Of whole frames, so that it
    lies where it was asked for."""
    N, overlap = audio.shape[1], infilling.OVERLAP_S
    length = max(1, int(min(LONGEST_GAP_S * SAMPLE_RATE, LARGEST_GAP * N)) // hop) * hop
    start = int(
        np.random.default_rng(seed).integers(round(MARGIN * N), N - length - round(MARGIN * N))
    )
    mode = ModeSettings("infill", start=start / SAMPLE_RATE, stop=(start + length) / SAMPLE_RATE)
    return Fade.into_new(start, overlap), Fade.out_of_new(start + length, overlap), mode


def infilled(loaded: LoadedVQModel, audio: np.ndarray, seed: int, seconds: float) -> list[Join]:
    """Both joins of a gap in `audio` `[C, N]`."""
    into, out, mode = gap_in(audio, loaded.model.frame_hop, seed)
    request = Request(seed=seed, mode=mode, source=Source("sound", "", audio))
    (sound,) = generate(loaded, request)
    return [Join.of(sound.audio, fade, audio) for fade in (into, out)]


def looped(loaded: LoadedVQModel, audio: np.ndarray, seed: int, seconds: float) -> list[Join]:
    """Where a loop begins again; `audio` has no part in it."""
    (sound,) = generate(loaded, Request(seconds, seed, mode=ModeSettings("loop")))
    round_twice = np.concatenate([sound.audio, sound.audio], 1)
    return [Join.of(round_twice, Fade.into_new(sound.audio.shape[1], looping.OVERLAP_S))]


WAYS = {"continue": continued, "infill": infilled, "loop": looped}


# --- figures --------------------------------------------------------------------------------------


def measure(
    loaded: LoadedVQModel, folder: Path, count: int = 20, seconds: float = 4.0
) -> dict[str, dict[str, float]]:
    """Figures of each way, beside those of the sounds in `folder`."""
    sounds = [
        np.array(clip.audio())
        for clip in long_enough(scan_corpus(folder, loaded.model.channels).clips)
    ]
    if not sounds:
        sys.exit(f"No sound in {folder} lasts {SHORTEST_S:g} s: name another folder.")
    own = [np.abs(np.diff(sound)).max(0) for sound in sounds]
    levels = np.array(list(own_level_steps(sounds)))
    return {
        name: summary(
            [
                join
                for i in range(count)
                for join in make(loaded, sounds[i % len(sounds)], i, seconds)
            ],
            own,
        )
        | {
            "corpus_level_median": float(np.median(levels)),
            "corpus_level_95": float(np.quantile(levels, 0.95)),
        }
        for name, make in WAYS.items()
    }


def long_enough(clips: tuple[Clip, ...]) -> list[Clip]:
    return [clip for clip in clips if clip.n_samples >= SHORTEST_S * SAMPLE_RATE]


def own_level_steps(sounds: list[np.ndarray]) -> Iterator[float]:
    """At random places of each of `sounds` `[C, N]`, that much from its ends that there are two
    sides."""
    rng, size = np.random.default_rng(0), round(STEP_S * SAMPLE_RATE)
    for sound in sounds:
        for at in rng.integers(size, sound.shape[1] - size, LEVEL_PLACES):
            yield level_step(sound, int(at), size)


def summary(joins: list[Join], own: list[np.ndarray]) -> dict[str, float]:
    """Figures of `joins` beside the steps `[N]` of each sound of the corpus."""
    step, original, level, reach = (np.array(column) for column in zip(*joins, strict=True))
    usual = float(np.quantile(np.concatenate(own), 0.999))
    stretches = largest_by_stretch(own, int(reach[0]))
    usual_in_stretches = float(np.quantile(stretches, 0.999))
    over = step > usual
    return {
        "joins": len(joins),
        "step_median": float(np.median(step)),
        "step_most": float(step.max()),
        "corpus_step": usual,
        "over": int(over.sum()),
        "originals_over": float("nan")
        if np.isnan(original).all()
        else int((original > usual).sum()),
        "over_and_original_not": int((over & ~(original > usual)).sum()),
        "corpus_share_over": float(np.mean(stretches > usual)),
        "corpus_step_in_stretches": usual_in_stretches,
        "over_in_stretches": int((step > usual_in_stretches).sum()),
        "level_median": float(np.median(level)),
        "level_95": float(np.quantile(level, 0.95)),
    }


def show(found: dict[str, dict[str, float]]) -> None:
    table = Table(box=None, title="Joins: largest step of samples within 5 ms, step of level")
    heads = [
        "",
        "joins",
        "median, most",
        "99.9 % of all steps",
        "over it",
        "originals, joins alone",
    ]
    heads += [
        "such stretches of the corpus",
        "99.9 % of those",
        "over it",
        "level, dB: median, 95 %",
        "corpus",
    ]
    for column in heads:
        table.add_column(column, justify="left" if not column else "right")
    for name, row in found.items():
        has_original = not np.isnan(row["originals_over"])
        originals = (
            f"{row['originals_over']:.0f}, {row['over_and_original_not']}" if has_original else ""
        )
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("sounds", type=Path)
    parser.add_argument("--count", type=int, default=20, help="sounds of each way")
    parser.add_argument("--seconds", type=float, default=4.0, help="of what is new, and of loops")
    parser.add_argument("--threads", type=int, default=1)
    a = parser.parse_args()
    try:
        show(measure(distill.load(a.model, "cpu", a.threads), a.sounds, a.count, a.seconds))
    except DistillError as error:
        sys.exit(str(error))
