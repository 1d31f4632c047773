"""Arguments of edits in the words of users: times, levels, other sounds."""

from pathlib import Path

import pytest

import distill
from distill.errors import UsageError
from distill.inference.codes import operations
from distill.inference.codes.file import save_codes
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import Region


def test_times_and_levels_in_words(pair: tuple[CodeGrid, CodeGrid]) -> None:
    grid, _ = pair
    expected = operations.reverse(grid, Region(2, 5, (1,))).grid
    assert distill.edit.reverse(grid, "2f", "5f", "timbre").grid == expected
    seconds = [frame / grid.frame_rate for frame in (2, 5)]
    assert distill.edit.reverse(grid, *seconds, levels="2").grid == expected
    with pytest.raises(UsageError, match="past the end"):
        distill.edit.reverse(grid, start=60)


def test_another_sound_as_a_grid_or_as_a_file(
    pair: tuple[CodeGrid, CodeGrid], tmp_path: Path
) -> None:
    grid, other = pair
    path = save_codes(tmp_path / "other.json", other)
    for edit in (distill.edit.swap, distill.edit.paste, distill.edit.transplant):
        options = {"levels": "1"} | ({"at": 0} if edit is distill.edit.paste else {})
        by_grid, by_path, by_name = (
            edit(grid, source, **options).grid for source in (other, path, str(path))
        )
        assert by_grid == by_path == by_name != grid
