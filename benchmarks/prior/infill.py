"""Filled gaps and healed seams on held-out sounds, judged by the surprise of a prior.

    DISTILL_CORPORA=… python -m benchmarks.prior.infill MODEL.sda --corpora loops ambient --top-p 1

Takes about 10 minutes for 100 gaps and 20 for 100 seams, on one thread.

Surprise is the negative log-likelihood of codes in bits a frame, each given the codes before it.
It is measured on the 0.5 s after a gap or a healed seam, which do not change: a filling that
leads there badly makes them unlikely. A `--judge` is another prior of the same codec that had no
part in the drawing.

A step of level is the difference in dB between the 50 ms before and after a moment: the larger one
at both ends of a healed stretch, and the largest at any of its frames. Beside them stand steps of
equally long stretches of the held-out sounds, at random places. Clicks are measured by `joins`.
"""

import argparse
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

import distill
from benchmarks.common import corpora_dir, parser_of, run_main, split_files
from distill.device import prepare
from distill.errors import UsageError
from distill.inference.codes import operations
from distill.inference.codes.decode import decode_sound
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import Region
from distill.inference.events.bank import EventBank
from distill.inference.heal import heal
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import event_bank_for
from distill.inference.sampling.gap_filling import AHEAD_S, FILL_TRIES, Gap, draw, log_likelihood
from distill.inference.sampling.level_ramp import STEP_S, level_step
from distill.inference.sampling.sampler import sample
from distill.inference.sampling.settings import Sampling
from distill.models.persistence import LoadedVQModel
from distill.models.prior import CodePrior
from distill.settings import SAMPLE_RATE

AFTER_S = 0.5
"""Seconds after a gap or seam that are judged, and that are left before a gap."""

SHORTEST_S = 0.5
"""Seconds of a gap, at least."""

LONGEST_S = 1.5
"""Seconds of a gap, at most."""

NEEDED_S = LONGEST_S + 2 * AFTER_S
"""Seconds that a held-out sound has to last to be used."""

STEP_SIZE = round(STEP_S * SAMPLE_RATE)
"""Samples before and after a moment whose levels are compared."""

FROM_THE_PRIOR = Sampling(top_p=1.0)
"""Sampling from the distribution as it is."""

Shares = dict[str, dict[str, float]]
"""For each judge and each filling: share of the gaps after which it has less surprise than the
first filling."""


class LevelSteps(NamedTuple):
    """Steps of level in dB: the larger at both ends of a stretch, and the largest within it."""

    at_ends: float
    within: float


@torch.inference_mode()
def surprise(
    prior: CodePrior,
    codes: Tensor,
    first: int,
    stop: int,
) -> float:
    """Surprise of a stretch of codes, given the codes before it.

    Args:
        prior: The judge.
        codes: Codes of the whole sound `[T, Q]`.
        first: First frame of the stretch.
        stop: Frame after its last.

    Returns:
        Bits a frame.
    """
    context = codes[max(0, stop - prior.window) : stop][None]
    frames = stop - first
    logits = prior.frame_scores(context, last_frames=frames).codes
    log_likelihoods = logits.log_softmax(-1).gather(-1, context[:, -frames:, :, None])
    return float(-log_likelihoods.sum() / frames / np.log(2))


# --- gaps -----------------------------------------------------------------------------------------


def random_gap(
    sounds: Sequence[Tensor],
    frame_rate: float,
    rng: np.random.Generator,
    bank: EventBank | None = None,
) -> Gap | None:
    """Draw a gap.

    Args:
        sounds: Codes `[T, Q]` of the sounds; long ones are chosen more often.
        frame_rate: Code frames a second.
        rng: Draws sound, length and place.
        bank: Events of the corpus for the filling.

    Returns:
        The gap; None where the chosen sound has no room for it.
    """
    lengths = np.array([len(sound) for sound in sounds])
    codes = sounds[int(rng.choice(len(sounds), p=lengths / lengths.sum()))]
    frames = round(rng.uniform(SHORTEST_S, LONGEST_S) * frame_rate)
    margin = round(AFTER_S * frame_rate)
    if len(codes) < frames + 2 * margin:
        return None
    start = int(rng.integers(margin, len(codes) - frames - margin + 1))
    suffix = codes[start + frames :][: round(AHEAD_S * frame_rate)]
    conditions = Conditions(event_bank=bank, goes_on=True)
    return Gap(before=codes[:start], after=suffix, frames=frames, conditions=conditions)


def fillings(
    prior: CodePrior,
    gap: Gap,
    sampling: Sampling,
    seed: int,
) -> dict[str, Tensor]:
    """Fill a gap in four ways, all from one seed.

    Args:
        prior: Draws the codes.
        gap: The gap.
        sampling: Sampling settings.
        seed: Of each filling.

    Returns:
        Codes `[frames, Q]` by what the filling knows of the right side: nothing, the choice of
        several tries, the codes ahead, or both.
    """
    without_suffix = replace(gap, after=gap.after[:0])

    def single(context: Gap) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return draw(prior, context, sampling, generator, 1)[0]

    def choice(context: Gap) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        tries = draw(prior, context, sampling, generator, FILL_TRIES)
        # Resampled by how likely each try makes the codes that follow.
        scores = log_likelihood(prior, gap, tries).context
        return tries[int(sample(scores[None], FROM_THE_PRIOR, generator))]

    return {
        "left only": single(without_suffix),
        "chosen": choice(without_suffix),
        "ahead": single(gap),
        "ahead, chosen": choice(gap),
    }


def measure_gaps(
    loaded: LoadedVQModel,
    judges: dict[str, CodePrior],
    sounds: Sequence[Tensor],
    args: argparse.Namespace,
) -> Shares:
    """Fill random gaps, and print and return what the judges say.

    Args:
        loaded: A model with a prior.
        judges: Priors by name.
        sounds: Codes `[T, Q]` of held-out sounds.
        args: The command line.
    """
    prior = loaded.require_prior()
    bank = event_bank_for(loaded)
    rng = np.random.default_rng(args.seed)
    frame_rate = loaded.model.frame_rate
    after = round(AFTER_S * frame_rate)
    bits: dict[str, list[list[float]]] = {name: [] for name in judges}
    names: list[str] = []
    seed = 0
    while seed < args.count:
        gap = random_gap(sounds, frame_rate, rng, bank)
        if gap is None:
            continue
        choices = fillings(prior, gap, Sampling(top_p=args.top_p), seed)
        names = list(choices)
        for judge_name, judge in judges.items():
            row = []
            for filling in choices.values():
                codes = torch.cat([gap.before, filling, gap.after[:after]])
                row.append(surprise(judge, codes, len(codes) - after, len(codes)))
            bits[judge_name].append(row)
        seed += 1
    shares = {}
    for judge_name, rows in bits.items():
        title = f"{args.count} gaps, first {AFTER_S:g} s after them, bits a frame"
        print(f"{title} ({judge_name}):")
        shares[judge_name] = show(names, np.array(rows))
    return shares


def show(names: Sequence[str], bits: np.ndarray) -> dict[str, float]:
    """Print mean bits of each filling; return the share of rows in which each beats the first.

    Args:
        names: Names of the `n` fillings.
        bits: Bits a frame `[rows, n]`.
    """
    shares = {}
    for name, column in zip(names, bits.T, strict=True):
        shares[name] = float(np.mean(column < bits[:, 0]))
        print(f"  {name:<14} {column.mean():6.2f}   lower than {names[0]} on {shares[name]:4.0%}")
    return shares


# --- seams ----------------------------------------------------------------------------------------


def random_splice(
    grids: Sequence[CodeGrid],
    frame_rate: float,
    rng: np.random.Generator,
) -> CodeGrid:
    """The beginning of one of `grids` and the end of another, at least 1 s of each."""
    least = round(frame_rate)
    first, second = (grids[i] for i in rng.choice(len(grids), size=2, replace=False))
    stop = int(rng.integers(least, len(first.codes) - least + 1))
    start = int(rng.integers(least, len(second.codes) - least + 1))
    beginning = operations.crop(first, Region(0, stop)).grid
    end = operations.crop(second, Region(start)).grid
    return operations.paste(beginning, end, at=stop).grid


def level_steps(
    sound: np.ndarray,
    first: int,
    stop: int,
    hop: int,
) -> LevelSteps:
    """Steps of level of a stretch.

    Args:
        sound: The sound `[C, N]`.
        first: First frame of the stretch.
        stop: Frame after its last.
        hop: Samples of a frame.
    """
    steps = [level_step(sound, edge * hop, STEP_SIZE) for edge in range(first, stop + 1)]
    return LevelSteps(at_ends=max(steps[0], steps[-1]), within=max(steps))


def steps_in_grid(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    first: int,
    stop: int,
) -> LevelSteps:
    """Steps of level of frames `first` to `stop` of `grid`, decoded with their neighbours."""
    reach = math.ceil(STEP_S * SAMPLE_RATE / grid.frame_hop)
    start = max(0, first - reach)
    region = Region(start, min(len(grid.codes), stop + reach))
    sound = decode_sound(loaded, grid, region)
    return level_steps(sound, first - start, stop - start, grid.frame_hop)


def corpus_steps(
    sounds: Sequence[np.ndarray],
    lengths: Sequence[int],
    hop: int,
    rng: np.random.Generator,
) -> list[LevelSteps]:
    """Steps of level of stretches at random places.

    Args:
        sounds: The sounds `[C, N]`.
        lengths: Frames of the stretches; every sound gives one of each length.
        hop: Samples of a frame.
        rng: Draws the places.
    """
    reach = math.ceil(STEP_S * SAMPLE_RATE / hop)
    steps = []
    for length in lengths:
        for sound in sounds:
            frames = sound.shape[1] // hop
            first = int(rng.integers(reach, frames - length - reach + 1))
            steps.append(level_steps(sound, first, first + length, hop))
    return steps


class HealedSplice(NamedTuple):
    """A splice before and after healing.

    Attributes:
        before: The splice.
        after: The same, healed.
        first: First frame that was regenerated.
        seam: The frame of the seam.
        seconds: Processor time of healing.
    """

    before: CodeGrid
    after: CodeGrid
    first: int
    seam: int
    seconds: float


def heal_splice(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    top_p: float,
    seed: int,
) -> HealedSplice:
    """Heal the seam of `grid`."""
    (seam,) = grid.seams
    began = time.process_time()
    result = heal(loaded, grid, sampling=Sampling(top_p=top_p), seed=seed).grid
    seconds = time.process_time() - began
    differences = np.flatnonzero((result.codes != grid.codes).any(1))
    # Where nothing changed, the frame before the seam.
    first = int(np.append(differences, seam - 1)[0])
    return HealedSplice(
        before=grid,
        after=result,
        first=first,
        seam=seam,
        seconds=seconds,
    )


def splice_bits(
    judge: CodePrior,
    splice: HealedSplice,
    after: int,
) -> list[float]:
    """Bits a frame over the seam, spliced and healed, and in the `after` frames behind it."""
    first = splice.first
    seam = splice.seam
    both = [torch.tensor(grid.codes).long() for grid in (splice.before, splice.after)]
    over = [surprise(judge, codes, first, seam) for codes in both]
    behind = [surprise(judge, codes, seam, seam + after) for codes in both]
    return [*over, *behind]


def measure_seams(
    loaded: LoadedVQModel,
    judges: dict[str, CodePrior],
    grids: Sequence[CodeGrid],
    args: argparse.Namespace,
) -> None:
    """Heal random splices, and print what the judges say and how levels step.

    Args:
        loaded: A model with a prior.
        judges: Priors by name.
        grids: Held-out sounds.
        args: The command line.
    """
    rng = np.random.default_rng(args.seed)
    frame_rate = loaded.model.frame_rate
    after = round(AFTER_S * frame_rate)
    bits: dict[str, list[list[float]]] = {name: [] for name in judges}
    steps: dict[str, list[LevelSteps]] = {"corpus": [], "spliced": [], "healed": []}
    splices: list[HealedSplice] = []
    for seed in range(args.count):
        grid = random_splice(grids, frame_rate, rng)
        splice = heal_splice(loaded, grid, args.top_p, seed)
        splices.append(splice)
        for name, judge in judges.items():
            bits[name].append(splice_bits(judge, splice, after))
        for name, version in (("spliced", splice.before), ("healed", splice.after)):
            steps[name].append(steps_in_grid(loaded, version, splice.first, splice.seam))
    for name, rows in bits.items():
        show_seams(name, np.array(rows))

    lengths = [splice.seam - splice.first for splice in splices]
    sounds = [decode_sound(loaded, grid) for grid in grids]
    steps["corpus"] = corpus_steps(sounds, lengths, loaded.model.frame_hop, rng)
    show_steps(steps)
    print(
        f"A seam is healed in {np.mean([splice.seconds for splice in splices]):.2f} s of "
        f"processor time: {np.mean(lengths) / frame_rate:.2f} s of sound, "
        f"{np.max(lengths) / frame_rate:.2f} at most"
    )


def show_seams(name: str, bits: np.ndarray) -> None:
    """Print what the judge `name` says: `bits` `[rows, 4]` as in `splice_bits`."""
    is_lower_over = bits[:, 1] < bits[:, 0]
    is_lower_after = bits[:, 3] < bits[:, 2]
    both = np.mean(is_lower_over & is_lower_after)
    print(
        f"{len(bits)} splices, bits a frame ({name}); lower over the seam and after it: {both:.0%}"
    )
    show(["seam", "seam, healed"], bits[:, :2])
    show(["after", "after, healed"], bits[:, 2:])


def show_steps(steps: dict[str, list[LevelSteps]]) -> None:
    """Print steps of level, beside those of the first entry."""
    print(f"{'Larger step of level, dB:':<30}median   95th percentile   within that of the first")
    for i, place in enumerate(("at both ends of it", "within it")):
        first = [pair[i] for pair in next(iter(steps.values()))]
        limit = np.quantile(first, 0.95)
        for name, pairs in steps.items():
            values = np.array([pair[i] for pair in pairs])
            share = np.mean(values <= limit)
            percentile = np.quantile(values, 0.95)
            print(
                f"  {place:<20}{name:<8}{np.median(values):6.2f} {percentile:17.2f} {share:26.0%}"
            )


# --- the whole ------------------------------------------------------------------------------------


def time_work(name: str, work: Callable[[], Any]) -> Any:
    """The result of `work`, whose processor time is printed."""
    began = time.process_time()
    result = work()
    print(f"({name}: {time.process_time() - began:.0f} s of processor time)\n", flush=True)
    return result


def measure(args: argparse.Namespace) -> Shares:
    """Measure the parts that `args` name; the shares of gaps, if they are among them."""
    prepare(1)
    loaded = distill.load(args.model, "cpu", 1)
    judges = {"itself": loaded.require_prior()}
    if args.judge:
        judges["the judge"] = distill.load(args.judge, "cpu", 1).require_prior()
    _, files = split_files(corpora_dir(), args.corpora)
    grids = [distill.encode(loaded, path) for path in files]
    grids = [grid for grid in grids if grid.seconds >= NEEDED_S]
    if len(grids) < 2:
        corpora = ", ".join(args.corpora)
        raise UsageError(
            f"Fewer than two held-out sounds of {corpora} last {NEEDED_S:g} s: name other corpora."
        )
    sounds = [torch.tensor(grid.codes).long() for grid in grids]
    shares: Shares = {}
    if "gaps" in args.parts:
        shares = time_work("gaps", lambda: measure_gaps(loaded, judges, sounds, args))
    if "seams" in args.parts:
        time_work("seams", lambda: measure_seams(loaded, judges, grids, args))
    return shares


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, or `words` in its place."""
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--judge", type=Path, help="a model with another prior of the same codec")
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient"])
    parser.add_argument(
        "--parts",
        nargs="+",
        default=["gaps", "seams"],
        choices=["gaps", "seams"],
    )
    parser.add_argument(
        "--count",
        type=int,
        default=100,
        help="gaps, and seams",
    )
    parser.add_argument("--top-p", type=float, default=0.97)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(words)


def main() -> None:
    """Run the benchmark."""
    measure(arguments())


if __name__ == "__main__":
    run_main(main)
