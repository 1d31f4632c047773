"""All that is asked of a prior but its bits and its speed (prior.py, speed.py), measured on one
model.

    DISTILL_CORPORA=… python benchmarks/targets.py MODEL.sda --corpora loops ambient --out
    targets.json

MODEL has been trained on all but every sixth file of the corpora, codec and prior. Runs
generated.py, hits.py (where the corpora are of hits), copying.py, steering.py, joins.py and
infill.py one after the other, as each says, and sets every figure beside its bound. Half an hour on
two threads; --parts chooses.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

import distill
from benchmarks.common import corpora_dir, link_corpus, split_files, write_json
from benchmarks.prior import copying, hits, infill, joins, steering
from benchmarks.prior import likeness as generated
from distill.device import prepare
from distill.errors import DistillError, UsageError
from distill.models.persistence import LoadedVQModel

OF_HITS = {"oneshots", "tabla"}
MOST_COPIED, MOST_OFF_LU, LEAST_LOWER = 5.0, 3.0, 0.8


class Target(NamedTuple):
    """A `figure` that may be at most (`is_upper`) or has to be at least its `bound`."""

    name: str
    figure: float
    bound: float
    is_upper: bool = True

    @property
    def is_met(self) -> bool:
        """Never, for what could not be measured."""
        return self.figure <= self.bound if self.is_upper else self.figure >= self.bound


class FixedCodes(NamedTuple):
    """The model, the folder of what it was trained on, the corpora, and how much is measured."""

    loaded: LoadedVQModel
    own: Path
    corpora: tuple[str, ...]
    count: int
    gaps: int
    passages: int
    seeds: int
    threads: int


def of_generated(given: FixedCodes) -> Iterator[Target]:
    f = generated.measure_all(given.loaded, given.own, given.count)
    generated.show(f, f"{given.count} x 10 s")
    yield Target("discrepancy from the corpus", f["discrepancy"], f["corpus_discrepancy"])
    # The copy meter counts from what held-out files have.
    yield Target("copied, median, % over held-out files", f["copied_median"], MOST_COPIED)
    yield Target("loudness off by, most, LU", f["loudness_off_most"], MOST_OFF_LU)
    yield Target("largest step at ends", f["step_at_ends"], f["corpus_step"])
    yield Target("longest silence, s", f["silence"], f["corpus_silence"])


def of_hits(given: FixedCodes) -> Iterator[Target]:
    if not set(given.corpora) <= OF_HITS:
        return
    found = hits.measure(given.loaded, given.own, given.count)
    hits.show(found.corpus, found.made)
    for name in found.corpus[0]:
        both = hits.Range.of(name, found.corpus, found.made)
        yield Target(
            f"hits, {name}: share within the corpus's range",
            both.within / len(both.new),
            0.5,
            False,
        )


def of_copying(given: FixedCodes) -> Iterator[Target]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = copying.folder_of(list(given.corpora), Path(scratch))
        found = copying.run(given.loaded.path, folder, given.passages, 0)
    for case, row in found["cases"].items():
        goal = copying.goal_of(case)
        yield Target(f"copies, {case}: {goal.figure}", row[goal.figure], goal.bound, goal.is_upper)


def of_steering(given: FixedCodes) -> Iterator[Target]:
    words = [str(given.loaded.path), "--seeds", str(given.seeds), "--threads", str(given.threads)]
    for name, found in steering.show(given.loaded.path, steering.arguments(words)).items():
        for kind, rho in found.items():
            yield Target(
                f"steering, {name}, {kind}: correlation", rho, steering.TARGETS[name], False
            )


def of_joins(given: FixedCodes) -> Iterator[Target]:
    found = joins.measure(given.loaded, given.own, given.count)
    joins.show(found)
    for name, row in found.items():
        yield Target(f"joins, {name}: largest step", row["step_most"], row["corpus_step"])


def of_infill(given: FixedCodes) -> Iterator[Target]:
    words = [str(given.loaded.path), "--corpora", *given.corpora, "--parts", "gaps", "--top-p", "1"]
    try:
        lower = infill.main(infill.arguments([*words, "--count", str(given.gaps)]))["itself"]
    except UsageError as error:
        # Hits are too short to have gaps.
        print(error)
        return
    yield Target(
        "infill: share of gaps with less surprise after them",
        lower["ahead, chosen"],
        LEAST_LOWER,
        False,
    )


PARTS: dict[str, Callable[[FixedCodes], Iterator[Target]]] = {
    "generated": of_generated,
    "hits": of_hits,
    "copying": of_copying,
    "steering": of_steering,
    "joins": of_joins,
    "infill": of_infill,
}


def show(targets: list[Target]) -> None:
    table = Table(box=None, title="Targets")
    for column in ("", "figure", "bound", ""):
        table.add_column(column, justify="left" if not column else "right")
    for target in targets:
        bound = f"{'at most' if target.is_upper else 'at least'} {target.bound:.4g}"
        table.add_row(
            target.name, f"{target.figure:.4g}", bound, "met" if target.is_met else "missed"
        )
    Console(width=120).print(table)
    print(f"{sum(target.is_met for target in targets)} of {len(targets)} met")


def main(a: argparse.Namespace) -> None:
    prepare(a.threads)
    own, _ = split_files(corpora_dir(), tuple(a.corpora))
    targets: list[Target] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = link_corpus(own, Path(scratch) / "own")
        loaded = distill.load(a.model, "cpu", a.threads)
        sizes = a.count, a.gaps, a.passages, a.seeds, a.threads
        given = FixedCodes(loaded, folder, tuple(a.corpora), *sizes)
        for name in a.parts:
            began = time.perf_counter()
            targets += PARTS[name](given)
            print(f"({name}: {time.perf_counter() - began:.0f} s)\n", flush=True)
    show(targets)
    if a.out:
        rows = [target._asdict() | {"is_met": target.is_met} for target in targets]
        write_json(a.out, {"model": str(a.model), "corpora": a.corpora, "targets": rows})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient"])
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument(
        "--count", type=int, default=20, help="sounds that are generated for each figure"
    )
    parser.add_argument("--gaps", type=int, default=100)
    parser.add_argument("--passages", type=int, default=100, help="planted for each kind of copy")
    parser.add_argument(
        "--seeds", type=int, default=8, help="of every percentile that is asked for"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON of all figures")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main(arguments())
    except DistillError as error:
        sys.exit(str(error))
