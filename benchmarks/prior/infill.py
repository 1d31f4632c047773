"""Gaps filled and seams healed, as the prior itself hears them, on held-out sounds.

    DISTILL_CORPORA=… python benchmarks/infill.py MODEL.sda --corpora loops ambient --top-p 1

Surprise is the negative log-likelihood of codes in bits a frame, each given all before it: what a
prior that hears the past alone thinks of the first 0.5 s after a gap or a healed seam, which are
not changed. A --judge is another prior of the same codec, which had no say in what was drawn. A
step of level is the difference in dB between the 50 ms before and after a moment: the larger one at
both ends of what was healed, and the largest at any frame of it; beside them the same of stretches
of the held-out sounds themselves, as long, at random places. Clicks at joins are what joins.py
looks for.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import distill
from benchmarks.common import corpora_dir, split_files
from distill.device import prepare
from distill.errors import DistillError, UsageError
from distill.inference.codes import operations as ops
from distill.inference.codes.decode import decode_sound
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import Region
from distill.inference.heal import heal
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import frame_bank_for
from distill.inference.sampling.gap_filling import AHEAD_S, TRIES, Gap, draw, log_likelihood
from distill.inference.sampling.level_ramp import STEP_S, level_step
from distill.inference.sampling.sampler import sample
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.unit_selection import FrameBank
from distill.models.persistence import LoadedVQModel
from distill.models.prior import CodePrior
from distill.settings import SAMPLE_RATE

AFTER_S, SHORTEST_S, LONGEST_S = 0.5, 0.5, 1.5
NEEDED_S = LONGEST_S + 2 * AFTER_S
"""What a held-out sound has to last to be used."""
AS_THE_PRIOR_HAS_IT = Sampling(top_p=1.0)

Shares = dict[str, dict[str, float]]
"""For every judge and every way to fill, the share of gaps after which there is less surprise than
after the first."""


def prior_of(loaded: LoadedVQModel) -> CodePrior:
    if loaded.prior is None:
        sys.exit(f"{loaded.path} has no prior: run `distill train-prior` first.")
    return loaded.prior


@torch.inference_mode()
def surprise(prior: CodePrior, codes: Tensor, first: int, stop: int) -> float:
    """Bits a frame of frames `first` to `stop` of `codes` `[T, Q]`, given all before them that the
    prior remembers."""
    heard = codes[max(0, stop - prior.window) : stop][None]
    frames = stop - first
    told = (
        prior.frame_scores(heard, last_frames=frames)
        .codes.log_softmax(-1)
        .gather(-1, heard[:, -frames:, :, None])
    )
    return float(-told.sum() / frames / np.log(2))


# --- gaps -----------------------------------------------------------------------------------------


def random_gap(
    sounds: list[Tensor],
    frame_rate: float,
    rng: np.random.Generator,
    units: FrameBank | None = None,
) -> Gap | None:
    """A gap in one of `sounds` with 0.5 s before and after it; None where that one has no room for
    it."""
    lengths = np.array([len(sound) for sound in sounds])
    codes = sounds[int(rng.choice(len(sounds), p=lengths / lengths.sum()))]
    frames, margin = (
        round(rng.uniform(SHORTEST_S, LONGEST_S) * frame_rate),
        round(AFTER_S * frame_rate),
    )
    if len(codes) < frames + 2 * margin:
        return None
    at = int(rng.integers(margin, len(codes) - frames - margin + 1))
    after = codes[at + frames :][: round(AHEAD_S * frame_rate)]
    return Gap(codes[:at], after, frames, conditions=Conditions(frame_bank=units))


def fillings(prior: CodePrior, gap: Gap, sampling: Sampling, seed: int) -> dict[str, Tensor]:
    """What fills the gap `[frames, Q]`, by what is heard of its right side, from one seed."""
    deaf = replace(gap, after=gap.after[:0])

    def one(heard: Gap) -> Tensor:
        return draw(prior, heard, sampling, torch.Generator().manual_seed(seed), 1)[0]

    def chosen(heard: Gap) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        tries = draw(prior, heard, sampling, generator, TRIES)
        return tries[
            int(
                sample(
                    log_likelihood(prior, gap, tries).fixed[None], AS_THE_PRIOR_HAS_IT, generator
                )
            )
        ]

    return {
        "left only": one(deaf),
        "chosen": chosen(deaf),
        "ahead": one(gap),
        "ahead, chosen": chosen(gap),
    }


def measure_gaps(
    loaded: LoadedVQModel, judges: dict[str, CodePrior], sounds: list[Tensor], a: argparse.Namespace
) -> Shares:
    """By each of the judges."""
    prior, units = prior_of(loaded), frame_bank_for(loaded, Sampling(), may_sustain=True)
    rng, frame_rate = np.random.default_rng(a.seed), SAMPLE_RATE / a.hop
    after, told = round(AFTER_S * frame_rate), {name: [] for name in judges}
    seed = 0
    while seed < a.count:
        gap = random_gap(sounds, frame_rate, rng, units)
        if gap is None:
            continue
        filled = fillings(prior, gap, Sampling(top_p=a.top_p), seed)
        for name, judge in judges.items():
            row = []
            for filling in filled.values():
                codes = torch.cat([gap.before, filling, gap.after[:after]])
                row.append(surprise(judge, codes, len(codes) - after, len(codes)))
            told[name].append(row)
        seed += 1
    shares = {}
    for name, rows in told.items():
        print(f"{a.count} gaps, first {AFTER_S:g} s after them, bits a frame ({name}):")
        shares[name] = show(list(filled), np.array(rows))
    return shares


def show(names: list[str], bits: np.ndarray) -> dict[str, float]:
    """`bits` `[N, ways]`, beside those of the first way: the share in which each is lower."""
    lower = {
        name: float(np.mean(column < bits[:, 0]))
        for name, column in zip(names, bits.T, strict=True)
    }
    for name, column in zip(names, bits.T, strict=True):
        print(f"  {name:<14} {column.mean():6.2f}   lower than {names[0]} on {lower[name]:4.0%}")
    return lower


# --- seams ----------------------------------------------------------------------------------------


def random_splice(grids: list[CodeGrid], frame_rate: float, rng: np.random.Generator) -> CodeGrid:
    """The beginning of one sound and the end of another, 1 s of each at least."""
    least = round(frame_rate)
    one, other = (grids[i] for i in rng.choice(len(grids), size=2, replace=False))
    leaves, enters = (
        int(rng.integers(least, len(grid.codes) - least + 1)) for grid in (one, other)
    )
    return ops.paste(
        ops.crop(one, Region(0, leaves)).grid, ops.crop(other, Region(enters)).grid, at=leaves
    ).grid


def level_steps(sound: np.ndarray, first: int, stop: int, hop: int) -> tuple[float, float]:
    """The largest step of level in dB at the ends of frames `first` to `stop` of `[C, N]`, and
    anywhere in them."""
    steps = [
        level_step(sound, edge * hop, round(STEP_S * SAMPLE_RATE))
        for edge in range(first, stop + 1)
    ]
    return max(steps[0], steps[-1]), max(steps)


def steps_near(loaded: LoadedVQModel, grid: CodeGrid, first: int, stop: int) -> tuple[float, float]:
    """As `level_steps`, as it sounds in the whole."""
    reach = math.ceil(STEP_S * SAMPLE_RATE / grid.frame_hop)
    start = max(0, first - reach)
    sound = decode_sound(loaded, grid, Region(start, min(len(grid.codes), stop + reach)))
    return level_steps(sound, first - start, stop - start, grid.frame_hop)


def own_steps(
    sounds: list[np.ndarray], lengths: list[int], hop: int, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """As `level_steps`, of stretches of so many frames at random places of `sounds`."""
    reach, steps = math.ceil(STEP_S * SAMPLE_RATE / hop), []
    for length in lengths:
        for sound in sounds:
            first = int(rng.integers(reach, sound.shape[1] // hop - length - reach + 1))
            steps.append(level_steps(sound, first, first + length, hop))
    return steps


def measure_seams(
    loaded: LoadedVQModel,
    judges: dict[str, CodePrior],
    grids: list[CodeGrid],
    a: argparse.Namespace,
) -> None:
    rng, frame_rate = np.random.default_rng(a.seed), SAMPLE_RATE / a.hop
    after, told, took = round(AFTER_S * frame_rate), {name: [] for name in judges}, 0.0
    steps, lengths = {"spliced": [], "healed": []}, []
    for seed in range(a.count):
        grid = random_splice(grids, frame_rate, rng)
        (seam,) = grid.seams
        began = time.process_time()
        healed = heal(loaded, grid, sampling=Sampling(top_p=a.top_p), seed=seed).grid
        took += time.process_time() - began
        first = int(np.append(np.flatnonzero((healed.codes != grid.codes).any(1)), seam - 1)[0])
        lengths.append(seam - first)
        both = [torch.tensor(x.codes).long() for x in (grid, healed)]
        for name, judge in judges.items():
            over = [surprise(judge, codes, first, seam) for codes in both]
            behind = [surprise(judge, codes, seam, seam + after) for codes in both]
            told[name].append([*over, *behind])
        for name, x in (("spliced", grid), ("healed", healed)):
            steps[name].append(steps_near(loaded, x, first, seam))
    for name, rows in told.items():
        bits = np.array(rows)
        both_lower = np.mean((bits[:, 1] < bits[:, 0]) & (bits[:, 3] < bits[:, 2]))
        print(
            f"{a.count} splices, bits a frame ({name}); lower over the seam and after it: {both_lower:.0%}"
        )
        show(["seam", "seam, healed"], bits[:, :2])
        show(["after", "after, healed"], bits[:, 2:])
    decoded = [decode_sound(loaded, grid) for grid in grids]
    show_steps({"corpus": own_steps(decoded, lengths, a.hop, rng), **steps})
    print(
        f"A seam is healed in {took / a.count:.2f} s of processor time: {np.mean(lengths) / frame_rate:.2f} s of "
        f"sound, {np.max(lengths) / frame_rate:.2f} at most"
    )


def show_steps(steps: dict[str, list[tuple[float, float]]]) -> None:
    """Beside those of the first."""
    print(f"{'Larger step of level, dB:':<30}median   95th percentile   within that of the first")
    for i, place in enumerate(("at both ends of it", "in what is healed")):
        own = np.quantile([pair[i] for pair in next(iter(steps.values()))], 0.95)
        for name, pairs in steps.items():
            values = np.array([pair[i] for pair in pairs])
            within = np.mean(values <= own)
            print(
                f"  {place:<20}{name:<8}{np.median(values):6.2f} {np.quantile(values, 0.95):17.2f} {within:26.0%}"
            )


def timed(name: str, work: Callable[[], Any]) -> Any:
    """What `work` gives."""
    began = time.process_time()
    result = work()
    print(f"({name}: {time.process_time() - began:.0f} s of processor time)\n", flush=True)
    return result


def main(a: argparse.Namespace) -> Shares:
    """What was found of gaps, if they are among the parts."""
    prepare(1)
    loaded = distill.load(a.model, "cpu", 1)
    a.hop = loaded.model.frame_hop
    judges = {"itself": prior_of(loaded)}
    if a.judge:
        judges["the judge"] = prior_of(distill.load(a.judge, "cpu", 1))
    _, files = split_files(corpora_dir(), tuple(a.corpora))
    grids = [distill.encode(loaded, path) for path in files]
    grids = [grid for grid in grids if grid.seconds >= NEEDED_S]
    if len(grids) < 2:
        raise UsageError(
            f"Fewer than two held-out sounds of {', '.join(a.corpora)} last {NEEDED_S:g} s: name other corpora."
        )
    sounds = [torch.tensor(grid.codes).long() for grid in grids]
    shares: Shares = {}
    if "gaps" in a.parts:
        shares = timed("gaps", lambda: measure_gaps(loaded, judges, sounds, a))
    if "seams" in a.parts:
        timed("seams", lambda: measure_seams(loaded, judges, grids, a))
    return shares


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--judge", type=Path, help="a model with another prior of the same codec")
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient"])
    parser.add_argument("--parts", nargs="+", default=["gaps", "seams"])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--top-p", type=float, default=0.97)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(words)


if __name__ == "__main__":
    try:
        main(arguments())
    except DistillError as error:
        sys.exit(str(error))
