"""Texts that do not steer a terminal."""

import pytest

from distill.printable import LONGEST, one_line, visible


def test_new_lines_and_tabs_stay() -> None:
    assert visible("a\n\tb\r\x9b2J") == "a\n\tb\\r\\x9b2J"


def test_signs_of_direction_and_halves_of_signs_are_written_out() -> None:
    assert visible("\u061c\u202eä🎹\ud83d") == "\\u061c\\u202eä🎹\\ud83d"


@pytest.mark.parametrize("value", ["c" * 5_000, "c " * 2_500, "\x1b" * 5_000])
def test_what_is_too_long_is_cut_and_a_second_time_changes_nothing(value: str) -> None:
    line = one_line(f"'a\nb\t\x1b{value}' is no number.")
    assert line.startswith("'a\\nb\\t\\x1b")
    assert line.endswith("' is no number.")
    assert len(line) <= LONGEST
    assert one_line(line) == line
