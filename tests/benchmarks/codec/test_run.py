"""The codec benchmark as it is run: on an existing model, and with a training of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import soundfile as sf

from distill.settings import SAMPLE_RATE

ROOT = Path(__file__).parents[3]
"""The folder of the clone, from which benchmarks run."""


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory, corpus_dir: Path) -> Path:
    """A folder with one corpus of seven FLAC files, so that one is held out."""
    root = tmp_path_factory.mktemp("corpora")
    (root / "plucks").mkdir()
    for file in sorted(corpus_dir.rglob("*.wav"))[:7]:
        sf.write(root / "plucks" / f"{file.stem}.flac", sf.read(file)[0], SAMPLE_RATE, "PCM_24")
    return root


def run(corpora: Path, out: Path, *options: str) -> tuple[dict[str, Any], str]:
    """The JSON and the output of the benchmark with these options."""
    command = [sys.executable, "-m", "benchmarks.codec.run", "--corpora", "plucks"]
    command += ["--threads", "1", "--out", str(out), *options]
    environment = os.environ | {"DISTILL_CORPORA": str(corpora), "NUMBA_NUM_THREADS": "1"}
    result = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return json.loads((out / "result.json").read_text()), result.stdout


def test_an_existing_model_is_measured(corpora: Path, codec_only: Path, tmp_path: Path) -> None:
    result, output = run(corpora, tmp_path / "out", "--model", str(codec_only))
    assert len(result["files"]["own"]) == 6
    assert len(result["files"]["held out"]) == 1
    for rows in result["means"].values():
        best_phase = rows["true magnitude, 32 Griffin-Lim"]["mel7"]
        assert best_phase < rows["true magnitude, random phase"]["mel7"]
        assert best_phase < rows["codec"]["mel7"]
        assert rows["codec"]["visqol"] is None
    assert {"level 1 alone", "levels 1 to 2", "codec, not quantised"} < set(result["means"]["own"])
    assert len(result["facts"]["levels"]) == 3
    assert result["facts"]["kbps"] == pytest.approx(46.875 * 3 * 5 / 1000)
    assert 0 <= result["oneshots"]["all"]["meet"] <= 1
    assert "Means over 6 own and 1 held out files" in output
    (decoded,) = (tmp_path / "out" / "held_out").iterdir()
    source = corpora / "plucks" / decoded.name.replace("plucks-", "").replace(".wav", ".flac")
    assert sf.info(decoded).frames == sf.info(source).frames
    assert (tmp_path / "out" / "page.png").stat().st_size > 10_000


def test_a_model_is_trained_and_measured(corpora: Path, tmp_path: Path) -> None:
    options = ("--steps", "2", "--train-option=--batch-size 2 --codebook-size 16", "--no-baselines")
    result, output = run(corpora, tmp_path, *options)
    assert result["facts"]["training"]["steps"] == 2
    assert result["facts"]["training"]["peak_mb"] > 100
    assert result["facts"]["kbps"] == pytest.approx(46.875 * 8 * 4 / 1000)
    assert not any("Opus" in name or "Griffin" in name for name in result["means"]["own"])
    assert "2 steps" in output


def test_a_training_that_fails_is_reported(corpora: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="--threads must lie between 1 and"):
        run(corpora, tmp_path, "--threads", "0", "--steps", "1")


def test_bad_input_gets_one_sentence(corpora: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="holds fewer than 6 FLAC files in nothing"):
        run(corpora, tmp_path, "--corpora", "nothing")
    with pytest.raises(AssertionError) as failure:
        run(corpora, tmp_path, "--model", str(tmp_path / "none.sda"))
    assert "none.sda" in str(failure.value)
    assert "Traceback" not in str(failure.value)
