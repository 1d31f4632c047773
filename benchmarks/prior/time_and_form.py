"""Time and form: whether generated sounds keep time, move and hold as recordings do, and copy none.

    python -m benchmarks.prior.time_and_form CORPUS OUT --model MODEL.sda --set tempo=120 --pictures

CORPUS is the folder that the prior of MODEL was trained on. Takes about 5 minutes: two to generate,
three to measure.

Generates `--count` sounds for each of `--seeds` seeds and writes them to OUT, with `figures.json`
and, with `--pictures`, `picture.png`. `--set` passes any setting of `distill.generate`, as JSON or
as a plain word. `--sounds FOLDER` in the place of `--model` measures the sounds of a folder, which
have no copy figures then.

One table holds the figures of `pulse`, `movement`, `steadiness` and `tempo` (their docstrings
define them), of `likeness`, and all numbers of the copy reports. Columns, from left to right:

- `generated`: the sounds, beside strings of the recordings;
- `strings`: other strings of the same recordings, as if they were generated: how far luck goes;
- `halves`: halves of the recordings beside each other; pulse and tempo are those of each file;
- `pieces`: random pieces of the recordings, joined, which is as much as any sampler could do.
"""

import argparse
import dataclasses
import inspect
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from rich.console import Console
from rich.table import Table

import distill
from benchmarks.common import parser_of, run_main, write_json
from benchmarks.prior import likeness
from benchmarks.prior.movement import Movement
from benchmarks.prior.pictures import Panel, save_comparison
from benchmarks.prior.pulse import pulses
from benchmarks.prior.recordings import STRING_S, STRINGS, files_of, read_folder, read_mono, strings
from benchmarks.prior.steadiness import Figures as Steady
from benchmarks.prior.steadiness import Steadiness
from benchmarks.prior.tempo import keeping, tempo
from distill.data.corpus import scan_corpus
from distill.errors import OutputError, UsageError

AGAIN_SEED = 1
"""Seed of strings other than those that the measures compare with, which have 0."""

SEED_STEP = 1000
"""Distance of the first seeds, so that no sound is drawn twice."""

OWN_OPTIONS = {"model", "duration", "seed", "count", "progress"}
"""Arguments of `distill.generate` that this script gives itself."""

LEAST = {"seeds": 1, "count": 1, "strings": 2}
"""Least value of options that count; halves take two strings."""

PANELS = 4
"""Sounds in each column of the picture."""

Row = dict[str, float | None]
"""Figures by name; None where there is nothing to measure."""


# --- generate -------------------------------------------------------------------------------------


def read_settings(words: Sequence[str]) -> dict[str, Any]:
    """Settings from words such as `tempo=120`; values are JSON, else plain words.

    Raises:
        UsageError: A word has no `=`, or names no setting of `distill.generate`.
    """
    names = inspect.signature(distill.generate).parameters.keys() - OWN_OPTIONS
    settings = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or name not in names:
            raise UsageError(
                f"--set {word} is not understood: give NAME=VALUE, NAME one of "
                f"{', '.join(sorted(names))}."
            )
        try:
            settings[name] = json.loads(text)
        except json.JSONDecodeError:
            settings[name] = text
    return settings


def numbers(value: object, name: str = "") -> dict[str, float]:
    """All numbers in a record and the records in it, by dotted name.

    A field that a later version of a record adds is found too.
    """
    if isinstance(value, int | float | np.number):
        return {name: float(value)}
    if dataclasses.is_dataclass(value):
        parts = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    elif isinstance(value, tuple | list):
        entries = value._asdict() if hasattr(value, "_asdict") else dict(enumerate(value))
        parts = {str(key): part for key, part in entries.items()}
    elif isinstance(value, Mapping):
        parts = {str(key): part for key, part in value.items()}
    else:
        return {}
    result: dict[str, float] = {}
    for key, part in parts.items():
        result |= numbers(part, f"{name}.{key}" if name else key)
    return result


@dataclass(frozen=True)
class Order:
    """What to generate.

    Attributes:
        seeds: Number of first seeds.
        count: Sounds from each.
        seconds: Seconds of each sound.
        settings: Further arguments of `distill.generate`.
    """

    seeds: int = 3
    count: int = 8
    seconds: float = STRING_S
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def generate_to(
    folder: Path, loaded: distill.models.persistence.LoadedVQModel, order: Order
) -> dict[str, dict[str, float]]:
    """Write the sounds of `order` to `folder`.

    Args:
        folder: Where the WAVs go; made if need be, files of the same names are replaced.
        loaded: A model with a prior.
        order: What to generate.

    Returns:
        The numbers of the copy report of each sound, by file name.
    """
    copies = {}
    for first in range(0, order.seeds * SEED_STEP, SEED_STEP):
        sounds = distill.generate(
            loaded, order.seconds, seed=first, count=order.count, **order.settings
        )
        for offset, sound in enumerate(sounds):
            path = sound.save(folder / f"seed-{first + offset:04d}.wav")
            copies[path.name] = numbers(sound.copy)
    return copies


# --- measure --------------------------------------------------------------------------------------


def held_row(figures: Steady) -> Row:
    """Figures of steadiness and decay, named."""
    return {
        "steady stretches, KS": figures.steady,
        "longest stretch, KS": figures.longest,
        "decay, KS": figures.decay,
        "steady stretch, median s": figures.steady_s,
        "longest stretch, median s": figures.longest_s,
        "decay, median dB": figures.decay_db,
    }


def tempo_row(sounds: Sequence[np.ndarray], target: float | None) -> Row:
    """Strength of the tempo of `sounds` `[N]`, and whether they keep `target` (BPM)."""
    tempi = [own for own in map(tempo, sounds) if own is not None]
    if not tempi:
        return {}
    row: Row = {"tempo, median strength": float(np.median([own.strength for own in tempi]))}
    if target:
        figures = keeping(tempi, target)
        row |= {
            f"within 1 % of {target:g} BPM, share": figures.on_tempo,
            "of which at half": figures.half,
            "of which at the same": figures.same,
            "of which at double": figures.double,
        }
    return row


def pulse_row(sounds: Sequence[np.ndarray]) -> Row:
    """Median pulse of `sounds` `[N]`."""
    values = pulses(sounds)
    return {"pulse, median": float(np.median(values)) if values else None}


class Measures:
    """All measures beside the recordings of one corpus."""

    def __init__(
        self,
        corpus: Path,
        with_auc: bool = False,
        target_bpm: float | None = None,
        count: int = STRINGS,
    ) -> None:
        """Measure the recordings in the folder `corpus`.

        Args:
            corpus: A folder of recordings.
            with_auc: Whether to train classifiers as well.
            target_bpm: The tempo in BPM that the sounds were to keep; None if none was asked for.
            count: Strings of recordings to compare with, and sounds of each control.
        """
        self.corpus = corpus
        self.target_bpm = target_bpm
        self.count = count
        self.recordings = read_folder(corpus)
        self.movement = Movement(self.recordings, with_auc, count=count)
        self.steadiness = Steadiness(self.recordings, count=count)

    def of(self, sounds: Sequence[np.ndarray]) -> Row:
        """Figures of `sounds` `[N]`."""
        movement = self.movement.of(sounds)
        return {
            **pulse_row(sounds),
            "distance, in halves": movement.distance,
            "auc": movement.auc,
            **held_row(self.steadiness.of(sounds)),
            **tempo_row(sounds, self.target_bpm),
        }

    def of_strings(self) -> Row:
        """Figures of other strings of the recordings, as if they were generated."""
        own_strings = strings(self.recordings, np.random.default_rng(AGAIN_SEED), count=self.count)
        return self.of([string.sound for string in own_strings])

    def of_halves(self) -> Row:
        """Figures between halves of the recordings; pulse and tempo of each file."""
        return {
            **pulse_row(self.recordings),
            # Halves are its unit.
            "distance, in halves": 1.0,
            **held_row(self.steadiness.halves()),
            **tempo_row(self.recordings, self.target_bpm),
        }

    def discrepancies(self, files: Sequence[Path]) -> tuple[float, float]:
        """Discrepancy of the sounds `files` from the corpus, and 95 % of that of its halves."""
        audio = [sf.read(path, dtype="float32", always_2d=True)[0].T for path in files]
        rows = np.concatenate([likeness.descriptors_by_second(sound) for sound in audio])
        clips = scan_corpus(self.corpus, audio[0].shape[0]).clips
        own = [clip.audio()[:] for clip in clips]
        rng = np.random.default_rng(0)
        by_file = likeness.descriptors_by_file(own, rng)
        of_generated, of_halves = likeness.likeness(by_file, rows, rng)
        return of_generated, float(np.quantile(of_halves, 0.95))


def copy_row(copies: Mapping[str, Mapping[str, float]]) -> Row:
    """Median and most of each number that stands in the copy reports themselves."""
    reports = list(copies.values())
    names = sorted({name for report in reports for name in report if "." not in name})
    row: Row = {}
    for name in names:
        values = [report[name] for report in reports if name in report]
        row[f"copy {name}, median"] = float(np.median(values))
        row[f"copy {name}, most"] = max(values)
    return row


def columns_of(
    measures: Measures,
    files: Sequence[Path],
    copies: Mapping[str, Mapping[str, float]],
    pieces: Sequence[float],
) -> dict[str, Row]:
    """The table: figures of the sounds `files`, of strings, of halves and of joined pieces.

    Args:
        measures: Of the corpus.
        files: Generated sounds.
        copies: Numbers of their copy reports, by file name.
        pieces: Seconds of the pieces of each control.
    """
    of_generated, of_halves = measures.discrepancies(files)
    own = measures.of([read_mono(path) for path in files])
    columns = {
        "generated": {**own, "discrepancy": of_generated, **copy_row(copies)},
        "strings": measures.of_strings(),
        "halves": {**measures.of_halves(), "discrepancy": of_halves},
    }
    for piece_s in pieces:
        columns[f"pieces {piece_s:g} s"] = measures.of(measures.movement.pieces(piece_s))
    return columns


def by_sound(
    files: Sequence[Path], copies: Mapping[str, Mapping[str, float]]
) -> list[dict[str, object]]:
    """Pulse, tempo and copy figures of each of `files`, for the JSON."""
    rows = []
    for path in files:
        sound = read_mono(path)
        own = tempo(sound)
        rows.append(
            {
                "file": path.name,
                "pulse": next(iter(pulses([sound])), None),
                "bpm": own and own.bpm,
                "strength": own and own.strength,
                "copy": copies.get(path.name, {}),
            }
        )
    return rows


# --- output ---------------------------------------------------------------------------------------


def show(columns: Mapping[str, Row], title: str) -> None:
    """Print the table; "-" is what was not measured."""
    table = Table("", *columns, title=title, box=None)
    names = list(dict.fromkeys(name for row in columns.values() for name in row))
    for name in names:
        values = [row.get(name) for row in columns.values()]
        if any(value is not None for value in values):
            table.add_row(name, *("-" if value is None else f"{value:.3g}" for value in values))
    Console(width=140).print(table)


def picture(
    path: Path, files: Sequence[Path], recordings: Sequence[np.ndarray], seconds: float
) -> None:
    """Write a picture of some sounds of `files` beside strings of `recordings` `[N]`."""
    choice = np.linspace(0, len(files) - 1, min(PANELS, len(files))).round().astype(int)
    panels = [Panel(files[i].name, read_mono(files[i])) for i in choice]
    own_strings = strings(recordings, np.random.default_rng(0), seconds, PANELS)
    real = [
        Panel(f"recordings, string {number}; lines where one begins", string.sound, string.begins_s)
        for number, string in enumerate(own_strings)
    ]
    save_comparison(path, panels, real, seconds)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path, help="folder of the results")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", type=Path, help="model to generate with")
    source.add_argument("--sounds", type=Path, help="folder of sounds that exist")
    parser.add_argument("--seeds", type=int, default=Order.seeds)
    parser.add_argument("--count", type=int, default=Order.count, help="sounds from each seed")
    parser.add_argument("--seconds", type=float, default=Order.seconds, help="of each sound")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="of distill.generate"
    )
    parser.add_argument("--asked", type=float, help="BPM; by default the setting tempo")
    parser.add_argument(
        "--pieces", type=float, nargs="*", default=[0.1, 0.25, 0.5, 1.0], help="seconds"
    )
    parser.add_argument(
        "--strings", type=int, default=STRINGS, help="strings, and sounds of each control"
    )
    parser.add_argument("--auc", action="store_true", help="train classifiers as well")
    parser.add_argument("--pictures", action="store_true", help="write picture.png")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def asked_tempo(args: argparse.Namespace, settings: Mapping[str, Any]) -> float | None:
    """The tempo of `--asked`, else of the setting `tempo` if it is one number."""
    of_settings = settings.get("tempo")
    is_number = isinstance(of_settings, int | float) and not isinstance(of_settings, bool)
    return args.asked or (float(of_settings) if is_number and of_settings else None)


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    for name in ("seeds", "count", "strings"):
        if getattr(args, name) < LEAST[name]:
            raise UsageError(f"--{name} must be {LEAST[name]} or more.")
    settings = read_settings(args.set)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{args.out} cannot be made a folder: name another for OUT.") from error
    began = time.perf_counter()
    copies: dict[str, dict[str, float]] = {}
    if args.model:
        order = Order(seeds=args.seeds, count=args.count, seconds=args.seconds, settings=settings)
        copies = generate_to(args.out, distill.load(args.model, "cpu", args.threads), order)
        files = [args.out / name for name in copies]
    else:
        files = files_of(args.sounds)
    generated_s = time.perf_counter() - began
    measures = Measures(args.corpus, args.auc, asked_tempo(args, settings), args.strings)
    columns = columns_of(measures, files, copies, args.pieces)
    source = (args.model or args.sounds).name
    show(columns, f"{source}: {len(files)} sounds beside {args.corpus.name}")
    took = {"generate_s": generated_s, "measure_s": time.perf_counter() - began - generated_s}
    result = {
        "source": source,
        "settings": settings,
        "seconds": args.seconds,
        "threads": args.threads,
        **took,
        "figures": columns,
        "sounds": by_sound(files, copies),
    }
    write_json(args.out / "figures.json", result)
    if args.pictures:
        picture(args.out / "picture.png", files, measures.recordings, args.seconds)
    print(
        f"{args.threads} thread(s), {took['generate_s']:.0f} s to generate, "
        f"{took['measure_s']:.0f} s to measure; {args.out / 'figures.json'}"
    )


if __name__ == "__main__":
    run_main(main)
