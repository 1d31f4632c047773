"""`distill play`: options, lines, and Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile as sf
from typer.testing import CliRunner

from distill.cli.commands import app_of
from distill.cli.play_lines import state_line, summary_lines
from distill.live.control_log import read_log
from distill.live.playing import PlaySummary
from distill.live.session import LiveState


def run(*words: object):
    """The command in this process."""
    arguments = ["play", *map(str, words)]
    return CliRunner().invoke(app_of(arguments), arguments)


def test_lines_say_how_it_goes() -> None:
    state = LiveState(
        seconds=75.2,
        frame=3_525,
        realtime_factor=3.14,
        underruns=1,
        buffer_ms=60,
        loudness=-18.2,
        copy=4.4,
        recording=Path("take.wav"),
    )
    assert state_line(state) == (
        "1:15 · 3.1x real time · buffer 60 ms · 1 underrun · -18.2 LUFS · copies 4 % · "
        "recording take.wav"
    )
    summary = PlaySummary(
        seconds=75.2,
        frames=3_525,
        seed=7,
        output="no device",
        underruns=0,
        realtime_factor=3.14,
        buffer_ms=60,
        controls=4,
        copy=None,
        recordings=(Path("take.wav"),),
        control_log=Path("log.jsonl"),
        packets=10,
        refused=2,
        remarks=("No tag.", "No tag."),
    )
    assert summary_lines(summary) == [
        "No tag.",
        "2 of 10 OSC packets held nothing of use.",
        "Played 1:15 of seed 7: no underruns, 3.1x real time, 4 controls; wrote take.wav, "
        "log.jsonl.",
    ]


def test_a_replay_says_and_writes_what_was_played(trained: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    first = tmp_path / "first.wav"
    words = ["--output", "none", "--osc-port", 0, "--threads", 1]
    result = run(
        trained, *words, "--seed", 3, "--duration", 0.3, "--control-log", log, "--record", first
    )
    assert result.exit_code == 0, result.output
    assert "Playing on no device, seed 3" in result.stderr
    assert "Played 0:00 of seed 3" in result.stderr
    again = tmp_path / "again.wav"
    result = run(trained, *words, "--replay", log, "--record", again, "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["recordings"] == [str(again)]
    assert again.read_bytes() == first.read_bytes()
    # Nothing that exists is replaced unasked.
    result = run(trained, *words, "--replay", log, "--record", again)
    assert result.exit_code == 1
    assert "exists already" in result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Which model?"),
        (["MODEL", "--output", "jack", "--osc-port", "0"], "JACK"),
        (["MODEL", "--output", "no such card", "--osc-port", "0"], "no such card"),
        (["MODEL", "--output", "none", "--osc-send", "nowhere"], "--osc-send takes an address"),
    ],
)
def test_errors_are_one_sentence(trained: Path, words: list[str], sentence: str) -> None:
    result = run(*(str(trained) if word == "MODEL" else word for word in words))
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    if "no such card" not in sentence or "PortAudio" not in result.stderr:
        assert sentence in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_ctrl_c_ends_it_with_whole_files_and_a_line(trained: Path, tmp_path: Path) -> None:
    """By the process that a terminal starts; it is stopped once it says that it plays."""
    log = tmp_path / "log.jsonl"
    take = tmp_path / "take.flac"
    command = [sys.executable, "-m", "distill", "play", trained, "--output", "none"]
    options = ["--osc-port", "0", "--control-log", log, "--record", take, "--threads", "1"]
    process = subprocess.Popen(
        [*command, *options], stderr=subprocess.PIPE, text=True, env=os.environ | {"COLUMNS": "200"}
    )
    assert process.stderr is not None
    assert "Playing on no device" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == 0, rest
    assert rest.splitlines()[-1].startswith("Played 0:0")
    assert "Traceback" not in rest
    frames = read_log(log).frames
    assert frames is not None
    assert sf.info(take).frames == frames * 1024
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl", "take.flac"]
