"""`distill edit` with files: read, edit, write, and say what was done."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.cli.console import make_console, print_json
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.inference.codes.grid import CodeGrid
    from distill.workflows.describe_results import StepFacts
    from distill.workflows.edit_script import Parse, Step


@dataclass(frozen=True)
class Result:
    """The result of an edit.

    Args:
        output: Codes file to write.
        overwrite: Whether a file that exists is replaced.
        json: Whether to print JSON in place of sentences.
    """

    output: Path
    overwrite: bool
    json: bool


def edit_file(
    name: str,
    model_path: Path | None,
    codes_path: Path,
    result: Result,
    options: dict[str, Any],
) -> None:
    """Apply one edit to a codes file and write the result.

    Args:
        name: The edit, as in `distill.workflows.edit.EDITS`.
        model_path: Model file, for edits that need it.
        codes_path: Codes file to read.
        result: Codes file to write, and how.
        options: Keyword arguments of the edit.
    """
    from distill.workflows.describe_results import edited_facts
    from distill.workflows.edit_script import Step

    _check_output(result, [model_path, codes_path, options.get("other")])
    grid, (step,) = _edit(model_path, codes_path, result.output, [Step(name, options)])
    _print(result.output, grid, [step], result.json)
    if result.json:
        print_json(asdict(edited_facts(result.output, grid)) | asdict(step))


def run_script(parse: "Parse", paths: list[Path], script: Path, result: Result) -> None:
    """Apply the lines of a script to a codes file and write the result.

    Args:
        parse: Makes an edit of the words of a line.
        paths: The codes file, or the model file and the codes file.
        script: Text file with one edit a line.
        result: Codes file to write, and how.
    """
    from distill.workflows.describe_results import edited_facts
    from distill.workflows.edit_script import read_script

    if len(paths) > 2:
        raise UsageError("Name one codes file, and the model before it if a line needs one.")
    model_path = paths[0] if len(paths) == 2 else None
    _check_output(result, [*paths, script])
    steps = read_script(parse, script)
    _check_output(result, [step.options.get("other") for step in steps])
    grid, facts = _edit(model_path, paths[-1], result.output, steps)
    _print(result.output, grid, facts, result.json)
    if result.json:
        step_facts = {"steps": [asdict(step) for step in facts]}
        print_json(asdict(edited_facts(result.output, grid)) | step_facts)


def _check_output(result: Result, inputs: list[Path | None]) -> None:
    """Refuse a bad path before any work."""
    from distill.workflows.paths import codes_path

    codes_path(result.output, inputs, result.overwrite)


def _edit(
    model_path: Path | None, codes_path: Path, output: Path, steps: "list[Step]"
) -> "tuple[CodeGrid, list[StepFacts]]":
    """The codes at `codes_path` after `steps`, written to `output`, and the facts of each step."""
    from distill.inference.codes.file import load_codes, save_codes
    from distill.workflows.describe_results import step_facts
    from distill.workflows.edit_script import apply, check_model
    from distill.workflows.load import load

    needs_model = check_model(steps, model_path is not None)
    grid = load_codes(codes_path)
    loaded = load(model_path, "cpu") if needs_model and model_path is not None else None
    facts = []
    for step in steps:
        edited = apply(step, grid, loaded)
        facts.append(step_facts(step.name, grid, edited))
        grid = edited.grid
    save_codes(output, grid)
    return grid, facts


# --- sentences ------------------------------------------------------------------------------------


def _print(path: Path, grid: "CodeGrid", steps: "list[StepFacts]", quiet: bool) -> None:
    console = make_console(quiet=quiet)
    for step in steps:
        console.print(" ".join(_sentences(step)), soft_wrap=True)
    console.print(f"{path}: {len(grid.codes)} frames ({grid.seconds:.2f} s).", soft_wrap=True)


def _sentences(step: "StepFacts") -> list[str]:
    sentences = [f"{step.operation}: {_outcome(step)}."]
    if step.kept_back:
        sentences.append(f"{_count(step.kept_back, 'locked code')} left unchanged.")
    if step.distance is not None:
        sentences.append(
            f"The result is {step.distance:.0%} off the exact blend "
            "(100% is the distance between the two sounds)."
        )
    if step.remark:
        sentences.append(step.remark)
    return sentences


def _outcome(step: "StepFacts") -> str:
    if step.operation in ("lock", "unlock"):
        return f"{_count(step.locked, 'code')} locked now"
    return "new length" if step.changed is None else f"{_count(step.changed, 'code')} changed"


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
