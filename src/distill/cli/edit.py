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
from distill.cli.options import CodesPath, FromTime, Json, Levels, ModelPath, Overwrite, ToTime
from distill.cli.parse_errors import PARSE_ERROR
from distill.errors import UsageError
from distill.workflows.edit import EDITS, needs_model

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Edit codes: cut, move, swap, blend and more.\n\n"
        "Locked codes stay as they are, and are counted."
    ),
)
lines = typer.Typer(add_completion=False, context_settings={"help_option_names": []})
"""The same edits as lines of a script have them: without files."""

Output = Annotated[
    Path, typer.Option("--output", "-o", help="Codes file to write, .json or .json.gz.")
]

SHARED = {
    "start": FromTime,
    "stop": ToTime,
    "levels": Levels,
    "other": Annotated[
        Path, typer.Argument(help="Codes file of another sound.", metavar="OTHER_PATH")
    ],
    "seed": Annotated[int, typer.Option(help="Same seed, same result.")],
}
"""Options of the parameters that mean the same in all edits."""

FLAGS = {"start": "--from", "stop": "--to"}
"""Options that are not called as their parameter: `from` is a keyword of Python."""

KINDS = {"Time": str, "PasteMode": str, "str": str, "int": int, "float": float, "bool": bool}
"""Type that the command line reads for each annotation in the signature of an edit."""


def _flag(parameter: str) -> str:
    return FLAGS.get(parameter, f"--{parameter.replace('_', '-')}")


# --- from the declaration of an edit --------------------------------------------------------------


def split_docstring(edit: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Help of a command, and of its own options, from the docstring of an edit.

    Parameters in backticks become flags. Of an entry under `Args:`, sentences that begin with "In
    Python" are left out.
    """
    text, _, arguments = (inspect.getdoc(edit) or "").partition("\n\nArgs:\n")
    names = inspect.signature(edit).parameters
    text = re.sub(r"`(\w+)`", lambda word: _flag(word[1]) if word[1] in names else word[0], text)
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
        option: Any = SHARED[name]
    else:
        # `Time | None` is read as `Time`, `int | np.ndarray` as `int`.
        annotation = str(parameter.annotation).split(" | ")[0]
        metavar = "TIME" if annotation == "Time" else None
        kind: Any = KINDS[annotation]
        if parameter.default is None:
            kind = kind | None
        option = Annotated[kind, typer.Option(_flag(name), help=help_text, metavar=metavar)]
    return _keyword(name, option, parameter.default)


def _keyword(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> Any:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def _add(name: str) -> None:
    """Add the edit called `name` to the commands and to the lines of a script."""
    edit = EDITS[name]
    help_text, helps = split_docstring(edit)
    own = [
        _option(parameter, helps.get(parameter.name))
        for parameter in inspect.signature(edit).parameters.values()
        if parameter.name not in ("model", "grid")
    ]
    files = [_keyword("codes_path", CodesPath)]
    if needs_model(name):
        files.insert(0, _keyword("model_path", ModelPath))
    results = [
        _keyword("output", Output),
        _keyword("overwrite", Overwrite, default=False),
        _keyword("json", Json, default=False),
    ]

    def command(
        codes_path: Path,
        output: Path,
        overwrite: bool,
        json: bool,
        model_path: Path | None = None,
        **options: Any,
    ) -> None:
        edit_file(name, model_path, codes_path, Result(output, overwrite, json), options)

    def line(**options: Any) -> tuple[str, dict[str, Any]]:
        return name, options

    _sign(command, [*files, *own, *results])
    _sign(line, own)
    app.command(name, help=help_text)(one_sentence_errors(command))
    lines.command(name)(line)


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
            help="Codes file; the model before it if a line needs one.",
            metavar="[MODEL_PATH] CODES_PATH",
        ),
    ],
    script: Annotated[Path, typer.Option(help="Text file: one edit per line, # for comments.")],
    output: Output,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Run a script of edits, one per line.

    In the words of the commands, without files: reverse --from 1 --to 2
    """
    run_script(parse_line, paths, script, Result(output, overwrite, json))


def parse_line(words: list[str]) -> tuple[str, dict[str, Any]]:
    """Name and options of the edit that the `words` of a line call; `UsageError` if they do not."""
    commands: Any = typer.main.get_command(lines)
    try:
        name, options = commands.main(words, prog_name="line", standalone_mode=False)
    except PARSE_ERROR as error:
        raise UsageError(" ".join(error.format_message().split())) from error
    return name, options
