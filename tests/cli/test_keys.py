"""The key that stops training, in a terminal made here."""

import os
import pty
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from distill.cli.keys import stop_by_key
from distill.models.persistence import read_header

ARRIVES_S = 10.0


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal for stdin; text written to this end is typed there."""
    typing, terminal = pty.openpty()
    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield typing
    os.close(typing)


def test_s_sets_the_event_without_enter(keyboard: int) -> None:
    before, event = termios.tcgetattr(sys.stdin), threading.Event()
    with stop_by_key(event) as has_key:
        assert has_key
        os.write(keyboard, b"xyz")
        assert not event.wait(0.3)
        os.write(keyboard, b"s")
        assert event.wait(ARRIVES_S)
    assert termios.tcgetattr(sys.stdin) == before


def test_the_terminal_is_put_back_whatever_happens(keyboard: int) -> None:
    before, event = termios.tcgetattr(sys.stdin), threading.Event()
    during = before

    def interrupted() -> None:
        nonlocal during
        with stop_by_key(event):
            during = termios.tcgetattr(sys.stdin)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert termios.tcgetattr(sys.stdin) == before
    # Without Enter and echo, but Ctrl-C remains a signal.
    assert not during[3] & (termios.ICANON | termios.ECHO)
    assert during[3] & termios.ISIG
    assert not event.is_set()


def test_without_a_terminal_there_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with stop_by_key(threading.Event()) as has_key:
            assert not has_key
    with stop_by_key(threading.Event()) as has_key:
        assert not has_key, "closed"
    monkeypatch.setattr(sys, "stdin", None)
    with stop_by_key(threading.Event()) as has_key:
        assert not has_key


def test_training_stopped_by_the_key_keeps_the_best(
    corpus_dir: Path, bare_model: Path, tiny_prior_options: list[str]
) -> None:
    command = [
        sys.executable,
        "-m",
        "distill",
        "train-prior",
        str(bare_model),
        str(corpus_dir),
        *tiny_prior_options,
    ]
    typing, terminal = pty.openpty()
    with subprocess.Popen(command, stdin=terminal, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        stderr = ""
        for line in process.stderr:
            stderr += line
            if line.startswith("Epoch 1/50"):
                os.write(typing, b"s")
    os.close(typing)
    os.close(terminal)
    assert process.returncode == 0
    assert "Press s to stop" in stderr
    assert "\nStopped after " in stderr
    assert read_header(bare_model)["prior_metadata"]["epochs_trained"] < 50
