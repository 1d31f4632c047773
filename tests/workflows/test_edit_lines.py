"""Lines of scripts: what they are read as, and what edits are written as."""

import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.errors import UsageError
from distill.workflows.edit import EDITS
from distill.workflows.edit_lines import SOUND, format_line, kind, parameters_of, split_line
from distill.workflows.edit_lines import parse_line as parse

TEXTS = st.text(alphabet=string.printable.translate({ord(c): None for c in "\r\n\v\f"}), min_size=1)
VALUES: dict[type, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: st.integers(),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
}


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    name = draw(st.sampled_from([*EDITS]))
    options: dict[str, Any] = {}
    for key, parameter in parameters_of(name).items():
        if key == SOUND:
            options[key] = Path("others/" + draw(st.text("abc 'é#", max_size=5)) + "x.json")
        elif parameter.default is parameter.empty or draw(st.booleans()):
            options[key] = draw(VALUES[kind(parameter)])
        else:
            options[key] = parameter.default
    return name, options


@given(edits())
def test_a_line_is_read_as_the_edit_that_it_was_written_for(edit: tuple[str, Any]) -> None:
    assert parse(split_line(format_line(*edit))) == edit


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r"swap C:\Users\me\b.json --to 1f", [r"swap", r"C:\Users\me\b.json", "--to", "1f"]),
        (r'swap "C:\my sounds\b.json" # twice', ["swap", r"C:\my sounds\b.json"]),
        (r"swap '\\host\b.json'", ["swap", r"\\host\b.json"]),
        ('swap "a b.json" --from=1.5', ["swap", "a b.json", "--from=1.5"]),
        ("# nothing", []),
    ],
)
def test_backslashes_stand_between_folders(line: str, words: list[str]) -> None:
    assert split_line(line) == words


@pytest.mark.parametrize("name", EDITS)
def test_options_that_a_line_leaves_out_have_the_defaults_of_the_edit(name: str) -> None:
    parameters = parameters_of(name)
    words = [name]
    for key, parameter in parameters.items():
        if parameter.default is parameter.empty:
            words += ["1"] if key == SOUND else [f"--{key}", "1"]
    _, options = parse(words)
    for key, parameter in parameters.items():
        expected = parameter.default
        if expected is parameter.empty:
            expected = Path("1") if key == SOUND else kind(parameter)("1")
        assert options[key] == expected


def test_an_option_may_be_written_in_two_ways_and_the_last_counts() -> None:
    assert parse(split_line("reverse --from=2 --from 1")) == parse(["reverse", "--from", "1"])
    assert parse(split_line("copy --at -1"))[1]["at"] == "-1"


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("fly", "no edit 'fly'"),
        ("reverse --form 1", "no option --form"),
        ("reverse -o x", "no option -o"),
        ("reverse x", "takes no 'x'"),
        ("swap a b", "takes no 'b'"),
        ("swap", "lacks another sound"),
        ("cut --to", "lacks its value"),
        ("copy", "lacks the option --at"),
        ("set --code 1.5", "--code must be a whole number, not '1.5'"),
        ("stretch --factor x", "--factor must be a number, not 'x'"),
        ("heal --seams=1", "takes no value"),
    ],
)
def test_a_line_that_is_no_edit_is_named(line: str, part: str) -> None:
    with pytest.raises(UsageError, match=part):
        parse(split_line(line))


def test_a_line_holds_one_edit_alone() -> None:
    with pytest.raises(UsageError, match="no line breaks"):
        format_line("swap", {"other": Path("a\nb.json")})
    with pytest.raises(UsageError, match="one number or word"):
        format_line("set", {"code": np.zeros((2, 3), int)})
