"""Paths of results are checked before any work."""

import os
from pathlib import Path

import pytest

from distill.errors import OutputError
from distill.workflows.paths import (
    check_outputs_in_folder,
    codes_path,
    free_path,
    output_paths,
    picture_path,
)


def test_sound_files_are_numbered_when_there_are_several(tmp_path: Path) -> None:
    assert output_paths(tmp_path / "a.wav", 1) == [tmp_path / "a.wav"]
    assert output_paths(tmp_path / "a.FLAC", 1) == [tmp_path / "a.FLAC"]
    assert [p.name for p in output_paths(tmp_path / "a.wav", 10)][::9] == ["a-01.wav", "a-10.wav"]


@pytest.mark.parametrize("name", ["a.wma", "a", "no/a.wav"])
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


def test_a_file_that_exists_is_replaced_only_where_the_command_says_so(tmp_path: Path) -> None:
    sound = tmp_path / "a.wav"
    sound.write_text("precious")
    assert output_paths(sound, overwrite=True) == [sound]
    with pytest.raises(OutputError, match=r"a.wav' exists already: .+ --overwrite"):
        output_paths(sound, overwrite=False)
    for i in (2, 3):
        (tmp_path / f"a-{i}.wav").write_text("precious")
    with pytest.raises(OutputError, match=r"a-2.wav' and 1 more exist already"):
        output_paths(sound, 3, overwrite=False)


def test_an_input_is_never_replaced_whatever_its_name(tmp_path: Path) -> None:
    sound = tmp_path / "kick.wav"
    sound.write_text("precious")
    (tmp_path / "link.wav").symlink_to(sound)
    os.link(sound, tmp_path / "hard.wav")
    (tmp_path / "sub").mkdir()
    for name in ("kick.wav", "link.wav", "hard.wav", "sub/../kick.wav"):
        with pytest.raises(OutputError, match="read by this command"):
            output_paths(tmp_path / name, 1, [None, tmp_path / "missing.wav", sound])
        with pytest.raises(OutputError, match="read by this command"):
            output_paths(sound, 1, [tmp_path / name])


def test_inputs_and_results_of_a_folder(tmp_path: Path) -> None:
    sound = tmp_path / "kick.wav"
    sound.write_text("precious")
    codes = tmp_path / "codes" / "deep" / "kick.json"
    check_outputs_in_folder(tmp_path / "codes", [codes], [sound], overwrite=False)
    assert not codes.parent.exists()
    codes.parent.mkdir(parents=True)
    codes.symlink_to(sound)
    with pytest.raises(OutputError, match="read by this command"):
        check_outputs_in_folder(tmp_path / "codes", [codes], [sound], overwrite=True)


@pytest.mark.parametrize("name", ["pipe.wav", "folder.wav", "device.wav"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "device.wav").symlink_to(os.devnull)
    with pytest.raises(OutputError, match=r"is a (folder|device)"):
        output_paths(tmp_path / name, overwrite=True)


def test_a_picture_never_takes_the_place_of_a_sound(tmp_path: Path) -> None:
    assert picture_path(tmp_path / "heat.PNG") == tmp_path / "heat.PNG"
    with pytest.raises(OutputError, match=r"end in .png"):
        picture_path(tmp_path / "kick.wav")


def test_names_by_default_number_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = []
    for _ in range(3):
        path = free_path("new.wav")
        path.touch()
        names.append(str(path))
    assert names == ["new.wav", "new-2.wav", "new-3.wav"]
    # Two sounds would be `new-1.wav` and `new-2.wav`: they become `new-2-1.wav` and `new-2-2.wav`.
    assert str(free_path("new.wav", 2)) == "new-2.wav"
    Path("a.b.json").touch()
    assert str(free_path("a.b.json")) == "a.b-2.json"
    Path("my.codes").mkdir()
    assert str(free_path("my.codes")) == "my.codes-2"


def test_long_names_end_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="too long"):
        output_paths(tmp_path / f"{'a' * 300}.wav")
