import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from distill.errors import OutputError
from distill.inference.codes.encode import encode_sound
from distill.inference.codes.grid import LARGEST_CODEBOOK, CodeGrid
from distill.inference.codes.region import Region
from distill.inference.codes.usage import CodebookUsage, read_codebook_usage
from distill.models.persistence import load_model_v2
from distill.workflows.pictures import (
    DEAD,
    GRID_CELL,
    HEAT_CELL,
    LABEL_WIDTH,
    TEXT_HEIGHT,
    colour_codes,
    draw_grid,
    draw_heat_map,
    fold,
    save_png,
)


@pytest.fixture(scope="module")
def grid(trained: Path) -> CodeGrid:
    noise = np.random.default_rng(0).standard_normal((1, 400 * 1024)).astype(np.float32)
    return encode_sound(load_model_v2(trained), 0.1 * noise, "noise.wav")


@pytest.fixture(scope="module")
def usage(trained: Path) -> CodebookUsage:
    return read_codebook_usage(trained)


@given(T=st.integers(1, 500), columns=st.integers(1, 60), most=st.integers(1, 5))
def test_folding_loses_nothing_but_what_does_not_fit(T: int, columns: int, most: int) -> None:
    codes = np.arange(2 * T).reshape(T, 2)
    strips = fold(codes, columns, most)
    assert len(strips.cells) <= most
    assert max(strip.shape[1] for strip in strips.cells) <= columns
    assert np.array_equal(np.concatenate(strips.cells, axis=1), codes[:: strips.frames_per_cell].T)
    assert strips.frames_per_cell == 1 or columns * most < T


def test_rarer_codes_are_darker_and_all_have_colours_of_their_own(
    grid: CodeGrid, usage: CodebookUsage
) -> None:
    all_codes = np.arange(grid.codebook_size)
    plain, weighed = colour_codes(all_codes, 0), colour_codes(all_codes, 0, usage)
    assert len({tuple(colour) for colour in plain.tolist()}) == grid.codebook_size
    assert np.array_equal(colour_codes(all_codes[[7, 3, 7]], 0, usage), weighed[[7, 3, 7]])
    assert usage.counts[0] is not None
    order = np.argsort(usage.counts[0], kind="stable")
    light = weighed.max(axis=1)[order].astype(int)
    assert (np.diff(light) >= 0).all()
    assert light[-1] > 2 * light[0]


def test_how_many_codes_there_might_be_costs_nothing(grid: CodeGrid) -> None:
    claimed = replace(grid, codebook_size=LARGEST_CODEBOOK)
    tracemalloc.start()
    assert draw_grid(claimed) == draw_grid(grid)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3 * LARGEST_CODEBOOK, "as much as the colours of one level"


def test_the_grid_is_in_the_picture(grid: CodeGrid, tmp_path: Path) -> None:
    path = save_png(
        tmp_path / "grid.png", draw_grid(grid, None, Region(10, 390, (0, 2)), ["a", "b"])
    )
    with Image.open(path) as image:
        pixels = np.asarray(image)
    across, down = GRID_CELL
    for frame in (10, 11, 200):
        column = LABEL_WIDTH + (frame - 10) * across
        assert (
            pixels[TEXT_HEIGHT + 1, column].tolist()
            == colour_codes(grid.codes[frame], 0)[0].tolist()
        )
        assert (
            pixels[TEXT_HEIGHT + down + 1, column].tolist()
            == colour_codes(grid.codes[frame], 2)[2].tolist()
        )


def test_dead_codes_are_red(usage: CodebookUsage) -> None:
    pixels = np.asarray(draw_heat_map(usage))
    across, down = HEAT_CELL
    for q, counts in enumerate(usage.counts):
        assert counts is not None
        row = pixels[
            TEXT_HEIGHT + q * down + 2,
            LABEL_WIDTH : LABEL_WIDTH + across * usage.codebook_size : across,
        ]
        assert np.array_equal((row == DEAD).all(axis=1), counts == 0)


def test_names_that_no_font_has(grid: CodeGrid) -> None:
    names = ("Структура", "\ud800", "x" * 5000)
    assert draw_grid(replace(grid, level_names=names)).size[0] > 0


def test_a_picture_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        save_png(tmp_path / "no" / "x.png", Image.new("RGB", (2, 2)))
