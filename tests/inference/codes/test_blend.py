"""Edits through embeddings: blends reach what lies between, drift stays near, clearing is
silence."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import distill
from distill.errors import CodebookMismatchError, UsageError
from distill.inference.codes import operations as ops
from distill.inference.codes.blend import (
    PIECE_FRAMES,
    blend,
    clear,
    drift,
    quantise,
    quantise_with_locks,
    sum_entries,
)
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import Region
from distill.models.persistence import LoadedVQModel, load_model_v2

ENDS = pytest.mark.parametrize("end", [0.0, 1.0])


@pytest.fixture(scope="module")
def loaded(codec_only: Path) -> LoadedVQModel:
    return load_model_v2(codec_only)


@pytest.fixture(scope="module")
def sounds(loaded: LoadedVQModel, corpus_dir: Path) -> tuple[CodeGrid, CodeGrid]:
    low, high = corpus_dir / "low" / "pluck 3.wav", corpus_dir / "high" / "pluck 7.wav"
    return distill.encode(loaded, low), distill.encode(loaded, high)


def books_of(loaded: LoadedVQModel) -> np.ndarray:
    return loaded.model.rvq.codebooks.numpy()


def rms(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(sound))))


@ENDS
@given(data=st.data())
@settings(max_examples=30)
def test_the_ends_of_a_blend_are_the_sounds_themselves(
    loaded, sounds, end: float, data: st.DataObject
) -> None:
    a, b = sounds
    T, Q = a.codes.shape
    start = data.draw(st.integers(0, T - 1))
    levels = tuple(data.draw(st.sets(st.integers(0, Q - 1), min_size=1)))
    region = Region(start, data.draw(st.integers(start + 1, T)), levels)
    edited = blend(loaded, a, b, end, region)
    assert edited.grid == (ops.transplant(a, b, region).grid if end else a)
    assert edited.distance is not None
    assert edited.distance.max() < 1e-3


def test_a_blend_lies_between(loaded, sounds) -> None:
    a, b = sounds
    T, books = len(a.codes), books_of(loaded)
    from_a, from_b = sum_entries(books, a.codes), sum_entries(books, b.codes[:T])
    apart = np.linalg.norm(from_a - from_b, axis=1).mean()
    to_a, to_b = [], []
    for amount in (0.0, 0.25, 0.5, 0.75, 1.0):
        edited = blend(loaded, a, b, amount)
        at = sum_entries(books, edited.grid.codes)
        to_a.append(np.linalg.norm(at - from_a, axis=1).mean() / apart)
        to_b.append(np.linalg.norm(at - from_b, axis=1).mean() / apart)
        assert edited.distance is not None
        # Neither sound alone is nearer to what was asked for.
        assert (edited.distance <= min(amount, 1 - amount) + 1e-4).all()
    assert to_a == sorted(to_a)
    assert to_b == sorted(to_b, reverse=True)
    assert 0 < to_a[2] < 1


def test_a_blend_by_a_curve_and_of_unequal_lengths(loaded, sounds) -> None:
    a, b = sounds
    T = len(a.codes)
    curve = np.linspace(0, 1, T)
    edited = blend(loaded, a, b, curve).grid
    assert np.array_equal(edited.codes[0], a.codes[0])
    assert np.array_equal(edited.codes[-1], b.codes[T - 1])
    longer = blend(loaded, b, a, 0.5)
    assert (longer.grid.n_samples, len(longer.distance)) == (b.n_samples, T)
    assert np.array_equal(longer.grid.codes[T:], b.codes[T:])
    assert "('pluck 3.wav') ends" in longer.remark
    assert np.array_equal(
        blend(loaded, b, a, np.full(len(b.codes), 0.5)).grid.codes, longer.grid.codes
    )


def test_a_blend_leaves_the_rest_and_the_locked(loaded, sounds) -> None:
    a, b = sounds
    edited = blend(loaded, a, b, 0.7, Region(2, 9, (0, 2))).grid
    assert np.array_equal(edited.codes[:, 1], a.codes[:, 1])
    assert np.array_equal(np.delete(edited.codes, np.s_[2:9], 0), np.delete(a.codes, np.s_[2:9], 0))
    locked = ops.lock(a, Region(levels=(0,))).grid
    kept = blend(loaded, locked, b, 1.0)
    assert np.array_equal(kept.grid.codes[:, 0], a.codes[:, 0])
    assert kept.kept_back == np.count_nonzero(a.codes[:, 0] != b.codes[: len(a.codes), 0])


def test_a_blend_works_around_what_is_locked(loaded, sounds) -> None:
    """A locked level is as one that was not asked for, a locked stretch likewise: the rest is
    blended as well as can be beside it, not as if the locked codes were going to change too."""
    a, b = sounds
    level = blend(loaded, ops.lock(a, Region(levels=(0,))).grid, b, 0.4)
    others = blend(loaded, a, b, 0.4, Region(levels=(1, 2)))
    assert np.array_equal(level.grid.codes, others.grid.codes)
    assert not np.array_equal(level.grid.codes[:, 1:], blend(loaded, a, b, 0.4).grid.codes[:, 1:])
    assert np.abs(level.distance - others.distance).max() < 1e-3
    stretch = blend(loaded, ops.lock(a, Region(3, 6)).grid, b, 0.4)
    whole = blend(loaded, a, b, 0.4).grid.codes
    assert np.array_equal(stretch.grid.codes[3:6], a.codes[3:6])
    assert np.array_equal(
        np.delete(stretch.grid.codes, np.s_[3:6], 0), np.delete(whole, np.s_[3:6], 0)
    )
    assert stretch.kept_back == np.count_nonzero(a.codes[3:6] != b.codes[3:6])


@given(seed=st.integers(0, 999), T=st.integers(1, 20), Q=st.integers(1, 4))
@settings(max_examples=30)
def test_what_is_held_stays_and_the_rest_is_no_worse_than_its_seeds(
    seed: int, T: int, Q: int
) -> None:
    generator = np.random.default_rng(seed)
    books, x = (
        generator.standard_normal((Q, 7, 3), np.float32),
        generator.standard_normal((T, 3), np.float32),
    )
    locked, seeds = generator.random((T, Q)) < 0.4, generator.integers(0, 7, (2, T, Q))
    seeds[1][locked] = seeds[0][locked]
    codes = quantise_with_locks(x, books, seeds, locked)
    assert np.array_equal(codes[locked], seeds[0][locked])
    result = np.square(x - sum_entries(books, codes)).sum(1)
    for own in seeds:
        assert (result <= np.square(x - sum_entries(books, own)).sum(1) + 1e-4).all()


@given(seed=st.integers(0, 999), T=st.integers(1, 20), Q=st.integers(1, 4), K=st.integers(1, 9))
@settings(max_examples=60)
def test_quantising_is_no_worse_than_its_seeds_nor_than_greed(
    seed: int, T: int, Q: int, K: int
) -> None:
    generator = np.random.default_rng(seed)
    books, x = (
        generator.standard_normal((Q, K, 3), np.float32),
        generator.standard_normal((T, 3), np.float32),
    )
    seeds = generator.integers(0, K, (2, T, Q))
    result = np.square(x - sum_entries(books, quantise(x, books, seeds))).sum(1)
    for codes in seeds:
        assert (result <= np.square(x - sum_entries(books, codes)).sum(1) + 1e-4).all()
    if Q == 1:
        assert result == pytest.approx(np.square(x[:, None] - books[0]).sum(2).min(1), abs=1e-4)


def test_quantising_in_pieces_is_quantising_at_once() -> None:
    generator = np.random.default_rng(0)
    books, x = (
        generator.standard_normal((3, 8, 4), np.float32),
        generator.standard_normal((PIECE_FRAMES + 9, 4), np.float32),
    )
    seeds = generator.integers(0, 8, (2, len(x), 3))
    whole = quantise(x, books, seeds)
    assert np.array_equal(
        whole[PIECE_FRAMES:], quantise(x[PIECE_FRAMES:], books, seeds[:, PIECE_FRAMES:])
    )
    assert quantise(x[:0], books, seeds[:, :0]).shape == (0, 3)


def test_drift_goes_near_and_repeats_what_repeats(loaded, sounds) -> None:
    grid, books = sounds[0], books_of(loaded)
    drifted = drift(loaded, grid, 1.0, seed=3).grid
    assert drifted == drift(loaded, grid, 1.0, seed=3).grid
    assert drifted != drift(loaded, grid, 1.0, seed=4).grid
    assert not (drifted.codes == grid.codes).any()
    for level, book in enumerate(books):
        pairs = set(
            zip(grid.codes[:, level].tolist(), drifted.codes[:, level].tolist(), strict=True)
        )
        assert len(pairs) == len({old for old, _ in pairs})
        for old, new in pairs:
            nearer = (
                np.linalg.norm(book - book[old], axis=1)
                < np.linalg.norm(book[new] - book[old]) - 1e-4
            )
            assert nearer.sum() <= 4


def test_drift_by_amount_and_steps(loaded, sounds) -> None:
    grid = sounds[0]
    changed = [
        np.count_nonzero(drift(loaded, grid, x, seed=1).grid.codes != grid.codes)
        for x in (0, 0.5, 1)
    ]
    assert changed[0] == 0 < changed[1] < changed[2]
    assert drift(loaded, grid, 1.0, seed=1, steps=5).grid != drift(loaded, grid, 1.0, seed=1).grid
    differs = drift(loaded, grid, 1.0, Region(3, 5, (1,))).grid.codes != grid.codes
    assert np.argwhere(differs).tolist() == [[3, 1], [4, 1]]


def test_what_is_cleared_is_silent(loaded, sounds) -> None:
    grid = sounds[0]
    silent = distill.decode(loaded, clear(loaded, grid).grid)
    assert rms(silent) < 0.05 * rms(distill.decode(loaded, grid))
    partly = clear(loaded, grid, Region(2, 5, (1, 2))).grid
    faintest = np.square(books_of(loaded)).sum(2).argmin(1)
    assert (partly.codes[2:5, 1:] == faintest[1:]).all()
    assert np.array_equal(partly.codes[:, 0], grid.codes[:, 0])


def test_what_makes_no_sense(loaded, sounds) -> None:
    a, b = sounds
    late = Region(len(a.codes) + 1)
    for edit in (
        lambda: blend(loaded, a, b, 1.1),
        lambda: blend(loaded, a, b, float("nan")),
        lambda: blend(loaded, a, b, np.zeros(3)),
        lambda: blend(loaded, b, a, 0.5, late),
        lambda: drift(loaded, a, -0.1),
        lambda: drift(loaded, a, 0.5, steps=0),
        lambda: drift(loaded, a, 0.5, seed=-1),
    ):
        with pytest.raises(UsageError):
            edit()
    other = replace(a, codebook_hash="0" * 64)
    for edit in (
        lambda: blend(loaded, other, b, 0.5),
        lambda: blend(loaded, a, other, 0.5),
        lambda: drift(loaded, other, 0.5),
        lambda: clear(loaded, other),
    ):
        with pytest.raises(CodebookMismatchError):
            edit()
