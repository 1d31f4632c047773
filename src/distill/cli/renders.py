"""`distill renders`: the history of generated sounds."""

from dataclasses import asdict
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.audio.delivery import AS_IS, Delivery
from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.delivery_options import takes_delivery
from distill.cli.library_lines import NewName, NewNotes, print_problems, say_deleted
from distill.cli.options import Device, ForGood, Json, Threads, WorkspaceDir
from distill.cli.render_lines import render_line
from distill.cli.work_progress import WorkProgress
from distill.inference.modes.request import DEFAULT_AMOUNT

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from distill.library.render import Render
    from distill.library.render_table import RenderRow
    from distill.library.rendering import RenderResult
    from distill.library.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Find, note, delete and go on from generated sounds.\n\n"
        "Every sound of `generate` is in the history, wherever it lies."
    ),
)

RenderId = Annotated[
    str,
    typer.Argument(help="Id, its last letters, the name of the sound, or last.", metavar="RENDER"),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File to write. Default: a new one in the workspace."),
]
ModelFile = Annotated[
    Path | None,
    typer.Option("--model", help="Model file, if it lies elsewhere now.", metavar="MODEL_PATH"),
]

PAGE_ROWS = 20
"""Renders that a listing shows, unless told otherwise."""

ID_LENGTH = 26
"""Characters of an id."""

WIDE = 110
"""Columns of a terminal that show a render in one line."""


@app.command("list")
@one_sentence_errors
def list_cmd(
    text: Annotated[
        str, typer.Argument(help="Words in name, notes, model, tags or prompt.", metavar="[WORDS]")
    ] = "",
    model: Annotated[str, typer.Option(help="Of a model: id, hash or a part of its name.")] = "",
    way: Annotated[
        str, typer.Option(help="Of a mode: new, continue, one-shot, loop, variation, infill.")
    ] = "",
    seed: Annotated[int | None, typer.Option(help="Of a seed.")] = None,
    most_copy: Annotated[
        float | None,
        typer.Option(help="That repeat passages for this percentage at most.", metavar="PERCENT"),
    ] = None,
    starred: Annotated[bool, typer.Option("--starred", help="With a star.")] = False,
    since: Annotated[str, typer.Option(help="From this day on.", metavar="DAY")] = "",
    until: Annotated[str, typer.Option(help="Up to this day.", metavar="DAY")] = "",
    limit: Annotated[int, typer.Option(help="Number to show, the latest; 0: all.")] = PAGE_ROWS,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """List generated sounds, the latest first."""
    from distill.library.render_models import list_renders
    from distill.library.render_table import RenderQuery
    from distill.library.workspace import open_workspace

    query = RenderQuery(
        text=text,
        model=model,
        way=way,
        seed=seed,
        most_copy=most_copy,
        starred=True if starred else None,
        since=since,
        until=until,
    )
    page = list_renders(open_workspace(workspace, make=False), query, limit or None)
    if json:
        rows = [row._asdict() for row in page.rows]
        print_json({"renders": rows, "total": page.total, "problems": page.problems})
        return
    console = make_console()
    print_problems(console, page.problems)
    if not page.rows:
        console.print("No sound fits." if any(query.condition()[1]) else "No sounds yet.")
        return
    console.print(_table(page.rows, console.width))
    if page.total > len(page.rows):
        console.print(f"{len(page.rows)} of {page.total:,}; --limit 0 shows all.")


@app.command("show")
@one_sentence_errors
def show_cmd(render: RenderId, workspace: WorkspaceDir = None, json: Json = False) -> None:
    """Show all that is known of a sound."""
    from distill.library.render_models import with_present_name
    from distill.library.renders import file_state, load_render

    place, render_id = _resolve(workspace, render)
    record = with_present_name(place, load_render(place, render_id))
    state = file_state(record)
    if json:
        print_json({**asdict(record), "exists": state.exists, "is_same": state.is_same})
        return
    there = "as it was written" if state.is_same else "changed since" if state.exists else "gone"
    console = make_console()
    for title, value in _facts(record):
        console.print(f"{title + ':':<10}{value}", soft_wrap=True)
    console.print(f"{'File:':<10}{record.path} ({there})", soft_wrap=True)


@app.command("star")
@one_sentence_errors
def star_cmd(
    render: RenderId,
    off: Annotated[bool, typer.Option("--off", help="Take the star away.")] = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Give a sound a star, or take it away."""
    _change(workspace, render, json, starred=not off)


@app.command("rename")
@one_sentence_errors
def rename_cmd(
    render: RenderId,
    name: NewName,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Give a sound a name."""
    _change(workspace, render, json, name=name)


@app.command("note")
@one_sentence_errors
def note_cmd(
    render: RenderId,
    notes: NewNotes,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Write notes about a sound."""
    _change(workspace, render, json, notes=notes)


@app.command("delete")
@one_sentence_errors
def delete_cmd(
    render: RenderId,
    keep_sound: Annotated[
        bool, typer.Option("--keep-sound", help="Forget it, but leave the sound file.")
    ] = False,
    for_good: ForGood = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Move a sound to the bin, with its codes. `restore` brings it back within a day."""
    from distill.library.renders import delete_render

    place, render_id = _resolve(workspace, render)
    deletion = delete_render(place, render_id, keep_sound=keep_sound, for_good=for_good)
    say_deleted(deletion, "renders", for_good, json)


@app.command("restore")
@one_sentence_errors
def restore_cmd(
    render: Annotated[str, typer.Argument(help="Id of the sound.", metavar="RENDER")],
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Bring back a deleted sound."""
    from distill.library.renders import restore_render
    from distill.library.workspace import open_workspace

    record = restore_render(open_workspace(workspace, make=False), render)
    make_console(quiet=json).print(f"{record.path} is back.", soft_wrap=True)
    if json:
        print_json(asdict(record))


# --- again, longer, varied ------------------------------------------------------------------------


@app.command("again")
@one_sentence_errors
@takes_delivery
def again_cmd(
    render: RenderId,
    output: Output = None,
    source: Annotated[
        Path | None,
        typer.Option(help="The sound that it was made from, if that lies elsewhere now."),
    ] = None,
    model: ModelFile = None,
    device: Device = "auto",
    threads: Threads = None,
    workspace: WorkspaceDir = None,
    json: Json = False,
    delivery: Delivery = AS_IS,
) -> None:
    """Make a sound once more, the same to the sample; its file is not needed."""
    options = {"output": output, "source": source, "delivery": delivery}
    _again(workspace, render, json, model, device, threads, **options)


@app.command("longer")
@one_sentence_errors
@takes_delivery
def longer_cmd(
    render: RenderId,
    duration: Annotated[float, typer.Option(help="Seconds of the new version.")],
    output: Output = None,
    source: Annotated[
        Path | None,
        typer.Option(help="The sound that it was made from, if that lies elsewhere now."),
    ] = None,
    model: ModelFile = None,
    device: Device = "auto",
    threads: Threads = None,
    workspace: WorkspaceDir = None,
    json: Json = False,
    delivery: Delivery = AS_IS,
) -> None:
    """Make another length of a sound, which begins alike."""
    options = {"duration": duration, "output": output, "source": source, "delivery": delivery}
    _again(workspace, render, json, model, device, threads, **options)


@app.command("vary")
@one_sentence_errors
@takes_delivery
def vary_cmd(
    render: RenderId,
    amount: Annotated[
        float | None,
        typer.Option(help=f"Share to draw anew, 0 to 1. Default: {DEFAULT_AMOUNT:g}."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Same seed, same sound. Default: a new one.")
    ] = None,
    count: Annotated[int, typer.Option("--number", "-n", help="Number of variations.")] = 1,
    output: Output = None,
    model: ModelFile = None,
    device: Device = "auto",
    threads: Threads = None,
    workspace: WorkspaceDir = None,
    json: Json = False,
    delivery: Delivery = AS_IS,
) -> None:
    """Vary a sound: parts of it stay, others are drawn anew with its settings."""
    from distill.library.rendering import Machine, make_variations, render_facts

    place, render_id = _resolve(workspace, render)
    console = make_console()
    results = []
    with WorkProgress(console, "Generating") as show:
        for sound in make_variations(
            place,
            render_id,
            amount=amount,
            seed=seed,
            count=count,
            output=output,
            machine=Machine(model=model, device=device, threads=threads),
            progress=show,
            delivery=delivery,
        ):
            _show(console, sound)
            results.append(sound)
    if json:
        print_json({"files": [render_facts(sound) for sound in results]})


def _again(
    workspace: Path | None,
    render: str,
    json: bool,
    model: Path | None,
    device: str,
    threads: int | None,
    **options: Any,
) -> None:
    """Make a sound once more; `options` are those of `make_again`."""
    from distill.library.rendering import Machine, make_again, render_facts

    place, render_id = _resolve(workspace, render)
    console = make_console()
    machine = Machine(model=model, device=device, threads=threads)
    with WorkProgress(console, "Generating") as show:
        result = make_again(
            place,
            render_id,
            machine=machine,
            progress=show,
            **options,
        )
    _show(console, result)
    if json:
        print_json({"files": [render_facts(result)]})


def _show(console: "Console", result: "RenderResult") -> None:
    """Print what a sound is, and why it is not in the history where that is so."""
    console.print(render_line(result), soft_wrap=True)
    if result.remark:
        console.print(result.remark, style="yellow", soft_wrap=True)


# --- helpers --------------------------------------------------------------------------------------


def _resolve(workspace: Path | None, render: str) -> "tuple[Workspace, str]":
    """The workspace, and the id of the render that is meant."""
    from distill.library.renders import resolve_render
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    return place, resolve_render(place, render)


def _change(workspace: Path | None, render: str, json: bool, **changes: Any) -> None:
    """Change what is noted of a render."""
    from distill.library.renders import change_render

    place, render_id = _resolve(workspace, render)
    record = change_render(place, render_id, **changes)
    star = " ★" if record.starred else ""
    notes = f" {record.notes}" if record.notes else ""
    make_console(quiet=json).print(f"{record.title}{star}.{notes}", soft_wrap=True)
    if json:
        print_json(asdict(record))


def _table(rows: "list[RenderRow]", width: int) -> "Table":
    """Rows of renders; where a terminal is narrow, the id stands under the name, and the time is
    left to it."""
    from rich.table import Table

    is_narrow = width < WIDE
    table = Table(box=None, padding=(0, 2, 0, 0))
    titles = ("Made", "Name", "Model", "Mode", "Seed", "Length", "Repeats", "", "Id")
    for title in titles[1:-1] if is_narrow else titles:
        table.add_column(title, overflow="fold")
    # An id in two pieces could not be copied.
    table.columns[0 if is_narrow else -1].no_wrap = True
    for row in rows:
        repeats = "?" if row.copy_percent is None else f"{row.copy_percent:.0f} %"
        date = row.made.replace("T", " ")[:16]
        sign = f"{'★' if row.starred else ''}{' replaced' if row.replaced else ''}"
        length = f"{row.duration_s:.1f} s"
        cells = (row.model_name, row.way, str(row.seed), length, repeats, sign)
        if is_narrow:
            table.add_row("\n".join([*wrap(row.title, ID_LENGTH), row.id]), *cells)
        else:
            table.add_row(date, row.title, *cells, row.id)
    return table


def _facts(render: "Render") -> list[tuple[str, str]]:
    """Titles and texts about a render."""
    repeats = render.copy_percent
    rows = [
        ("Name", f"{render.title}{' ★' if render.starred else ''}  (id {render.id})"),
        ("Made", f"{render.made}, with Distill {render.recipe.get('version', '')}"),
        ("Model", f"{render.model_name} (id {render.model_id})"),
        ("Mode", f"{render.way}, seed {render.seed}"),
        ("Length", f"{render.duration_s:.2f} s"),
        ("Repeats", "unknown" if repeats is None else f"passages for {repeats:.0f} %"),
    ]
    if render.second_model:
        rows.append(("Blended", render.second_model))
    if render.origin:
        rows.append(("From", render.origin))
    if render.notes:
        rows.append(("Notes", render.notes))
    rows.append(("Codes", str(render.codes) if render.codes else "none"))
    return rows
