"""Near-duplicates: other notes that the scan takes for the same, and copies that it misses.

    DISTILL_CORPORA=… python -m benchmarks.data.duplicates --soundfont FONT.sf2

Takes about 15 minutes. Needs FluidSynth and a soundfont, such as the Debian packages
libfluidsynth3 and timgm6mb-soundfont.

False: notes that are called a duplicate of another pitch. An instrument is a folder of two octaves
of semitones, or one of quarter tones, with each note staccato, short and long. Drums are
transposed by the pitch wheel; other keys of a kit may hold the same recording and do not count.
Other velocities are counted apart: most players use one recording for all of them.

Missed: copies that are not called a duplicate of their original, beside all originals: the files of
all corpora, and every twelfth note of the instruments.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf

from benchmarks.common import Bound, corpora_dir, parser_of, run_main, write_json
from benchmarks.data.copies import COPIES, write_copies
from benchmarks.data.instruments import (
    DRUM_BANK,
    DRUM_KEYS,
    FORMULAS,
    LENGTHS,
    PROGRAMS,
    SoundFontPlayer,
    synthetic_note,
)
from distill.data.corpus import scan_corpus
from distill.data.doctor import NEAR_DUPLICATE
from distill.settings import SAMPLE_RATE

SOUNDFONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
"""Where the Debian package timgm6mb-soundfont puts its soundfont."""

LOWEST = 48
"""Lowest note of an instrument: C3."""

LOWEST_BASS = 28
"""Lowest note of a bass, a sine or a kick: E1."""

LOW = ("bass", "sine", "kick")
"""Instruments that begin at `LOWEST_BASS`."""

BENDS = (0.0, 0.5, 1.0, -1.0)
"""Semitones by which drums are transposed."""

VELOCITIES = (50, 75, 100, 127)
"""Velocities that are compared with each other."""

STEPS = {"semitone": 1.0, "quarter tone": 0.5}
"""Distances of notes, in semitones."""

PARTS = ("times", "notes", "copies")
"""Parts of the benchmark."""

COPY_EVERY = 12
"""One note in twelve is copied."""

FALSE_BOUND = Bound(0.0)
"""Share of notes a semitone apart that may be called duplicates."""

MISSED_BOUND = Bound(0.02)
"""Share of copies that may be missed."""


# --- notes ----------------------------------------------------------------------------------------


class Instrument(NamedTuple):
    """A name, and what gives the sound `[N, C]` of a pitch and a length."""

    name: str
    note: Callable[[float, str], np.ndarray]


def instruments(player: SoundFontPlayer) -> Iterator[Instrument]:
    """All instruments but the drums."""
    for name, program in PROGRAMS.items():
        yield Instrument(name, lambda pitch, length, p=program: player.note(p, pitch, length))
    for name in FORMULAS:
        yield Instrument(name, lambda pitch, length, n=name: synthetic_note(n, pitch, length))


def pitches(instrument: str, step: float, count: int) -> list[float]:
    """`count` pitches, `step` semitones apart."""
    lowest = LOWEST_BASS if instrument in LOW else LOWEST
    return [lowest + i * step for i in range(count)]


def write_notes(folder: Path, instrument: Instrument, step: float, count: int) -> Path:
    """Write notes of an instrument, `count` of each length, `step` semitones apart."""
    folder.mkdir(parents=True)
    for length in LENGTHS:
        for pitch in pitches(instrument.name, step, count):
            sound = instrument.note(pitch, length)
            write(folder / f"{length} {pitch:05.1f}.wav", sound)
    return folder


def write_drums(folder: Path, player: SoundFontPlayer) -> Path:
    """Write each drum, as it is and transposed."""
    folder.mkdir(parents=True)
    for key in DRUM_KEYS:
        for bend in BENDS:
            sound = player.bent_note(0, key, bend, "short", 100, DRUM_BANK)
            if np.abs(sound).max() > 0.0:
                write(folder / f"{key} {bend:+.1f}.wav", sound)
    return folder


def write_velocities(folder: Path, player: SoundFontPlayer) -> Path:
    """Write three notes of each instrument of the soundfont at several velocities."""
    folder.mkdir(parents=True)
    for name, program in PROGRAMS.items():
        for pitch in pitches(name, 12.0, 3):
            for velocity in VELOCITIES:
                sound = player.note(program, pitch, "long", velocity)
                write(folder / f"{name} {pitch:05.1f} {velocity:03d}.wav", sound)
    return folder


def write(path: Path, sound: np.ndarray, rate: int = SAMPLE_RATE) -> None:
    """Write a sound `[N, C]` with 24 bits."""
    sf.write(path, sound, rate, subtype="PCM_24")


# --- copies ---------------------------------------------------------------------------------------


def gather_originals(folder: Path, notes: Iterable[Path], every: int) -> Path:
    """Make a folder with links to one in `every` files of the corpora, and some of the notes."""
    folder.mkdir(parents=True)
    files = sorted(corpora_dir().glob("*/*.flac"))[::every]
    for path in [*files, *list(notes)[::COPY_EVERY]]:
        (folder / f"{path.parent.name} {path.name}").symlink_to(path)
    return folder


# --- figures --------------------------------------------------------------------------------------


class Pair(NamedTuple):
    """Names of a file and of the one that it is called a duplicate of."""

    name: str
    twin: str


def found_pairs(folder: Path) -> tuple[int, list[Pair]]:
    """Scan a folder: number of its files, and the pairs that are called duplicates."""
    files = scan_corpus(folder).files
    pairs = []
    for file in files:
        for flag in file.flags:
            if flag.startswith(NEAR_DUPLICATE):
                pairs.append(Pair(file.name, flag.removeprefix(NEAR_DUPLICATE).strip()))
    return len(files), pairs


class Figure(NamedTuple):
    """A count of `bad` among `total`, and which they are."""

    bad: int
    total: int
    names: list[str]


def false_notes(folder: Path) -> Figure:
    """Notes that are called a duplicate of another pitch; lengths may differ."""
    total, pairs = found_pairs(folder)
    false = [pair for pair in pairs if pair.name.split()[1] != pair.twin.split()[1]]
    return Figure(len(false), total, [f"{folder.name}: {a} as {b}" for a, b in false])


def false_drums(folder: Path, by: float) -> Figure:
    """Drums that are called a duplicate of themselves transposed by `by` semitones."""
    total, pairs = found_pairs(folder)
    false = []
    for name, twin in pairs:
        (key, bend), (twin_key, twin_bend) = (Path(n).stem.split() for n in (name, twin))
        if key == twin_key and abs(float(bend) - float(twin_bend)) == by:
            false.append(f"drums: {name} as {twin}")
    return Figure(len(false), total, false)


def same_at_other_velocities(folder: Path) -> Figure:
    """Notes that are called a duplicate of the same note at another velocity."""
    total, pairs = found_pairs(folder)
    return Figure(len(pairs), total, [f"{a} as {b}" for a, b in pairs])


def missed_copies(folder: Path) -> Figure:
    """Copies that are not called a duplicate of their original."""
    _, pairs = found_pairs(folder)
    twins = defaultdict(set)
    for name, twin in pairs:
        twins[name].add(Path(twin).stem[2:])
    copies = sorted(path for path in folder.iterdir() if path.name.startswith("b "))
    names = [path.name for path in copies if path.stem[2:] not in twins[path.name]]
    return Figure(len(names), len(copies), names)


def total(figures: Iterable[Figure]) -> Figure:
    """The sum of figures."""
    figures = list(figures)
    names = [name for figure in figures for name in figure.names]
    return Figure(sum(f.bad for f in figures), sum(f.total for f in figures), names)


def measure_notes(
    player: SoundFontPlayer, scratch: Path, count: int
) -> Iterator[tuple[str, Figure]]:
    """Yield what is called a duplicate though it is another note, by what is counted.

    Args:
        player: Plays the soundfont.
        scratch: Folder for the notes.
        count: Notes of each length in a folder.
    """
    for title, step in STEPS.items():
        parts = []
        for instrument in instruments(player):
            folder = write_notes(scratch / title / instrument.name, instrument, step, count)
            parts.append(false_notes(folder))
        yield f"false, {title}, soundfont", total(parts[: len(PROGRAMS)])
        yield f"false, {title}, synthetic", total(parts[len(PROGRAMS) :])
        drums = write_drums(scratch / title / "drums", player)
        yield f"false, {title}, drums", false_drums(drums, step)
    velocities = write_velocities(scratch / "velocities", player)
    yield "same at another velocity", same_at_other_velocities(velocities)


def measure_copies(
    player: SoundFontPlayer, scratch: Path, every: int
) -> Iterator[tuple[str, Figure]]:
    """Yield the copies that are missed, by the way of copying.

    Args:
        player: Plays the soundfont.
        scratch: Folder for the sounds.
        every: One in so many files of the corpora is copied.
    """
    folders = [
        write_notes(scratch / "notes" / instrument.name, instrument, 1.0, 25)
        for instrument in instruments(player)
    ]
    notes = [path for folder in folders for path in sorted(folder.iterdir())]
    originals = gather_originals(scratch / "originals", notes, every)
    figures = []
    for title, copy in COPIES.items():
        figures.append(missed_copies(write_copies(originals, scratch / title, copy)))
        yield f"missed, {title}", figures[-1]
    yield "missed, all", total(figures)


def scan_times() -> dict[str, float]:
    """Processor time in s of a scan of each corpus, without and with its sounds in the cache."""
    times = {}
    for corpus in sorted(path for path in corpora_dir().iterdir() if path.is_dir()):
        for state in ("new", "cached"):
            began = time.process_time()
            scan_corpus(corpus)
            times[f"{corpus.name}, {state}"] = time.process_time() - began
    return times


def bound_of(title: str) -> Bound | None:
    """The bound of a figure; None where it is only told."""
    if title.startswith("missed"):
        return MISSED_BOUND
    return FALSE_BOUND if title.startswith("false, semitone") else None


def show(title: str, figure: Figure) -> None:
    """Print a line for a figure, with its bound."""
    bound = bound_of(title)
    share = figure.bad / figure.total
    verdict = f" ({bound}: {bound.verdict(share)})" if bound else ""
    counts = f"{figure.bad:4} of {figure.total:5}, {100 * share:5.1f} %"
    print(f"{title:40} {counts}{verdict}", flush=True)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("--soundfont", type=Path, default=SOUNDFONT)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--notes", type=int, default=25, help="notes of each length in a folder")
    parser.add_argument("--every", type=int, default=1, help="copy one in so many files")
    parser.add_argument("--json", type=Path, help="file for all figures, with names of files")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    figures = {}
    if "times" in args.parts:
        for title, seconds in scan_times().items():
            print(f"scan of {title:32} {seconds:5.2f} s", flush=True)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        player = SoundFontPlayer(args.soundfont)
        parts = {
            "notes": lambda: measure_notes(player, scratch, args.notes),
            "copies": lambda: measure_copies(player, scratch, args.every),
        }
        for part in parts.keys() & set(args.parts):
            for title, figure in parts[part]():
                show(title, figure)
                figures[title] = figure._asdict()
                if args.json:
                    write_json(args.json, figures)


if __name__ == "__main__":
    run_main(main)
