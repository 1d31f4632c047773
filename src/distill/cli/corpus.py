"""`distill corpus`: which files of a folder are heard, how often, and by what tags."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.corpus_choices import (
    CorpusName,
    FileNames,
    choice_facts,
    mute_cmd,
    names_text,
    note_cmd,
    tag_cmd,
    unmute_cmd,
    weight_cmd,
)
from distill.cli.options import ForGood, Json, WorkspaceDir

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from distill.library.corpora import Corpus
    from distill.library.corpus_listing import CorpusListing, ListedFile
    from distill.library.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Choose what a model hears: mute, weigh, tag and add files.\n\n"
        "Choices are kept in the workspace, by the content of each file. Your folder stays as it "
        "is. train, train-prior and doctor follow them."
    ),
)

Weight = Annotated[
    float | None,
    typer.Option(help="How often they are heard, 0.1 to 10. Default: 1, of generated sounds 0.5."),
]


# --- showing --------------------------------------------------------------------------------------


@app.command("list")
@one_sentence_errors
def list_cmd(
    corpus: Annotated[
        str | None,
        typer.Argument(
            help="Folder of your sounds, or id. Default: all corpora.", metavar="[CORPUS]"
        ),
    ] = None,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """List the files of a corpus with what you chose about each, or all corpora."""
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    if corpus is None:
        _list_corpora(place, json)
        return
    console = make_console()
    listing = _scan(place, corpus, console)
    if json:
        print_json(asdict(listing))
        return
    console.print(_table(listing.files))
    console.print(_summary(listing), soft_wrap=True)


@app.command("show")
@one_sentence_errors
def show_cmd(
    corpus: CorpusName,
    files: FileNames,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Show all that is known about files of a corpus."""
    from distill.library.corpora import find_corpus
    from distill.library.corpus_files import find_files
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    console = make_console()
    selection = find_files(find_corpus(place, corpus), files)
    listing = _scan(place, corpus, console)
    entries = [file for file in listing.files if file.hash in selection]
    if json:
        print_json({"files": [asdict(file) for file in entries]})
        return
    for file in entries:
        for name, value in asdict(file).items():
            text = ", ".join(value) if isinstance(value, list) else value
            console.print(f"{name + ':':<12} {text}", soft_wrap=True, markup=False)
        console.print()


def _list_corpora(place: "Workspace", json: bool) -> None:
    from distill.library.corpora import list_corpora

    corpora, remarks = list_corpora(place)
    if json:
        entries = [_corpus_facts(corpus) for corpus in corpora]
        print_json({"corpora": entries, "remarks": remarks})
        return
    console = make_console()
    for remark in remarks:
        console.print(remark, style="yellow", soft_wrap=True)
    for corpus in corpora:
        absence = "" if corpus.folder.is_dir() else " (gone)"
        console.print(f"{corpus.id}: {corpus.folder}{absence}, {_counts(corpus)}", soft_wrap=True)
    if not corpora:
        console.print(
            "No corpora yet: choose something about a folder, as in 'distill corpus mute'."
        )


_COUNTS = ("muted", "weighted", "tagged", "generated", "added")


def _corpus_facts(corpus: "Corpus") -> dict[str, Any]:
    curation = corpus.curation
    return {
        "id": corpus.id,
        "folder": str(corpus.folder),
        "is_there": corpus.folder.is_dir(),
        "muted": len(curation.muted),
        "weighted": len(curation.weights),
        "tagged": len(curation.tags),
        "generated": len(curation.generated),
        "added": len(corpus.added),
    }


def _counts(corpus: "Corpus") -> str:
    facts = _corpus_facts(corpus)
    counts = [f"{facts[key]} {key}" for key in _COUNTS if facts[key]]
    return ", ".join(counts) or "nothing chosen"


def _scan(place: "Workspace", name: str, console: "Console") -> "CorpusListing":
    """Scan a corpus, and keep the facts for faces that cannot."""
    from distill.cli.doctor import scan_folder
    from distill.library.corpora import find_corpus
    from distill.library.corpus_listing import keep_scan, list_files
    from distill.workflows.describe import corpus_facts

    corpus = find_corpus(place, name)
    report = scan_folder(corpus.folder, console, curation=corpus.curation)
    scan = asdict(corpus_facts(report))
    # To look makes no workspace.
    if place.hidden.is_dir():
        keep_scan(place, corpus, scan)
    return list_files(corpus, scan)


def _table(files: "list[ListedFile]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    from distill.cli.doctor import duration_text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("File", overflow="fold")
    table.add_column("Length", justify="right", no_wrap=True)
    table.add_column("Weight", justify="right", no_wrap=True)
    table.add_column("Tags", overflow="fold")
    table.add_column("", overflow="fold")
    for file in files:
        length = duration_text(file.duration_s) if file.duration_s else "–"
        weight = "" if file.weight == 1 else f"{file.weight:g}"
        style = "dim" if file.muted else ""
        remarks = [_state(file), "generated" if file.generated else "", file.note]
        remark = ", ".join(text for text in remarks if text)
        cells = (file.name, length, weight, ", ".join(file.tags), remark)
        table.add_row(*(Text(cell, style) for cell in cells))
    return table


def _state(file: "ListedFile") -> str:
    if file.muted:
        return "muted"
    return f"skipped: {file.reason}" if file.reason else ", ".join(file.flags)


def _summary(listing: "CorpusListing") -> str:
    text = f"{listing.id}: {listing.used} of {len(listing.files)} files used"
    text += f", {listing.muted} muted, {listing.total_s:.0f} s of sound."
    if listing.generated_share:
        text += f" {listing.generated_share:.0%} of what is heard was made by a model."
    if listing.absent:
        text += f" Not in the folder at present: {', '.join(listing.absent)}."
    return text


# --- choosing -------------------------------------------------------------------------------------

app.command("mute")(mute_cmd)
app.command("unmute")(unmute_cmd)
app.command("weight")(weight_cmd)
app.command("tag")(tag_cmd)
app.command("note")(note_cmd)


# --- files ----------------------------------------------------------------------------------------


@app.command("add")
@one_sentence_errors
def add_cmd(
    corpus: CorpusName,
    sounds: Annotated[
        list[str],
        typer.Argument(help="Sound files, or generated sounds by id or name.", metavar="SOUNDS..."),
    ],
    weight: Weight = None,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Add copies of sound files to a corpus.

    They go into the workspace: your own folder stays as it is. Generated sounds are marked as such.
    """
    from distill.library.corpora import find_corpus
    from distill.library.corpus_files import add_files
    from distill.library.sources import sound_paths
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    addition = add_files(place, find_corpus(place, corpus), sound_paths(place, sounds), weight)
    console = make_console(quiet=json)
    if addition.files:
        origin = f", {addition.generated} made by a model" if addition.generated else ""
        console.print(
            f"{names_text(dict(addition.files))}: added{origin}.", soft_wrap=True, markup=False
        )
    if addition.present:
        present = ", ".join(addition.present)
        console.print(f"In the corpus already: {present}.", soft_wrap=True, markup=False)
    if json:
        print_json(
            {
                "id": addition.corpus.id,
                "files": choice_facts(addition.corpus, dict(addition.files)),
                "present": list(addition.present),
            }
        )


@app.command("remove")
@one_sentence_errors
def remove_cmd(
    corpus: CorpusName,
    files: FileNames,
    for_good: ForGood = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Take files out of a corpus.

    Files that were added go to the bin. Files in your own folder are muted, never deleted.
    """
    from distill.library.corpora import find_corpus
    from distill.library.corpus_files import find_files, remove_files
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    subject = find_corpus(place, corpus)
    selection = find_files(subject, files)
    removal = remove_files(place, subject, selection, for_good)
    muted = dict(removal.muted)
    removals = {key: name for key, name in selection.items() if key not in muted}
    console = make_console(quiet=json)
    if removal.deleted is not None:
        back = f"in the bin; `distill corpus restore {removal.deleted.id}` brings it back"
        where = "deleted for good" if for_good else back
        console.print(f"{names_text(removals)}: {where}.", soft_wrap=True, markup=False)
    if muted:
        text = f"{names_text(muted)}: muted, since your own folder stays as it is."
        console.print(text, soft_wrap=True, markup=False)
    if json:
        entries = {"deleted": list(removals.values()), "muted": list(muted.values())}
        undo = removal.deleted.id if removal.deleted and not for_good else None
        print_json({"id": removal.corpus.id, **entries, "deleted_id": undo})


@app.command("restore")
@one_sentence_errors
def restore_cmd(
    deleted_id: Annotated[
        str, typer.Argument(help="Id that 'distill corpus remove' told.", metavar="DELETED_ID")
    ],
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Bring back files that were removed within a day."""
    from distill.library.corpus_files import restore_sounds
    from distill.library.workspace import open_workspace

    restored = restore_sounds(open_workspace(workspace, make=False), deleted_id)
    make_console(quiet=json).print(f"Brought back: {restored.name}.", soft_wrap=True)
    if json:
        print_json({"id": restored.id, "files": [str(path) for path in restored.paths]})


@app.command("move")
@one_sentence_errors
def move_cmd(
    corpus: Annotated[
        str, typer.Argument(help="Id of the corpus, or the folder that it had.", metavar="CORPUS")
    ],
    folder: Annotated[
        Path, typer.Argument(help="Folder in which its sounds lie now.", metavar="FOLDER")
    ],
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Bring choices and added files along, once you have moved the folder of a corpus.

    Choices about the new folder that are there already win.
    """
    from distill.library.corpus_move import move_corpus
    from distill.library.workspace import open_workspace

    result = move_corpus(open_workspace(workspace, make=False), corpus, folder)
    make_console(quiet=json).print(
        f"{result.id}: {result.folder}, {_counts(result)}.", soft_wrap=True, markup=False
    )
    if json:
        print_json(_corpus_facts(result))
