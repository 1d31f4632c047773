"""Seams that edits leave, and how the prior mends them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from distill.errors import NoPriorError, UsageError
from distill.inference import operations as ops
from distill.inference.editing import CodeGrid
from distill.inference.healing import LEAD_S, heal
from distill.inference.regions import Region
from distill.inference.sampling import Sampling
from distill.library import workflows
from distill.models.persistence import LoadedVQModel, load_model_v2

WILD = Sampling(temperature=3.0, top_p=1.0)


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


@pytest.fixture(scope="module")
def spliced(loaded: LoadedVQModel, corpus_dir: Path) -> CodeGrid:
    low, high = corpus_dir / "low" / "pluck 3.wav", corpus_dir / "high" / "pluck 7.wav"
    a, b = workflows.encode(loaded, low), workflows.encode(loaded, high)
    return ops.paste(ops.crop(a, Region(0, 20)).grid, b, at=20).grid


def changed(before: CodeGrid, after: CodeGrid) -> list[int]:
    return np.flatnonzero((before.codes != after.codes).any(1)).tolist()


def test_before_every_seam_and_nowhere_else(loaded: LoadedVQModel, spliced: CodeGrid) -> None:
    assert spliced.seams == (20,)
    edited = heal(loaded, spliced, sampling=WILD)
    reach = round(LEAD_S * spliced.frame_rate)
    frames = changed(spliced, edited.grid)
    assert len(frames) > reach / 2
    assert 20 - reach <= frames[0] < frames[-1] < 20
    assert edited.grid == replace(spliced, codes=edited.grid.codes, seams=())
    assert heal(loaded, spliced, sampling=WILD).grid == edited.grid
    assert heal(loaded, spliced, sampling=WILD, seed=1).grid != edited.grid
    with pytest.raises(UsageError, match="No edit has left a seam"):
        heal(loaded, edited.grid)


def test_a_region_of_some_levels(loaded: LoadedVQModel, spliced: CodeGrid) -> None:
    healed = heal(loaded, spliced, Region(5, 30, (1, 2)), at_seams=False, sampling=WILD).grid
    assert np.array_equal(healed.codes[:, 0], spliced.codes[:, 0])
    assert set(changed(spliced, healed)) <= set(range(5, 30))
    assert len(changed(spliced, healed)) > 15
    assert healed.seams == (20,)


def test_what_is_locked_stays(loaded: LoadedVQModel, spliced: CodeGrid) -> None:
    held = ops.lock(ops.lock(spliced, Region(18, 22, (1,))).grid, Region(16, 17)).grid
    healed = heal(loaded, held, sampling=WILD)
    assert np.array_equal(healed.grid.codes[18:22, 1], held.codes[18:22, 1])
    assert np.array_equal(healed.grid.codes[16], held.codes[16])
    assert healed.kept_back == 0
    assert len(changed(held, healed.grid)) > 1
    whole = ops.lock(spliced).grid
    assert heal(loaded, whole).grid == replace(whole, seams=())


@pytest.mark.parametrize(("start", "stop"), [(0, 3), (0, None), (30, None), (7, 8)])
def test_any_region(loaded: LoadedVQModel, spliced: CodeGrid, start: int, stop: int | None) -> None:
    healed = heal(loaded, spliced, Region(start, stop), at_seams=False, sampling=WILD).grid
    assert healed.codes.shape == spliced.codes.shape
    assert set(changed(spliced, healed)) <= set(range(start, stop or len(spliced.codes)))


def test_seams_near_each_other_are_healed_at_once(loaded: LoadedVQModel, spliced: CodeGrid) -> None:
    moved = ops.move(spliced, Region(20, 22), at=10).grid
    assert moved.seams == (10, 12, 22)
    assert heal(loaded, moved, Region(0, 15)).grid.seams == (22,)


def test_without_a_prior(codec_only: Path, spliced: CodeGrid) -> None:
    with pytest.raises(NoPriorError, match="train-prior"):
        heal(load_model_v2(codec_only), spliced)
