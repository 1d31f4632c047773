"""`distill models`: the library of models."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.cli.console import clock, make_console, one_sentence_errors, print_json
from distill.cli.library_lines import NewName, NewNotes, print_problems, say_deleted
from distill.cli.options import ForGood, Json, WorkspaceDir

if TYPE_CHECKING:
    from rich.table import Table

    from distill.library.model import Model

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Keep, find, note and delete models.\n\nThe library is the folder models of the workspace."
    ),
)

ModelId = Annotated[
    str, typer.Argument(help="Id, the beginning of one, or the name.", metavar="MODEL")
]

STYLES = {"good": "green", "warn": "yellow", "bad": "red", "muted": "dim"}
"""Colours of a terminal for those of the library."""


@app.command("list")
@one_sentence_errors
def list_cmd(
    text: Annotated[
        str, typer.Argument(help="Words in name, notes or corpus.", metavar="[WORDS]")
    ] = "",
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """List the models: each version after the one that it goes on from."""
    from distill.library.models import list_models
    from distill.library.workspace import open_workspace

    listing = list_models(open_workspace(workspace, make=False), text)
    if json:
        models = [_facts(model) for model in listing.models]
        print_json({"models": models, "problems": listing.problems})
        return
    console = make_console()
    print_problems(console, listing.problems)
    if listing.models:
        console.print(_table(listing.models))
    else:
        console.print("No model fits." if text else "No models yet: `distill models add my.sda`.")


@app.command("show")
@one_sentence_errors
def show_cmd(model: ModelId, workspace: WorkspaceDir = None, json: Json = False) -> None:
    """Show what the library knows of a model, and how its codes are used."""
    from rich.text import Text

    from distill.library.documents import documents_of_model
    from distill.library.models import load_model
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    facts = load_model(place, model)
    documents = documents_of_model(place, facts.model_id)
    if json:
        corpus = [asdict(file) for file in facts.corpus]
        names = [{"id": document.id, "name": document.name} for document in documents]
        print_json({**_facts(facts), "corpus": corpus, "documents": names})
        return
    console = make_console()
    for title, value in _rows(facts):
        console.print(f"{title + ':':<10}{value}", soft_wrap=True)
    if documents:
        names_text = ", ".join(document.name for document in documents)
        console.print(f"{'Documents:':<10} {names_text}", soft_wrap=True)
    style = STYLES[facts.health.colour]
    console.print(Text(f"{'Codes:':<10}"), Text(str(facts.health.word), style), soft_wrap=True)
    for level in facts.health.levels:
        console.print(
            f"{'':<10}{level.name}: {level.utilisation:.0%} in use, perplexity "
            f"{level.perplexity:.0f} ({level.word})",
            soft_wrap=True,
        )


@app.command("add")
@one_sentence_errors
def add_cmd(
    path: Annotated[Path, typer.Argument(help="Model file (.sda).", metavar="MODEL_PATH")],
    name: Annotated[str, typer.Option(help="A name for it. Default: that in the file.")] = "",
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Copy a model file into the library."""
    from distill.library.models import add_model
    from distill.library.workspace import open_workspace

    _say(add_model(open_workspace(workspace, make=False), path, name), json)


@app.command("rename")
@one_sentence_errors
def rename_cmd(
    model: ModelId,
    name: NewName,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Give a model a name."""
    _change(workspace, model, json, name=name)


@app.command("note")
@one_sentence_errors
def note_cmd(
    model: ModelId,
    notes: NewNotes,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Write notes about a model."""
    _change(workspace, model, json, notes=notes)


@app.command("delete")
@one_sentence_errors
def delete_cmd(
    model: ModelId,
    for_good: ForGood = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Move a model to the bin. `restore` brings it back within a day."""
    from distill.library.models import delete_model
    from distill.library.workspace import open_workspace

    deletion = delete_model(open_workspace(workspace, make=False), model, for_good=for_good)
    say_deleted(deletion, "models", for_good, json)


@app.command("restore")
@one_sentence_errors
def restore_cmd(
    model: Annotated[str, typer.Argument(help="Id of the model.", metavar="MODEL")],
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Bring back a deleted model."""
    from distill.library.models import restore_model
    from distill.library.workspace import open_workspace

    _say(restore_model(open_workspace(workspace, make=False), model), json)


def _change(workspace: Path | None, model: str, json: bool, **changes: Any) -> None:
    """Change what is noted of a model."""
    from distill.library.models import change_model
    from distill.library.workspace import open_workspace

    _say(change_model(open_workspace(workspace, make=False), model, **changes), json)


def _say(model: "Model", json: bool) -> None:
    notes = f" {model.notes}" if model.notes else ""
    make_console(quiet=json).print(f"{model.path}: {model.name}.{notes}", soft_wrap=True)
    if json:
        print_json(_facts(model))


def _facts(model: "Model") -> dict[str, Any]:
    """The model for `--json`, without the files of its corpus."""
    facts = asdict(model)
    facts.pop("corpus")
    return facts


def _table(models: "list[Model]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    from distill.library.model_families import family_tree

    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("Name", "Version", "Corpus", "Codes", "Verdict", "Prior", "Id"):
        table.add_column(title, overflow="fold")
    for model, depth in family_tree(models):
        change = f" ({model.change.text})" if model.change else ""
        table.add_row(
            f"{'  ' * depth}{model.name}",
            str(model.version),
            f"{model.corpus_files} files, {clock(model.corpus_s)}{change}",
            Text(str(model.health.word), STYLES[model.health.colour]),
            model.verdict_kind,
            "yes" if model.has_prior else "none",
            model.id,
        )
    return table


def _rows(model: "Model") -> list[tuple[str, str]]:
    """Titles and texts about a model."""
    minutes = "" if model.minutes is None else f", {model.minutes:.0f} minutes"
    rows = [
        ("Name", f"{model.name}  (id {model.id})"),
        ("File", f"{model.path}, {model.bytes / 1e6:.1f} MB"),
        ("Made", f"{model.created}{minutes}"),
        ("Corpus", f"{model.corpus_files} files, {model.corpus_s:.1f} s"),
        ("Verdict", model.verdict),
        ("Prior", (model.prior_verdict or "yes") if model.has_prior else "none yet"),
    ]
    if model.parent:
        change = f": {model.change.text}" if model.change else ", which is not in the library"
        rows.insert(2, ("Version", f"{model.version}, from {model.parent.name}{change}"))
    if model.notes:
        rows.append(("Notes", model.notes))
    return rows
