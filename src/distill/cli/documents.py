"""`distill documents`: sounds as codes whose edits can be undone at any time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import ForGood, Json, Overwrite, WorkspaceDir

if TYPE_CHECKING:
    from distill.library.document_file import Document
    from distill.library.documents import Step

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Keep sounds as codes, with all their edits: undo is still there tomorrow.\n\n"
        "Where `distill edit` takes a codes file, it takes the id or name of a document too."
    ),
)

DocumentName = Annotated[str, typer.Argument(help="Its id or its name.", metavar="DOCUMENT")]


@app.command("list")
@one_sentence_errors
def list_cmd(workspace: WorkspaceDir = None, json: Json = False) -> None:
    """List all documents, newest first."""
    from distill.library.documents import list_documents
    from distill.library.workspace import open_workspace

    listing = list_documents(open_workspace(workspace, make=False))
    console = make_console(quiet=json)
    for remark in listing.remarks:
        console.print(remark, style="yellow", soft_wrap=True)
    for document in listing.documents:
        console.print(_line(document), soft_wrap=True)
    if not listing.documents:
        console.print("No documents yet: 'distill documents new CODES_PATH' makes one.")
    if json:
        documents = [_facts(document) for document in listing.documents]
        print_json({"documents": documents, "remarks": listing.remarks})


@app.command("new")
@one_sentence_errors
def new_cmd(
    sound: Annotated[
        str,
        typer.Argument(
            help="Codes file, or id or name of a generated sound; any sound file, with --model.",
            metavar="SOUND",
        ),
    ],
    model: Annotated[
        Path | None, typer.Option(help="Model that encodes the sound.", metavar="MODEL_PATH")
    ] = None,
    name: Annotated[str, typer.Option(help="Its name. Default: that of the sound.")] = "",
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Make a document of codes, or of a sound."""
    from distill.inference.codes.file import load_codes
    from distill.library.documents import create_document
    from distill.library.sources import find_codes, find_sound
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    remark = ""
    if model is None:
        source = find_codes(place, sound)
        grid = load_codes(source.path)
    else:
        from distill.workflows.codes import encoding_of
        from distill.workflows.load import load

        source = find_sound(place, sound)
        encoding = encoding_of(load(model), source.path)
        grid = encoding.grid
        remark = encoding.remark
    document = create_document(place, grid, name or source.name, source=grid.source)
    console = make_console(quiet=json)
    if remark:
        console.print(remark, soft_wrap=True)
    console.print(_line(document), soft_wrap=True)
    if json:
        print_json(_facts(document) | {"remark": remark})


@app.command("show")
@one_sentence_errors
def show_cmd(name: DocumentName, workspace: WorkspaceDir = None, json: Json = False) -> None:
    """Show the edits of a document; those in brackets are undone."""
    from distill.library.documents import find_document
    from distill.library.workspace import open_workspace

    document = find_document(open_workspace(workspace, make=False), name)
    console = make_console(quiet=json)
    console.print(_line(document), soft_wrap=True)
    for number, edit in enumerate(document.edits, 1):
        is_undone = number > document.cursor
        line = f"({edit.line})" if is_undone else edit.line
        console.print(f"{number:5}  {line}", style="dim" if is_undone else None, soft_wrap=True)
    if json:
        print_json(_facts(document) | {"edits": [vars(edit) for edit in document.edits]})


@app.command("undo")
@one_sentence_errors
def undo_cmd(name: DocumentName, workspace: WorkspaceDir = None, json: Json = False) -> None:
    """Undo the last edit."""
    from distill.library.documents import find_document, undo
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    _print_step("Undone", undo(place, find_document(place, name).id), json)


@app.command("redo")
@one_sentence_errors
def redo_cmd(name: DocumentName, workspace: WorkspaceDir = None, json: Json = False) -> None:
    """Redo the last edit that was undone."""
    from distill.library.documents import find_document, redo
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    _print_step("Redone", redo(place, find_document(place, name).id), json)


@app.command("script")
@one_sentence_errors
def script_cmd(name: DocumentName, workspace: WorkspaceDir = None, json: Json = False) -> None:
    """Print the edits in force as a script for `distill edit run`.

    Other sounds that they name lie in the folder of the document: run it there.
    """
    from distill.library.documents import document_folder, find_document
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    document = find_document(place, name)
    if json:
        folder = document_folder(place, document.id)
        print_json({"id": document.id, "folder": folder, "script": document.script()})
    else:
        typer.echo(document.script(), nl=False)


@app.command("export")
@one_sentence_errors
def export_cmd(
    name: DocumentName,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Codes file to write, .json or .json.gz.")
    ],
    overwrite: Overwrite = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Write the codes as they are now to a codes file."""
    from dataclasses import asdict

    from distill.inference.codes.file import save_codes
    from distill.library.documents import find_document
    from distill.library.editing import Editor
    from distill.library.workspace import open_workspace
    from distill.workflows.describe_results import edited_facts
    from distill.workflows.paths import codes_path

    codes_path(output, [], overwrite)
    place = open_workspace(workspace, make=False)
    document = find_document(place, name)
    grid = Editor(place).grid(document)
    save_codes(output, grid)
    console = make_console(quiet=json)
    console.print(f"{output}: {len(grid.codes)} frames ({grid.seconds:.2f} s).", soft_wrap=True)
    if json:
        print_json({"id": document.id} | asdict(edited_facts(output, grid)))


@app.command("rename")
@one_sentence_errors
def rename_cmd(
    name: DocumentName,
    new_name: Annotated[str, typer.Argument(help="Its new name.", metavar="NAME")],
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Give a document another name."""
    from distill.library.documents import find_document, rename_document
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    document = rename_document(place, find_document(place, name).id, new_name)
    make_console(quiet=json).print(_line(document), soft_wrap=True)
    if json:
        print_json(_facts(document))


@app.command("delete")
@one_sentence_errors
def delete_cmd(
    name: DocumentName,
    for_good: ForGood = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Move a document to the bin. `restore` brings it back within a day."""
    from distill.library.documents import delete_document, resolve_document
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    document_id = resolve_document(place, name)
    deletion = delete_document(place, document_id, for_good)
    back = "" if for_good else f" `distill documents restore {document_id}` brings it back."
    make_console(quiet=json).print(f"Deleted: {deletion.name}.{back}", soft_wrap=True)
    if json:
        print_json({"id": document_id, "for_good": for_good})


@app.command("restore")
@one_sentence_errors
def restore_cmd(
    document: Annotated[str, typer.Argument(help="Id of the document.", metavar="DOCUMENT")],
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Bring back a deleted document."""
    from distill.library.documents import restore_document
    from distill.library.workspace import open_workspace

    result = restore_document(open_workspace(workspace, make=False), document)
    make_console(quiet=json).print(_line(result), soft_wrap=True)
    if json:
        print_json(_facts(result))


# --- sentences ------------------------------------------------------------------------------------


def _line(document: "Document") -> str:
    edits = "1 edit" if document.cursor == 1 else f"{document.cursor} edits"
    undone = len(document.edits) - document.cursor
    more = f", {undone} undone" if undone else ""
    return f"{document.id}  {document.name}: {document.seconds:.2f} s, {edits}{more}"


def _facts(document: "Document") -> dict[str, Any]:
    own = {key: value for key, value in vars(document).items() if key not in ("edits", "more")}
    return own | {
        "frames": document.frames,
        "duration_s": document.seconds,
        "undo": document.edits[document.cursor - 1].line if document.cursor else None,
        "redo": document.edits[document.cursor].line if _has_redo(document) else None,
    }


def _has_redo(document: "Document") -> bool:
    return document.cursor < len(document.edits)


def _print_step(deed: str, step: "Step", json: bool) -> None:
    console = make_console(quiet=json)
    console.print(f"{deed}: {step.line}.", soft_wrap=True)
    console.print(_line(step.document), soft_wrap=True)
    if json:
        print_json(_facts(step.document) | {"line": step.line, "changed": step.changed})
