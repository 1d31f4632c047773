"""The tree of errors."""

import inspect

import pytest

from distill import errors
from distill.errors import DistillError, LostProcessError, OutputError, UsageError

CLASSES = [cls for _, cls in inspect.getmembers(errors, inspect.isclass)]


def tree_of_the_docstring() -> dict[str, str]:
    """The base of each error, as the tree is drawn."""
    bases = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        name = line.lstrip(" │├└─").split(" ")[0]
        if not name.endswith("Error"):
            continue
        depth = line.index(name) // 4
        path[depth:] = [name]
        bases[name] = path[depth - 1] if depth else "Exception"
    return bases


def test_the_tree_is_drawn_as_it_is() -> None:
    assert tree_of_the_docstring() == {cls.__name__: cls.__base__.__name__ for cls in CLASSES}


@pytest.mark.parametrize("cls", CLASSES)
def test_each_error_says_when_and_has_an_exit_code(cls: type[DistillError]) -> None:
    assert cls.__doc__
    assert "\n" not in cls.__doc__
    # Whoever started a process that has lost the others may try again.
    assert cls.exit_code in ((75,) if cls is LostProcessError else (1, 2))


def test_an_error_is_one_line_whatever_it_quotes() -> None:
    assert str(UsageError("'a\nb\t\x1b' is no time.")) == "'a\\nb\\t\\x1b' is no time."
    assert str(UsageError("No 'kick\ud800\u202e'.")) == "No 'kick\\ud800\\u202e'."
    long = str(UsageError(f"'{'a' * 10_000}' is no time."))
    assert len(long) < 400
    assert long.startswith("'aaa")
    assert long.endswith("aaa' is no time.")
    name = "a" * 255
    assert name in str(OutputError(f"Cannot write {name}."))


def test_an_error_that_quotes_another_keeps_its_words() -> None:
    inner = UsageError("No '\x1b'.")
    assert str(UsageError(f"{inner} Choose another.")) == f"{inner} Choose another."
