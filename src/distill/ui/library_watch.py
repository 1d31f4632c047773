"""Watches models, renders, presets, documents, comparisons and corpora of a workspace."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from distill.library.document_file import FILE as DOCUMENT
from distill.library.workspace import Workspace

DEEPEST = 4
"""Folders inside of one another that are looked into."""

Stamps = dict[str, int]
"""Times of the last change of files (ns), by name."""


@dataclass(frozen=True)
class Change:
    """What changed of one kind of things.

    Attributes:
        kind: `model`, `render`, `preset`, `document`, `comparison` or `corpus`.
        added: Names of new ones: ids, but of models and presets the names of files.
        changed: Names of those that changed.
        gone: Names of those that are gone.
    """

    kind: str
    added: list[str]
    changed: list[str]
    gone: list[str]


class LibraryWatch:
    """Finds what changed.

    Args:
        workspace: The workspace.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._stamps: dict[str, Stamps] = {}
        days = _Days(workspace.render_records)
        self._looks: dict[str, Callable[[], Stamps]] = {
            "model": lambda: {
                **dict(_files(workspace.models, ".sda")),
                **dict(_files(workspace.model_records, ".json")),
            },
            "render": days.look,
            "preset": lambda: dict(_files(workspace.presets, ".json")),
            "document": lambda: dict(_things(workspace.documents, DOCUMENT)),
            "comparison": lambda: dict(_things(workspace.comparisons, "comparison.json")),
            "corpus": lambda: dict(_names(workspace.corpora)),
        }

    def look(self) -> list[Change]:
        """What changed since the last look; nothing at the first."""
        changes = []
        for kind, stamps_of in self._looks.items():
            after = stamps_of()
            before = self._stamps.get(kind, after)
            self._stamps[kind] = after
            if before != after:
                changes.append(_change(kind, before, after))
        return changes


class _Days:
    """Records of renders: only days whose folder changed are looked through."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._days: Stamps = {}
        self._renders: dict[str, Stamps] = {}

    def look(self) -> Stamps:
        """Stamps of all records, by id."""
        days = dict(_entries(self._folder))
        for day, stamp in days.items():
            # Records are replaced, never written in place.
            if self._days.get(day) != stamp:
                self._renders[day] = dict(_names(self._folder / day))
        self._renders = {day: self._renders[day] for day in days}
        self._days = days
        return {name: stamp for day in self._renders.values() for name, stamp in day.items()}


def _change(kind: str, before: Stamps, after: Stamps) -> Change:
    return Change(
        kind=kind,
        added=sorted(after.keys() - before.keys()),
        changed=sorted(
            name for name in after.keys() & before.keys() if after[name] != before[name]
        ),
        gone=sorted(before.keys() - after.keys()),
    )


def _entries(folder: Path) -> Iterator[tuple[str, int]]:
    """Names in a folder with their times; those that begin with a dot are none."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                with suppress(OSError):
                    yield entry.name, entry.stat().st_mtime_ns


def _names(folder: Path) -> Iterator[tuple[str, int]]:
    """Ids of the records in a folder with their times."""
    for name, stamp in _entries(folder):
        if name.endswith(".json"):
            yield name.removesuffix(".json"), stamp


def _things(folder: Path, file: str) -> Iterator[tuple[str, int]]:
    """Names of the folders that hold a file, with its time."""
    for name, _ in _entries(folder):
        with suppress(OSError):
            yield name, os.stat(folder / name / file).st_mtime_ns


def _files(folder: Path, ending: str, depth: int = 0) -> Iterator[tuple[str, int]]:
    """Files below a folder with their times."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False) and depth < DEEPEST:
                    for name, stamp in _files(Path(entry.path), ending, depth + 1):
                        yield f"{entry.name}/{name}", stamp
                elif entry.name.lower().endswith(ending):
                    yield entry.name, entry.stat().st_mtime_ns
