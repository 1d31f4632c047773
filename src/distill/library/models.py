"""Models of the workspace: list, add, rename, note, delete and bring back. Free of torch.

The files in `models/` are the library, whoever put them there. Names and notes of a person lie in
`.distill/models/ID.json`; the files themselves are never changed.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from distill.errors import DistillError, ModelFileError, NotFoundError, OutputError, UsageError
from distill.files import FilePath, check_space, make_folder, replace_atomically
from distill.inference.blending.settings import BlendRecord
from distill.library.bin import Deleted, clear_deleted, delete_files, restore_files
from distill.library.index import Index, Stamp, Table, use_index
from distill.library.model import (
    COLUMNS,
    Model,
    facts_of,
    model_of,
    read_facts,
)
from distill.library.model_families import in_families, with_changes
from distill.library.model_ids import ModelFile, assign_ids
from distill.library.records import (
    RecordError,
    check_text,
    read_record,
    record_lock,
    write_record,
)
from distill.library.render import Render
from distill.library.renders import LONGEST_NAME, LONGEST_NOTES, file_hash
from distill.library.workspace import Workspace, check_id
from distill.models.header import read_outline
from distill.training.paths import log_path

VERSION = 1
"""Version of the record of a model."""

TABLE = Table(name="models", columns=COLUMNS)

DEEPEST = 4
"""Folders inside of one another that are searched for models."""


@dataclass(frozen=True)
class ModelList:
    """A listing.

    Attributes:
        models: The models: families together, versions after their parents.
        problems: Sentences on files that cannot be used.
    """

    models: list[Model]
    problems: list[str] = field(default_factory=list)


def list_models(workspace: Workspace, text: str = "") -> ModelList:
    """The models of a workspace.

    Args:
        workspace: The workspace.
        text: Words, each of which occurs in name, notes, file, verdict or a file of the corpus.

    Example:
        for model in list_models(open_workspace()).models:
            print(model.id, model.name, model.health.word)
    """

    stamps = dict(_stamps(workspace.models))

    def ask(index: Index) -> list[tuple[Any, ...]]:
        index.update(stamps, lambda file: _read(workspace, file))
        return index.select("SELECT file, size, outline_facts, problem FROM models ORDER BY file")

    clear_deleted(workspace)
    models = []
    problems = []
    for file, size, facts, problem in use_index(workspace, TABLE, ask):
        if facts:
            path = workspace.models / file
            models.append(model_of(path, file, size, read_facts(facts)))
        elif problem:
            problems.append(problem)
    models = _with_own_ids(workspace, models, stamps)
    models = with_changes([_with_notes(workspace, model) for model in models])
    words = text.casefold().split()
    if words:
        models = [model for model in models if _matches(model, words)]
    return ModelList(models=in_families(models), problems=problems)


def load_model(workspace: Workspace, text: str) -> Model:
    """The model with an id, the beginning of an id, or a name.

    Raises:
        UsageError: There is none, or more than one.
    """
    models = list_models(workspace).models
    for matches in (
        [model for model in models if model.id == text],
        [model for model in models if text in (model.name, model.path.name, model.path.stem)],
        [model for model in models if text and model.id.startswith(text)],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            ids = ", ".join(model.id for model in matches[:3])
            raise UsageError(f"'{text}' may be one of several models ({ids}): give the id.")
    raise NotFoundError(
        f"There is no model '{text}' in {workspace.root}: `distill models list` shows all."
    )


def find_model_file(workspace: Workspace, render: Render) -> Path:
    """The file of the model that made a render: where it was, or in the library.

    Raises:
        UsageError: It is at neither place.
    """
    path = render.model_path
    if place := _place_of(workspace, render.model_id, path):
        return place
    raise UsageError(
        f"The model that made {render.title} ('{render.model_name}', id {render.model_id}) is "
        f"neither at {path} nor in {workspace.models}: name it with --model."
    )


def find_second_file(workspace: Workspace, render: Render, record: BlendRecord) -> Path:
    """The file of the second model of a blended render: where it was, or in the library.

    Raises:
        UsageError: It is at neither place.
    """
    if place := _place_of(workspace, record.id, render.blend_path):
        return place
    raise UsageError(
        f"{render.title} was blended with '{record.name}' (id {record.id}), which is neither at "
        f"{render.blend_path} nor in {workspace.models}: add it there with `distill models add`."
    )


def _place_of(workspace: Workspace, model_id: str, path: Path | None) -> Path | None:
    """The file of the model with the id `model_id`: at `path`, or in the library; None for none."""
    with suppress(DistillError):
        if path is not None and read_outline(path)["metadata"].get("id") == model_id:
            return path
    for model in list_models(workspace).models:
        if model_id and model.model_id == model_id:
            return model.path
    return None


# --- ids ------------------------------------------------------------------------------------------


def _with_own_ids(
    workspace: Workspace, models: Sequence[Model], stamps: Mapping[str, Stamp]
) -> list[Model]:
    """Models with ids that differ, and that stay."""
    files = {_file_name(workspace, model): model for model in models}
    ids = assign_ids(
        workspace,
        [
            ModelFile(name=name, own_id=model.model_id, stamp=stamps[name])
            for name, model in files.items()
        ],
        _noted_files(workspace, models),
    )
    return [replace(model, id=ids[name]) for name, model in files.items()]


def _noted_files(workspace: Workspace, models: Sequence[Model]) -> dict[str, str]:
    """Names of the files that a person noted something of, by the ids in them."""
    names = {}
    for model_id in {model.id for model in models if model.id == model.model_id}:
        with suppress(FileNotFoundError, RecordError):
            names[model_id] = str(read_record(_record_path(workspace, model_id), VERSION)["file"])
    return names


def _file_name(workspace: Workspace, model: Model) -> str:
    """Name of the file of a model in the folder of models."""
    return model.path.relative_to(workspace.models).as_posix()


# --- reading --------------------------------------------------------------------------------------


def _stamps(folder: Path, depth: int = 0) -> Iterator[tuple[str, Stamp]]:
    """Model files below `folder`, by their paths in it, with their times and sizes."""
    try:
        with os.scandir(folder) as entries:
            items = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in items:
        if entry.name.startswith("."):
            continue
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False) and depth < DEEPEST:
                for name, stamp in _stamps(Path(entry.path), depth + 1):
                    yield f"{entry.name}/{name}", stamp
            elif entry.name.lower().endswith(".sda") and entry.is_file():
                status = entry.stat()
                yield entry.name, (status.st_mtime_ns, status.st_size)


def _read(workspace: Workspace, file: str) -> Mapping[str, Any]:
    """The row of a model file."""
    try:
        return {"outline_facts": json.dumps(facts_of(read_outline(workspace.models / file)))}
    except ModelFileError as error:
        return {"problem": str(error)}


def _with_notes(workspace: Workspace, model: Model) -> Model:
    """`model` with the name and the notes of its record, if it has one."""
    try:
        record = read_record(_record_path(workspace, model.id), VERSION)
    except (FileNotFoundError, RecordError):
        return model
    name = record.get("name")
    notes = record.get("notes")
    return replace(
        model,
        name=name if isinstance(name, str) and name else model.name,
        notes=notes if isinstance(notes, str) else "",
    )


def _record_path(workspace: Workspace, model_id: str) -> Path:
    return workspace.model_records / f"{check_id(model_id)}.json"


def _matches(model: Model, words: Sequence[str]) -> bool:
    parts = (model.id, model.name, model.notes, model.path.name, model.verdict)
    text = "\n".join((*parts, *(file.name for file in model.corpus))).casefold()
    return all(word in text for word in words)


# --- changing -------------------------------------------------------------------------------------


def add_model(workspace: Workspace, path: FilePath, name: str = "") -> Model:
    """Copy a model file into the library, once it is whole. The file itself stays as it is.

    Args:
        workspace: The workspace.
        path: The `.sda` file.
        name: A name for it; empty for that in the file.

    Raises:
        ModelFileError: It is no model file, or a damaged one.
        UsageError: The library has it already.
        OutputError: It cannot be written.
    """
    source = Path(path)
    read_outline(source, weights=True)
    text = check_text(name, "name", LONGEST_NAME)
    make_folder(workspace.models)
    with record_lock(workspace):
        present = _same_file(workspace, source)
        if present is not None:
            raise UsageError(f"{source} is in the library already, as '{present.name}'.")
        target = _free_name(workspace.models, source.stem)
        _copy(source, target)
    (model,) = [model for model in list_models(workspace).models if model.path == target]
    return change_model(workspace, model.id, name=text) if text else model


def change_model(
    workspace: Workspace, model_id: str, *, name: str | None = None, notes: str | None = None
) -> Model:
    """Change what a person notes of a model; None leaves an entry as it is.

    Args:
        workspace: The workspace.
        model_id: Its id.
        name: Another name; the file keeps its own. Empty for that in the file.
        notes: Other notes.

    Raises:
        UsageError: There is no such model, or a text is too long.
        OutputError: The record cannot be written.
    """
    model = load_model(workspace, model_id)
    path = _record_path(workspace, model.id)
    with record_lock(workspace):
        try:
            entries = read_record(path, VERSION)
        except FileNotFoundError:
            entries = {"version": VERSION}
        # Copies of this file have the same id in them: the notes are those of this one.
        entries["file"] = _file_name(workspace, model)
        if name is not None:
            entries["name"] = check_text(name, "name", LONGEST_NAME)
        if notes is not None:
            entries["notes"] = check_text(notes, "notes", LONGEST_NOTES)
        write_record(path, entries)
    return load_model(workspace, model.id)


def delete_model(workspace: Workspace, model_id: str, for_good: bool = False) -> Deleted:
    """Move a model and its log to the bin. `restore_model` brings it back; its renders stay.

    Args:
        workspace: The workspace.
        model_id: Its id.
        for_good: Whether to delete without a bin.

    Raises:
        UsageError: There is no such model.
        OutputError: It cannot be moved to the bin.
    """
    model = load_model(workspace, model_id)
    record = Deleted(
        kind="model",
        id=model.id,
        name=model.name,
        deleted_at=time.time(),
        paths=(model.path, log_path(model.path), _record_path(workspace, model.id)),
    )
    with record_lock(workspace):
        delete_files(workspace, record, for_good)
    return record


def restore_model(workspace: Workspace, model_id: str) -> Model:
    """Bring back a model that was deleted within a day.

    Raises:
        UsageError: There is none to bring back, or another file lies in its place.
        OutputError: A file cannot be written.
    """
    restored = restore_files(workspace, "model", model_id)
    for model in list_models(workspace).models:
        # A copy has an id of its own only beside the original.
        if model.path in restored.paths:
            return model
    return load_model(workspace, model_id)


def _same_file(workspace: Workspace, source: Path) -> Model | None:
    """The model of the library with the same bytes as `source`."""
    size = source.stat().st_size
    for model in list_models(workspace).models:
        if model.bytes == size and file_hash(model.path) == file_hash(source):
            return model
    return None


def _free_name(folder: Path, stem: str) -> Path:
    """A name in `folder` that no file has."""
    path = folder / f"{stem}.sda"
    number = 2
    while os.path.lexists(path):
        path = folder / f"{stem}-{number}.sda"
        number += 1
    return path


def _copy(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all."""
    check_space(target, source.stat().st_size)
    try:
        with open(source, "rb") as reader, replace_atomically(target) as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
    except OSError as error:
        raise OutputError(f"Cannot read {source}: {error.strerror or error}.") from error
