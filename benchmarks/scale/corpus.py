"""A corpus of any size, grown from the shipped sounds.

    DISTILL_CORPORA=… python -m benchmarks.scale.corpus FOLDER --times 10

Every file comes as it is, and in further copies, each at another speed and level. So each copy is
a sound of its own, and the corpus stays like the shipped one however large it is. 10 times the four
corpora are 1,280 files, 43 minutes. Takes 20 s for those, on one thread.
"""

from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from benchmarks.common import corpora_dir, parser_of, run_main

CORPORA = ("ambient", "loops", "oneshots", "tabla")
"""The shipped corpora."""

SPEEDS = (0.7, 1.4)
"""Slowest and fastest copy, relative to the recording: half an octave down and up."""

QUIETEST_COPY_DB = -12.0
"""Level of the quietest copy in dB, relative to the recording. None is louder, so none clips."""


def grow_corpus(folder: Path, times: int, names: tuple[str, ...] = CORPORA) -> Path:
    """Write a corpus to `folder`, unless it is there from an earlier run.

    Args:
        folder: Where it is to lie.
        times: Copies of each file, the file itself included.
        names: Shipped corpora to take.
    """
    for source in sorted(file for name in names for file in (corpora_dir() / name).glob("*.flac")):
        for copy in range(times):
            target = folder / source.parent.name / f"{source.stem}-{copy:03d}.flac"
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                _write_copy(source, target, copy)
    return folder


def _write_copy(source: Path, target: Path, copy: int) -> None:
    """Write one copy of a sound; number 0 is the sound itself."""
    sound, sample_rate = sf.read(source, dtype="float32", always_2d=True)
    if copy:
        # A generator for each copy: a larger corpus begins with the smaller one.
        rng = np.random.default_rng([copy, *source.name.encode()])
        speed = np.exp(rng.uniform(*np.log(SPEEDS)))
        sound = soxr.resample(sound, speed, 1.0)
        sound *= 10 ** (rng.uniform(QUIETEST_COPY_DB, 0.0) / 20)
    sf.write(target, np.clip(sound, -1.0, 1.0), sample_rate, "PCM_16")


def main() -> None:
    """Write the corpus that the command line asks for."""
    parser = parser_of(__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--times", type=int, default=10, help="copies of each file, itself included"
    )
    args = parser.parse_args()
    grow_corpus(args.folder, args.times)
    files = list(args.folder.rglob("*.flac"))
    seconds = sum(sf.info(file).duration for file in files)
    print(f"{len(files)} files, {seconds / 60:.1f} min")


if __name__ == "__main__":
    run_main(main)
