import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from distill.models.persistence import load_model_v2, read_header

TINY = ["--batch-size", "2", "--codebook-size", "16", "--rvq-levels", "2", "--threads", "1"]


def test_train_says_what_it_does(run, corpus_dir: Path, tmp_path: Path) -> None:
    result = run(
        "train", corpus_dir, "-o", "my.sda", "--steps", "8", "--model-name", "Plucks", *TINY
    )
    assert result.exit_code == 0
    assert result.stdout == ""
    for name in ("high/pluck 7.wav", "low/pluck 0.wav"):
        assert name in result.stderr
    assert "8 of 8 files used" in result.stderr
    assert "\nstep 1 | " in result.stderr
    assert "\n8 steps in 0:" in result.stderr
    assert ". Too early to tell: train longer.\n" in result.stderr
    assert f"Next:  distill train-prior my.sda {corpus_dir}\n" in result.stderr
    header = read_header(tmp_path / "my.sda")
    assert header["metadata"]["name"] == "Plucks"
    assert header["vqvae_config"]["codebook_size"] == 16
    assert header["metadata"]["training"]["early_stop"] is True
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["my.sda", "my.sda.log.jsonl"]


def test_channels_can_be_asked_for(run, corpus_dir: Path, tmp_path: Path) -> None:
    result = run("train", corpus_dir, "-o", "my.sda", "--steps", "2", "--channels", "2", *TINY)
    assert result.exit_code == 0
    assert "\nStereo, as was chosen.\n" in result.stderr
    assert read_header(tmp_path / "my.sda")["vqvae_config"]["channels"] == 2
    assert "stereo" in run("info", "my.sda").stderr
    for arguments in ((corpus_dir, "--channels", "3"), ("--resume", "my.sda", "--channels", "1")):
        refused = run("train", *arguments)
        assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
        assert "--channels" in refused.stderr


def test_a_prior_is_not_lost_by_accident(run, corpus_dir: Path, model: Path) -> None:
    before = model.read_bytes()
    refused = run("train", corpus_dir, "-o", model, "--steps", "2", *TINY)
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "--discard-prior" in refused.stderr
    assert model.read_bytes() == before
    result = run(
        "train",
        corpus_dir,
        "-o",
        model,
        "--steps",
        "2",
        "--discard-prior",
        "--json",
        "--no-early-stop",
        "--log",
        "tensorboard=runs",
        *TINY,
    )
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    assert "\nstep 1 | " in result.stderr
    assert "\n2 steps in 0:" in result.stderr
    assert list(Path("runs").glob("events.out.tfevents.*"))
    outcome = json.loads(result.stdout)
    assert (outcome["steps"], outcome["finished"], outcome["path"]) == (2, True, str(model))
    assert [level["name"] for level in outcome["levels"]] == ["Structure", "Detail"]
    assert (outcome["verdict"], outcome["verdict_kind"]) == (
        "Too early to tell: train longer.",
        "too-early",
    )
    loaded = load_model_v2(model)
    assert loaded.prior is None
    assert loaded.metadata["training"]["early_stop"] is False


def test_a_log_that_cannot_be_is_refused_before_torch_loads(run, corpus_dir: Path) -> None:
    for command in (("train", corpus_dir), ("train-prior", "my.sda", corpus_dir)):
        refused = run(*command, "--log", "wandb=runs")
        assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
        assert "--log takes tensorboard=FOLDER" in refused.stderr


def test_ctrl_c_saves_and_resume_goes_on(run, interrupt, corpus_dir: Path, tmp_path: Path) -> None:
    code, out, err = interrupt(
        "train", corpus_dir, "-o", "my.sda", "--steps", "60", *TINY, after="step "
    )
    assert code == 130
    assert out == ""
    assert "Traceback" not in err
    assert err.rstrip().endswith("Go on with: distill train --resume my.sda")
    assert (tmp_path / "my.sda.train.ckpt").exists()

    result = run("train", "--resume", "my.sda", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["steps"] == 60
    assert load_model_v2(tmp_path / "my.sda").metadata["training"]["steps_done"] == 60
    assert not (tmp_path / "my.sda.train.ckpt").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_kill_and_a_closed_terminal_save_too(
    interrupt, corpus_dir: Path, tmp_path: Path, number: signal.Signals
) -> None:
    arguments = ("train", corpus_dir, "-o", "my.sda", "--steps", "500", *TINY)
    code, _, err = interrupt(*arguments, after="step ", number=number)
    assert code == 130
    assert err.rstrip().endswith("Go on with: distill train --resume my.sda")
    assert (tmp_path / "my.sda").exists()
    assert (tmp_path / "my.sda.train.ckpt").exists()


def test_a_reader_that_quits_ends_no_training(corpus_dir: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-m", "distill", "train", str(corpus_dir), "-o", "my.sda"]
    with subprocess.Popen(
        [*command, "--steps", "12", *TINY], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.close()
        assert process.wait(timeout=120) == 0
    assert load_model_v2(tmp_path / "my.sda").metadata["training"]["steps_done"] == 12
    assert not (tmp_path / "my.sda.train.ckpt").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_a_full_disk_under_the_log_ends_no_training(corpus_dir: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "distill", "train", str(corpus_dir), "-o", "my.sda"]
    with open("/dev/full", "w") as full:
        done = subprocess.run([*command, "--steps", "2", *TINY], cwd=tmp_path, stderr=full)
    assert done.returncode == 0
    assert load_model_v2(tmp_path / "my.sda").metadata["training"]["steps_done"] == 2


def test_ctrl_c_before_the_first_step_stops_too(interrupt, corpus_dir: Path) -> None:
    arguments = ("train", corpus_dir, "-o", "my.sda", "--steps", "500", *TINY)
    code, out, err = interrupt(*arguments, after="8 of 8 files")
    assert (code, out) == (130, "")
    assert err.splitlines()[-1].startswith("Stopped")
    assert "Traceback" not in err


def test_a_rate_far_too_high_ends_in_a_sentence(run, corpus_dir: Path, tmp_path: Path) -> None:
    result = run(
        "train", corpus_dir, "-o", "my.sda", "--steps", "200", "--lr", "10", "--json", *TINY
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert "\nError: Training diverged by step " in result.stderr
    assert result.stderr.endswith("start again with a lower learning rate (it was 10).\n")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_training_is_not_lost_by_accident(
    run, corpus_dir: Path, codec_only: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copy(codec_only, tmp_path / "my.sda"))
    checkpoint = tmp_path / "my.sda.train.ckpt"
    checkpoint.write_text("hours of work")
    command = ("train", corpus_dir, "-o", "my.sda", "--steps", "1", *TINY)
    refused = run(*command)
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "--resume" in refused.stderr
    assert "--overwrite" in refused.stderr
    assert checkpoint.read_text() == "hours of work"
    assert model.read_bytes() == codec_only.read_bytes()
    assert run(*command, "--overwrite").exit_code == 0
    assert read_header(model)["metadata"]["training"]["steps"] == 1
    assert not checkpoint.exists()


def test_no_room_is_said_before_the_work(
    run, corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distill.training.loop.CODEC_BYTES", 2.0**60)
    refused = run("train", corpus_dir, "-o", "my.sda", "--steps", "1", *TINY)
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "Too little room" in refused.stderr
    assert list(tmp_path.iterdir()) == []


HOLD = """
import sys
from pathlib import Path
from distill.claims import claim
from distill.training.paths import checkpoint_path
assert claim(checkpoint_path(Path(sys.argv[1])))
print("claimed", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("words", ["nowhere -o", "nowhere --overwrite -o", "--resume"])
def test_a_second_run_on_one_model_is_refused_at_once(tmp_path: Path, words: str) -> None:
    """Before the folder is looked for, and before torch is loaded."""
    pipe = subprocess.PIPE
    holder = [sys.executable, "-c", HOLD, "my.sda"]
    second = [sys.executable, "-X", "importtime", "-m", "distill", "train"]
    second += [*words.split(), "my.sda"]
    with subprocess.Popen(holder, stdin=pipe, stdout=pipe, text=True, cwd=tmp_path) as first:
        assert first.stdout.readline() == "claimed\n"
        result = subprocess.run(second, capture_output=True, text=True, cwd=tmp_path, check=False)
        first.kill()
    said = [line for line in result.stderr.splitlines() if not line.startswith("import time:")]
    assert said == ["Error: Another run is training 'my.sda': wait for its end, or stop it first."]
    assert result.returncode == 1
    assert "torch" not in result.stderr
