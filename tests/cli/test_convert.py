"""`distill convert`."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.io import read_audio
from distill.inference.recipe import read_recipe
from tests.audio.sofa_files import write_sofa
from tests.audio.test_io import tone

SHORT = ["--duration", "0.5", "--threads", "1"]


def test_a_sound_in_another_form(run, trained: Path, tmp_path: Path) -> None:
    run("generate", trained, "-o", "a.wav", *SHORT)
    result = run("convert", "a.wav", "-o", "a.mp3", "--bitrate", "192", "--rate", "44100", "--json")
    facts = json.loads(result.stdout)
    assert (facts["sample_rate"], facts["n_samples"]) == (44_100, 22_050)
    assert facts["bytes"] == (tmp_path / "a.mp3").stat().st_size
    assert read_recipe(tmp_path / "a.mp3") == read_recipe(tmp_path / "a.wav")
    # The recipe is that of the sound it was made from.
    assert run("generate", trained, "--again", "a.mp3", "-o", "b.wav").exit_code == 0
    assert np.array_equal(sf.read(tmp_path / "a.wav")[0], sf.read(tmp_path / "b.wav")[0])


def test_names_that_are_not_given(run, tmp_path: Path) -> None:
    sf.write(tmp_path / "tone.v1.wav", tone(0.3, channels=2).T, 44_100)
    result = run("convert", "tone.v1.wav", "--format", "opus")
    assert result.stderr == "tone.v1.opus: 0.33 s, 48,000 Hz, stereo.\n"
    assert "--output, or its format" in run("convert", "tone.v1.wav").stderr
    run("convert", "tone.v1.wav", "--format", "opus")
    assert (tmp_path / "tone.v1-2.opus").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["-o", "a.wav"], "is read by this command and must not be replaced"),
        (["-o", "there.wav"], "exists already"),
        (["-o", "b.wav", "--width", "2"], "A mono sound has no width"),
        (["-o", "b.mp3", "--bitrate", "100"], "the nearest is --bitrate 96."),
    ],
)
def test_what_cannot_be_is_one_sentence(
    run, tmp_path: Path, options: list[str], sentence: str
) -> None:
    sf.write(tmp_path / "a.wav", tone(0.1).T, 44_100)
    sf.write(tmp_path / "there.wav", tone(0.1).T, 44_100)
    result = run("convert", "a.wav", *options)
    assert result.exit_code in (1, 2)
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "there.wav"]


def test_any_sound_for_headphones(run, tmp_path: Path) -> None:
    write_sofa(tmp_path / "head.sofa")
    sf.write(tmp_path / "a.wav", tone(1.0).T, 48_000)
    run("convert", "a.wav", "-o", "b.wav", "--binaural", "head.sofa", "--azimuth", "90")
    left, right = read_audio(tmp_path / "b.wav", 48_000)
    # 30 samples later, and half as loud.
    np.testing.assert_allclose(right[200:-200], left[170:-230] / 2, atol=1e-5)


def test_a_loudness_of_any_sound(run, tmp_path: Path) -> None:
    sf.write(tmp_path / "a.wav", tone(2.0, 44_100).T, 44_100, subtype="FLOAT")
    run("convert", "a.wav", "-o", "b.wav", "--loudness-target", "-20", "--bits", "32f")
    quieter = read_audio(tmp_path / "b.wav", 44_100)
    ratio = quieter / np.where(np.abs(tone(2.0, 44_100)) > 0.01, tone(2.0, 44_100), np.nan)
    assert np.nanstd(ratio) < 1e-3
