import io

import pytest
from rich.console import Console

from distill.cli import work_progress
from distill.cli.work_progress import SpacedLines, WorkProgress


def make_console(is_terminal: bool) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=is_terminal, width=60, highlight=False), out


@pytest.mark.parametrize("is_terminal", [True, False])
def test_short_work_has_a_bar_in_a_terminal_and_nothing_elsewhere(is_terminal: bool) -> None:
    console, out = make_console(is_terminal)
    with WorkProgress(console, "Encoding") as show:
        assert list(show.track(range(3), 3)) == [0, 1, 2]
    assert ("Encoding" in out.getvalue()) is is_terminal


def test_long_work_has_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_progress, "LINE_EVERY_S", 0.0)
    console, out = make_console(False)
    with WorkProgress(console, "Encoding") as show:
        list(show.track(range(2), 2))
        show(0, 0)
    percentages = [line.removeprefix("Encoding: ") for line in out.getvalue().splitlines()]
    assert percentages == ["0%", "50%", "100%", "0%"]


def test_lines_keep_their_distance() -> None:
    console, out = make_console(False)
    lines = SpacedLines(console, begins_at_once=True)
    for text in ("first", "second", "third"):
        lines(text)
    assert out.getvalue() == "first\n"
    terminal, shown = make_console(True)
    SpacedLines(terminal, begins_at_once=True)("first")
    assert shown.getvalue() == ""
