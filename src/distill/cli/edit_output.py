"""`distill edit` with files: read, edit, write, and say what was done."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.cli.console import make_console, print_json
from distill.errors import CodesFileError, DistillError, UsageError

if TYPE_CHECKING:
    from distill.inference.codes.grid import CodeGrid
    from distill.library.document_file import Document
    from distill.models.persistence import LoadedVQModel
    from distill.workflows.describe_results import StepFacts
    from distill.workflows.edit_script import Step


@dataclass(frozen=True)
class Result:
    """The result of an edit.

    Args:
        output: Codes file to write; None keeps the edit in the document.
        overwrite: Whether a file that exists is replaced.
        json: Whether to print JSON in place of sentences.
        workspace: Folder of the workspace that keeps documents; None: the usual one.
    """

    output: Path | None
    overwrite: bool
    json: bool
    workspace: Path | None = None


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
    from distill.workflows.edit_script import Step

    _check_output(result, [model_path, codes_path, options.get("other")])
    step = Step(name, options)
    document = _document(codes_path, result)
    if document is not None:
        edit_document(document, [step], model_path, result)
        return
    output = _output_of(result)
    grid, (facts,) = _edit(model_path, codes_path, output, [step])
    _print(output, grid, [facts], result.json)
    if result.json:
        print_json(_file_facts(output, grid) | asdict(facts))


def run_script(paths: list[Path], script: Path, result: Result) -> None:
    """Apply the lines of a script to a codes file and write the result.

    Args:
        paths: The codes file, or the model file and the codes file.
        script: Text file with one edit a line.
        result: Codes file to write, and how.
    """
    from distill.workflows.edit_script import read_script

    if len(paths) > 2:
        raise UsageError("Name one codes file, and the model before it if a line needs one.")
    model_path = paths[0] if len(paths) == 2 else None
    _check_output(result, [*paths, script])
    steps = read_script(script)
    _check_output(result, [step.options.get("other") for step in steps])
    document = _document(paths[-1], result)
    if document is not None:
        edit_document(document, steps, model_path, result)
        return
    output = _output_of(result)
    grid, facts = _edit(model_path, paths[-1], output, steps)
    _print(output, grid, facts, result.json)
    if result.json:
        print_json(_file_facts(output, grid) | {"steps": [asdict(step) for step in facts]})


def edit_document(
    document: "Document", steps: "list[Step]", model_path: Path | None, result: Result
) -> None:
    """Apply edits to a document: kept in it, or written to a file alone.

    Args:
        document: The document.
        steps: The edits.
        model_path: Model file, for edits that need it.
        result: Codes file to write in place of keeping the edits, or none.
    """
    from distill.inference.codes.file import save_codes
    from distill.library.editing import Editor
    from distill.library.workspace import open_workspace
    from distill.workflows.edit_lines import format_line
    from distill.workflows.edit_script import check_model

    has_model = check_model(steps, model_path is not None)
    model = _load(model_path) if has_model else None
    lines = [format_line(step.name, step.options) for step in steps]
    editor = Editor(open_workspace(result.workspace, make=False), reads_files=True)
    keeps = result.output is None
    edits = (editor.run if keeps else editor.try_script)(document.id, lines, model=model)
    last = edits[-1]
    place = document.name
    if result.output is not None:
        save_codes(result.output, last.grid)
        place = str(result.output)
    facts = [edit.facts for edit in edits]
    _print(place, last.grid, facts, result.json)
    if result.json:
        about = {"document": document.id, "revision": last.document.revision, "kept": keeps}
        file_facts = _file_facts(result.output, last.grid)
        print_json(about | file_facts | {"steps": [asdict(entry) for entry in facts]})


def _document(codes_path: Path, result: Result) -> "Document | None":
    """The document that is meant; None where it is a codes file."""
    # `Path.exists` raises where a name is too long.
    if os.path.exists(codes_path) or codes_path.name.endswith((".json", ".json.gz")):
        return None
    from distill.library.documents import find_document, has_document
    from distill.library.workspace import open_workspace

    text = str(codes_path)
    try:
        workspace = open_workspace(result.workspace, make=False)
        exists = has_document(workspace, text)
    except DistillError:
        # With an output, no workspace is needed.
        if result.output is None:
            raise
        return None
    if result.output is not None and not exists:
        raise CodesFileError(
            f"There is no codes file at {text}, and no document has that name: check the name."
        )
    return find_document(workspace, text)


def _output_of(result: Result) -> Path:
    if result.output is None:
        raise UsageError("Name the codes file to write: --output out.json.")
    return result.output


def _file_facts(path: Path | None, grid: "CodeGrid") -> dict[str, Any]:
    from distill.workflows.describe_results import edited_facts

    facts = asdict(edited_facts(path or Path(), grid))
    return facts | {"path": path}


def _check_output(result: Result, inputs: list[Path | None]) -> None:
    """Refuse a bad path before any work."""
    from distill.workflows.paths import codes_path

    if result.output is not None:
        codes_path(result.output, inputs, result.overwrite)


def _edit(
    model_path: Path | None, codes_path: Path, output: Path, steps: "list[Step]"
) -> "tuple[CodeGrid, list[StepFacts]]":
    """The codes at `codes_path` after `steps`, written to `output`, and the facts of each step."""
    from distill.inference.codes.file import load_codes, save_codes
    from distill.workflows.describe_results import step_facts
    from distill.workflows.edit_script import apply, check_model

    needs_model = check_model(steps, model_path is not None)
    grid = load_codes(codes_path)
    loaded = _load(model_path) if needs_model else None
    facts = []
    for step in steps:
        result = apply(step, grid, loaded)
        facts.append(step_facts(step.name, grid, result))
        grid = result.grid
    save_codes(output, grid)
    return grid, facts


def _load(model_path: Path | None) -> "LoadedVQModel":
    from distill.workflows.load import load

    assert model_path is not None
    return load(model_path, "cpu")


# --- sentences ------------------------------------------------------------------------------------


def _print(path: Path | str, grid: "CodeGrid", steps: "list[StepFacts]", quiet: bool) -> None:
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
