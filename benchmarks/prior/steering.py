"""How well what is generated follows what is asked.

    python benchmarks/steering.py my.sda other.sda --threads 1

Each model has a prior. For every descriptor, 9 percentiles (10 to 90) by so many seeds are asked
for, all else left free, and measured as the median over the frames that are not silent: Spearman's
correlation between the two, what came out on average for each percentile, and how many onsets a
second there are, beside those of free sounds. Then curves that go up and down, judged by their
segments of a second. All sounds of a descriptor are drawn in one batch, and finished as `distill
generate` does.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import spearmanr

import distill
from benchmarks.prior.hits import onsets_per_s
from distill.audio.descriptors import DESCRIPTORS, PercentileTable, measure
from distill.audio.finish import finish
from distill.audio.stereo import mix_channels
from distill.device import prepare
from distill.errors import DistillError
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import (
    corpus_loudness,
    frame_bank_for,
    lead_in_for,
    length_limits,
)
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.lead_in import LeadInBatch
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.steering import Steering, scale_of
from distill.models.attribute_classifier import Targets
from distill.models.chunked import decode_codes, frames_of
from distill.models.persistence import LoadedVQModel

PERCENTILES = range(10, 91, 10)
CURVES = (((0.0, 10.0), (5.0, 90.0), (10.0, 10.0)), ((0.0, 90.0), (5.0, 10.0), (10.0, 90.0)))
CURVE_S = 10
TARGETS = {"loudness": 0.7, "brightness": 0.7, "noisiness": 0.5}


class Wish(NamedTuple):
    """What is asked of one sound, and its seed."""

    steering: Steering
    seed: int


@torch.inference_mode()
def draw(loaded: LoadedVQModel, wishes: Sequence[Wish], seconds: float) -> list[np.ndarray]:
    """A sound `[C, N]` for each of the wishes, drawn in one batch: all of them ask for something,
    or none does."""
    model, n_samples, sampling = loaded.model, round(seconds * loaded.model.sample_rate), Sampling()
    assert loaded.prior is not None
    frames = frames_of(n_samples, model.frame_hop) + model.receptive_field[1]
    targets = [wish.steering.targets(loaded, frames) for wish in wishes]
    lead_ins = [
        lead_in_for(loaded, sampling, w.seed, targets=a)
        for w, a in zip(wishes, targets, strict=True)
    ]
    known = [one.values for one in targets if one is not None]
    together = Targets(torch.cat(known), wishes[0].steering.guidance) if known else None
    generator = torch.Generator().manual_seed(0)
    stream = draw_frames(
        loaded.prior,
        len(wishes),
        sampling,
        generator,
        Conditions(
            prompt=LeadInBatch.of(lead_ins),
            targets=together,
            frame_bank=frame_bank_for(
                loaded, sampling, any(wish.steering.asks_for_level for wish in wishes)
            ),
            length_limits=length_limits(loaded),
        ),
    )
    codes = torch.stack([frame.codes.cpu() for frame in islice(stream, frames)], 1)
    return [
        finish(
            mix_channels(decode_codes(model, one), loaded.output_channels),
            model.sample_rate,
            corpus_loudness(loaded),
            n_samples,
            1.0 if wish.steering.asks_for_level else None,
        ).audio
        for one, wish in zip(codes, wishes, strict=True)
    ]


def heard(
    loaded: LoadedVQModel, table: PercentileTable, audio: np.ndarray, name: str
) -> np.ndarray:
    """Percentiles `[T]` of one descriptor; NaN in silence."""
    rows = table.place(measure(audio, loaded.model.sample_rate, loaded.model.frame_hop))
    return rows[:, DESCRIPTORS.index(name)]


def middle(values: np.ndarray) -> float:
    """Median of those that are numbers; NaN for none."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else np.nan


def correlation(targets: np.ndarray, found: np.ndarray) -> float:
    """Spearman's, over what could be measured."""
    known = ~np.isnan(found)
    return float(spearmanr(targets[known], found[known])[0])


def liveliness(sounds: Sequence[np.ndarray]) -> float:
    """Mean number of onsets a second: what follows to the letter may stand still."""
    return float(np.mean([onsets_per_s(sound.mean(0)) for sound in sounds]))


def free_liveliness(loaded: LoadedVQModel, a: argparse.Namespace) -> float:
    """That of as many sounds of which nothing is asked."""
    return liveliness(
        draw(loaded, [Wish(Steering(), seed) for seed in range(8 * a.seeds)], a.seconds)
    )


def constant(
    loaded: LoadedVQModel, name: str, a: argparse.Namespace
) -> tuple[float, list[float], float]:
    """Correlation, the mean of what was heard for each percentile, and how lively it is."""
    table = scale_of(loaded).table
    targets = np.repeat(PERCENTILES, a.seeds)
    wishes = [
        Wish(Steering(**{name: ((0.0, float(p)),)}, guidance=a.guidance), i % a.seeds)
        for i, p in enumerate(targets)
    ]
    sounds = draw(loaded, wishes, a.seconds)
    found = np.array([middle(heard(loaded, table, audio, name)) for audio in sounds])
    means = [float(np.nanmean(found[targets == p])) for p in PERCENTILES]
    return correlation(targets, found), means, liveliness(sounds)


def moving(loaded: LoadedVQModel, name: str, a: argparse.Namespace) -> float:
    """Correlation over segments of a second of curves."""
    table = scale_of(loaded).table
    wishes = [
        Wish(Steering(**{name: curve}, guidance=a.guidance), seed)
        for curve in CURVES
        for seed in range(a.seeds)
    ]
    targets, found = [], []
    for wish, audio in zip(wishes, draw(loaded, wishes, CURVE_S), strict=True):
        rows = heard(loaded, table, audio, name)
        times, values = zip(*getattr(wish.steering, name), strict=True)
        at = np.arange(len(rows)) / loaded.model.frame_rate
        for second in range(CURVE_S):
            found.append(middle(rows[(at >= second) & (at < second + 1)]))
            targets.append(float(np.interp(second + 0.5, times, values)))
    return correlation(np.array(targets), np.array(found))


def show(path: Path, a: argparse.Namespace) -> dict[str, dict[str, float]]:
    """A line for each descriptor, as soon as it is known; the correlations of each, at rest and on
    curves."""
    loaded, found = distill.load(path, "cpu", a.threads), {}
    print(f"{path}: free, onsets {free_liveliness(loaded, a):.1f}/s", flush=True)
    for name in a.descriptors:
        began = time.perf_counter()
        rho, means, lively = constant(loaded, name, a)
        found[name] = {"constant": rho, "curves": moving(loaded, name, a)}
        target = f" (target {TARGETS[name]:.1f})" if name in TARGETS else ""
        heard_means = " ".join(f"{mean:.0f}" for mean in means)
        print(
            f"{path}: {name} {rho:.2f}{target}; heard at 10, 20, … 90: {heard_means}; onsets {lively:.1f}/s",
            flush=True,
        )
        print(
            f"    curves {found[name]['curves']:.2f}; {time.perf_counter() - began:.0f} s",
            flush=True,
        )
    return found


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--descriptors", nargs="+", default=list(TARGETS), choices=DESCRIPTORS)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--guidance", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args(words)


def main(a: argparse.Namespace) -> None:
    prepare(a.threads)
    for path in a.models:
        show(path, a)


if __name__ == "__main__":
    try:
        main(arguments())
    except DistillError as error:
        sys.exit(str(error))
