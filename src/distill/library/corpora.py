"""Corpora: what a person has chosen about the files of each folder of sounds.

The choices are a record in the workspace, by the content of each file. Nothing is ever written into
a folder outside the workspace. Files that a person adds to such a folder's corpus lie beside the
record.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from distill.bounds import check_bound
from distill.data.curation import NO_CURATION, USUAL_WEIGHT, Curation
from distill.errors import NotFoundError, UsageError
from distill.files import FilePath
from distill.library.records import (
    RecordError,
    absolute_path,
    check_text,
    read_record,
    record_lock,
    stored_path,
    write_record,
)
from distill.library.workspace import Workspace, is_id, open_workspace, workspace_root

VERSION = 1
"""Version of the record."""

LONGEST_NAME = 40
"""Characters of a folder's name in its id, at most."""

LONGEST_NOTE = 2000
"""Characters of a note, at most."""

LONGEST_TAG = 60
"""Characters of a tag, at most."""

MOST_TAGS = 20
"""Tags of a file, at most: each is a column of the prior's targets."""

MOST_CHOICES = 5000
"""Files with choices in one corpus, at most: the record stays within its size."""

CONTENT_HASH = re.compile(r"[0-9a-f]{64}")
"""Form of a SHA-256."""


@dataclass(frozen=True)
class FileChoices:
    """What a person has chosen about a file. Field names are keys of the record.

    Attributes:
        name: Its name when something was last chosen.
        muted: Whether it is left out of everything.
        weight: How often it is heard, relative to others.
        tags: Tags, by which generated sound can be steered.
        note: A text for people.
        generated: Whether a model made it.
        others: Entries that this version does not know.
    """

    name: str = ""
    muted: bool = False
    weight: float = USUAL_WEIGHT
    tags: tuple[str, ...] = ()
    note: str = ""
    generated: bool = False
    others: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is chosen."""
        return replace(self, name="") == FileChoices()

    def to_dict(self) -> dict[str, Any]:
        """Its entries in the record: those that differ from the defaults."""
        entries = asdict(self)
        others = entries.pop("others")
        default = asdict(FileChoices())
        return others | {key: value for key, value in entries.items() if value != default[key]}


@dataclass(frozen=True)
class Corpus:
    """A folder of sounds with what a person has chosen about its files.

    Attributes:
        id: Its id, which follows from the path of the folder.
        folder: The folder.
        is_owned: Whether the folder belongs to the workspace.
        files: Choices, by content hash.
        added: Files of the corpus that lie outside the folder.
        others: Entries of the record that this version does not know.
    """

    id: str
    folder: Path
    is_owned: bool
    files: Mapping[str, FileChoices] = field(default_factory=dict)
    added: tuple[Path, ...] = ()
    others: Mapping[str, Any] = field(default_factory=dict)

    @property
    def curation(self) -> Curation:
        """The choices, as a scan and a training take them."""
        files = self.files.items()
        return Curation(
            muted=frozenset(key for key, file in files if file.muted),
            weights={key: file.weight for key, file in files if file.weight != USUAL_WEIGHT},
            tags={key: file.tags for key, file in files if file.tags},
            generated=frozenset(key for key, file in files if file.generated),
            added=self.added,
        )


# --- finding --------------------------------------------------------------------------------------


def corpus_id(workspace: Workspace, folder: FilePath) -> str:
    """The id of the corpus of a folder: its name, and a hash of its path."""
    path = Path(os.path.realpath(folder))
    # Inside the workspace the path is relative, so that the workspace may be moved.
    place = stored_path(Workspace(root=Path(os.path.realpath(workspace.root))), path)
    digest = hashlib.sha256(os.fsencode(place)).hexdigest()[:8]
    name = re.sub(r"[^a-z0-9]+", "-", path.name.lower())[:LONGEST_NAME].strip("-")
    return f"{name or 'sounds'}-{digest}"


def find_corpus(workspace: Workspace, folder_or_id: FilePath) -> Corpus:
    """The corpus of a folder, or of an id.

    A folder about which nothing was chosen is a corpus too: nothing is written.

    Raises:
        UsageError: It is neither.
        RecordError: The record is damaged, or a newer Distill wrote it.
    """
    text = os.fspath(folder_or_id)
    if os.path.isdir(text):
        return _read(workspace, corpus_id(workspace, text), Path(os.path.realpath(text)))
    return load_corpus(workspace, text)


def load_corpus(workspace: Workspace, corpus: str) -> Corpus:
    """The corpus with an id; a path is none.

    Raises:
        NotFoundError: There is none.
        RecordError: The record is damaged, or a newer Distill wrote it.
    """
    if is_id(corpus) and record_path(workspace, corpus).exists():
        return _read(workspace, corpus, None)
    raise NotFoundError(
        f"'{corpus}' is neither a folder nor the id of a corpus: "
        "'distill corpus list' shows the ids."
    )


def reload_corpus(workspace: Workspace, corpus: Corpus) -> Corpus:
    """The corpus as it is now, even if its folder is gone.

    Raises:
        RecordError: The record is damaged, or a newer Distill wrote it.
    """
    return _read(workspace, corpus.id, corpus.folder)


def list_corpora(workspace: Workspace) -> tuple[list[Corpus], list[str]]:
    """All corpora with choices, by id, and a sentence on each damaged record."""
    corpora = []
    remarks = []
    with suppress(FileNotFoundError):
        for path in sorted(workspace.corpora.glob("*.json")):
            try:
                corpora.append(_read(workspace, path.stem, None))
            except RecordError as error:
                remarks.append(str(error))
    return corpora, remarks


def curation_for(folder: FilePath, workspace: FilePath | None = None) -> Curation:
    """The choices about the files of a folder. No workspace is made where there is none.

    Args:
        folder: Folder of sounds.
        workspace: Folder of the workspace. Default: as `open_workspace`.

    Raises:
        DistillError: Workspace or record cannot be used.
    """
    if not workspace_root(workspace).is_dir() or not os.path.isdir(folder):
        return NO_CURATION
    return find_corpus(open_workspace(workspace, make=False), folder).curation


def record_path(workspace: Workspace, corpus: str) -> Path:
    """File of the choices about a corpus."""
    return workspace.corpora / f"{corpus}.json"


def added_folder(workspace: Workspace, corpus: str) -> Path:
    """Folder of the files that were added to a corpus whose own folder stays as it is."""
    return workspace.corpora / corpus


def _read(workspace: Workspace, corpus: str, folder: Path | None) -> Corpus:
    """The corpus of an id; `folder` is that of a corpus that has no record yet."""
    path = record_path(workspace, corpus)
    try:
        entries = read_record(path, VERSION)
    except FileNotFoundError:
        if folder is None:
            raise
        return Corpus(id=corpus, folder=folder, is_owned=_is_owned(workspace, folder))
    try:
        place = absolute_path(workspace, entries.pop("folder"))
        files = {key: _choices(entry) for key, entry in entries.pop("files").items()}
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise RecordError(f"{path} is damaged: delete it.") from error
    if not all(CONTENT_HASH.fullmatch(key) for key in files):
        raise RecordError(f"{path} is damaged: delete it.")
    entries.pop("version")
    return Corpus(
        id=corpus,
        folder=folder or place,
        is_owned=_is_owned(workspace, folder or place),
        files=files,
        added=_added_files(workspace, corpus),
        others=entries,
    )


def _choices(entry: Mapping[str, Any]) -> FileChoices:
    """Read the choices about a file.

    `TypeError`, `ValueError` or `OverflowError` for such as nobody can make.
    """
    names = {item.name for item in fields(FileChoices)} - {"others"}
    choices = FileChoices(
        name=str(entry.get("name", "")),
        muted=entry.get("muted", False) is True,
        weight=float(entry.get("weight", USUAL_WEIGHT)),
        tags=tuple(str(tag) for tag in entry.get("tags", ())),
        note=str(entry.get("note", "")),
        generated=entry.get("generated", False) is True,
        others={key: value for key, value in entry.items() if key not in names},
    )
    try:
        check_bound("--weight", choices.weight)
    except UsageError as error:
        raise ValueError(str(error)) from error
    return choices


def _added_files(workspace: Workspace, corpus: str) -> tuple[Path, ...]:
    try:
        files = [path for path in added_folder(workspace, corpus).iterdir() if path.is_file()]
    except OSError:
        return ()
    return tuple(sorted(path for path in files if not path.name.startswith(".")))


def _is_owned(workspace: Workspace, folder: Path) -> bool:
    sounds = Path(os.path.realpath(workspace.sounds))
    return Path(os.path.realpath(folder)).is_relative_to(sounds)


# --- choosing -------------------------------------------------------------------------------------

Files = Mapping[str, str]
"""Names of files by their content hash."""


def mute(workspace: Workspace, corpus: Corpus, files: Files, muted: bool = True) -> Corpus:
    """Leave files out of everything, or take them in again; returns the corpus as it is then.

    Args:
        workspace: The workspace.
        corpus: The corpus.
        files: The files.
        muted: Whether they are left out.
    """
    return change(workspace, corpus, files, lambda _, choices: replace(choices, muted=muted))


def set_weight(workspace: Workspace, corpus: Corpus, files: Files, weight: float) -> Corpus:
    """Set how often files are heard; arguments as in `mute`. `UsageError` beyond 0.1 to 10."""
    check_bound("--weight", weight)
    return change(
        workspace, corpus, files, lambda _, choices: replace(choices, weight=float(weight))
    )


def tag(
    workspace: Workspace,
    corpus: Corpus,
    files: Files,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
) -> Corpus:
    """Give files tags, or take them away; returns the corpus as it is then.

    Args:
        workspace: The workspace.
        corpus: The corpus.
        files: The files.
        add: Tags to give.
        remove: Tags to take away.

    Raises:
        UsageError: A tag is empty or too long, or there are too many.
    """
    more = [check_text(text, "tag", LONGEST_TAG) for text in add]
    less = {text.strip() for text in remove}
    if not all(more):
        raise UsageError("A tag is empty: give it a name.")

    def retag(_: str, choices: FileChoices) -> FileChoices:
        tags = [text for text in (*choices.tags, *more) if text not in less]
        # Each once, in the order in which they came.
        distinct = tuple(dict.fromkeys(tags))
        if len(distinct) > MOST_TAGS:
            raise UsageError(f"{choices.name} would have more than {MOST_TAGS} tags.")
        return replace(choices, tags=distinct)

    return change(workspace, corpus, files, retag)


def set_note(workspace: Workspace, corpus: Corpus, files: Files, note: str) -> Corpus:
    """Note something about files; arguments as in `mute`. `UsageError` for a note too long."""
    text = check_text(note, "note", LONGEST_NOTE)
    return change(workspace, corpus, files, lambda _, choices: replace(choices, note=text))


def change(
    workspace: Workspace,
    corpus: Corpus,
    files: Files,
    edit: Callable[[str, FileChoices], FileChoices],
) -> Corpus:
    """Change the choices about files, whatever another process has chosen in the meantime.

    Args:
        workspace: The workspace.
        corpus: The corpus.
        files: The files.
        edit: Gives the new choices about a file for its content hash and the present ones.

    Returns:
        The corpus as it is then.

    Raises:
        UsageError: There are too many choices.
        OutputError: The record cannot be written.
    """
    with record_lock(workspace):
        present = _read(workspace, corpus.id, corpus.folder)
        choices = dict(present.files)
        for key, name in files.items():
            entry = edit(key, replace(choices.get(key, FileChoices()), name=name))
            choices.pop(key, None)
            if not entry.is_empty:
                choices[key] = entry
        result = replace(present, files=choices)
        write_corpus(workspace, result)
    return result


def write_corpus(workspace: Workspace, corpus: Corpus) -> None:
    """Write the record of a corpus, for whoever holds the lock of records.

    Raises:
        UsageError: There are too many choices.
        OutputError: It cannot be written.
    """
    if len(corpus.files) > MOST_CHOICES:
        raise UsageError(
            f"A corpus has choices about {MOST_CHOICES:,} files at most: take the files that "
            "you never use out of the folder."
        )
    entries = {
        "version": VERSION,
        "folder": stored_path(workspace, corpus.folder),
        "files": {key: corpus.files[key].to_dict() for key in sorted(corpus.files)},
    }
    write_record(record_path(workspace, corpus.id), {**corpus.others, **entries})


def generated_share(curation: Curation, hashes: Sequence[str]) -> float:
    """Share of what is heard that a model made, 0 to 1.

    Args:
        curation: The choices.
        hashes: Content hashes of the files that are used.
    """
    total = sum(curation.weight_of(key) for key in hashes)
    weight = sum(curation.weight_of(key) for key in hashes if key in curation.generated)
    return weight / total if total else 0.0
