import json
import logging
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from distill.audio.write import write_sound
from distill.models.persistence import load_model_v2, read_header
from distill.settings import SAMPLE_RATE

EPOCH = re.compile(
    r"^Epoch (\d+)/(\d+) \| train_loss: \d+\.\d{4} \| val_loss: \d+\.\d{4} "
    r"\| perplexity: \d+\.\d \| best: \d+\.\d$",
    re.MULTILINE,
)


def test_header_epochs_and_summary(
    run, corpus_dir: Path, bare_model: Path, tiny_prior_options: list[str]
) -> None:
    result = run("train-prior", bare_model, corpus_dir, "-e", "2", *tiny_prior_options)
    assert (result.exit_code, result.stdout) == (0, "")
    header, rest = result.stderr.split("Epoch 1/2", 1)
    for title, value in {
        "Model": re.escape(str(bare_model)),
        "Dataset": re.escape(str(corpus_dir)),
        "Files": "8",
        "Epochs": r"2 \(override\)",
        "Hidden size": r"32 \(override\)",
        "Layers": r"1 \(override\)",
        "Heads": r"2 \(override\)",
        "Learning rate": r"0\.0003 \(auto\)",
    }.items():
        assert re.search(rf"^{title}: +{value}$", header, re.MULTILINE), title
    assert EPOCH.findall(result.stderr) == [("1", "2"), ("2", "2")]
    assert "replaced" not in header
    for part in (
        "Done after 2 epochs",
        "train_loss",
        "val_loss",
        "best (kept)",
        "hidden_size 32",
        str(bare_model),
    ):
        assert part in rest
    loaded = load_model_v2(bare_model)
    assert loaded.prior is not None
    assert loaded.prior_config["num_layers"] == 1
    assert loaded.prior_metadata["epochs_trained"] == 2
    files = sorted(path.name for path in bare_model.parent.iterdir())
    assert files == ["bare.sda", "bare.sda.log.jsonl"]


def test_minutes_in_place_of_epochs(
    run, corpus_dir: Path, bare_model: Path, tiny_prior_options: list[str]
) -> None:
    result = run("train-prior", bare_model, corpus_dir, "--minutes", "0.001", *tiny_prior_options)
    assert result.exit_code == 0
    assert re.search(r"^Minutes: +0\.001 \(override\)$", result.stderr, re.MULTILINE)
    assert re.findall(r"^Epoch (\S+) \|", result.stderr, re.MULTILINE) == ["1"]
    assert load_model_v2(bare_model).prior is not None
    both = run("train-prior", bare_model, corpus_dir, "--minutes", "1", "-e", "2")
    assert both.exit_code != 0
    assert "only one of --epochs and --minutes" in both.stderr


def test_retraining_says_that_it_replaces(
    run, corpus_dir: Path, model: Path, tiny_prior_options: list[str]
) -> None:
    earlier = load_model_v2(model)
    result = run("train-prior", model, corpus_dir, "-e", "1", *tiny_prior_options)
    assert result.exit_code == 0
    assert "replaced" in result.stderr.split("Epoch 1/1")[0]
    later = load_model_v2(model)
    assert later.prior_metadata["epochs_trained"] == 1 != earlier.prior_metadata["epochs_trained"]
    assert later.model.codebook_hash() == earlier.model.codebook_hash()


def test_json_is_all_on_stdout_and_progress_is_on_stderr(
    run, corpus_dir: Path, bare_model: Path, tiny_prior_options: list[str]
) -> None:
    result = run(
        "train-prior", bare_model, corpus_dir, "--epochs", "1", "--json", *tiny_prior_options
    )
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    begin, during = result.stderr.split("Encoding your sounds: 0%", 1)
    assert begin.startswith("Model: ")
    assert EPOCH.findall(during) == [("1", "1")]
    outcome = json.loads(result.stdout)
    assert (outcome["epochs_trained"], outcome["file_count"], outcome["interrupted"]) == (
        1,
        8,
        False,
    )
    assert outcome["prior_config"]["hidden_size"] == 32
    assert set(outcome["history"][0]) >= {"epoch", "train_loss", "own_loss", "val_loss"}
    assert len(outcome["level_losses"]) == len(outcome["history"][0]["level_losses"]) == 3


def test_memorising_is_told_when_it_happens_and_at_the_end(
    run, bare_model: Path, tmp_path: Path, tiny_prior_options: list[str]
) -> None:
    # One steady tone: what comes next is plain, so the prior soon knows it by heart.
    (tmp_path / "tones").mkdir()
    for i in range(3):
        tone = np.sin(2 * np.pi * 220 * np.arange((i + 1) * SAMPLE_RATE) / SAMPLE_RATE)
        write_sound(tmp_path / "tones" / f"{i}.wav", 0.5 * tone[None].astype(np.float32))
    result = run(
        "train-prior",
        bare_model,
        "tones",
        "-e",
        "2",
        "--lr",
        "0.02",
        *tiny_prior_options,
        FORCE_COLOR="1",
    )
    during, summary = result.stderr.split("Done after", 1)
    assert "\x1b[1;33mMemorising: held-out perplexity 1." in during
    assert "\x1b[33mEpoch 2: Memorising" in summary
    assert "3 of 3 files are not among those that the codec was trained on" in summary + during


def test_ctrl_c_before_the_first_validation_changes_nothing(
    interrupt, corpus_dir: Path, model: Path
) -> None:
    before = model.read_bytes()
    code, out, err = interrupt("train-prior", model, corpus_dir, "--threads", "1", after="Model:")
    assert (code, out) == (130, "")
    assert err.endswith(f"Stopped before the first validation: {model} is unchanged.\n")
    assert model.read_bytes() == before
    assert [path.name for path in model.parent.iterdir()] == ["model.sda"]


def test_ctrl_c_later_keeps_the_best(
    interrupt, corpus_dir: Path, bare_model: Path, tiny_prior_options: list[str]
) -> None:
    arguments = ("train-prior", bare_model, corpus_dir, *tiny_prior_options)
    code, _, err = interrupt(*arguments, after="Epoch 1/50")
    assert code == 0
    assert "\nStopped after " in err
    header = read_header(bare_model)
    assert header["has_prior"]
    assert header["prior_metadata"]["epochs_trained"] < 50
    # From the checkpoint, the same command goes on.
    files = sorted(path.name for path in bare_model.parent.iterdir())
    assert files == ["bare.sda", "bare.sda.log.jsonl", "bare.sda.prior.ckpt"]


def test_a_killed_training_goes_on_to_the_same_prior(
    run,
    interrupt,
    bare_model: Path,
    corpus_dir: Path,
    tiny_prior_options: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    unbroken = Path(shutil.copy(bare_model, bare_model.with_name("unbroken.sda")))
    options = [corpus_dir, "--epochs", "5", *tiny_prior_options]
    assert run("train-prior", unbroken, *options).exit_code == 0

    code, _, _ = interrupt(
        "train-prior", bare_model, *options, after="Epoch 2", number=signal.SIGKILL
    )
    assert code == -signal.SIGKILL
    assert Path(f"{bare_model}.prior.ckpt").exists()
    with caplog.at_level(logging.WARNING):
        assert run("train-prior", bare_model, *options).exit_code == 0
    assert "Going on after epoch" in caplog.text
    expected = load_model_v2(unbroken)
    result = load_model_v2(bare_model)
    assert result.prior_metadata["epochs_trained"] == expected.prior_metadata["epochs_trained"]
    states = [loaded.require_prior().state_dict() for loaded in (expected, result)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
