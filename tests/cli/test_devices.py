"""`--devices`: a command that starts its own processes, and ends as one."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from distill.models.persistence import load_model_v2, read_header
from distill.process import available_cores

TINY = ["--batch-size", "2", "--codebook-size", "16", "--rvq-levels", "2", "--threads", "1"]
TINY_PRIOR = ["--hidden-size", "32", "--layers", "1", "--heads", "2", "--threads", "1"]
TRAIN = [sys.executable, "-m", "distill", "train"]

needs_two_cores = pytest.mark.skipif(available_cores() < 2, reason="a core for each process")


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


@needs_two_cores
def test_codec_and_prior_are_trained_by_two_processes(corpus_dir: Path, tmp_path: Path) -> None:
    command = [*TRAIN, str(corpus_dir), "-o", "my.sda", "--steps", "6", "--devices", "2", "--json"]
    done = subprocess.run(
        [*command, *TINY], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["steps"], facts["finished"]) == (6, True)
    # One process shows, and writes the log.
    assert done.stderr.count("\n6 steps in 0:") == 1
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["my.sda", "my.sda.log.jsonl"]
    lines = (tmp_path / "my.sda.log.jsonl").read_text().splitlines()
    assert [json.loads(line)["n"] for line in lines] == list(range(1, len(lines) + 1))

    prior = [sys.executable, "-m", "distill", "train-prior", "my.sda", str(corpus_dir)]
    done = subprocess.run(
        [*prior, "--epochs", "1", "--devices", "2", *TINY_PRIOR],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    # One process shows.
    assert done.stderr.count("Prior is in: my.sda") == 1
    assert done.stderr.count("Epoch 1") == 1
    assert read_header(tmp_path / "my.sda")["has_prior"]


@needs_two_cores
def test_ctrl_c_stops_all_processes_and_saves(interrupt, corpus_dir: Path, tmp_path: Path) -> None:
    arguments = ("train", corpus_dir, "-o", "my.sda", "--steps", "500", "--devices", "2", *TINY)
    code, _, err = interrupt(*arguments, after="step ")
    assert code == 130
    assert err.rstrip().endswith("Go on with: distill train --resume my.sda")
    assert (tmp_path / "my.sda.train.ckpt").exists()


@pytest.mark.parametrize(
    ("variables", "printed"),
    [
        ({}, "done\nended\n"),
        (
            {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"},
            "done\n",
        ),
    ],
    ids=["alone", "one of many"],
)
def test_one_of_many_leaves_without_the_end_of_the_interpreter(
    variables: dict[str, str], printed: str
) -> None:
    # Threads of torch would meet it, and abort now and then.
    script = (
        "import atexit, sys; from distill.cli.devices import immediate_exit\n"
        "atexit.register(print, 'ended')\n"
        "with immediate_exit():\n    print('done'); sys.exit(3)"
    )
    command = [sys.executable, "-c", script]
    end = subprocess.run(command, env=environment() | variables, capture_output=True, text=True)
    assert (end.returncode, end.stdout) == (3, printed)


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


@needs_two_cores
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_a_killed_process_is_started_anew(corpus_dir: Path, tmp_path: Path) -> None:
    command = [*TRAIN, str(corpus_dir), "-o", "my.sda", "--steps", "40", "--devices", "2", *TINY]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("step "):
                break
        # Both processes train: the younger one is the second.
        os.kill(max(children(process.pid)), signal.SIGKILL)
        rest = process.stderr.read()
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
    assert "\n40 steps in " in rest
    assert load_model_v2(tmp_path / "my.sda").metadata["training"]["steps_done"] == 40
    assert not (tmp_path / "my.sda.train.ckpt").exists()


@needs_two_cores
def test_an_error_comes_once_in_one_sentence(tmp_path: Path, corpus_dir: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "a.wav").write_bytes(b"no sound")
    began = time.monotonic()
    done = subprocess.run(
        [*TRAIN, str(folder), "-o", "my.sda", "--steps", "6", "--devices", "2", *TINY],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.count("Error: ") == 1
    assert "Traceback" not in done.stderr
    # The processes of the second start end at once.
    assert time.monotonic() - began < 300


def test_too_many_devices_give_a_sentence(run, corpus_dir: Path, codec_only: Path) -> None:
    for command in (["train", corpus_dir, "-o", "my.sda"], ["train-prior", codec_only, corpus_dir]):
        result = run(*command, "--device", "cpu", "--devices", "63")
        assert result.exit_code == 2
        assert "--devices 63 is too many: this machine has" in result.stderr


@needs_two_cores
def test_a_training_in_the_background_has_one_device(run, corpus_dir: Path) -> None:
    result = run("train", corpus_dir, "-o", "my.sda", "--detach", "--devices", "2")
    assert result.exit_code == 2
    assert "leave out --detach or --devices" in result.stderr
