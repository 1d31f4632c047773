import json
import math
import re
from pathlib import Path
from typing import Any

from distill.models.persistence import read_header


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
