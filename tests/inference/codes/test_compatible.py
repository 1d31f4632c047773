"""Codes are used only where they mean the same: by model, by grid, by statistics."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from distill.errors import CodebookMismatchError, CodesFileError
from distill.inference.codes.compatible import (
    check_fits_grid,
    check_fits_model,
    check_fits_usage,
    make_grid,
)
from distill.inference.codes.decode import decode_blocks, decode_sound
from distill.inference.codes.encode import encode_sound
from distill.inference.codes.usage import read_codebook_usage
from distill.models.persistence import LoadedVQModel, load_model_v2


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


@pytest.mark.parametrize(
    "changes",
    [
        {"codebook_hash": "cd" * 32, "model_id": "model-2"},
        {"codebook_size": 128},
        {"frame_rate": 93.75, "n_samples": 5 * 512},
    ],
)
def test_other_codecs_are_refused_by_name(new_grid, changes) -> None:
    a = new_grid()
    b = new_grid(seed=1, **changes)
    with pytest.raises(CodebookMismatchError, match=r"'sound 0.wav' and 'sound 1.wav'"):
        check_fits_grid(a, b)
    check_fits_grid(a, new_grid(9, seed=2))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"codebook_hash": "cd" * 32, "model_id": "b"}, "different models (model-1 and b)"),
        ({"codebook_size": 128}, "64 and 128 codes a level"),
        ({"Q": 2}, "3 and 2 levels"),
        ({"frame_rate": 93.75, "n_samples": 5 * 512}, "46.875 and 93.75 frames a second"),
        (
            {"frame_rate": 46.875, "sample_rate": 24_000, "n_samples": 5 * 512},
            "48000 and 24000 samples a second",
        ),
    ],
)
def test_the_message_names_the_difference(new_grid, changes, words: str) -> None:
    with pytest.raises(CodebookMismatchError) as raised:
        check_fits_grid(new_grid(), new_grid(seed=1, **changes))
    assert words in str(raised.value)


def test_grids_of_another_model_are_not_looked_up_in_its_statistics(trained: Path) -> None:
    grid = encode_sound(load_model_v2(trained), np.ones((1, 2000), np.float32), "a.wav")
    usage = read_codebook_usage(trained)
    check_fits_usage(usage, grid)
    with pytest.raises(CodebookMismatchError, match=r"a\.wav"):
        check_fits_usage(usage, replace(grid, codebook_hash="0" * 64))
    extra = replace(grid, codes=np.tile(grid.codes, 2), level_names=grid.level_names * 2)
    for misfit in (extra, replace(grid, codebook_size=64)):
        with pytest.raises(CodesFileError, match=r"a\.wav"):
            check_fits_usage(usage, misfit)
    check_fits_usage(
        usage, replace(grid, codes=grid.codes[:, :2], level_names=grid.level_names[:2])
    )


def test_codes_of_another_model_are_refused(loaded: LoadedVQModel) -> None:
    grid = encode_sound(loaded, np.ones((1, 3000), np.float32))
    check_fits_model(loaded, grid)
    foreign = replace(grid, codebook_hash="0" * 64)
    for use in (check_fits_model, decode_sound):
        with pytest.raises(CodebookMismatchError, match="another model"):
            use(loaded, foreign)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        # As an edit of the file by hand may make it.
        ({"frame_rate": 93.75, "n_samples": 4 * 512}, "512 samples a frame"),
        ({"frame_rate": 23.4375, "sample_rate": 24_000}, "24000 samples a second"),
        ({"codebook_size": 64}, "64 codes a level"),
        ({"codes": np.zeros((4, 4), np.int32), "level_names": ("a", "b", "c", "d")}, "4 levels"),
    ],
)
def test_codes_of_other_rates_or_levels_are_refused(
    loaded: LoadedVQModel, changes, words: str
) -> None:
    grid = encode_sound(loaded, np.zeros((1, 4 * 1024), np.float32), "a.wav")
    with pytest.raises(CodesFileError, match=f"'a.wav' have {words}"):
        decode_blocks(loaded, replace(grid, **changes))


def test_a_grid_of_fewer_levels_fits(loaded: LoadedVQModel) -> None:
    codes = np.zeros((4, 2), np.int32)
    grid = make_grid(loaded, codes, n_samples=4 * 1024, gain=0.5, source="two levels")
    check_fits_model(loaded, grid)
    assert grid.level_names == ("Structure", "Detail")
    assert (grid.codebook_hash, grid.channels) == (loaded.model.codebook_hash(), 1)
    assert (grid.gain, grid.width, grid.source) == (0.5, 1.0, "two levels")
