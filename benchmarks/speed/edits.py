"""How long edits of codes take, on grids of 60 s: medians of so many runs, in ms, beside what they
may take; on one with seams everywhere and a tenth locked, too; and how large the codes file of 30 s
is, at worst: of random codes. How fast heal makes a region anew, beside how fast the prior draws.
Encoding and decoding: listen.py.

    python benchmarks/codes.py [MODEL.sda]      # without a model, an untrained codec of the default
    size, and prior

Heal draws some tries at once and judges them, so that it cannot be as fast as the prior by itself.
Timed by the processor on one thread, so that other work on the machine does not count.
"""

import os

# Before NumPy is loaded: a matrix product is to be timed on one thread as well.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from benchmarks.speed.inference import model_of, untrained_prior
from distill.device import prepare
from distill.inference.codes import blend as blending
from distill.inference.codes import operations as ops
from distill.inference.codes.file import save_codes
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.history import History
from distill.inference.codes.region import Region
from distill.inference.heal import TRIES, heal
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.settings import Sampling
from distill.models.levels import level_names
from distill.models.persistence import LoadedVQModel

SECONDS = 60.0
INTEGER_MS, EMBEDDING_MS, UNDO_MS = 5.0, 50.0, 1.0
FILE_S, FILE_KB = 30.0, 100.0
HEAL_S = 1.0
PRIOR_FILES = 20
"""An untrained prior is as large as for so many files."""


def milliseconds(work: Callable[[], object], runs: int) -> float:
    """Median processor time of `work`, after a warm-up."""
    work()
    times = []
    for _ in range(runs):
        began = time.process_time()
        work()
        times.append(1000 * (time.process_time() - began))
    return statistics.median(times)


def random_grid(loaded: LoadedVQModel, seed: int, locked: bool = False) -> CodeGrid:
    """60 s of random codes: of two such, no frame is the same, so that a blend has all to do."""
    model = loaded.model
    T, Q = round(SECONDS * model.frame_rate), model.num_quantizers
    generator = np.random.default_rng(seed)
    return CodeGrid(
        codes=generator.integers(model.codebook_size, size=(T, Q)),
        codebook_size=model.codebook_size,
        codebook_hash=model.codebook_hash(),
        model_id="",
        frame_rate=model.frame_rate,
        level_names=level_names(Q),
        gain=1.0,
        n_samples=T * model.frame_hop,
        sample_rate=model.sample_rate,
        channels=model.channels,
        source=f"random {seed}",
        locked=generator.random((T, Q)) < 0.1 if locked else None,
    )


def integer_edits(a: CodeGrid, b: CodeGrid) -> dict[str, Callable[[], object]]:
    T = len(a.codes)
    middle = Region(T // 4, T // 2)
    return {
        "set": lambda: ops.set_code(a, 1),
        "replace": lambda: ops.replace_code(a, 1, 2),
        "crop": lambda: ops.crop(a, middle),
        "cut": lambda: ops.cut(a, middle),
        "copy": lambda: ops.copy(a, middle, at=T // 2),
        "paste": lambda: ops.paste(a, b, at=T // 2),
        "move": lambda: ops.move(a, middle, at=0),
        "reverse": lambda: ops.reverse(a),
        "repeat": lambda: ops.repeat(a, middle, 4),
        "stretch": lambda: ops.stretch(a, Region(), 2.0),
        "shuffle": lambda: ops.shuffle(a, block=1),
        "swap": lambda: ops.swap(a, b),
        "transplant": lambda: ops.transplant(a, b, Region(levels=(0,))),
        "lock": lambda: ops.lock(a),
        "unlock": lambda: ops.unlock(a),
    }


def embedding_edits(
    loaded: LoadedVQModel, a: CodeGrid, b: CodeGrid
) -> dict[str, Callable[[], object]]:
    return {
        "blend": lambda: blending.blend(loaded, a, b, 0.5),
        "drift": lambda: blending.drift(loaded, a, 1.0),
        "clear": lambda: blending.clear(loaded, a),
    }


def shuffled(loaded: LoadedVQModel, seed: int) -> CodeGrid:
    """As `random_grid`, with a seam at every frame, and of the cells a tenth locked."""
    return ops.shuffle(random_grid(loaded, seed, locked=True), block=1).grid


def healing_speeds(loaded: LoadedVQModel, runs: int) -> dict[str, float]:
    """Seconds of sound a second: what heal makes anew of a region and of the leads to two seams,
    and what the prior draws of one sound, and of as many at once as heal does."""
    prior = loaded.prior or untrained_prior(loaded, PRIOR_FILES)
    with_prior, frame_rate = replace(loaded, prior=prior), loaded.model.frame_rate
    grid = ops.crop(random_grid(loaded, 0), Region(0, round(10 * frame_rate))).grid
    length, first = round(HEAL_S * frame_rate), round(4 * frame_rate)
    seams = replace(grid, seams=(first, first + length))
    mended = heal(with_prior, seams).grid
    led = int((mended.codes != grid.codes).any(1).sum()) / frame_rate

    def drawn(streams: int) -> None:
        list(
            islice(
                draw_frames(prior, streams, Sampling(), torch.Generator().manual_seed(0)), length
            )
        )

    work: dict[str, tuple[float, Callable[[], object]]] = {
        "heal a region": (
            HEAL_S,
            lambda: heal(with_prior, grid, Region(first, first + length), at_seams=False),
        ),
        "heal two seams": (led, lambda: heal(with_prior, seams)),
        "the prior": (HEAL_S, lambda: drawn(1)),
        f"of {TRIES} at once": (HEAL_S, lambda: drawn(TRIES)),
    }
    return {
        name: 1000 * seconds / milliseconds(what, runs) for name, (seconds, what) in work.items()
    }


def undo_and_redo(grid: CodeGrid) -> Callable[[], object]:
    history = History(grid)
    for _ in range(500):
        history.add("reverse", ops.reverse(history.grid).grid)
    return lambda: (history.undo(), history.redo())


def file_kb(grid: CodeGrid, name: str) -> float:
    """Size of a codes file of `FILE_S` of `grid`."""
    with tempfile.TemporaryDirectory() as folder:
        short = ops.crop(grid, Region(0, round(FILE_S * grid.frame_rate))).grid
        return save_codes(Path(folder) / name, short).stat().st_size / 1000


def show(edits: dict[str, Callable[[], object]], limit: float, runs: int) -> None:
    for name, edit in edits.items():
        took = milliseconds(edit, runs)
        print(f"{name:<12} {took:8.3f} ms   {took / limit:6.1%} of {limit:g} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--locked", action="store_true", help="a tenth of all cells is locked")
    arguments = parser.parse_args()
    prepare(1)
    with torch.inference_mode():
        loaded = model_of(arguments.model)
        first, second = (random_grid(loaded, seed, arguments.locked) for seed in (0, 1))
        print(
            f"{SECONDS:g} s: {len(first.codes)} frames x {len(first.level_names)} levels of {first.codebook_size}"
        )
        show(integer_edits(first, second), INTEGER_MS, arguments.runs)
        show({"undo, redo": undo_and_redo(first)}, UNDO_MS, arguments.runs)
        show(embedding_edits(loaded, first, second), EMBEDDING_MS, arguments.runs)
        many, other = (shuffled(loaded, seed) for seed in (0, 1))
        print(f"With {len(many.seams)} seams, and a tenth of all codes locked:")
        show(integer_edits(many, other), INTEGER_MS, arguments.runs)
        show({"undo, redo": undo_and_redo(many)}, UNDO_MS, arguments.runs)
        for name, factor in healing_speeds(loaded, max(1, arguments.runs // 5)).items():
            print(f"{name:<15} {factor:6.2f}x real time")
    for name in ("x.json", "x.json.gz"):
        print(f"{FILE_S:g} s as {name[1:]}: {file_kb(first, name):.0f} kB (at most {FILE_KB:g})")
