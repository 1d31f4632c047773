"""Renders: every generated sound with its recipe, its codes and what a person noted of it.

A sound lies where it was asked for: in the workspace, or anywhere else. Its record lies in the
workspace, at `.distill/renders/DAY/ID.json`. Its codes lie beside the sound in the workspace. They
lie beside the record where that name is taken, and for sounds elsewhere: folders of others get
nothing unasked.

Free of torch: `rendering` makes sounds, this keeps, finds and deletes them.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from distill.errors import DistillError, NotFoundError, UsageError
from distill.files import file_status, make_folder
from distill.library.bin import Deleted, clear_deleted, delete_files, restore_files
from distill.library.index import Index, Stamp, use_index
from distill.library.records import (
    RecordError,
    check_text,
    read_record,
    record_lock,
    write_record,
)
from distill.library.render import VERSION, Render
from distill.library.render_places import CODES_ENDING, DAY, place_beside_record, record_path
from distill.library.render_table import (
    LATEST,
    TABLE,
    RenderList,
    RenderQuery,
    RenderRow,
    row_of,
    utc_text,
)
from distill.library.workspace import Workspace, is_id, new_id

LONGEST_NAME = 200
"""Characters of a name, at most."""

LONGEST_NOTES = 10_000
"""Characters of notes, at most."""

SaveCodes = Callable[[Path], Path]
"""Writes the codes of a sound to a file, and gives its path."""


# --- keep -----------------------------------------------------------------------------------------


def add_render(workspace: Workspace, render: Render, save_codes: SaveCodes) -> Render:
    """Keep a sound that was just written.

    Args:
        workspace: The workspace.
        render: All that is known of it but id, time, hash, size and codes.
        save_codes: Writes its codes.

    Returns:
        Its record.

    Raises:
        OutputError: The workspace cannot be written.
        OSError: The sound cannot be read again.
    """
    render = replace(
        render,
        id=new_id(),
        path=Path(os.path.abspath(render.path)),
        made=utc_text(datetime.now(UTC)),
        sha256=file_hash(render.path),
        bytes=render.path.stat().st_size,
    )
    with record_lock(workspace):
        place = _codes_place(workspace, render)
        make_folder(place.parent)
        render = replace(render, codes=save_codes(place))
        write_record(record_path(workspace, render.id), render.entries(workspace))
    return render


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _codes_place(workspace: Workspace, render: Render) -> Path:
    """Where the codes of a render go: beside its sound in the workspace, if that name is free."""
    if render.path.is_relative_to(workspace.renders):
        place = render.path.with_name(render.path.stem + CODES_ENDING)
        if not os.path.lexists(place) or _move_earlier_codes(workspace, render, place):
            return place
    return place_beside_record(workspace, render.id)


def _move_earlier_codes(workspace: Workspace, render: Render, place: Path) -> bool:
    """Move the codes of a sound that `render` has replaced: its record stays usable.

    Returns:
        Whether `place` is free then. Codes of other sounds and files of a person stay there.
    """
    earlier = _renders_of_codes(workspace, place)
    if not earlier or any(other.path != render.path for other in earlier):
        return False
    aside = place_beside_record(workspace, earlier[0].id)
    os.replace(place, aside)
    for other in earlier:
        _rewrite(workspace, replace(other, codes=aside))
    return True


def _renders_of_codes(workspace: Workspace, codes: Path) -> list[Render]:
    """The renders whose records name a codes file."""
    rows = find_renders(workspace, RenderQuery(codes_name=codes.name)).rows
    renders = [load_render(workspace, row.id) for row in rows]
    return [render for render in renders if render.codes == codes]


# --- find -----------------------------------------------------------------------------------------


def load_render(workspace: Workspace, render_id: str) -> Render:
    """The render with an id.

    Raises:
        UsageError: There is none.
        RecordError: Its record is damaged, or of a newer version.
    """
    path = record_path(workspace, render_id)
    try:
        entries = read_record(path, VERSION)
    except FileNotFoundError as error:
        raise NotFoundError(
            f"There is no render {render_id} in {workspace.root}: `distill renders list` shows all."
        ) from error
    return Render.from_entries(workspace, path, entries)


def find_renders(
    workspace: Workspace, query: RenderQuery | None = None, limit: int | None = None
) -> RenderList:
    """Renders that a query asks for, the latest first.

    Args:
        workspace: The workspace.
        query: What to look for; None for all.
        limit: Number of renders, at most; None for no limit.

    Raises:
        UsageError: A date of the query cannot be read, or a text of it is too long.
    """
    clear_deleted(workspace)
    condition, values = (query or RenderQuery()).condition()
    limit_clause = "" if limit is None else f" LIMIT {max(0, int(limit))}"

    def ask(index: Index) -> RenderList:
        _update(workspace, index)
        rows = index.select(
            f"SELECT {RenderRow.columns()} FROM renders WHERE {condition} "
            f"ORDER BY made DESC, id DESC{limit_clause}",
            values,
        )
        total = len(rows)
        if total == limit:
            (total,) = index.select(f"SELECT COUNT(*) FROM renders WHERE {condition}", values)[0]
        latest = dict(index.select(LATEST))
        problems = index.select("SELECT problem FROM renders WHERE problem > '' LIMIT 20")
        return RenderList(
            rows=[RenderRow.of(row, latest) for row in rows],
            total=total,
            problems=[problem for (problem,) in problems],
        )

    return use_index(workspace, TABLE, ask)


def render_codes(workspace: Workspace, render: Render) -> Path:
    """The codes file of a render.

    Raises:
        UsageError: Its codes were not kept, or no file of Distill lies there any more.
    """
    codes = render.codes
    if codes is None or not _is_codes_of_workspace(workspace, codes) or not codes.is_file():
        raise UsageError(f"The codes of {render.title} were not kept: encode its sound.")
    return codes


def resolve_render(workspace: Workspace, text: str) -> str:
    """The id that a person means: an id, its last letters, `last`, or the name of one sound.

    Raises:
        UsageError: There is none, or more than one.
    """
    rows: list[RenderRow] = []
    if text == "last":
        rows = find_renders(workspace, limit=1).rows
    elif text:
        with suppress(UsageError):
            if record_path(workspace, text).exists():
                return text
        rows = find_renders(workspace, RenderQuery(id_or_title=text), limit=3).rows
    if len(rows) == 1:
        return rows[0].id
    if rows:
        ids = ", ".join(row.id for row in rows)
        raise UsageError(f"'{text}' may be one of several renders ({ids}, …): give the id.")
    raise NotFoundError(
        f"There is no render '{text}' in {workspace.root}: `distill renders list` shows all."
    )


def _update(workspace: Workspace, index: Index) -> None:
    """Bring the index up to date with the records."""

    def read(file: str) -> dict[str, object]:
        path = workspace.render_records / file
        try:
            return row_of(Render.from_entries(workspace, path, read_record(path, VERSION)))
        except FileNotFoundError:
            # Deleted just now: the next listing drops it.
            return {"problem": ""}
        except RecordError as error:
            return {"problem": str(error)}

    folder = workspace.render_records
    days = {}
    for day in _scan(folder):
        with suppress(OSError):
            if DAY.fullmatch(day.name) and day.is_dir():
                days[day.name] = day.stat().st_mtime_ns
    index.update_folders(days, lambda day: dict(_stamps(folder / day)), read)


def _stamps(day: Path) -> Iterator[tuple[str, Stamp]]:
    """All records of a day, named as `DAY/ID.json`, with their times and sizes."""
    for entry in _scan(day):
        stem, ending = os.path.splitext(entry.name)
        if ending == ".json" and is_id(stem):
            with suppress(OSError):
                status = entry.stat()
                yield f"{day.name}/{entry.name}", (status.st_mtime_ns, status.st_size)


def _scan(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


# --- change ---------------------------------------------------------------------------------------


def change_render(
    workspace: Workspace,
    render_id: str,
    *,
    name: str | None = None,
    notes: str | None = None,
    starred: bool | None = None,
) -> Render:
    """Change what a person notes of a render; None leaves an entry as it is.

    Args:
        workspace: The workspace.
        render_id: Its id.
        name: Another name; the file keeps its own. Empty for that of the file.
        notes: Other notes.
        starred: Whether it has a star.

    Raises:
        UsageError: There is no such render, or a text is too long.
        OutputError: The record cannot be written.
    """
    with record_lock(workspace):
        render = load_render(workspace, render_id)
        if name is not None:
            render = replace(render, name=check_text(name, "name", LONGEST_NAME))
        if notes is not None:
            render = replace(render, notes=check_text(notes, "notes", LONGEST_NOTES))
        if starred is not None:
            render = replace(render, starred=starred)
        _rewrite(workspace, render)
    return render


def _rewrite(workspace: Workspace, render: Render) -> None:
    """Write a changed record; entries of it that this version does not know stay."""
    path = record_path(workspace, render.id)
    write_record(path, read_record(path, VERSION) | render.entries(workspace))


# --- delete ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FileState:
    """The file of a render: there as it was written, changed since then, or gone."""

    exists: bool
    is_same: bool


def file_state(render: Render) -> FileState:
    """Whether the sound file of a render is as it was written; it is read for that."""
    try:
        status = file_status(render.path)
        if status is None:
            return FileState(exists=False, is_same=False)
        is_same = status.st_size == render.bytes and file_hash(render.path) == render.sha256
    except (OSError, DistillError):
        return FileState(exists=False, is_same=False)
    return FileState(exists=True, is_same=is_same)


def delete_render(
    workspace: Workspace, render_id: str, keep_sound: bool = False, for_good: bool = False
) -> Deleted:
    """Move a render to the bin: sound, codes and record. `restore_render` brings it back.

    A sound file that was changed or replaced since it was generated stays. So do codes that another
    render has too.

    Args:
        workspace: The workspace.
        render_id: Its id.
        keep_sound: Whether the sound file stays, and is only forgotten.
        for_good: Whether to delete without a bin.

    Raises:
        UsageError: There is no such render.
        OutputError: A file cannot be moved to the bin.
    """
    with record_lock(workspace):
        render = load_render(workspace, render_id)
        paths = [record_path(workspace, render_id)]
        if render.codes and _is_codes_of_workspace(workspace, render.codes):
            others = _renders_of_codes(workspace, render.codes)
            if all(other.id == render_id for other in others):
                paths.insert(0, render.codes)
        if not keep_sound and file_state(render).is_same:
            paths.insert(0, render.path)
        record = Deleted(
            kind="render",
            id=render_id,
            name=render.title,
            deleted_at=time.time(),
            paths=tuple(paths),
        )
        delete_files(workspace, record, for_good)
    return record


def restore_render(workspace: Workspace, render_id: str) -> Render:
    """Bring back a render that was deleted within a day.

    Raises:
        UsageError: There is none to bring back, or another file lies in its place.
        OutputError: A file cannot be written.
    """
    restore_files(workspace, "render", render_id)
    return load_render(workspace, render_id)


def _is_codes_of_workspace(workspace: Workspace, path: Path) -> bool:
    """Whether Distill wrote a codes file of that name: records of others may name any file."""
    real = Path(os.path.realpath(path))
    return real.name.endswith(CODES_ENDING) and real.is_relative_to(
        os.path.realpath(workspace.root)
    )
