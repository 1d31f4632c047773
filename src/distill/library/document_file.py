"""The file of a document: its edits as lines of a script, with a cursor between them.

`document.json` is the one file that decides what a document is; it is written last. The other
files of its folder have names by content, so that a file too many harms nothing.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from distill.errors import NotFoundError, UsageError
from distill.files import parse_json, replace_atomically
from distill.library.workspace import ID

FORMAT = "distill.document"
VERSION = 1
"""Version of the file."""

FILE = "document.json"
SCRIPT = "script.txt"

LARGEST_FILE = 64 << 20
"""Bytes, at most: some hundred thousand edits."""

KEY = re.compile(r"[0-9a-f]{32}")
"""Form of the key of a grid, a hash of its contents."""

LONGEST_NAME = 200
"""Characters of a name, at most."""


@dataclass(frozen=True)
class DocumentEdit:
    """An edit in a document.

    Attributes:
        line: The edit in the words of `distill edit run`.
        grid: Key of the grid after it.
        frames: Code frames after it.
        changed: Frames that it changed, as in `EditResult`.
        kept_back: Number of locked codes that would have changed.
        remark: A sentence on what went another way than asked; may be empty.
        distance: Of a blend: mean distance from the exact one.
        model: Hash of the weights that it took; empty without.
    """

    line: str
    grid: str
    frames: int
    changed: tuple[int, int] | None = None
    kept_back: int = 0
    remark: str = ""
    distance: float | None = None
    model: str = ""


@dataclass(frozen=True)
class Document:
    """A sound as codes, with all edits of it.

    Attributes:
        id: Its id.
        name: Its name, for people.
        source: Name of the sound.
        made: When it was made: ISO 8601, UTC.
        model_id: Id of the model that made the codes.
        codebook_hash: Identifies the codebooks of the codes.
        frame_rate: Code frames a second (Hz).
        first: Key of the grid before all edits.
        first_frames: Code frames of that grid.
        revision: Number of changes so far: edits, undos and redos.
        cursor: Number of edits that are in force; those after it can be redone.
        edits: All edits, oldest first.
        more: Entries of the file that this version does not know.
    """

    id: str
    name: str
    source: str
    made: str
    model_id: str
    codebook_hash: str
    frame_rate: float
    first: str
    first_frames: int
    revision: int = 0
    cursor: int = 0
    edits: tuple[DocumentEdit, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def grid(self) -> str:
        """Key of the present grid."""
        return self.grid_after(self.cursor)

    @property
    def frames(self) -> int:
        """Code frames of the present grid."""
        return self.frames_after(self.cursor)

    @property
    def seconds(self) -> float:
        """Length of the present grid, in whole frames."""
        return self.frames / self.frame_rate

    def grid_after(self, count: int) -> str:
        """Key of the grid after `count` edits."""
        return self.edits[count - 1].grid if count else self.first

    def frames_after(self, count: int) -> int:
        """Code frames after `count` edits."""
        return self.edits[count - 1].frames if count else self.first_frames

    def count_at(self, grid: str) -> int:
        """Number of edits, also undone ones, after which the grid has the key `grid`.

        Raises:
            NotFoundError: It never has, or those edits are forgotten.
        """
        for count in range(len(self.edits), -1, -1):
            if self.grid_after(count) == grid:
                return count
        raise NotFoundError(f"'{self.name}' has no such state any more: look at it again.")

    def script(self) -> str:
        """The edits in force, as a script for `distill edit run`."""
        return "".join(f"{edit.line}\n" for edit in self.edits[: self.cursor])


# --- reading --------------------------------------------------------------------------------------


def read_document(folder: Path) -> Document:
    """The document in `folder`; the folder's name is its id.

    Raises:
        UsageError: There is none, it is damaged, or a newer Distill wrote it.
    """
    path = folder / FILE
    try:
        with path.open("rb") as file:
            content = parse_json(file.read(LARGEST_FILE))
    except FileNotFoundError as error:
        raise UsageError(f"There is no document in {folder}.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error}).") from error
    except ValueError as error:
        raise _damage_error(path, "it is no JSON") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _damage_error(path, "it is none")
    version = content.get("version")
    if type(version) is int and version > VERSION:
        raise UsageError(
            f"A newer Distill wrote {path} (version {str(version)[:9]}, this one knows {VERSION}): "
            "update Distill."
        )
    try:
        document = _document(content)
    except ValueError as error:
        raise _damage_error(path, str(error)) from error
    # The file of a copied folder names the original: changes would go there.
    return replace(document, id=folder.name)


def _damage_error(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is no sound document ({why}): make another of the codes beside it "
        "('distill documents new'), and run script.txt on it."
    )


def _document(content: dict[str, Any]) -> Document:
    if content.get("version") != VERSION:
        raise ValueError("its version is missing or unknown")
    values = _entries_of(Document, content)
    values["edits"] = tuple(map(_edit, _list(values.get("edits", []), "edits")))
    read = {*values, "format", "version"}
    values["more"] = {name: value for name, value in content.items() if name not in read}
    document = Document(**values)
    _check(document)
    return document


def _edit(entry: Any) -> DocumentEdit:
    if not isinstance(entry, dict):
        raise ValueError("an edit is no object")
    values = _entries_of(DocumentEdit, entry)
    span = values.get("changed")
    if span is not None:
        values["changed"] = tuple(_list(span, "changed"))
    edit = DocumentEdit(**values)
    _check_edit(edit)
    return edit


def _entries_of(kind: type, content: dict[str, Any]) -> dict[str, Any]:
    """Entries of `content` that are fields of the dataclass `kind`."""
    values = {}
    for entry in fields(kind):
        if entry.name in content and entry.name != "more":
            values[entry.name] = content[entry.name]
        elif entry.default is MISSING and entry.default_factory is MISSING:
            raise ValueError(f"it lacks '{entry.name}'")
    return values


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"'{name}' is no list")
    return value


# --- checks ---------------------------------------------------------------------------------------


def _check(document: Document) -> None:
    for name in ("name", "source", "made", "model_id", "codebook_hash"):
        _check_text(getattr(document, name), name)
    if type(document.id) is not str or not ID.fullmatch(document.id):
        raise ValueError("its id is none")
    _check_key(document.first)
    for name in ("first_frames", "revision", "cursor"):
        _check_number(getattr(document, name), name)
    if type(document.frame_rate) not in (int, float) or not 0 < document.frame_rate < 1e9:
        raise ValueError("'frame_rate' is no rate")
    if document.cursor > len(document.edits):
        raise ValueError("'cursor' lies behind the last edit")


def _check_edit(edit: DocumentEdit) -> None:
    for name in ("line", "remark", "model"):
        _check_text(getattr(edit, name), name)
    if edit.line.splitlines() != [edit.line]:
        raise ValueError("the line of an edit is none")
    _check_key(edit.grid)
    for name in ("frames", "kept_back"):
        _check_number(getattr(edit, name), name)
    if edit.changed is not None:
        if len(edit.changed) != 2:
            raise ValueError("'changed' is no pair of frames")
        for frame in edit.changed:
            _check_number(frame, "changed")
    if edit.distance is not None and type(edit.distance) not in (int, float):
        raise ValueError("'distance' is no number")


def _check_text(value: Any, name: str) -> None:
    if type(value) is not str:
        raise ValueError(f"'{name}' is no text")


def _check_number(value: Any, name: str) -> None:
    if type(value) is not int or value < 0:
        raise ValueError(f"'{name}' is no whole number from 0 on")


def _check_key(value: Any) -> None:
    if type(value) is not str or not KEY.fullmatch(value):
        raise ValueError("the key of a grid is none")


# --- writing --------------------------------------------------------------------------------------


def write_document(folder: Path, document: Document) -> None:
    """Write `document` into `folder`: the step that makes a change true.

    `script.txt` follows. A run that is killed between the two leaves it one change behind, until
    the next; nothing reads it but people, and `distill edit run`.

    Raises:
        OutputError: It cannot be written.
    """
    with replace_atomically(folder / FILE) as file:
        file.write(_to_text(document).encode())
    with replace_atomically(folder / SCRIPT) as file:
        file.write(document.script().encode())


def _to_text(document: Document) -> str:
    own = {name: value for name, value in vars(document).items() if name not in ("edits", "more")}
    header = {"format": FORMAT, "version": VERSION, **own, **document.more}
    # One edit a line, so that a text editor and a diff show edits.
    edits = ",\n".join(json.dumps(vars(edit)) for edit in document.edits)
    return f'{json.dumps(header)[:-1]},\n"edits": [\n{edits}\n]}}\n'
