"""Time of edits on grids of 60 s, speed of heal, and size of a codes file of 30 s.

    python -m benchmarks.speed.edits [MODEL.sda]

Without a model: an untrained codec of the default size, and a prior. Takes about 3 minutes.

Edits are timed on plain grids, then on grids with a seam at every frame and a tenth of all codes
locked. Random codes make the largest file. `heal` draws several tries at once and judges them, so
that it cannot be as fast as the prior alone. Times are processor time on one thread, so that other
work on the machine does not count. Encoding and decoding: `encode_decode`.
"""

import os

# Before NumPy is loaded, so that its matrix products run on one thread too.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from benchmarks.common import Bound, parser_of, run_main
from benchmarks.timing import load_or_untrained, median_s, untrained_prior
from distill.device import prepare
from distill.inference.codes import blend, operations
from distill.inference.codes.file import save_codes
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.history import History
from distill.inference.codes.region import Region
from distill.inference.heal import REGION_TRIES, heal
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.settings import Sampling
from distill.models.levels import level_names
from distill.models.persistence import LoadedVQModel

GRID_S = 60.0
"""Seconds of the grids that are edited."""

INTEGER_BOUND = Bound(5.0)
"""Milliseconds of an edit that only moves or sets codes."""

EMBEDDING_BOUND = Bound(50.0)
"""Milliseconds of an edit that compares codebook entries."""

UNDO_BOUND = Bound(1.0)
"""Milliseconds of undo and redo together."""

FILE_S = 30.0
"""Seconds of the codes file whose size is measured."""

FILE_BOUND = Bound(100.0)
"""Its size in kB."""

LOCKED_SHARE = 0.1
"""Share of the cells of a grid that are locked."""

EDITS_IN_HISTORY = 500
"""Edits in the history when undo and redo are timed."""

HEALED_S = 1.0
"""Seconds of the region that `heal` regenerates."""

HEALED_GRID_S = 10.0
"""Seconds of the grid around it."""

HEALED_FROM_S = 4.0
"""Where in the grid it begins, in seconds."""

PRIOR_FILES = 20
"""Files of the corpus for which an untrained prior is sized."""

Edit = Callable[[], object]


def random_grid(
    loaded: LoadedVQModel,
    seed: int,
    has_locks: bool = False,
) -> CodeGrid:
    """60 s of random codes; two such grids differ in every frame, the hardest case of a blend."""
    codec = loaded.model
    T = round(GRID_S * codec.frame_rate)
    Q = codec.num_quantizers
    generator = np.random.default_rng(seed)
    return CodeGrid(
        codes=generator.integers(codec.codebook_size, size=(T, Q)),
        codebook_size=codec.codebook_size,
        codebook_hash=codec.codebook_hash(),
        model_id="",
        frame_rate=codec.frame_rate,
        level_names=level_names(Q),
        gain=1.0,
        n_samples=T * codec.frame_hop,
        sample_rate=codec.sample_rate,
        channels=codec.channels,
        source=f"random {seed}",
        locked=generator.random((T, Q)) < LOCKED_SHARE if has_locks else None,
    )


def shuffled_grid(loaded: LoadedVQModel, seed: int) -> CodeGrid:
    """A random grid with a seam at every frame and a tenth of its cells locked."""
    return operations.shuffle(random_grid(loaded, seed, has_locks=True), block=1).grid


# --- edits ----------------------------------------------------------------------------------------


def integer_edits(first: CodeGrid, second: CodeGrid) -> dict[str, Edit]:
    """The edits that only move or set codes."""
    T = len(first.codes)
    middle = Region(T // 4, T // 2)
    return {
        "set": lambda: operations.set_code(first, 1),
        "replace": lambda: operations.replace_code(first, 1, 2),
        "crop": lambda: operations.crop(first, middle),
        "cut": lambda: operations.cut(first, middle),
        "copy": lambda: operations.copy(first, middle, at=T // 2),
        "paste": lambda: operations.paste(first, second, at=T // 2),
        "move": lambda: operations.move(first, middle, at=0),
        "reverse": lambda: operations.reverse(first),
        "repeat": lambda: operations.repeat(first, middle, 4),
        "stretch": lambda: operations.stretch(first, Region(), 2.0),
        "shuffle": lambda: operations.shuffle(first, block=1),
        "swap": lambda: operations.swap(first, second),
        "transplant": lambda: operations.transplant(first, second, Region(levels=(0,))),
        "lock": lambda: operations.lock(first),
        "unlock": lambda: operations.unlock(first),
    }


def embedding_edits(
    loaded: LoadedVQModel,
    first: CodeGrid,
    second: CodeGrid,
) -> dict[str, Edit]:
    """The edits that compare codebook entries."""
    return {
        "blend": lambda: blend.blend(loaded, first, second, 0.5),
        "drift": lambda: blend.drift(loaded, first, 1.0),
        "clear": lambda: blend.clear(loaded, first),
    }


def undo_and_redo(grid: CodeGrid) -> dict[str, Edit]:
    """Undo and redo of an edit at the end of a long history."""
    history = History(grid)
    for _ in range(EDITS_IN_HISTORY):
        history.add("reverse", operations.reverse(history.grid).grid)
    return {"undo, redo": lambda: (history.undo(), history.redo())}


def milliseconds(edit: Edit, runs: int) -> float:
    """Median processor time of an edit, in ms."""
    return 1000 * median_s(edit, runs)


def show(
    edits: Mapping[str, Edit],
    bound: Bound,
    runs: int,
) -> None:
    """Print the time of each edit beside its bound."""
    for name, edit in edits.items():
        took_ms = milliseconds(edit, runs)
        share = took_ms / bound.limit
        print(f"{name:<12} {took_ms:8.3f} ms   {share:6.1%} of {bound.limit:g} ms", flush=True)


# --- heal -----------------------------------------------------------------------------------------


def healing_speeds(loaded: LoadedVQModel, runs: int) -> dict[str, float]:
    """Seconds of sound per second of work, of `heal` and of the prior alone."""
    codec = loaded.model
    frame_rate = codec.frame_rate
    prior = loaded.prior or untrained_prior(codec.rvq.codebooks, frame_rate, PRIOR_FILES)
    with_prior = replace(loaded, prior=prior)

    end = round(HEALED_GRID_S * frame_rate)
    grid = operations.crop(random_grid(loaded, 0), Region(0, end)).grid
    first = round(HEALED_FROM_S * frame_rate)
    length = round(HEALED_S * frame_rate)
    region = Region(first, first + length)
    with_seams = replace(grid, seams=(first, first + length))
    # How much is regenerated before the two seams, `heal` chooses itself.
    result = heal(with_prior, with_seams).grid
    healed_s = int((result.codes != grid.codes).any(1).sum()) / frame_rate

    def draw(streams: int) -> None:
        generator = torch.Generator().manual_seed(0)
        list(islice(draw_frames(prior, streams, Sampling(), generator), length))

    def speed(seconds: float, work: Edit) -> float:
        return seconds / median_s(work, runs)

    return {
        "heal a region": speed(HEALED_S, lambda: heal(with_prior, grid, region, at_seams=False)),
        "heal two seams": speed(healed_s, lambda: heal(with_prior, with_seams)),
        "the prior": speed(HEALED_S, lambda: draw(1)),
        f"{REGION_TRIES} at once": speed(HEALED_S, lambda: draw(REGION_TRIES)),
    }


# --- files ----------------------------------------------------------------------------------------


def file_kb(grid: CodeGrid, name: str) -> float:
    """Size in kB of a codes file called `name` with the first 30 s of `grid`."""
    with tempfile.TemporaryDirectory() as folder:
        short = operations.crop(grid, Region(0, round(FILE_S * grid.frame_rate))).grid
        return save_codes(Path(folder) / name, short).stat().st_size / 1000


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument(
        "--runs",
        type=int,
        default=15,
        help="of each edit, for the median",
    )
    parser.add_argument("--locked", action="store_true", help="lock a tenth of the plain grids")
    return parser.parse_args()


@torch.inference_mode()
def main() -> None:
    """Run the benchmark."""
    args = arguments()
    prepare(1)
    loaded = load_or_untrained(args.model)
    first = random_grid(loaded, 0, args.locked)
    second = random_grid(loaded, 1, args.locked)
    T, Q = first.codes.shape
    print(f"{GRID_S:g} s: {T} frames x {Q} levels of {first.codebook_size}")
    show(integer_edits(first, second), INTEGER_BOUND, args.runs)
    show(undo_and_redo(first), UNDO_BOUND, args.runs)
    show(embedding_edits(loaded, first, second), EMBEDDING_BOUND, args.runs)

    other_grid = shuffled_grid(loaded, 0)
    print(f"With {len(other_grid.seams)} seams, and a tenth of all codes locked:")
    show(integer_edits(other_grid, shuffled_grid(loaded, 1)), INTEGER_BOUND, args.runs)
    show(undo_and_redo(other_grid), UNDO_BOUND, args.runs)

    for name, factor in healing_speeds(loaded, max(1, args.runs // 5)).items():
        print(f"{name:<15} {factor:6.2f}x real time", flush=True)
    for name in ("x.json", "x.json.gz"):
        print(f"{FILE_S:g} s as {name[1:]}: {file_kb(first, name):.0f} kB ({FILE_BOUND})")


if __name__ == "__main__":
    run_main(main)
