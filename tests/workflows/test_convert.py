"""Sounds in other formats."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.audio.io import read_audio
from distill.audio.tags import read_timing
from distill.errors import DistillError, OutputError
from distill.inference.recipe import read_recipe
from distill.workflows.convert import convert_sound


def test_a_sound_keeps_its_samples_its_recipe_and_its_tempo(trained: Path, tmp_path: Path) -> None:
    (sound,) = distill.generate(distill.load(trained, "cpu", 1), 2.0, seed=3, tempo=120)
    first = sound.save(tmp_path / "a.wav")
    flac = convert_sound(first, tmp_path / "b.flac")
    back = convert_sound(flac, tmp_path / "c.wav")
    assert np.array_equal(sf.read(back)[0], sf.read(first)[0])
    assert read_recipe(flac) == read_recipe(first) == read_recipe(back)
    assert read_timing(convert_sound(first, tmp_path / "d.wav")) == read_timing(first)


def test_any_rate_and_kind_is_read(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (11_025, 2))
    sf.write(tmp_path / "a.aiff", noise, 44_100, subtype="PCM_24")
    path = convert_sound(tmp_path / "a.aiff", tmp_path / "a.flac")
    assert (sf.info(path).samplerate, sf.info(path).subtype) == (44_100, "PCM_24")
    assert np.array_equal(read_audio(path, 44_100), read_audio(tmp_path / "a.aiff", 44_100))
    with pytest.raises(OutputError):
        convert_sound(path, path)
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(DistillError, match=r"text\.wav"):
        convert_sound(tmp_path / "text.wav", tmp_path / "b.wav")
    assert not (tmp_path / "b.wav").exists()
