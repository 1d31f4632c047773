import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from distill.audio.tags import read_tags
from distill.audio.write import write_sound
from distill.models.persistence import read_header
from tests.audio.clicks import rhythm


def corpus_learned_from(model: Path) -> list[dict[str, Any]]:
    corpus: list[dict[str, Any]] = read_header(model)["metadata"]["corpus"]
    return [entry for entry in corpus if entry["train_until"]]


def test_without_a_prior(run, codec_only: Path) -> None:
    result = run("info", codec_only)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "3 levels of 32 codes at 46.9 frames/s" in " ".join(result.stderr.split())
    assert "none yet: run distill train-prior" in result.stderr
    assert "Too early to tell: train longer." in result.stderr
    facts = json.loads(run("info", codec_only, "--json").stdout)
    assert facts["has_prior"] is False
    assert (facts["prior_config"], facts["prior_metadata"]) == (None, None)
    assert (facts["codebook_size"], facts["num_quantizers"], facts["corpus_files"]) == (32, 3, 8)
    assert facts["stereo"] == {}
    frames = sum(
        math.ceil(pluck["duration_s"] * facts["frame_rate"])
        for pluck in corpus_learned_from(codec_only)
    )
    assert (facts["memory_frames"], facts["memory_width"]) == (frames, 256)
    assert f"256 numbers for each of up to {frames} frames (21 ms) of your" in " ".join(
        result.stderr.split()
    )
    assert (facts["verdict"], facts["verdict_kind"]) == (
        "Too early to tell: train longer.",
        "too-early",
    )


def test_with_a_prior(run, trained: Path) -> None:
    shown = " ".join(run("info", trained).stderr.split())
    assert "held-out perplexity" in shown
    assert re.search(r"Structure \d+\.\d, Timbre \d+\.\d, Detail \d+\.\d", shown)
    result = run("info", trained, "--json")
    assert (result.stderr, result.stdout.count("\n")) == ("", 1)
    facts = json.loads(result.stdout)
    assert facts["has_prior"]
    assert facts["prior_metadata"]["epochs_trained"] == 3
    assert len(facts["prior_metadata"]["level_losses"]) == 3
    assert "corpus_codes" not in facts["prior_metadata"]
    assert facts["bits_per_second"] == facts["frame_rate"] * 3 * 5
    assert facts["tags"] == ["high", "low"]
    assert "steering" not in facts["prior_metadata"]


def test_tempo_of_a_model(run, trained: Path) -> None:
    assert "no recording keeps a beat" in " ".join(run("info", trained).stderr.split())


def test_of_a_sound(run, tmp_path: Path) -> None:
    path = write_sound(tmp_path / "rhythm [red].wav", rhythm(120, 4).audio, 24_000)
    result = run("info", path)
    assert (result.exit_code, result.stdout) == (0, "")
    lines = [" ".join(line.split()) for line in result.stderr.splitlines()]
    titles = ["Name", "Length", "Format", "Level", "Tempo", "Key", "Written by", "Recipe"]
    assert all(line.startswith(title) for title, line in zip(titles, lines, strict=True))
    assert lines[:2] == ["Name rhythm [red].wav", "Length 4.00 s"]
    assert lines[2] == "Format WAV (PCM_24), 24000 Hz, mono"
    assert re.fullmatch(r"Level peak -?\d+\.\d dB, -\d+\.\d LUFS", lines[3])
    assert lines[4:] == [
        "Tempo 120.0 BPM",
        "Key none stands out",
        "Written by not stated",
        "Recipe none: not made by Distill",
    ]
    result = run("info", path, "--json")
    assert (result.stderr, result.stdout.count("\n")) == ("", 1)
    facts = json.loads(result.stdout)
    assert (facts["tempo"], facts["key"], facts["duration_s"]) == (120.0, None, 4.0)
    assert (facts["reason"], facts["remarks"]) == ("", [])


def test_of_a_sound_that_cannot_be_used(run, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    result = run("info", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "a.wav" in result.stderr
    write_sound(path, np.zeros((1, 480)))
    shown = " ".join(run("info", path).stderr.split())
    assert "Length 0.01 s Format WAV (PCM_24), 48000 Hz, mono Written by not stated" in shown
    assert shown.endswith("Remark silent")
    facts = json.loads(run("info", path, "--json").stdout)
    assert (facts["reason"], facts["peak_db"], facts["duration_s"]) == ("silent", None, 0.01)


def test_of_what_is_neither(run, tmp_path: Path) -> None:
    """One sentence, which speaks of sounds where the name does."""
    for name, said in (("a.txt", "is not a Distill model"), ("a.wav", "not audio")):
        (tmp_path / name).write_text("no sound, no model")
        result = run("info", name)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("Error: ")
        assert name in result.stderr
        assert said in result.stderr


def test_of_a_sound_under_any_name(run, tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", rhythm(120, 4).audio, 24_000).rename(tmp_path / "a.take")
    assert "WAV (PCM_24)" in run("info", "a.take").stderr


@pytest.fixture
def sound(run, trained: Path, tmp_path: Path) -> Path:
    """A sound as Distill wrote it."""
    words = ("--duration", "0.2", "--seed", "7", "--threads", "1", "-o", "new.wav")
    assert run("generate", trained, *words).exit_code == 0
    return tmp_path / "new.wav"


def test_a_sound_says_what_it_is_and_how_it_was_made(run, sound: Path, trained: Path) -> None:
    result = run("info", sound)
    shown = " ".join(result.stderr.split())
    assert (result.exit_code, result.stdout) == (0, "")
    assert re.search(r"Length 0\.2\d s Format WAV \(PCM_24\), 48000 Hz, mono Level", shown)
    assert "Written by Distill" in shown
    assert "Recipe new, seed 7, 0.2 s, by the model with id" in shown
    facts = json.loads(run("info", sound, "--json").stdout)
    assert (facts["format"], facts["channels"], facts["sample_rate"]) == ("WAV", 1, 48_000)
    assert facts["recipe"]["seed"] == 7
    assert facts["recipe"]["model_id"] == read_header(trained)["metadata"]["id"]
    assert facts["recipe_loss"] == ""


def save_with(sound: Path, edit: Callable[[str], str]) -> Path:
    """The sound as another program saves it, its comment edited."""
    audio, rate = sf.read(sound)
    saved = sound.with_name("saved.flac")
    with sf.SoundFile(saved, "w", rate, 1, "PCM_16", format="FLAC") as file:
        file.software = read_tags(sound)["software"]
        file.comment = edit(read_tags(sound)["comment"])
        file.write(audio)
    return saved


@pytest.mark.parametrize(
    ("edit", "loss"),
    [
        (lambda text: text[:300], "a program that saved it has cut or changed its recipe"),
        (lambda text: "mastered", "a program that saved it has dropped its recipe"),
        (lambda text: text.replace('"gain": ', '"gain": -'), "settings that no Distill writes"),
        (lambda text: text.replace('"top_p": ', '"top_p": 9'), "settings out of range: --top-p"),
    ],
)
def test_a_sound_that_lost_its_recipe_says_so(
    run, sound: Path, edit: Callable[[str], str], loss: str
) -> None:
    result = run("info", save_with(sound, edit))
    shown = " ".join(result.stderr.split())
    assert result.exit_code == 0
    assert "FLAC (PCM_16), 48000 Hz" in shown
    assert "Recipe none: " in shown
    assert loss in shown
    facts = json.loads(run("info", sound.with_name("saved.flac"), "--json").stdout)
    assert facts["recipe"] is None
    assert loss in facts["recipe_loss"]


def test_a_recording_of_ones_own(run, corpus_dir: Path) -> None:
    shown = " ".join(run("info", corpus_dir / "low" / "pluck 0.wav").stderr.split())
    assert "WAV (PCM_16)" in shown
    assert "Written by not stated Recipe none: not made by Distill" in shown


def test_curves(run, trained: Path) -> None:
    result = run("info", trained, "--curves")
    assert result.exit_code == 0
    assert re.search(r"Sound, held out +[▁-█]+  \d\.\d{3} → \d\.\d{3}, lowest", result.stderr)
    facts = json.loads(run("info", trained, "--curves", "--json").stdout)
    assert facts["source"] == "log"
    assert facts["prior_epochs"][0]["epoch"] == 1
    assert run("info", "nothing.sda", "--curves").exit_code == 1
