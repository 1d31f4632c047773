"""Form: whether a bar comes back with its letter, and changes as much as it is asked to.

    python -m benchmarks.prior.form MODEL.sda --tempo 130

MODEL has a prior, and its recordings keep a beat. Takes about 3 minutes.

Sounds of whole bars are drawn with a form, at several shares of events that vary. Two bars of one
letter are compared, and two of different letters: the root mean square of the difference of their
log-mel spectra over bins and frames, in dB. Drawn without a form, all pairs of bars stand beside
them. A form is heard where bars of one letter lie well under the others; 0 dB are equal bars.
"""

import argparse
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

import distill
from benchmarks.common import parser_of, run_main
from benchmarks.prior.blending import distance_db
from distill.models.persistence import LoadedVQModel

VARIATIONS = (0.0, 0.1, 0.3, 0.6, 1.0)
"""Shares of the events of a bar that may change where it comes back."""


def bars_of(sound: np.ndarray, count: int) -> list[np.ndarray]:
    """A sound `[C, N]` cut into bars of equal length."""
    return [np.asarray(part) for part in np.array_split(sound, count, axis=1)]


def distances(
    sounds: Sequence[np.ndarray], form: str, bars: int, sample_rate: int
) -> tuple[list[float], list[float]]:
    """Distances of pairs of bars with one letter, and of pairs with two, in dB; sounds `[C, N]`."""
    letters = [form[n % len(form)] for n in range(bars)]
    same: list[float] = []
    other: list[float] = []
    for sound in sounds:
        parts = bars_of(sound, bars)
        for a, b in combinations(range(bars), 2):
            found = distance_db(parts[a], parts[b], sample_rate)
            (same if letters[a] == letters[b] else other).append(found)
    return same, other


def draw(
    loaded: LoadedVQModel, args: argparse.Namespace, form: str, variation: float
) -> list[np.ndarray]:
    """Sounds `[C, N]` of whole bars."""
    drawn = distill.generate(
        loaded,
        bars=args.bars,
        tempo=args.tempo,
        form=form,
        form_variation=variation,
        count=args.count,
        seed=1,
    )
    return [sound.audio for sound in drawn]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    args = _arguments(arguments)
    loaded = distill.load(args.model, "cpu", args.threads)
    rate = loaded.model.sample_rate
    print(f"{args.count} sounds of {args.bars} bars, {args.tempo:g} BPM, form {args.form}, seed 1")
    print(f"{'varies':12}{'same letter':>13}{'different letters':>19}")
    for variation in VARIATIONS:
        sounds = draw(loaded, args, args.form, variation)
        same, other = distances(sounds, args.form, args.bars, rate)
        print(
            f"{variation:<12g}{np.median(same):>10.2f} dB{np.median(other):>16.2f} dB", flush=True
        )
    free, _ = distances(draw(loaded, args, "", 0.1), "A", args.bars, rate)
    print(f"without a form, all pairs: {np.median(free):.2f} dB")


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--tempo", type=float, default=120.0, help="in BPM")
    parser.add_argument("--form", default="AABA", help="letters, one a bar")
    parser.add_argument("--bars", type=int, default=8, help="of each sound")
    parser.add_argument("--count", type=int, default=8, help="sounds at each share")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run_main(main)
