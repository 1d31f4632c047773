"""`distill edit`: edits of codes files, one at a time or by a script.

Commands and lines of scripts come from the signatures and docstrings in `distill.workflows.edit`.
"""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from distill.cli.console import one_sentence_errors
from distill.cli.edit_output import Result, edit_file, run_script
from distill.cli.options import (
    CodesOrDocument,
    FromTime,
    Json,
    Levels,
    ModelPath,
    Overwrite,
    ToTime,
    WorkspaceDir,
)
from distill.workflows.edit import EDITS, needs_model
from distill.workflows.edit_lines import flag, kind, parameters_of

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Edit codes: cut, move, swap, blend and more.\n\n"
        "A document ('distill documents') keeps its edits, for undo; with --output it stays as it "
        "is, and the result is written.\n\n"
        "Locked codes stay as they are, and are counted."
    ),
)
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Codes file to write, .json or .json.gz. A document keeps the edit without it.",
    ),
]

COMMON_OPTIONS = {
    "start": FromTime,
    "stop": ToTime,
    "levels": Levels,
    "other": Annotated[
        Path, typer.Argument(help="Codes file of another sound.", metavar="OTHER_PATH")
    ],
    "seed": Annotated[int, typer.Option(help="Same seed, same result.")],
}
"""Options of the parameters that mean the same in all edits."""

# --- from the declaration of an edit --------------------------------------------------------------


def split_docstring(edit: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Help of a command, and of its own options, from the docstring of an edit.

    Parameters in backticks become flags. Of an entry under `Args:`, sentences that begin with "In
    Python" are left out.
    """
    text, _, arguments = (inspect.getdoc(edit) or "").partition("\n\nArgs:\n")
    names = inspect.signature(edit).parameters
    text = re.sub(r"`(\w+)`", lambda word: flag(word[1]) if word[1] in names else word[0], text)
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    helps = {}
    # An entry is a line that begins with its name; lines that go on with it stand further right.
    for name, entry in re.findall(r"^ {4}(\w+): (.+(?:\n {8,}.+)*)", arguments, re.MULTILINE):
        helps[name] = " ".join(entry.split()).partition(" In Python")[0]
    return "\n\n".join(paragraphs), helps


def _option(parameter: inspect.Parameter, help_text: str | None) -> inspect.Parameter:
    """`parameter` of an edit as a parameter that Typer can read."""
    name = parameter.name
    if help_text is None:
        option: Any = COMMON_OPTIONS[name]
    else:
        metavar = "TIME" if str(parameter.annotation).startswith("Time") else None
        value: Any = kind(parameter)
        if parameter.default is None:
            value = value | None
        option = Annotated[value, typer.Option(flag(name), help=help_text, metavar=metavar)]
    return _keyword(name, option, parameter.default)


def _keyword(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> Any:
    only = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, only, default=default, annotation=annotation)


def _add(name: str) -> None:
    """Add the edit called `name` to the commands."""
    help_text, helps = split_docstring(EDITS[name])
    own = [_option(parameter, helps.get(key)) for key, parameter in parameters_of(name).items()]
    files = [_keyword("codes_path", CodesOrDocument)]
    if needs_model(name):
        files.insert(0, _keyword("model_path", ModelPath))
    results = [
        _keyword("output", Output, default=None),
        _keyword("overwrite", Overwrite, default=False),
        _keyword("workspace", WorkspaceDir, default=None),
        _keyword("json", Json, default=False),
    ]

    def command(
        codes_path: Path,
        overwrite: bool,
        json: bool,
        output: Path | None = None,
        workspace: Path | None = None,
        model_path: Path | None = None,
        **options: Any,
    ) -> None:
        result = Result(output=output, overwrite=overwrite, json=json, workspace=workspace)
        edit_file(name, model_path, codes_path, result, options)

    _sign(command, [*files, *own, *results])
    app.command(name, help=help_text)(one_sentence_errors(command))


def _sign(function: Any, parameters: list[inspect.Parameter]) -> None:
    """Give `function` the signature that Typer is to read."""
    function.__signature__ = inspect.Signature(parameters)
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}


for edit_name in EDITS:
    _add(edit_name)


# --- many at once ---------------------------------------------------------------------------------


@app.command("run")
@one_sentence_errors
def run_cmd(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Codes file or document; the model before it if a line needs one.",
            metavar="[MODEL_PATH] CODES_PATH",
        ),
    ],
    script: Annotated[Path, typer.Option(help="Text file: one edit per line, # for comments.")],
    output: Output = None,
    overwrite: Overwrite = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Run a script of edits, one per line.

    In the words of the commands, without files: reverse --from 1 --to 2
    """
    result = Result(output=output, overwrite=overwrite, json=json, workspace=workspace)
    run_script(paths, script, result)
