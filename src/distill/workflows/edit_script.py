"""Scripts of edits: a text file with one edit a line, in the words of `distill edit`.

# quiet start, then the loop four times
cut --to 0.5
repeat --times 4
"""

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distill.errors import DistillError, UsageError
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.rearrange import EditResult
from distill.models.persistence import LoadedVQModel
from distill.workflows.edit import EDITS, needs_model

LARGEST_SCRIPT = 1 << 20
"""Characters of a script, at most: thousands of edits. Any larger file is another kind of file."""

Parse = Callable[[list[str]], tuple[str, dict[str, Any]]]
"""Turns the words of a line into the name and the options of an edit; `UsageError` if it cannot."""


@dataclass(frozen=True)
class Step:
    """One edit with its options.

    Attributes:
        name: The edit, as in `EDITS`.
        options: Its keyword arguments.
        where: Place in a script (`edits.txt, line 2: `), for errors; empty outside of scripts.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    where: str = ""


def read_script(parse: Parse, path: Path) -> list[Step]:
    """The edits that the file at `path` lists.

    Raises:
        UsageError: If the file cannot be read, or names the first line that is no edit.
    """
    text = _read_text(path)
    steps = []
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{path}, line {number}: "
        try:
            words = _words(line)
            if words:
                name, options = parse(words)
                steps.append(Step(name=name, options=options, where=where))
        except (UsageError, ValueError) as error:
            raise UsageError(f"{where}{error}") from error
    return steps


def _read_text(path: Path) -> str:
    try:
        # Editors on Windows begin a text with a byte order mark.
        with open(path, encoding="utf-8-sig", opener=_open_at_once) as file:
            # One character more tells a longer file from one of that length.
            text = file.read(LARGEST_SCRIPT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no plain text"
        raise UsageError(f"The script {path} cannot be read ({reason}): check its name.") from error
    if len(text) > LARGEST_SCRIPT:
        raise UsageError(f"The script {path} is too long to be a list of edits.")
    return text


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting for a pipe that nobody writes to, which then is empty."""
    if sys.platform == "win32":
        return os.open(path, flags)
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return descriptor


def _words(line: str) -> list[str]:
    """The words of a line as in a shell, with quotes and comments."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split = True
    # A backslash stands for itself: it separates folders on Windows.
    lexer.escape = ""
    return list(lexer)


def check_model(steps: Sequence[Step], has_model: bool) -> bool:
    """Whether any of `steps` needs a model.

    Raises:
        UsageError: If one does, and there is none.
    """
    needing = [step for step in steps if needs_model(step.name)]
    if needing and not has_model:
        first = needing[0]
        raise UsageError(
            f"{first.where}{first.name} needs the model: name it before the codes file."
        )
    return bool(needing)


def apply(step: Step, grid: CodeGrid, loaded: LoadedVQModel | None = None) -> EditResult:
    """`grid` after one edit; errors begin with the place of the edit in its script."""
    edit = EDITS[step.name]
    try:
        if needs_model(step.name):
            return edit(loaded, grid, **step.options)
        return edit(grid, **step.options)
    except DistillError as error:
        raise type(error)(f"{step.where}{error}") from error
