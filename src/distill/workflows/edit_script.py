"""Scripts of edits: a text file with one edit a line, in the words of `distill edit`.

# quiet start, then the loop four times
cut --to 0.5
repeat --times 4
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.errors import DistillError, UsageError
from distill.progress import Progress
from distill.workflows.edit import EDITS, needs_model
from distill.workflows.edit_lines import parse_line, split_line

if TYPE_CHECKING:
    from distill.inference.codes.grid import CodeGrid
    from distill.inference.codes.rearrange import EditResult
    from distill.models.persistence import LoadedVQModel

LARGEST_SCRIPT = 1 << 20
"""Characters of a script, at most: thousands of edits. Any larger file is another kind of file."""


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


def read_script(path: Path) -> list[Step]:
    """The edits that the file at `path` lists.

    Raises:
        UsageError: If the file cannot be read, or names the first line that is no edit.
    """
    lines = enumerate(_read_text(path).splitlines(), 1)
    steps = [read_line(line, f"{path}, line {number}: ") for number, line in lines]
    return [step for step in steps if step is not None]


def read_line(line: str, where: str = "") -> Step | None:
    """The edit in a line; None if it is empty or a comment.

    Args:
        line: The line.
        where: Place in a script, for errors.

    Raises:
        UsageError: The line is no edit.
    """
    try:
        words = split_line(line)
        if not words:
            return None
        name, options = parse_line(words)
    except (UsageError, ValueError) as error:
        raise UsageError(f"{where}{error}") from error
    return Step(name=name, options=options, where=where)


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


def with_progress(step: Step, progress: Progress) -> Step:
    """`step` with `progress` as its option, if it can tell how far it has come."""
    if "progress" not in inspect.signature(EDITS[step.name]).parameters:
        return step
    return replace(step, options={**step.options, "progress": progress})


def apply(step: Step, grid: CodeGrid, loaded: LoadedVQModel | None = None) -> EditResult:
    """`grid` after one edit; errors begin with the place of the edit in its script."""
    edit = EDITS[step.name]
    try:
        if needs_model(step.name):
            return edit(loaded, grid, **step.options)
        return edit(grid, **step.options)
    except DistillError as error:
        raise type(error)(f"{step.where}{error}") from error
