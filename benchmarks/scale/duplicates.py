"""The search for near-duplicates among thousands of files, without the comparisons themselves.

    DISTILL_CORPORA=… python -m benchmarks.scale.duplicates --files 2560 5120 10000

The search runs at every scan. It is slowest among files of one length, where any may be a copy of
any other. Fingerprints are those of the shipped sounds, shifted by up to half an octave and changed
by up to 5 dB in each band. Processor time on one thread; takes 10 s.
"""

import base64
import time
from collections.abc import Callable

import numpy as np

from benchmarks.common import corpora_dir, parser_of, run_main
from distill.audio.io import read_audio
from distill.data.fingerprint import fingerprint, same_sounds
from distill.settings import SAMPLE_RATE

SHIFT_BANDS = 3
"""Bands, sixths of an octave, by which a spectrum is shifted at most."""

CHANGE_STEPS = 20
"""Quarters of a decibel by which a band is changed at most."""

LOUDEST_STEPS = 128
"""Largest level in a fingerprint, in quarters of a decibel."""

LENGTHS_S = (0.1, 30.0)
"""Shortest and longest of sounds of many lengths, in s."""


def make_fingerprints(files: int, one_length: bool) -> list[str]:
    """Fingerprints of so many sounds, all different; seed 0.

    Args:
        files: Number of sounds.
        one_length: Whether all last a second.
    """
    rng = np.random.default_rng(0)
    spectra = [_levels(read_audio(path)) for path in sorted(corpora_dir().glob("*/*.flac"))]
    made = []
    for _ in range(files):
        shifted = np.roll(rng.choice(spectra), rng.integers(-SHIFT_BANDS, SHIFT_BANDS + 1))
        change = rng.integers(-CHANGE_STEPS, CHANGE_STEPS + 1, len(shifted))
        levels = np.clip(shifted + change, 0, LOUDEST_STEPS).astype(np.uint8)
        seconds = 1.0 if one_length else np.exp(rng.uniform(*np.log(LENGTHS_S)))
        places = np.array([0, round(seconds * SAMPLE_RATE), 0], "<u8")
        made.append(base64.b64encode(places.tobytes() + levels.tobytes()).decode())
    return made


def _levels(audio: np.ndarray) -> np.ndarray:
    """Levels of the bands in the fingerprint of a sound `[C, N]`, in quarters of a decibel."""
    return np.frombuffer(base64.b64decode(fingerprint(audio))[24:], np.uint8).astype(np.int64)


def search_cost(fingerprints: list[str]) -> tuple[float, int]:
    """Processor time in s of the search, and the pairs of sounds that it would compare."""
    pairs = 0

    def count(index: int, earlier: int, compare: Callable[[], bool]) -> bool:
        nonlocal pairs
        pairs += 1
        return False

    began = time.process_time()
    same_sounds(fingerprints, lambda index: np.zeros((1, 0)), count)
    return time.process_time() - began, pairs


def main() -> None:
    """Measure what the command line asks for."""
    parser = parser_of(__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[2560, 5120, 10_000])
    args = parser.parse_args()
    for one_length in (True, False):
        for files in args.files:
            seconds, pairs = search_cost(make_fingerprints(files, one_length))
            lengths = "one length" if one_length else "many lengths"
            print(f"{files} files of {lengths}: {seconds:.2f} s, {pairs} pairs to be compared")


if __name__ == "__main__":
    run_main(main)
