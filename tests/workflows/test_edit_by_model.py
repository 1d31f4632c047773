"""Edits that take the model, from Python."""

from pathlib import Path

import numpy as np

import distill
from distill.inference.codes.grid import CodeGrid


def test_heal_takes_seams_without_a_region_and_all_of_a_region(
    trained: Path, pair: tuple[CodeGrid, CodeGrid]
) -> None:
    model = distill.load(trained, threads=1)
    grid, _ = pair
    joined = distill.edit.repeat(grid, times=2).grid
    (seam,) = joined.seams
    healed = distill.edit.heal(model, joined, temperature=4).grid
    changed = np.flatnonzero((healed.codes != joined.codes).any(1))
    assert changed.size
    assert changed.max() < seam
    region = distill.edit.heal(model, joined, start=f"{seam}f", temperature=4).grid
    assert np.flatnonzero((region.codes != joined.codes).any(1)).min() >= seam
