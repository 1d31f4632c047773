"""Folders of sounds to folders of codes."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.errors import OutputError
from distill.inference.codes import file as codes
from distill.workflows.folders import codes_paths, encode_folder
from distill.workflows.load import load


def sounds_in(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("sounds", "wanted"),
    [
        (["kick.wav", "low/kick.wav"], ["kick", "low/kick"]),
        (["kick.wav", "kick.flac"], ["kick.wav", "kick.flac"]),
        (["kick.wav", "kick.flac", "kick.wav.ogg"], ["kick.wav", "kick.flac", "kick.wav.ogg"]),
        (["kick.wav", "kick.wav.ogg"], ["kick", "kick.wav"]),
        (
            ["a.wav", "a.flac", "a.wav.ogg", "a.wav.ogg.aiff"],
            ["a.wav", "a.flac", "a.wav.ogg", "a.wav.ogg.aiff"],
        ),
        (["Kick.wav", "kick.flac", "snare.1.wav"], ["Kick.wav", "kick.flac", "snare.1"]),
    ],
)
def test_every_sound_has_a_name_of_its_own(
    tmp_path: Path, sounds: list[str], wanted: list[str]
) -> None:
    paths = codes_paths(sounds_in(tmp_path / "in", *sounds), tmp_path / "out")
    expected = {
        tmp_path / "in" / s: tmp_path / "out" / f"{name}.json"
        for s, name in zip(sounds, wanted, strict=True)
    }
    assert paths == expected


def test_a_sound_without_codes_stops_no_other(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, seconds in (("a", 0.1), ("b", 4.0), ("c", 0.2)):
        sf.write(folder / f"{name}.wav", 0.1 * np.ones(round(48_000 * seconds)), 48_000)
    # So long that its codes make no file.
    monkeypatch.setattr(codes, "MOST_NUMBERS", 300)
    model = load(trained, threads=1)
    done = {
        item.source.name: item
        for item in encode_folder(model, codes_paths(folder, tmp_path / "out"), 1)
    }
    assert [done[name].codes is not None for name in ("a.wav", "b.wav", "c.wav")] == [
        True,
        False,
        True,
    ]
    assert "too long for one codes file" in done["b.wav"].problem
    (tmp_path / "out" / "a.json").unlink()
    (tmp_path / "out" / "a.json").mkdir()
    with pytest.raises(OutputError):
        list(encode_folder(model, codes_paths(folder, tmp_path / "out"), 1))
