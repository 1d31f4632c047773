"""`distill edit OPERATION …`: edits of codes files, one at a time or by a script.

Each operation is declared once, by its options; from that come its command and the line of a script
that says the same.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from distill.cli.console import one_sentence_errors
from distill.cli.edit_output import Parse, edit_file, run_script
from distill.cli.options import CodesPath, FromTime, Json, Levels, ModelPath, ToTime
from distill.errors import UsageError

app = typer.Typer(
    no_args_is_help=True,
    help="Edit codes: cut, move, swap, blend and more.\n\nWhat is locked is left as it is, and counted.",
)
lines = typer.Typer(add_completion=False, context_settings={"help_option_names": []})
"""The same operations as lines of a script have them: without files."""

# Click's UsageError, which Typer has carried in different places.
WRONG_WORDS: Any = typer.BadParameter.__bases__[0]

Output = Annotated[
    Path, typer.Option("--output", "-o", help="Codes file to write, .json or .json.gz.")
]
Other = Annotated[Path, typer.Argument(help="Codes file of another sound.", metavar="OTHER_PATH")]
At = Annotated[str, typer.Option(help="Where it goes: seconds or frames.", metavar="TIME")]
Until = Annotated[
    str | None,
    typer.Option(help="Where `repeat` ends. Default: the end of the sound.", metavar="TIME"),
]
Mode = Annotated[str | None, typer.Option(help="insert, overwrite or repeat. Default: insert.")]
Seed = Annotated[int | None, typer.Option(help="Same seed, same result. Default: 0.")]


def _parameter(name: str, annotation: Any) -> inspect.Parameter:
    default = False if name == "json" else inspect.Parameter.empty
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def operation(
    name: str, needs_model: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make the command `name`, and the line of a script, of a function that declares options by its
    signature."""

    def declare(declared: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(declared).parameters.values()
        parameters = [_parameter("model_path", ModelPath)] if needs_model else []
        parameters += [_parameter("codes_path", CodesPath)]
        parameters += [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        parameters += [_parameter("output", Output), _parameter("json", Json)]

        def command(**given: Any) -> None:
            files = {key: given.pop(key) for key in ("codes_path", "output", "json")}
            edit_file(name, given.pop("model_path", None), **files, options=given)

        def line(**given: Any) -> tuple[str, dict[str, Any]]:
            return name, given

        _dress(command, declared, parameters)
        _dress(line, declared, list(own))
        app.command(name)(one_sentence_errors(command))
        lines.command(name)(line)
        return declared

    return declare


def _dress(
    function: Any, declared: Callable[..., None], parameters: list[inspect.Parameter]
) -> None:
    """What Typer reads of a function."""
    function.__signature__ = inspect.Signature(parameters)
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    function.__doc__ = declared.__doc__


# --- one sound ------------------------------------------------------------------------------------


@operation("set")
def _set(
    code: Annotated[int, typer.Option(help="Code to paint with.")],
    start: FromTime = None,
    stop: ToTime = None,
    levels: Levels = None,
) -> None:
    """Paint a region with one code: it drones there."""


@operation("replace")
def _replace(
    old: Annotated[int, typer.Option(help="Code to look for.")],
    new: Annotated[int, typer.Option(help="Code to put in its place.")],
    start: FromTime = None,
    stop: ToTime = None,
    levels: Levels = None,
) -> None:
    """Put another code wherever one stands.

    One colour of the sound becomes another, in rhythm.
    """


@operation("crop")
def _crop(start: FromTime = None, stop: ToTime = None) -> None:
    """Keep a stretch of time alone."""


@operation("cut")
def _cut(start: FromTime = None, stop: ToTime = None, levels: Levels = None) -> None:
    """Take a stretch of time out; what follows moves up.

    Of some levels only, the length stays, and their last codes are held.
    """


@operation("copy")
def _copy(
    at: At,
    start: FromTime = None,
    stop: ToTime = None,
    levels: Levels = None,
    mode: Mode = None,
    until: Until = None,
) -> None:
    """Play a region once more at another time.

    What follows makes room (insert), is played over (overwrite), or is played over again and again
    (repeat).
    """


@operation("paste")
def _paste(
    other: Other,
    at: At,
    start: FromTime = None,
    stop: ToTime = None,
    levels: Levels = None,
    mode: Mode = None,
    until: Until = None,
) -> None:
    """Bring in a stretch of another sound.

    --from and --to are times of the other sound, --at of this one. The modes are those of copy.
    """


@operation("move")
def _move(at: At, start: FromTime = None, stop: ToTime = None, levels: Levels = None) -> None:
    """Play a region at another time; the length stays."""


@operation("reverse")
def _reverse(start: FromTime = None, stop: ToTime = None, levels: Levels = None) -> None:
    """Play a region backwards, frame by frame.

    Swells become fades; each frame of 21 ms still runs forward.
    """


@operation("repeat")
def _repeat(
    start: FromTime = None,
    stop: ToTime = None,
    levels: Levels = None,
    times: Annotated[
        int | None, typer.Option(help="How often it plays in all. Default: 2.")
    ] = None,
) -> None:
    """Play a region several times in a row."""


@operation("stretch")
def _stretch(
    factor: Annotated[float, typer.Option(help="2 is twice as long, 0.5 half.")],
    start: FromTime = None,
    stop: ToTime = None,
    levels: Levels = None,
) -> None:
    """Make a region longer or shorter at the same pitch."""


@operation("shuffle")
def _shuffle(
    block: Annotated[
        str, typer.Option(help="Length of a block: seconds or frames.", metavar="TIME")
    ],
    start: FromTime = None,
    stop: ToTime = None,
    levels: Levels = None,
    seed: Seed = None,
) -> None:
    """Play a region in blocks, in random order."""


# --- two sounds -----------------------------------------------------------------------------------


@operation("swap")
def _swap(other: Other, start: FromTime = None, stop: ToTime = None, levels: Levels = None) -> None:
    """Go on as another sound in a region.

    For the other half of the swap, name the two files the other way round.
    """


@operation("transplant")
def _transplant(
    other: Other,
    levels: Annotated[
        str, typer.Option(help="Levels that the other gives: 1-2, or timbre,texture.")
    ],
    start: FromTime = None,
    stop: ToTime = None,
) -> None:
    """Take levels of another sound.

    The structure of one with the timbre of the other: --levels timbre.
    """


# --- through the model ----------------------------------------------------------------------------


@operation("blend", needs_model=True)
def _blend(
    other: Other,
    amount: Annotated[float, typer.Option(help="0 is this sound, 1 the other.")],
    start: FromTime = None,
    stop: ToTime = None,
    levels: Levels = None,
) -> None:
    """Find codes between two sounds: no crossfade, one sound."""


@operation("drift", needs_model=True)
def _drift(
    amount: Annotated[float, typer.Option(help="Share of the codes that give way, 0 to 1.")],
    start: FromTime = None,
    stop: ToTime = None,
    levels: Levels = None,
    seed: Seed = None,
    steps: Annotated[int | None, typer.Option(help="How far to walk. Default: 1.")] = None,
) -> None:
    """Make a region a little different.

    Codes give way to codes that sound near; what repeats still repeats.
    """


@operation("clear", needs_model=True)
def _clear(start: FromTime = None, stop: ToTime = None, levels: Levels = None) -> None:
    """Wipe a region: silence.

    Of some levels only, the codes that add least to the others.
    """


@operation("heal", needs_model=True)
def _heal(
    start: FromTime = None,
    stop: ToTime = None,
    levels: Levels = None,
    temperature: Annotated[
        float | None,
        typer.Option(help="Above 1 wilder, below 1 tamer; at seams 0.6 of it is used. Default: 1."),
    ] = None,
    seed: Seed = None,
    seams: Annotated[
        bool, typer.Option("--seams", help="Of the region, only what leads to its seams.")
    ] = False,
) -> None:
    """Mend seams: the prior makes anew what leads to them.

    With both sides heard. Without --from and --to: the last 0.1 to 0.3 s before every seam that
    edits have left, the longer the more its sides differ in loudness, which goes evenly from one to
    the other, but not up to an attack. With them, all of the region.
    """


# --- locks ----------------------------------------------------------------------------------------


@operation("lock")
def _lock(start: FromTime = None, stop: ToTime = None, levels: Levels = None) -> None:
    """Hold a region: edits leave it as and where it is."""


@operation("unlock")
def _unlock(start: FromTime = None, stop: ToTime = None, levels: Levels = None) -> None:
    """Let edits change a region again."""


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
    script: Annotated[Path, typer.Option(help="Text file: an operation a line, # for remarks.")],
    output: Output,
    json: Json = False,
) -> None:
    """Do a list of edits, one a line.

    In the words of the commands, without the sound's own file: reverse --from 1 --to 2
    """
    run_script(_line_parser(), paths, script, output, json)


def _line_parser() -> Parse:
    commands: Any = typer.main.get_command(lines)

    def parse(words: list[str]) -> tuple[str, dict[str, Any]]:
        try:
            name, options = commands.main(words, prog_name="line", standalone_mode=False)
        except WRONG_WORDS as error:
            raise UsageError(" ".join(error.format_message().split())) from error
        return name, options

    return parse
