"""Choices of `distill corpus`: mute, unmute, weigh, tag, note."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import Json, WorkspaceDir
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.library.corpora import Corpus
    from distill.library.workspace import Workspace

CorpusName = Annotated[
    str, typer.Argument(help="Folder of your sounds, or id of its corpus.", metavar="CORPUS")
]
FileNames = Annotated[
    list[str],
    typer.Argument(
        help="Names as the list shows them, folders, patterns such as 'drums/*', or hashes.",
        metavar="FILES...",
    ),
]
Change = Callable[["Workspace", "Corpus", "dict[str, str]"], "Corpus"]


@one_sentence_errors
def mute_cmd(
    corpus: CorpusName, files: FileNames, workspace: WorkspaceDir = None, json: Json = False
) -> None:
    """Leave files out of training, generation and advice."""
    from distill.library.corpora import mute

    _change(corpus, files, workspace, json, mute, "muted")


@one_sentence_errors
def unmute_cmd(
    corpus: CorpusName, files: FileNames, workspace: WorkspaceDir = None, json: Json = False
) -> None:
    """Take muted files in again."""
    from distill.library.corpora import mute

    def unmute(place: "Workspace", subject: "Corpus", files: dict[str, str]) -> "Corpus":
        return mute(place, subject, files, muted=False)

    _change(corpus, files, workspace, json, unmute, "no longer muted")


@one_sentence_errors
def weight_cmd(
    corpus: CorpusName,
    files: FileNames,
    weight: Annotated[
        float, typer.Option(help="0.1 to 10: with 2, they are heard twice as often as others.")
    ],
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Set how often files are heard, relative to others."""
    from distill.library.corpora import set_weight

    def weigh(place: "Workspace", subject: "Corpus", files: dict[str, str]) -> "Corpus":
        return set_weight(place, subject, files, weight)

    _change(corpus, files, workspace, json, weigh, f"weight {weight:g}")


@one_sentence_errors
def tag_cmd(
    corpus: CorpusName,
    files: FileNames,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", help="Tag to give; several with several --tag.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", help="Tag to take away; several likewise.")
    ] = None,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Give files tags, by which generated sound can be steered, beside that of their folder."""
    from distill.library.corpora import tag

    if not tags and not remove:
        raise UsageError("Name a tag: --tag NAME gives it, --remove NAME takes it away.")

    def retag(place: "Workspace", subject: "Corpus", files: dict[str, str]) -> "Corpus":
        return tag(place, subject, files, tags or (), remove or ())

    _change(corpus, files, workspace, json, retag, "tags set")


@one_sentence_errors
def note_cmd(
    corpus: CorpusName,
    files: FileNames,
    text: Annotated[str, typer.Option("--text", help="The note; empty: none.")],
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Note something about files."""
    from distill.library.corpora import set_note

    def note(place: "Workspace", subject: "Corpus", files: dict[str, str]) -> "Corpus":
        return set_note(place, subject, files, text)

    _change(corpus, files, workspace, json, note, "noted")


def _change(
    corpus: str,
    files: list[str],
    workspace: Path | None,
    json: bool,
    change: Change,
    outcome: str,
) -> None:
    """Make a choice about files, and say about which."""
    from distill.library.corpora import find_corpus
    from distill.library.corpus_files import find_files
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    subject = find_corpus(place, corpus)
    selection = find_files(subject, files)
    result = change(place, subject, selection)
    console = make_console(quiet=json)
    console.print(f"{names_text(selection)}: {outcome}.", soft_wrap=True, markup=False)
    if json:
        print_json({"id": result.id, "files": choice_facts(result, selection)})


def choice_facts(corpus: "Corpus", files: dict[str, str]) -> list[dict[str, object]]:
    """What was chosen about files, for programs."""
    from distill.library.corpora import FileChoices

    entries = []
    for key, name in files.items():
        choices = asdict(corpus.files.get(key, FileChoices(name=name)))
        del choices["others"]
        entries.append({"hash": key, **choices})
    return entries


def names_text(files: dict[str, str]) -> str:
    """The name of a file, or the number of several."""
    names = list(files.values())
    return names[0] if len(names) == 1 else f"{len(names)} files ({names[0]} …)"
