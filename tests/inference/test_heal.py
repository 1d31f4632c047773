"""Seams that edits leave, and how the prior mends them."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import distill
from distill.errors import NoPriorError, UsageError
from distill.inference.codes import operations as ops
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import Region
from distill.inference.heal import LEAD_S, LONGEST_LEAD_S, heal
from distill.inference.sampling.level_ramp import largest_steps
from distill.inference.sampling.settings import Sampling
from distill.models.chunked import encode_audio
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.models.prior import CodePrior

WILD = Sampling(temperature=3.0, top_p=1.0)


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


@pytest.fixture(scope="module")
def spliced(loaded: LoadedVQModel, corpus_dir: Path) -> CodeGrid:
    low, high = corpus_dir / "low" / "pluck 3.wav", corpus_dir / "high" / "pluck 7.wav"
    a, b = distill.encode(loaded, low), distill.encode(loaded, high)
    return ops.paste(ops.crop(a, Region(0, 20)).grid, b, at=20).grid


def changed(before: CodeGrid, after: CodeGrid) -> list[int]:
    return np.flatnonzero((before.codes != after.codes).any(1)).tolist()


def test_before_every_seam_and_nowhere_else(loaded: LoadedVQModel, spliced: CodeGrid) -> None:
    assert spliced.seams == (20,)
    edited = heal(loaded, spliced, sampling=WILD)
    least, most = (round(seconds * spliced.frame_rate) for seconds in (LEAD_S, LONGEST_LEAD_S))
    frames = changed(spliced, edited.grid)
    assert len(frames) > least / 2
    assert 20 - most <= frames[0] < frames[-1] < 20
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
    assert healed.grid.seams == ()


@pytest.mark.parametrize(("start", "stop"), [(0, None), (14, 21)])
def test_seams_that_are_locked_are_not_mended(
    loaded: LoadedVQModel, spliced: CodeGrid, start: int, stop: int | None
) -> None:
    # Before the second seam, something may change.
    grid = replace(spliced, seams=(20, 35))
    held = ops.lock(grid, Region(start, stop)).grid
    healed = heal(loaded, held, sampling=WILD).grid
    assert healed.seams == ((20, 35) if stop is None else (20,))
    assert bool(changed(held, healed)) is (stop is not None)
    whole = ops.lock(grid).grid
    assert heal(loaded, whole, at_seams=False).grid == whole


def test_a_remark_says_when_most_was_regenerated(loaded: LoadedVQModel, spliced: CodeGrid) -> None:
    shuffled = ops.shuffle(spliced, block=4, seed=1).grid
    assert heal(loaded, spliced).remark == ""
    assert re.fullmatch(
        r"The seams lie so close that \d\d% of the sound was regenerated\.",
        heal(loaded, shuffled).remark,
    )
    assert heal(loaded, shuffled, at_seams=False).remark == ""


@pytest.mark.parametrize("seed", [-1, 2**64, 10**20])
def test_a_seed_that_is_none(loaded: LoadedVQModel, spliced: CodeGrid, seed: int) -> None:
    with pytest.raises(UsageError, match="--seed must lie between 0 and"):
        heal(loaded, spliced, seed=seed)


@pytest.mark.parametrize(("start", "stop"), [(0, 3), (0, None), (30, None), (7, 8)])
def test_any_region(loaded: LoadedVQModel, spliced: CodeGrid, start: int, stop: int | None) -> None:
    healed = heal(loaded, spliced, Region(start, stop), at_seams=False, sampling=WILD).grid
    assert healed.codes.shape == spliced.codes.shape
    assert set(changed(spliced, healed)) <= set(range(start, stop or len(spliced.codes)))


def stepped(loaded: LoadedVQModel, grid: CodeGrid, db: float) -> CodeGrid:
    """A steady tone that from frame 20 on is so much louder or quieter, as codes; all else as in
    `grid`."""
    tone = (
        0.3
        * np.sin(2 * np.pi * 220 * np.arange(40 * 1024) / grid.sample_rate, dtype=np.float32)[None]
    )
    # One frame of it again and again: as the codec says it, the level of a tone is not quite
    # steady.
    codes = [
        encode_audio(loaded.model, gain * tone)[10:11].repeat(20, 1)
        for gain in (1.0, 10 ** (db / 20))
    ]
    return replace(
        grid, codes=torch.cat(codes).numpy(), n_samples=40 * 1024, locked=None, seams=(20,)
    )


@pytest.mark.parametrize(("db", "reach_s"), [(-30.0, LONGEST_LEAD_S), (-1.0, LEAD_S)])
def test_level_steps_less_the_more_it_did_the_longer_the_lead(
    loaded: LoadedVQModel, spliced: CodeGrid, db: float, reach_s: float
) -> None:
    grid = stepped(loaded, spliced, db)
    reach = round(reach_s * grid.frame_rate)

    healed = [heal(loaded, grid, seed=seed).grid for seed in range(8)]

    # Heard, in the decoded sound.
    def largest_heard(x: CodeGrid) -> float:
        codes = torch.tensor(x.codes)
        return float(largest_steps(loaded.model, codes[:5], codes[None, 5:20], codes[20:])[0])

    assert np.mean([largest_heard(x) for x in healed]) < max(6.0, 0.75 * largest_heard(grid))

    # By the codes, from frame to frame: there no small decoder blurs what healing does.
    def largest_coded(x: CodeGrid) -> float:
        latents = loaded.model.rvq.lookup(torch.tensor(x.codes).long())
        levels = loaded.model.frame_levels(latents)
        return float(levels.diff().abs().max())

    assert np.mean([largest_coded(x) for x in healed]) < max(6.0, 0.5 * largest_coded(grid))
    firsts = [min(changed(grid, x), default=20) for x in healed]
    assert min(firsts) >= 20 - reach
    assert db == -1.0 or min(firsts) < 20 - reach / 2


@pytest.mark.parametrize(
    "seams", [(4,), (20, 23), (20, 28), (6, 9, 12, 15, 18, 21, 24, 27), (1, 39)]
)
def test_any_seams(loaded: LoadedVQModel, spliced: CodeGrid, seams: tuple[int, ...]) -> None:
    grid = replace(spliced, seams=seams)
    healed = heal(loaded, grid, sampling=WILD).grid
    assert healed.seams == ()
    frames = changed(grid, healed)
    assert frames[-1] < seams[-1]
    most = round(LONGEST_LEAD_S * grid.frame_rate)
    assert all(any(seam - most <= frame < seam for seam in seams) for frame in frames)


def test_an_older_prior_that_hears_the_past_alone(loaded: LoadedVQModel, spliced: CodeGrid) -> None:
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_layers": 1, "num_heads": 2}
    older = CodePrior(32, 30 * 3, 3, **sizes).eval()
    healed = heal(replace(loaded, prior=older), spliced).grid
    assert 0 < len(changed(spliced, healed)) <= round(LONGEST_LEAD_S * spliced.frame_rate)


def test_seams_near_each_other_are_healed_at_once(loaded: LoadedVQModel, spliced: CodeGrid) -> None:
    moved = ops.move(spliced, Region(20, 22), at=10).grid
    assert moved.seams == (10, 12, 22)
    assert heal(loaded, moved, Region(0, 15)).grid.seams == (22,)


def test_without_a_prior(codec_only: Path, spliced: CodeGrid) -> None:
    with pytest.raises(NoPriorError, match="train-prior"):
        heal(load_model_v2(codec_only), spliced)
