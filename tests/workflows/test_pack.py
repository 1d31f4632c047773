"""Sampler kits of a small model."""

import json
import os
import struct
import threading
from pathlib import Path
from xml.etree import ElementTree as xml

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.audio.delivery import Delivery
from distill.audio.io import read_audio
from distill.audio.tags import read_timing
from distill.errors import CancelledError, NoPriorError, OutputError, UsageError
from distill.models.persistence import LoadedVQModel
from distill.workflows.generate import generate_again
from distill.workflows.pack import Kit, pack
from tests.audio.test_timing import contents


@pytest.fixture(scope="module")
def model(trained: Path) -> LoadedVQModel:
    return distill.load(trained, "cpu", 1)


@pytest.fixture(scope="module")
def kit(model: LoadedVQModel, tmp_path_factory: pytest.TempPathFactory) -> Kit:
    return pack(
        model,
        tmp_path_factory.mktemp("pack") / "kit",
        3,
        2,
        seed=5,
        max_copy=100,
        tempo=120,
        bars=0.5,
    )


def test_a_kit_has_all_that_was_asked_for(kit: Kit) -> None:
    assert kit.remarks == ()
    assert len(kit.sounds) == 5
    names = sorted(path.name for path in kit.folder.iterdir())
    assert names == ["kit.dspreset", "kit.json", "kit.sfz", "loops", "one-shots"]
    assert os.listdir(kit.folder.parent) == ["kit"]
    for sound in kit.sounds:
        info = sf.info(kit.folder / sound.file)
        assert (info.subtype, info.frames, info.samplerate) == ("PCM_24", sound.frames, 48_000)


def test_every_file_tells_samplers_what_it_is(kit: Kit) -> None:
    for sound in kit.sounds:
        path = kit.folder / sound.file
        chunks = contents(path)
        sampler = struct.unpack("<9I", chunks[b"smpl"][:36])
        assert sampler[3] == sound.marks.root
        assert sampler[7] == int(sound.marks.is_loop)
        if sound.marks.is_loop:
            loop = struct.unpack("<6I", chunks[b"smpl"][36:])
            assert loop[2:4] == (0, sound.frames - 1)
        count, *_ = struct.unpack("<I", chunks[b"cue "][:4])
        assert count == len(sound.marks.cues) >= 1
        timing = read_timing(path)
        assert (timing is not None and timing.is_loop) == sound.marks.is_loop


def test_sfz_and_presets_name_files_that_are_there(kit: Kit) -> None:
    lines = (kit.folder / "kit.sfz").read_text().splitlines()
    named = [line.removeprefix("sample=") for line in lines if line.startswith("sample=")]
    root = xml.parse(kit.folder / "kit.dspreset").getroot()
    paths = [sample.get("path") for sample in root.iter("sample")]
    facts = json.loads((kit.folder / "kit.json").read_text())
    files = sorted(path.relative_to(kit.folder).as_posix() for path in kit.folder.rglob("*.wav"))
    assert sorted(named) == sorted(map(str, paths)) == files
    assert sorted(sound["file"] for sound in facts["sounds"]) == files


def test_loops_go_round_without_a_step(kit: Kit) -> None:
    for sound in kit.sounds:
        if not sound.marks.is_loop:
            continue
        audio = read_audio(kit.folder / sound.file)
        assert audio.shape[1] == 48_000
        steps = np.abs(np.diff(np.concatenate([audio, audio], axis=1))).max(axis=0)
        assert steps[audio.shape[1] - 1] <= np.quantile(steps, 0.999)


def test_the_recipe_in_each_file_makes_it_again(
    kit: Kit, model: LoadedVQModel, tmp_path: Path
) -> None:
    for sound in (kit.sounds[0], kit.sounds[-1]):
        path = kit.folder / sound.file
        again = generate_again(model, path).save(tmp_path / "again.wav")
        assert np.array_equal(sf.read(again)[0], sf.read(path)[0])


def test_the_same_seed_gives_the_same_kit_in_another_form(
    kit: Kit, model: LoadedVQModel, tmp_path: Path
) -> None:
    form = Delivery(rate=44_100, bits="16", loudness_target=-20)
    other = pack(model, tmp_path / "kit", 1, 0, seed=5, max_copy=100, delivery=form)
    (sound,) = other.sounds
    info = sf.info(other.folder / sound.file)
    assert (info.samplerate, info.subtype) == (44_100, "PCM_16")
    assert sound.loudness_lufs == pytest.approx(-20, abs=0.5)
    assert sound.seed == kit.sounds[0].seed
    assert not (other.folder / "loops").exists()


def test_nothing_above_the_limit_is_kept(model: LoadedVQModel, tmp_path: Path) -> None:
    """A model of eight plucks repeats them: with no limit some sounds do, with one none."""
    free = pack(model, tmp_path / "free", 6, 0, seed=1, max_copy=100)
    percents = [sound.copy_percent for sound in free.sounds]
    # Half of what the first one repeats, so that it is left out.
    limit = (percents[0] or 0.0) / 2
    kit = pack(model, tmp_path / "strict", 6, 0, seed=1, max_copy=limit + 1)
    assert kit.sounds
    assert all((sound.copy_percent or 0.0) <= limit + 1 for sound in kit.sounds)
    assert len(kit.sounds) == 6 or "6 one-shots" in kit.remarks[0]


def test_what_cannot_be_leaves_nothing(
    model: LoadedVQModel, codec_only: Path, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        pack(model, tmp_path / "there", 1, 0)
    with pytest.raises(UsageError, match="--one-shots"):
        pack(model, tmp_path / "kit", 65, 0)
    with pytest.raises(UsageError, match="marks in WAV files alone"):
        pack(model, tmp_path / "kit", 1, 0, delivery=Delivery(format="mp3"))
    with pytest.raises(UsageError, match="one sound at least"):
        pack(model, tmp_path / "kit", 0, 0)
    with pytest.raises(NoPriorError):
        pack(distill.load(codec_only, "cpu", 1), tmp_path / "kit", 1, 0)
    cancel = threading.Event()
    with pytest.raises(CancelledError):
        pack(
            model, tmp_path / "kit", 3, 0, on_sound=lambda sound: cancel.set(), cancel_event=cancel
        )
    assert os.listdir(tmp_path) == ["there"]
