"""Steering: how well generated sounds follow the percentiles that are requested.

    python -m benchmarks.prior.steering MODEL.sda [OTHER.sda] --threads 1

Each model has a prior. Takes about 10 minutes a model with 8 seeds.

For every descriptor, 9 percentiles (10 to 90) are requested with several seeds, all else left
free, and measured as the median over the frames that are not silent. Figures: Spearman's
correlation of the two, the mean result of each percentile, and the onsets a second beside those of
unsteered sounds. Then come curves that rise and fall, judged by their segments of a second. All
sounds of a descriptor are drawn in one batch and finished as `distill generate` does.
"""

import argparse
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import spearmanr

import distill
from benchmarks.common import Bound, parser_of, run_main
from benchmarks.prior.hits import onsets_per_s
from distill.audio.descriptor_names import DESCRIPTORS
from distill.audio.descriptors import PercentileTable, measure
from distill.audio.finish import finish
from distill.audio.stereo import mix_channels
from distill.device import prepare
from distill.errors import UsageError
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import (
    corpus_loudness,
    event_bank_for,
    lead_in_for,
    length_limits,
    tempo_for,
)
from distill.inference.sampling.curves import Steering
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.lead_in import LeadInBatch
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.steering import steering_scale, steering_targets
from distill.models.attribute_classifier import Targets
from distill.models.chunked import decode_codes, frames_of
from distill.models.persistence import LoadedVQModel

PERCENTILES = range(10, 91, 10)
"""Percentiles that are requested as constants."""

CURVES = (((0.0, 10.0), (5.0, 90.0), (10.0, 10.0)), ((0.0, 90.0), (5.0, 10.0), (10.0, 90.0)))
"""Curves that are requested: points of seconds and percentiles."""

CURVE_S = 10
"""Seconds of the curves."""

BOUNDS = {
    "loudness": Bound(0.7, is_upper=False),
    "brightness": Bound(0.7, is_upper=False),
    "noisiness": Bound(0.5, is_upper=False),
}
"""Correlations to reach, for the descriptors that are measured by default."""


class SteeredSound(NamedTuple):
    """The steering of one sound, and its seed."""

    steering: Steering
    seed: int


class ConstantFigures(NamedTuple):
    """Figures of constants of one descriptor.

    Attributes:
        correlation: Spearman's, of requested and measured percentiles.
        means: Mean measured percentile of each of `PERCENTILES`.
        onsets_per_s: Mean onsets a second.
    """

    correlation: float
    means: list[float]
    onsets_per_s: float


# --- sounds ---------------------------------------------------------------------------------------


@torch.inference_mode()
def draw(
    loaded: LoadedVQModel,
    sounds: Sequence[SteeredSound],
    seconds: float,
) -> list[np.ndarray]:
    """Generate sounds in one batch.

    Args:
        loaded: A model with a prior.
        sounds: The sounds; all are steered, or none is.
        seconds: Seconds of each.

    Returns:
        Audio `[C, N]` of each.
    """
    prior = loaded.require_prior()
    codec = loaded.model
    sampling = Sampling()
    n_samples = round(seconds * codec.sample_rate)
    frames = frames_of(n_samples, codec.frame_hop) + codec.receptive_field[1]
    targets = [steering_targets(sound.steering, loaded, frames) for sound in sounds]
    lead_ins = [
        lead_in_for(loaded, sampling, sound.seed, targets=own_targets)
        for sound, own_targets in zip(sounds, targets, strict=True)
    ]
    tempos = [
        tempo_for(loaded, sampling, lead_in, sound.seed)
        for lead_in, sound in zip(lead_ins, sounds, strict=True)
    ]
    keeps_level = any(sound.steering.sets_loudness for sound in sounds)
    stream = draw_frames(
        prior,
        len(sounds),
        sampling,
        torch.Generator().manual_seed(0),
        Conditions(
            prompt=LeadInBatch.stack(lead_ins),
            targets=_join(targets, sounds[0].steering.guidance),
            event_bank=event_bank_for(loaded),
            keeps_level=keeps_level,
            tempos=tempos,
            length_limits=length_limits(loaded),
        ),
    )
    codes = torch.stack([frame.codes.cpu() for frame in islice(stream, frames)], 1)
    audio = []
    for own_codes, sound in zip(codes, sounds, strict=True):
        raw = mix_channels(decode_codes(codec, own_codes), loaded.output_channels)
        gain = 1.0 if sound.steering.sets_loudness else None
        loudness = corpus_loudness(loaded)
        audio.append(finish(raw, codec.sample_rate, loudness, n_samples, gain).audio)
    return audio


def _join(targets: Sequence[Targets | None], guidance: float) -> Targets | None:
    """The targets of all sounds as one batch; None for sounds that are not steered."""
    values = [own_targets.values for own_targets in targets if own_targets is not None]
    return Targets(torch.cat(values), guidance) if values else None


def percentile_table(loaded: LoadedVQModel) -> PercentileTable:
    """The percentiles of the descriptors in the corpus of a model."""
    scale = steering_scale(loaded)
    if scale is None:
        raise UsageError(f"The prior in {loaded.path} was trained without steering.")
    return scale.table


# --- figures --------------------------------------------------------------------------------------


def percentiles_of(
    audio: np.ndarray,
    name: str,
    table: PercentileTable,
    loaded: LoadedVQModel,
) -> np.ndarray:
    """Percentiles of one descriptor in a sound.

    Args:
        audio: The sound `[C, N]`.
        name: The descriptor.
        table: The percentiles of the corpus.
        loaded: The model, for its frame rate.

    Returns:
        Percentiles `[T]` of the frames; NaN in silence.
    """
    codec = loaded.model
    rows = table.place(measure(audio, codec.sample_rate, codec.frame_hop))
    return rows[:, DESCRIPTORS.index(name)]


def median_of_measured(values: np.ndarray) -> float:
    """Median of `values` `[n]` without NaN; NaN for none."""
    numbers = values[~np.isnan(values)]
    return float(np.median(numbers)) if len(numbers) else np.nan


def correlation(targets: np.ndarray, answers: np.ndarray) -> float:
    """Spearman's correlation of `targets` and `answers` `[n]`, where those are not NaN."""
    is_measured = ~np.isnan(answers)
    return float(spearmanr(targets[is_measured], answers[is_measured])[0])


def mean_onsets_per_s(sounds: Sequence[np.ndarray]) -> float:
    """Mean onsets a second of sounds `[C, N]`: strict guidance may leave sounds static."""
    return float(np.mean([onsets_per_s(sound.mean(0)) for sound in sounds]))


def unsteered_onsets_per_s(
    loaded: LoadedVQModel,
    seeds: int,
    seconds: float,
) -> float:
    """Mean onsets a second of unsteered sounds, as many as are steered for a descriptor."""
    sounds = [SteeredSound(Steering(), seed) for seed in range(len(PERCENTILES) * seeds)]
    return mean_onsets_per_s(draw(loaded, sounds, seconds))


def measure_constants(
    loaded: LoadedVQModel,
    name: str,
    args: argparse.Namespace,
) -> ConstantFigures:
    """Request each of `PERCENTILES` of one descriptor."""
    table = percentile_table(loaded)
    targets = np.repeat(PERCENTILES, args.seeds)
    sounds = []
    for i, percentile in enumerate(targets):
        curve = ((0.0, float(percentile)),)
        steering = Steering(**{name: curve}, guidance=args.guidance)
        sounds.append(SteeredSound(steering, seed=i % args.seeds))
    draws = draw(loaded, sounds, args.seconds)
    result = np.array(
        [median_of_measured(percentiles_of(audio, name, table, loaded)) for audio in draws]
    )
    return ConstantFigures(
        correlation=correlation(targets, result),
        means=[float(np.nanmean(result[targets == p])) for p in PERCENTILES],
        onsets_per_s=mean_onsets_per_s(draws),
    )


def measure_curves(
    loaded: LoadedVQModel,
    name: str,
    args: argparse.Namespace,
) -> float:
    """Correlation over the seconds of curves of one descriptor."""
    table = percentile_table(loaded)
    sounds = []
    for curve in CURVES:
        steering = Steering(**{name: curve}, guidance=args.guidance)
        sounds += [SteeredSound(steering, seed) for seed in range(args.seeds)]
    targets = []
    result = []
    for sound, audio in zip(sounds, draw(loaded, sounds, CURVE_S), strict=True):
        values = percentiles_of(audio, name, table, loaded)
        times_s = np.arange(len(values)) / loaded.model.frame_rate
        points_s, points = zip(*getattr(sound.steering, name), strict=True)
        for second in range(CURVE_S):
            is_within = (times_s >= second) & (times_s < second + 1)
            result.append(median_of_measured(values[is_within]))
            targets.append(float(np.interp(second + 0.5, points_s, points)))
    return correlation(np.array(targets), np.array(result))


def measure_model(path: Path, args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Measure and print every descriptor of a model.

    Returns:
        The correlations of each descriptor, for `constant` and `curves`.
    """
    loaded = distill.load(path, "cpu", args.threads)
    usual = unsteered_onsets_per_s(loaded, args.seeds, args.seconds)
    print(f"{path}: unsteered, onsets {usual:.1f}/s", flush=True)
    correlations = {}
    for name in args.descriptors:
        began = time.perf_counter()
        constants = measure_constants(loaded, name, args)
        bound = f" ({BOUNDS[name]})" if name in BOUNDS else ""
        means = " ".join(f"{mean:.0f}" for mean in constants.means)
        print(f"{path}: {name} {constants.correlation:.2f}{bound}", flush=True)
        print(f"    found at 10, 20, … 90: {means}; onsets {constants.onsets_per_s:.1f}/s")
        curves = measure_curves(loaded, name, args)
        print(f"    curves {curves:.2f}; {time.perf_counter() - began:.0f} s", flush=True)
        correlations[name] = {"constant": constants.correlation, "curves": curves}
    return correlations


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, or `words` in its place."""
    parser = parser_of(__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument(
        "--descriptors",
        nargs="+",
        default=list(BOUNDS),
        choices=DESCRIPTORS,
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=8,
        help="of each percentile and curve",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=5.0,
        help="of sounds with a constant",
    )
    parser.add_argument("--guidance", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args(words)


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    prepare(args.threads)
    for path in args.models:
        measure_model(path, args)


if __name__ == "__main__":
    run_main(main)
