"""Texts that do not steer a terminal."""

from distill.printable import one_line, visible


def test_new_lines_and_tabs_stay() -> None:
    assert visible("a\n\tb\r\x9b2J") == "a\n\tb\\r\\x9b2J"


def test_signs_of_direction_and_halves_of_signs_are_written_out() -> None:
    assert visible("\u061c\u202eä🎹\ud83d") == "\\u061c\\u202eä🎹\\ud83d"


def test_one_line_twice_is_one_line() -> None:
    line = one_line("a\nb\t\x1b" + "c" * 5_000)
    assert len(line) < 400
    assert one_line(line) == line
