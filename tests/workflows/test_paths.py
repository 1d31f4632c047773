"""Paths of results are checked before any work."""

from pathlib import Path

import pytest

from distill.errors import OutputError
from distill.workflows.paths import codes_path, output_paths


def test_sound_files_are_numbered_when_there_are_several(tmp_path: Path) -> None:
    assert output_paths(tmp_path / "a.wav", 1) == [tmp_path / "a.wav"]
    assert output_paths(tmp_path / "a.FLAC", 1) == [tmp_path / "a.FLAC"]
    assert [p.name for p in output_paths(tmp_path / "a.wav", 10)][::9] == ["a-01.wav", "a-10.wav"]


@pytest.mark.parametrize("name", ["a.mp3", "a", "no/a.wav"])
def test_sound_files_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError):
        output_paths(tmp_path / name, 1)


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "A.JSON.GZ"])
def test_codes_files(tmp_path: Path, name: str) -> None:
    assert codes_path(tmp_path / name) == tmp_path / name
    assert codes_path(str(tmp_path / name)) == tmp_path / name


@pytest.mark.parametrize(
    ("name", "part"),
    [("a.wav", "end in .json"), ("json", "end in .json"), ("no/a.json", "does not exist")],
)
def test_codes_files_that_cannot_be_written(tmp_path: Path, name: str, part: str) -> None:
    with pytest.raises(OutputError, match=part):
        codes_path(tmp_path / name)
