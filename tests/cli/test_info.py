import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from distill.audio.io import write_sound
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
    assert lines[:3] == ["Name rhythm [red].wav", "Length 4.00 s", "Format 24000 Hz, mono"]
    assert "Tempo 120.0 BPM" in lines
    assert "Key none stands out" in lines
    facts = json.loads(run("info", path, "--json").stdout)
    assert (facts["tempo"], facts["key"], facts["duration_s"]) == (120.0, None, 4.0)


def test_of_a_sound_that_cannot_be_used(run, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    result = run("info", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "a.wav" in result.stderr
    write_sound(path, np.zeros((1, 480)))
    assert "silent" in run("info", path).stderr
