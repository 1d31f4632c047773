"""What `distill edit` does with files: read, edit, write, and say what was done."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from distill.cli.console import make_console, print_json
from distill.errors import DistillError, UsageError

if TYPE_CHECKING:
    from distill.inference.codes.grid import CodeGrid
    from distill.inference.codes.rearrange import EditResult
    from distill.models.persistence import LoadedVQModel

LARGEST_SCRIPT = 1 << 20

Parse = Callable[[list[str]], tuple[str, dict[str, Any]]]
"""An operation's name and options from the words of a line; `UsageError` for words that make
none."""


class Step(NamedTuple):
    """An operation with its options; `where` says which line of a script it stands on."""

    name: str
    options: dict[str, Any]
    where: str = ""


def edit_file(
    name: str,
    model_path: Path | None,
    codes_path: Path,
    output: Path,
    json: bool,
    options: dict[str, Any],
) -> None:
    """Apply one operation to the codes file at `codes_path`, and write the outcome to `output`."""
    grid, facts = _edit(model_path, codes_path, output, [Step(name, options)])
    _say(output, grid, facts, json)
    if json:
        print_json(_summary(output, grid) | facts[0])


def run_script(parse: Parse, paths: list[Path], script: Path, output: Path, json: bool) -> None:
    """Apply the lines of the file `script`, to the last of `paths`."""
    if len(paths) > 2:
        raise UsageError("Name one codes file, and the model before it if a line needs one.")
    steps = read_script(parse, script)
    grid, facts = _edit(paths[0] if len(paths) == 2 else None, paths[-1], output, steps)
    _say(output, grid, facts, json)
    if json:
        print_json(_summary(output, grid) | {"steps": facts})


# --- scripts --------------------------------------------------------------------------------------


def read_script(parse: Parse, path: Path) -> list[Step]:
    """The steps that the file at `path` lists; `UsageError` names the line that is none."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(LARGEST_SCRIPT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no plain text"
        raise UsageError(f"The script {path} cannot be read ({reason}): check its name.") from error
    if len(text) > LARGEST_SCRIPT:
        raise UsageError(f"The script {path} is too long to be a list of edits.")
    numbered = enumerate(text.splitlines(), 1)
    return [
        step
        for number, line in numbered
        if (step := _step(parse, line, f"{path}, line {number}: "))
    ]


def _step(parse: Parse, line: str, where: str) -> Step | None:
    try:
        words = _words(line)
        return Step(*parse(words), where) if words else None
    except (UsageError, ValueError) as error:
        raise UsageError(f"{where}{error}") from error


def _words(line: str) -> list[str]:
    """As a shell splits it, quotes and remarks too; but a backslash is one: it stands between
    folders on Windows."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.escape = True, ""
    return list(lexer)


# --- files ----------------------------------------------------------------------------------------


def _edit(
    model_path: Path | None, codes_path: Path, output: Path, steps: list[Step]
) -> "tuple[CodeGrid, list[dict[str, Any]]]":
    """The codes at `codes_path` after `steps`, written to `output`; and what is to be said of each
    step."""
    from distill.inference.codes.file import load_codes, save_codes
    from distill.workflows import edit as editing
    from distill.workflows import paths
    from distill.workflows.load import load

    output = paths.codes_path(output)
    needing = [step for step in steps if step.name in editing.WITH_MODEL]
    if needing and model_path is None:
        raise UsageError(
            f"{needing[0].where}{needing[0].name} needs the model: name it before the codes file."
        )
    grid, facts = load_codes(codes_path), []
    model = load(model_path, "cpu") if needing and model_path is not None else None
    for step in steps:
        edited = _apply(step, model, grid)
        facts.append(_facts(step, grid, edited))
        grid = edited.grid
    save_codes(output, grid)
    return grid, facts


def _apply(step: Step, model: "LoadedVQModel | None", grid: "CodeGrid") -> "EditResult":
    from distill.workflows import edit as editing

    options = {key: value for key, value in step.options.items() if value is not None}
    try:
        if step.name in editing.WITH_MODEL:
            return editing.WITH_MODEL[step.name](model, grid, **options)
        return editing.PLAIN[step.name](grid, **options)
    except DistillError as error:
        raise type(error)(f"{step.where}{error}") from error


# --- what is said ---------------------------------------------------------------------------------


def _facts(step: Step, before: "CodeGrid", edited: "EditResult") -> dict[str, Any]:
    after = edited.grid
    same_shape = before.codes.shape == after.codes.shape
    distance = edited.distance
    return {
        "operation": step.name,
        "changed": int((before.codes != after.codes).sum()) if same_shape else None,
        "locked": 0 if after.locked is None else int(after.locked.sum()),
        "kept_back": edited.kept_back,
        "remark": edited.remark,
        "distance": None if distance is None else float(distance.mean()),
    }


def _summary(path: Path, grid: "CodeGrid") -> dict[str, Any]:
    T, Q = grid.codes.shape
    return {
        "path": path,
        "frames": T,
        "levels": Q,
        "n_samples": grid.n_samples,
        "duration_s": grid.seconds,
    }


def _say(path: Path, grid: "CodeGrid", facts: list[dict[str, Any]], quiet: bool) -> None:
    console = make_console(quiet=quiet)
    for fact in facts:
        console.print(" ".join(_sentences(fact)), soft_wrap=True)
    console.print(f"{path}: {len(grid.codes)} frames ({grid.seconds:.2f} s).", soft_wrap=True)


def _sentences(fact: dict[str, Any]) -> list[str]:
    said = [f"{fact['operation']}: {_outcome(fact)}."]
    if fact["kept_back"]:
        said.append(f"{_count(fact['kept_back'], 'locked code')} left as they were.")
    if fact["distance"] is not None:
        said.append(
            f"The codes lie {fact['distance']:.0%} of the way between the two sounds off what was asked."
        )
    return [*said, fact["remark"]] if fact["remark"] else said


def _outcome(fact: dict[str, Any]) -> str:
    if fact["operation"] in ("lock", "unlock"):
        return f"{_count(fact['locked'], 'code')} locked now"
    return "new length" if fact["changed"] is None else f"{_count(fact['changed'], 'code')} changed"


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"
