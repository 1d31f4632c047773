"""Folders of sounds to folders of codes, and codebook entries to folders of sounds."""

import itertools
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.errors import CancelledError, OutputError
from distill.inference.codes import file as codes
from distill.inference.codes.file import load_codes
from distill.workflows import folders
from distill.workflows.folders import codes_paths, encode_folder, write_entries


def sounds_in(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("sounds", "names"),
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
    tmp_path: Path, sounds: list[str], names: list[str]
) -> None:
    paths = codes_paths(sounds_in(tmp_path / "in", *sounds), tmp_path / "out")
    expected = {
        tmp_path / "in" / s: tmp_path / "out" / f"{name}.json"
        for s, name in zip(sounds, names, strict=True)
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
    model = distill.load(trained, threads=1)
    output = tmp_path / "out"
    sounds = {sound.source.name: sound for sound in encode_folder(model, folder, output)}
    assert sorted(sounds) == ["a.wav", "b.wav", "c.wav"]
    assert [name for name in sounds if sounds[name].codes is None] == ["b.wav"]
    assert "too long for one codes file" in sounds["b.wav"].problem
    assert load_codes(sounds["c.wav"].path) == sounds["c.wav"].codes
    (output / "a.json").unlink()
    (output / "a.json").mkdir()
    with pytest.raises(OutputError):
        list(encode_folder(model, folder, output))


def test_every_entry_is_a_sound_in_the_folder_of_its_level(trained: Path, tmp_path: Path) -> None:
    model = distill.load(trained, threads=1)
    paths = list(itertools.islice(write_entries(model, tmp_path / "entries"), 33))
    assert paths[0] == tmp_path / "entries" / "1-structure" / "00.wav"
    assert paths[32] == tmp_path / "entries" / "2-timbre" / "00.wav"
    sound, rate = sf.read(paths[7], dtype="float32")
    assert rate == model.model.sample_rate
    assert np.allclose(sound, distill.decode_entry(model, "1:7")[0], atol=1e-5)


def test_channels_that_cancel_are_remarked_upon(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    wave = np.sin(np.arange(9600) / 9) / 2
    sf.write(folder / "good.wav", np.stack([wave, wave], 1), 48_000)
    sf.write(folder / "inverted.wav", np.stack([wave, -wave], 1), 48_000)
    model = distill.load(trained, threads=1)
    remarks = {s.source.name: s.remark for s in encode_folder(model, folder, tmp_path / "out")}
    assert remarks["good.wav"] == ""
    assert "'inverted.wav' cancel" in remarks["inverted.wav"]


def test_a_folder_can_be_left_within_a_sound(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.wav", "b.wav"):
        # Long enough for several pieces of encoding.
        sf.write(folder / name, np.zeros(60 * 48_000), 48_000)
    event = threading.Event()
    told: list[int] = []
    encoding_of = folders.encoding_of

    def cancelled_at_first_progress(model, source, progress, cancel_event):
        def tell(done: int, total: int) -> None:
            told.append(done)
            event.set()
            progress(done, total)

        return encoding_of(model, source, tell, cancel_event)

    monkeypatch.setattr(folders, "encoding_of", cancelled_at_first_progress)
    with pytest.raises(CancelledError):
        list(encode_folder(distill.load(trained), folder, tmp_path / "out", cancel_event=event))
    assert len(told) == 1
    assert list((tmp_path / "out").iterdir()) == []
