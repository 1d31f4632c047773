"""`distill generate` in other ways than from nothing."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.settings import SAMPLE_RATE

SHORT = ["--duration", "0.5", "--threads", "1"]


def tone(path: Path, rate: int = 44_100, channels: int = 2) -> Path:
    """A second of a tone."""
    wave = 0.2 * np.sin(2 * np.pi * 330 * np.arange(rate) / rate)
    sf.write(path, np.stack([wave] * channels, 1), rate)
    return path


def test_going_on_from_a_file_and_again(run, trained: Path, tmp_path: Path) -> None:
    tone(tmp_path / "tone.flac")
    tone(tmp_path / "other.wav", 22_050, 1)
    original = run(
        "generate", trained, "--continue-from", "tone.flac", "-o", "first.wav", "--json", *SHORT
    )
    (facts,) = json.loads(original.stdout)["files"]
    assert (facts["duration_s"], facts["way"]["kind"], facts["way"]["source"]) == (
        1.5,
        "continue",
        "tone.flac",
    )
    same = run(
        "generate",
        trained,
        "--again",
        "first.wav",
        "--continue-from",
        "tone.flac",
        "-o",
        "same.wav",
    )
    assert same.exit_code == 0
    first, second = (sf.read(tmp_path / name)[0] for name in ("first.wav", "same.wav"))
    assert first.shape == (round(1.5 * SAMPLE_RATE), 2)
    assert np.array_equal(first, second)
    missing = run("generate", trained, "--again", "first.wav", "-o", "new.wav")
    assert (missing.exit_code, "'tone.flac'" in missing.stderr) == (2, True)
    other = run(
        "generate", trained, "--again", "first.wav", "--continue-from", "other.wav", "-o", "new.wav"
    )
    assert (other.exit_code, "'other.wav' is not the sound" in other.stderr) == (2, True)
    assert not (tmp_path / "new.wav").exists()


@pytest.mark.parametrize("options", [["--like", "low"], ["--lead-in", "2"]])
def test_what_is_heard_first_is_the_file(
    run, trained: Path, tmp_path: Path, options: list[str]
) -> None:
    tone(tmp_path / "tone.wav")
    refused = run("generate", trained, "--continue-from", "tone.wav", *options, *SHORT)
    assert (refused.exit_code, f"leave out {options[0]}" in refused.stderr) == (2, True)


def test_no_sound_to_go_on_from(run, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("words")
    for name in ("text.wav", "missing.wav"):
        refused = run("generate", trained, "--continue-from", name, *SHORT)
        assert (refused.exit_code, name in refused.stderr, refused.stderr.count("\n")) == (
            1,
            True,
            1,
        )


def test_a_one_shot_and_again(run, trained: Path, tmp_path: Path) -> None:
    original = run(
        "generate",
        trained,
        "--one-shot",
        "-o",
        "first.wav",
        "--duration",
        "2",
        "--threads",
        "1",
        "--json",
    )
    (facts,) = json.loads(original.stdout)["files"]
    assert facts["way"]["kind"] == "one-shot"
    assert facts["duration_s"] < 1
    assert run("generate", trained, "--again", "first.wav", "-o", "same.wav").exit_code == 0
    first, second = (sf.read(tmp_path / name)[0] for name in ("first.wav", "same.wav"))
    assert np.array_equal(first, second)


def test_one_way_at_a_time(run, trained: Path, tmp_path: Path) -> None:
    tone(tmp_path / "tone.wav")
    refused = run("generate", trained, "--continue-from", "tone.wav", "--one-shot", *SHORT)
    assert (refused.exit_code, "do not go together" in refused.stderr) == (2, True)


def test_a_loop_and_again(run, trained: Path, tmp_path: Path) -> None:
    assert run("generate", trained, "--loop", "-o", "first.wav", *SHORT).exit_code == 0
    assert run("generate", trained, "--again", "first.wav", "-o", "same.wav").exit_code == 0
    first, second = (sf.read(tmp_path / name)[0] for name in ("first.wav", "same.wav"))
    assert np.array_equal(first, second)
    longer = run("generate", trained, "--again", "first.wav", "--duration", "1", "-o", "long.wav")
    assert (longer.exit_code, "leave out --duration" in longer.stderr) == (2, True)


def test_a_variation_and_again(run, trained: Path, tmp_path: Path) -> None:
    tone(tmp_path / "tone.wav")
    of_tone = ["--variation-of", "tone.wav", "--threads", "1"]
    original = run("generate", trained, *of_tone, "--amount", "0.6", "-o", "first.wav", "--json")
    (facts,) = json.loads(original.stdout)["files"]
    assert (facts["duration_s"], facts["way"]["amount"]) == (1, 0.6)
    run("generate", trained, "--again", "first.wav", *of_tone, "-o", "same.wav")
    first, second = (sf.read(tmp_path / name)[0] for name in ("first.wav", "same.wav"))
    assert np.array_equal(first, second)


def test_an_infill_and_again(run, trained: Path, tmp_path: Path) -> None:
    tone(tmp_path / "tone.wav")
    request = ["--infill", "tone.wav", "--threads", "1"]
    original = run(
        "generate", trained, *request, "--from", "0.3", "--to", "0.5", "-o", "first.wav", "--json"
    )
    (facts,) = json.loads(original.stdout)["files"]
    assert (facts["duration_s"], facts["way"]["start"], facts["way"]["stop"]) == (1, 0.3, 0.5)
    run("generate", trained, "--again", "first.wav", *request, "-o", "same.wav")
    first, second = (sf.read(tmp_path / name)[0] for name in ("first.wav", "same.wav"))
    assert np.array_equal(first, second)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--from", "0.3", "--to", "1.5"], "past the end: 'tone.wav' lasts 1.00 s"),
        (["--from", "2", "--to", "3"], "past the end"),
        (["--from", "0.5", "--to", "0.3"], "let --from be before --to"),
        (["--from", "0.5", "--to", "0.5"], "let --from be before --to"),
        (["--from", "-0.5", "--to", "0.5"], "from 0 on"),
        (["--from", "nan", "--to", "0.5"], "from 0 on"),
        (["--from", "0.5", "--to", "nan"], "let --from be before --to"),
        (["--from", "0", "--to", "1"], "would be left to hear"),
        (["--from", "0.3"], "--infill needs --from and --to"),
        (["--from", "0.3", "--to", "0.5", "--duration", "2"], "leave out --duration"),
        (["--from", "0.3", "--to", "0.5", "--lead-in", "2"], "leave out --lead-in"),
    ],
)
def test_gaps_that_make_no_sense(
    run, trained: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    tone(tmp_path / "tone.wav")
    refused = run("generate", trained, "--infill", "tone.wav", *options)
    assert (refused.exit_code, message in refused.stderr, refused.stderr.count("\n")) == (
        2,
        True,
        1,
    )
    assert not (tmp_path / "generated.wav").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--from", "0.5", "--to", "0.7"], "--infill"),
        (["--amount", "0.5"], "--variation-of"),
        (["--variation-of", "tone.wav", "--amount", "1.5"], "--amount must lie between 0 and 1"),
        (["--variation-of", "tone.wav", "--duration", "2"], "leave out --duration"),
        (["--variation-of", "tone.wav", "--loop"], "do not go together"),
    ],
)
def test_variations_that_make_no_sense(
    run, trained: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    tone(tmp_path / "tone.wav")
    refused = run("generate", trained, *options)
    assert (refused.exit_code, message in refused.stderr) == (2, True)
