"""All targets of a prior but its bits and its speed, measured on one model.

    DISTILL_CORPORA=… python -m benchmarks.prior.run MODEL.sda --corpora loops ambient --out t.json

MODEL, codec and prior, has been trained on all but every sixth file of the corpora. Takes half an
hour on two threads; `--parts` chooses.

Runs `likeness`, `hits` (where the corpora are of hits), `copying`, `steering`, `joins` and `infill`
one after the other, and sets each figure beside its bound. `bits` and `benchmarks.speed` measure
the rest.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

import distill
from benchmarks.common import (
    Bound,
    corpora_dir,
    link_corpus,
    parser_of,
    run_main,
    split_files,
    write_json,
)
from benchmarks.prior import copying, hits, infill, joins, likeness, steering
from distill.device import prepare
from distill.errors import UsageError
from distill.models.persistence import LoadedVQModel

CORPORA_OF_HITS = {"oneshots", "tabla"}
"""Corpora of short sounds, for which `hits` makes sense."""

COPIED_BOUND = Bound(5.0)
"""Percent of a generated sound that is copied, beyond held-out files."""

LOUDNESS_BOUND = Bound(3.0)
"""Difference in LU between a generated sound and the corpus."""

WITHIN_BOUND = Bound(0.5, is_upper=False)
"""Share of generated sounds that lie in the range of the corpus."""

INFILL_BOUND = Bound(0.8, is_upper=False)
"""Share of gaps after which the filling leaves less surprise than one from the left side alone."""


@dataclass(frozen=True)
class Target:
    """A figure and its bound."""

    name: str
    figure: float
    bound: Bound

    @property
    def is_met(self) -> bool:
        """Whether the figure keeps the bound."""
        return self.bound.is_met(self.figure)

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "name": self.name,
            "figure": self.figure,
            "bound": self.bound.limit,
            "is_upper": self.bound.is_upper,
            "is_met": self.is_met,
        }


@dataclass(frozen=True)
class Setup:
    """Model, corpora and amounts to measure.

    Attributes:
        loaded: The model.
        own: Folder of the files that it was trained on.
        corpora: Names of the corpora.
        count: Sounds generated for each figure.
        gaps: Gaps to fill.
        passages: Passages of each case of copying.
        seeds: Seeds of each percentile.
        threads: Threads of the process.
    """

    loaded: LoadedVQModel
    own: Path
    corpora: tuple[str, ...]
    count: int
    gaps: int
    passages: int
    seeds: int
    threads: int


# --- parts ----------------------------------------------------------------------------------------


def likeness_targets(setup: Setup) -> Iterator[Target]:
    """Targets of `likeness`."""
    f = likeness.measure_all(setup.loaded, setup.own, setup.count)
    likeness.show(f, f"{setup.count} x 10 s")
    yield Target(
        name="discrepancy from the corpus",
        figure=f["discrepancy"],
        bound=Bound(f["corpus_discrepancy"]),
    )
    yield Target(
        name="copied, median, % over held-out files", figure=f["copied_median"], bound=COPIED_BOUND
    )
    yield Target(
        name="loudness off by, most, LU", figure=f["loudness_off_most"], bound=LOUDNESS_BOUND
    )
    yield Target(
        name="largest step at ends", figure=f["step_at_ends"], bound=Bound(f["corpus_step"])
    )
    yield Target(name="longest silence, s", figure=f["silence"], bound=Bound(f["corpus_silence"]))


def hit_targets(setup: Setup) -> Iterator[Target]:
    """Targets of `hits`; none for corpora of other sounds."""
    if not set(setup.corpora) <= CORPORA_OF_HITS:
        return
    comparison = hits.measure(setup.loaded, setup.own, setup.count)
    hits.show(comparison.corpus, comparison.outputs)
    for name in comparison.corpus[0]:
        both = hits.Range.of(name, comparison.corpus, comparison.outputs)
        share = both.within / len(both.outputs)
        yield Target(
            name=f"hits, {name}: share within the corpus's range", figure=share, bound=WITHIN_BOUND
        )


def copying_targets(setup: Setup) -> Iterator[Target]:
    """Targets of `copying`."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = copying.corpora_folder(setup.corpora, Path(scratch))
        result = copying.measure(setup.loaded, folder, setup.passages, seed=0)
    for case, row in result["cases"].items():
        for goal in copying.goals_of(case):
            yield Target(
                name=f"copies, {case}: {goal.figure}", figure=row[goal.figure], bound=goal.bound
            )


def steering_targets(setup: Setup) -> Iterator[Target]:
    """Targets of `steering`."""
    path = setup.loaded.path
    words = [str(path), "--seeds", str(setup.seeds), "--threads", str(setup.threads)]
    correlations = steering.measure_model(path, steering.arguments(words))
    for name, row in correlations.items():
        for kind, figure in row.items():
            title = f"steering, {name}, {kind}: correlation"
            yield Target(name=title, figure=figure, bound=steering.BOUNDS[name])


def join_targets(setup: Setup) -> Iterator[Target]:
    """Targets of `joins`."""
    figures = joins.measure(setup.loaded, setup.own, setup.count)
    joins.show(figures)
    for name, row in figures.items():
        yield Target(
            name=f"joins, {name}: largest step",
            figure=row["step_most"],
            bound=Bound(row["corpus_step"]),
        )


def infill_targets(setup: Setup) -> Iterator[Target]:
    """Targets of `infill`; none for sounds that are too short for gaps."""
    words = [str(setup.loaded.path), "--corpora", *setup.corpora]
    words += ["--parts", "gaps", "--top-p", "1", "--count", str(setup.gaps)]
    try:
        shares = infill.measure(infill.arguments(words))["itself"]
    except UsageError as error:
        print(error)
        return
    title = "infill: share of gaps with less surprise after them"
    yield Target(name=title, figure=shares["ahead, chosen"], bound=INFILL_BOUND)


PARTS: dict[str, Callable[[Setup], Iterator[Target]]] = {
    "likeness": likeness_targets,
    "hits": hit_targets,
    "copying": copying_targets,
    "steering": steering_targets,
    "joins": join_targets,
    "infill": infill_targets,
}
"""The parts by the name of their module."""


# --- the whole ------------------------------------------------------------------------------------


def show(targets: list[Target]) -> None:
    """Print all targets as a table."""
    table = Table(box=None, title="Targets")
    for column in ("", "figure", "bound", ""):
        table.add_column(column, justify="right" if column else "left")
    for target in targets:
        verdict = target.bound.verdict(target.figure)
        table.add_row(target.name, f"{target.figure:.4g}", str(target.bound), verdict)
    Console(width=120).print(table)
    print(f"{sum(target.is_met for target in targets)} of {len(targets)} met")


def measure(args: argparse.Namespace) -> list[Target]:
    """Measure the parts that `args` name, one after the other."""
    prepare(args.threads)
    own, _ = split_files(corpora_dir(), args.corpora)
    targets: list[Target] = []
    with tempfile.TemporaryDirectory() as scratch:
        setup = Setup(
            loaded=distill.load(args.model, "cpu", args.threads),
            own=link_corpus(own, Path(scratch) / "own"),
            corpora=tuple(args.corpora),
            count=args.count,
            gaps=args.gaps,
            passages=args.passages,
            seeds=args.seeds,
            threads=args.threads,
        )
        for name in args.parts:
            began = time.perf_counter()
            targets += PARTS[name](setup)
            print(f"({name}: {time.perf_counter() - began:.0f} s)\n", flush=True)
    return targets


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient"])
    parser.add_argument(
        "--parts",
        nargs="+",
        default=list(PARTS),
        choices=PARTS,
    )
    parser.add_argument(
        "--count",
        type=int,
        default=20,
        help="sounds generated for each figure",
    )
    parser.add_argument(
        "--gaps",
        type=int,
        default=100,
        help="to fill",
    )
    parser.add_argument(
        "--passages",
        type=int,
        default=100,
        help="of each case of copying",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=8,
        help="of each percentile",
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON of all figures")
    return parser.parse_args()


def report(args: argparse.Namespace) -> None:
    """Measure, print, and write the JSON that `args` name."""
    targets = measure(args)
    show(targets)
    if args.out:
        rows = [target.to_dict() for target in targets]
        write_json(args.out, {"model": str(args.model), "corpora": args.corpora, "targets": rows})


def main() -> None:
    """Run the benchmark."""
    report(arguments())


if __name__ == "__main__":
    run_main(main)
