"""Consoles, JSON and Ctrl-C, as all commands share them."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from rich.table import Table
from rich.text import Text

from distill.cli.console import (
    INTERRUPT_CODE,
    STOP_SIGNALS,
    cancel_on_interrupt,
    clock,
    make_console,
    one_sentence_errors,
    print_json,
    stoppable,
)
from distill.errors import OutputError, UsageError
from distill.printable import STEERING_SIGNS


def test_json_holds_what_json_cannot(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(
        {"loudness": float("-inf"), "nan": float("nan"), "path": Path("caf\udce9"), 1: (0.5, True)}
    )
    out = capsys.readouterr().out
    assert json.loads(out) == {"loudness": None, "nan": None, "path": "caf\udce9", "1": [0.5, True]}
    assert out.isascii()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (75, "1:15"), (3700, "1:01:40"), (59.9, "1:00")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_people_read_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    make_console().print("[bold]Kick :star:[/bold]")
    make_console(quiet=True).print("nothing")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "[bold]Kick :star:[/bold]\n")


TITLE = "\x1b]0;title\x07"
"""What sets the title of a terminal."""


@pytest.mark.parametrize("way", ["text", "cell", "Text"])
def test_texts_of_files_do_not_steer_a_terminal(
    way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Table(box=None)
    table.add_column("name")
    table.add_row(f"{TITLE}\u202ekick\tä\udce9")
    renderable = {"text": f"{TITLE}\u202ekick ä", "cell": table, "Text": Text(f"{TITLE} ä")}[way]
    make_console().print(renderable)
    err = capsys.readouterr().err
    assert "\\x1b]0;title" in err
    assert "ä" in err
    assert not STEERING_SIGNS.search(err)


@pytest.mark.parametrize(
    ("error", "exit_code", "text"),
    [
        (UsageError("No such level."), 2, "Error: No such level.\n"),
        (OutputError("The disk is full."), 1, "Error: The disk is full.\n"),
        (KeyboardInterrupt(), INTERRUPT_CODE, "Stopped.\n"),
    ],
)
def test_errors_become_a_sentence_and_an_exit_code(
    error: BaseException, exit_code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @one_sentence_errors
    def command() -> None:
        raise error

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == exit_code
    assert capsys.readouterr().err == text


def test_other_errors_are_bugs_and_pass() -> None:
    @one_sentence_errors
    def command() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command()


def test_the_second_ctrl_c_stops_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with cancel_on_interrupt() as event:
        assert not event.is_set()
        signal.raise_signal(signal.SIGINT)
        assert event.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_signals_that_come_twice_leave_time_to_save(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with cancel_on_interrupt() as event:
        signal.raise_signal(number)
        signal.raise_signal(number)
        assert event.is_set()
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_kill_and_a_closed_terminal_stop_as_ctrl_c_does(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), stoppable():
        signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, *STOP_SIGNALS])
def test_a_stop_during_an_import_is_not_lost(tmp_path: Path, number: signal.Signals) -> None:
    """As NumPy does, the module goes on after an error of one of its own imports."""
    (tmp_path / "half_made.py").write_text(
        f"import signal\ntry:\n    signal.raise_signal({int(number)})\nexcept BaseException: ...\n"
    )
    script = "from distill.cli.console import stoppable\nwith stoppable():\n    import half_made"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (INTERRUPT_CODE, "Stopped.\n")


def test_under_nohup_a_closed_terminal_stops_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable(), cancel_on_interrupt() as event:
            signal.raise_signal(signal.SIGHUP)
            assert not event.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)
