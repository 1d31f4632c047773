"""A line of a script as an edit, and an edit as a line, in the words of `distill edit`.

The signature of an edit says which options its line has. A line names no codes file and no model:
whoever runs it has these.
"""

import inspect
import shlex
from functools import cache
from pathlib import Path
from typing import Any

from distill.errors import UsageError
from distill.workflows.edit import EDITS

FLAGS = {"start": "--from", "stop": "--to"}
"""Options that are not called as their parameter: `from` is a keyword of Python."""

KINDS = {"Time": str, "PasteMode": str, "str": str, "int": int, "float": float, "bool": bool}
"""Type that is read for each annotation in the signature of an edit."""

CONTEXT = ("model", "grid")
"""Parameters that no line names."""

SOUND = "other"
"""The parameter that stands in a line without a flag: another sound."""


def flag(parameter: str) -> str:
    """The option for `parameter` of an edit: `start` → `--from`."""
    return FLAGS.get(parameter, f"--{parameter.replace('_', '-')}")


def kind(parameter: inspect.Parameter) -> type:
    """The type that is read for `parameter` of an edit."""
    # `Time | None` is read as `Time`, `int | np.ndarray` as `int`.
    return KINDS[str(parameter.annotation).split(" | ")[0]]


@cache
def parameters_of(name: str) -> dict[str, inspect.Parameter]:
    """Parameters of the edit called `name` that a line gives, by name."""
    signature = inspect.signature(EDITS[name]).parameters
    return {
        key: parameter
        for key, parameter in signature.items()
        # What is given by name alone is for Python.
        if key not in CONTEXT and parameter.kind != parameter.KEYWORD_ONLY
    }


# --- reading --------------------------------------------------------------------------------------


def split_line(line: str) -> list[str]:
    """The words of a line as in a shell, with quotes and comments.

    Raises:
        ValueError: A quotation has no end.
    """
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split = True
    # A backslash stands for itself: it separates folders on Windows.
    lexer.escape = ""
    return list(lexer)


def parse_line(words: list[str]) -> tuple[str, dict[str, Any]]:
    """Name and options of the edit that the `words` of a line call.

    Returns:
        The name, as in `EDITS`, and a value for each parameter but `grid` and `model`.

    Raises:
        UsageError: The words call none; the message names the word.
    """
    name, *rest = words
    if name not in EDITS:
        raise UsageError(f"There is no edit '{name}': 'distill edit --help' lists them all.")
    parameters = parameters_of(name)
    values = _read_words(name, rest, parameters)
    options = {}
    for key, parameter in parameters.items():
        if key not in values and parameter.default is inspect.Parameter.empty:
            missing = "another sound" if key == SOUND else f"the option {flag(key)}"
            raise UsageError(f"{name} lacks {missing}: 'distill edit {name} --help' says more.")
        options[key] = values.get(key, parameter.default)
    return name, options


def _read_words(
    name: str, words: list[str], parameters: dict[str, inspect.Parameter]
) -> dict[str, Any]:
    """Values of the `parameters` that `words` give. Of an option given twice, the last counts."""
    flags = {flag(key): key for key in parameters if key != SOUND}
    values: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word, has_value, value = _split_option(rest.pop(0))
        if not word.startswith("-"):
            if SOUND not in parameters or SOUND in values:
                raise UsageError(f"{name} takes no '{word}' here.")
            values[SOUND] = Path(word)
            continue
        if word not in flags:
            raise UsageError(f"{name} has no option {word}.")
        key = flags[word]
        if kind(parameters[key]) is bool:
            if has_value:
                raise UsageError(f"The option {word} takes no value.")
            values[key] = True
            continue
        if not has_value and not rest:
            raise UsageError(f"The option {word} lacks its value.")
        values[key] = _read_value(word, value if has_value else rest.pop(0), parameters[key])
    return values


def _split_option(word: str) -> tuple[str, bool, str]:
    """`--to=3` → `--to`, whether it has a value, `3`. Any other word stays whole."""
    if not word.startswith("--"):
        return word, False, ""
    option, sign, value = word.partition("=")
    return option, bool(sign), value


def _read_value(option: str, text: str, parameter: inspect.Parameter) -> Any:
    try:
        return kind(parameter)(text)
    except ValueError as error:
        number = "a whole number" if kind(parameter) is int else "a number"
        raise UsageError(f"{option} must be {number}, not '{text}'.") from error


# --- writing --------------------------------------------------------------------------------------


def format_line(name: str, options: dict[str, Any]) -> str:
    """The line that `parse_line` reads as this edit; options that say the default are left out.

    Raises:
        UsageError: An option cannot be written in a line, such as an array.

    Example:
        >>> format_line("reverse", {"start": "1.5", "levels": None})
        'reverse --from 1.5'
    """
    words = [name]
    for key, parameter in parameters_of(name).items():
        value = options.get(key, parameter.default)
        if key == SOUND:
            words.append(_quote(str(value)))
        elif value is not parameter.default:
            words += _words_of(flag(key), value, parameter.default)
    return " ".join(words)


def _words_of(option: str, value: Any, default: Any) -> list[str]:
    """Words that give `option` this value; none where it is the default."""
    if not isinstance(value, str | int | float):
        raise UsageError(f"{option} cannot be written in a line: give one number or word.")
    if value == default:
        return []
    return [option] if value is True else [option, _quote(str(value))]


def _quote(word: str) -> str:
    # Python knows more ends of lines than the newline.
    if len(word.splitlines()) > 1 or word != word.rstrip("\r\n"):
        raise UsageError("A line of a script holds no line breaks: rename the file.")
    return shlex.quote(word)
