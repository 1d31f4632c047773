"""Tempo: whether sounds keep the tempo that was asked for.

    python -m benchmarks.prior.tempo FOLDER... --asked 120

Each FOLDER holds recordings or generated sounds. Takes a second for a minute of sound.

The tracker knows neither the asked tempo nor any usual one, and shares nothing with Distill. It
scores beats of 60 to 240 BPM by a comb over the autocorrelation of the onset envelope: the mean at
all multiples of the beat up to 8 s. Multiples make it fine: at 6 s, 1 % is 12 frames. Bins of a
tempogram, by contrast, lie 2 % apart at 240 BPM. The strength of a tempo is its score: 1 is a
machine, below 0.1 chance.

Rhythms repeat in half a beat and in two as well. So a sound is on tempo within 1 % of half the
asked tempo, of itself, or of twice it, and the table says how many of each. Its strength must reach
0.1, else 5 of 100 sounds without any rhythm would be on tempo by chance. Sounds below 3 s have no
tempo.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.common import parser_of, run_main
from benchmarks.prior.bands import FRAME_RATE, mel_levels, onset_envelope
from benchmarks.prior.pulse import SHORTEST, autocorrelation
from benchmarks.prior.recordings import files_of, read_mono
from distill.errors import UsageError

LEAST_BPM = 60.0
"""Slowest tempo; with the fastest, two octaves."""

MOST_BPM = 240.0
"""Fastest tempo."""

STEP = 1.0005
"""Ratio of neighbouring tempi that are tried: 0.05 %, twenty in the tolerance."""

LONGEST_LAG_S = 8.0
"""Seconds of the longest multiple of a beat."""

MOST_OF_SOUND = 2 / 3
"""Share of a sound that a lag spans at most, so that each is a mean over a third of it."""

AS_STRONG = 0.9
"""Share of the score of the best tempo from which its double is preferred.

A strict click of 120 BPM scores alike at 60; people call that 120.
"""

TOLERANCE = 0.01
"""Distance from the asked tempo, relative to it, that counts as on tempo."""

LEAST_STRENGTH = 0.1
"""Strength from which a tempo is more than chance.

Of 100 sounds of 12 s with 24 onsets at random, 95 stay below 0.085 and one reaches 0.104.
"""

OCTAVES = (0.5, 1.0, 2.0)
"""Multiples of the asked tempo that count as on tempo."""


class Tempo(NamedTuple):
    """Tempo of a sound.

    Attributes:
        bpm: Beats a minute.
        strength: Mean autocorrelation at multiples of the beat, 1 at most.
    """

    bpm: float
    strength: float

    def octave(self, target: float) -> float | None:
        """The multiple of `target` (BPM) that the tempo lies within 1 % of; None if off or weak."""
        if self.strength < LEAST_STRENGTH:
            return None
        for octave in OCTAVES:
            multiple = octave * target
            if abs(self.bpm - multiple) <= TOLERANCE * multiple:
                return octave
        return None


def comb_scores(envelope: np.ndarray, bpm: np.ndarray) -> np.ndarray:
    """Mean autocorrelation at the multiples of each beat.

    Args:
        envelope: Onset envelope `[n]`.
        bpm: Tempi `[m]`.

    Returns:
        `[m]`.
    """
    by_lag = autocorrelation(envelope)
    lags = np.arange(len(by_lag))
    longest = min(LONGEST_LAG_S * FRAME_RATE, MOST_OF_SOUND * len(envelope))
    scores = []
    for beat in 60 * FRAME_RATE / bpm:
        multiples = beat * np.arange(1, int(longest // beat) + 1)
        scores.append(np.interp(multiples, lags, by_lag).mean())
    return np.array(scores)


def tempo(sound: np.ndarray) -> Tempo | None:
    """The tempo of `sound` `[N]`; None below 3 s."""
    envelope = onset_envelope(mel_levels(sound))
    if len(envelope) < SHORTEST:
        return None
    bpm = np.exp(np.arange(np.log(LEAST_BPM), np.log(MOST_BPM * STEP), np.log(STEP)))
    scores = comb_scores(envelope, bpm)
    best = int(scores.argmax())
    return _fastest_octave(bpm, scores, best)


def _fastest_octave(bpm: np.ndarray, scores: np.ndarray, best: int) -> Tempo:
    """The tempo at `best`, or its double or fourfold if that scores nearly as well."""
    octave = round(np.log(2) / np.log(STEP))
    # Doubling halves the beat: search within the tolerance for its exact place.
    reach = round(TOLERANCE / (STEP - 1))
    place = best
    while place + octave < len(scores):
        low = place + octave - reach
        faster = low + int(scores[low : place + octave + reach].argmax())
        if scores[faster] < AS_STRONG * scores[best]:
            break
        place = faster
    return Tempo(bpm=float(bpm[place]), strength=float(scores[place]))


class Figures(NamedTuple):
    """How well sounds keep an asked tempo.

    Attributes:
        on_tempo: Share within 1 % of an accepted multiple, 0 to 1.
        half: Share at half the asked tempo.
        same: Share at the asked tempo.
        double: Share at twice the asked tempo.
        strength: Median strength.
        sounds: Number of sounds that last 3 s.
    """

    on_tempo: float
    half: float
    same: float
    double: float
    strength: float
    sounds: int


def keeping(tempi: Sequence[Tempo], target: float) -> Figures:
    """How well `tempi` keep `target` (BPM).

    Raises:
        UsageError: There are none, or `target` is not positive.
    """
    if not tempi:
        raise UsageError("No sound lasts 3 s: there is no tempo to measure.")
    if target <= 0:
        raise UsageError(f"A tempo of {target:g} BPM makes no sense: give a positive one.")
    octaves = [own.octave(target) for own in tempi]
    half, same, double = (octaves.count(octave) / len(octaves) for octave in OCTAVES)
    return Figures(
        on_tempo=half + same + double,
        half=half,
        same=same,
        double=double,
        strength=float(np.median([own.strength for own in tempi])),
        sounds=len(tempi),
    )


# --- script ---------------------------------------------------------------------------------------


def show(by_name: Iterable[tuple[str, Tempo | None]], target: float | None) -> None:
    """Print the tempo of each sound, and which multiple of `target` it is."""
    table = Table("", "BPM", "strength", "of asked", title="tempo", box=None)
    for name, own in by_name:
        if own is None:
            table.add_row(name, "-", "-", "-")
            continue
        octave = own.octave(target) if target else None
        of_asked = "-" if octave is None else f"{octave:g}"
        table.add_row(name, f"{own.bpm:.2f}", f"{own.strength:.2f}", of_asked)
    Console(width=120).print(table)


def show_keeping(figures: Figures, target: float) -> None:
    """Print in one line how well sounds keep `target` (BPM)."""
    Console(width=120).print(
        f"{figures.on_tempo:.0%} of {figures.sounds} within 1 % of {target:g} BPM "
        f"(half {figures.half:.0%}, same {figures.same:.0%}, double {figures.double:.0%}); "
        f"median strength {figures.strength:.2f}"
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--asked", type=float, help="BPM")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    for folder in args.folders:
        by_name = [(path.name, tempo(read_mono(path))) for path in files_of(folder)]
        show(by_name, args.asked)
        if args.asked:
            tempi = [own for _, own in by_name if own is not None]
            show_keeping(keeping(tempi, args.asked), args.asked)


if __name__ == "__main__":
    run_main(main)
