"""Edits of documents: what a line does to the grid at the cursor, kept or only tried.

Torch loads only with an edit that takes the model: blend, drift, clear, heal. Whoever calls gives
the model, loaded. Grids after such edits are always kept, so that undo and redo never need it.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from distill.errors import CodesFileError, UsageError
from distill.inference.codes.file import load_codes
from distill.library.document_file import Document, DocumentEdit
from distill.library.document_grids import (
    GRIDS,
    OTHER,
    OTHERS,
    first_grid,
    grid_key,
    kept_grid,
    other_path,
)
from distill.library.documents import (
    NewEdit,
    check_revision,
    document_folder,
    keep_edits,
    open_document,
)
from distill.library.workspace import ID, Workspace
from distill.progress import Progress, no_progress
from distill.workflows.describe_results import StepFacts, step_facts
from distill.workflows.edit import needs_model
from distill.workflows.edit_lines import SOUND, format_line
from distill.workflows.edit_script import Step, apply, read_line, with_progress

if TYPE_CHECKING:
    from distill.inference.codes.grid import CodeGrid
    from distill.models.persistence import LoadedVQModel

LARGEST_MEMORY = 4 << 20
"""Codes in the grids that an editor holds in memory: 16 MB, or three hours of eight levels."""


@dataclass(frozen=True)
class Edited:
    """A document after an edit, or as it would be.

    Attributes:
        document: The document: with the edit if it was kept, else as before.
        line: The edit as it stands in the script.
        facts: How it went.
        grid: The grid after it.
    """

    document: Document
    line: str
    facts: StepFacts
    grid: CodeGrid


@dataclass(frozen=True)
class _Outcome:
    """An edit that was made, and the grid before it."""

    new: NewEdit
    facts: StepFacts


@dataclass
class Editor:
    """Edits documents of a workspace, and holds the grids that it used last.

    Args:
        workspace: The workspace.
        reads_files: Whether a line may name the file of another sound. Without it, another sound
            is a document, named by its id: a face that other machines reach opens no paths.

    Example:
        editor = Editor(open_workspace())
        editor.edit(document.id, "reverse --from 1 --to 2.5")
    """

    workspace: Workspace
    reads_files: bool = False
    _grids: OrderedDict[str, CodeGrid] = field(default_factory=OrderedDict)
    _trial: tuple[Path, str, CodeGrid, _Outcome] | None = None

    def edit(
        self,
        document_id: str,
        line: str,
        revision: int | None = None,
        model: LoadedVQModel | None = None,
    ) -> Edited:
        """Make an edit and keep it.

        Args:
            document_id: Id of the document.
            line: The edit in the words of `distill edit run`.
            revision: Revision that the caller knows. Default: the present one.
            model: The model that made the codes, for edits that take it.

        Raises:
            UsageError: The line is no edit of this sound, or lacks the model.
            RevisionError: The document has changed since that revision, or while the edit was made.
        """
        return self.run(document_id, [line], revision, model)[-1]

    def run(
        self,
        document_id: str,
        lines: Sequence[str],
        revision: int | None = None,
        model: LoadedVQModel | None = None,
        progress: Progress = no_progress,
    ) -> list[Edited]:
        """Make several edits, one on the other, and keep all or none, as `edit` does.

        `progress` takes the code frames drawn so far and the number of all, where an edit draws.
        """
        document, edits = self._make(document_id, lines, revision, model, progress)
        present = keep_edits(self.workspace, document, [outcome.new for outcome in edits])
        return [_result(present, outcome) for outcome in edits]

    def try_edit(
        self,
        document_id: str,
        line: str,
        revision: int | None = None,
        model: LoadedVQModel | None = None,
    ) -> Edited:
        """Make an edit without keeping it, as `edit` does otherwise."""
        document, (outcome,) = self._make(document_id, [line], revision, model)
        before = self.grid(document, model=model)
        self._trial = (document_folder(self.workspace, document.id), line, before, outcome)
        return _result(document, outcome)

    def try_script(
        self,
        document_id: str,
        lines: Sequence[str],
        revision: int | None = None,
        model: LoadedVQModel | None = None,
    ) -> list[Edited]:
        """Make several edits without keeping them, as `run` does otherwise."""
        document, edits = self._make(document_id, lines, revision, model)
        return [_result(document, outcome) for outcome in edits]

    def grid(
        self,
        document: Document,
        count: int | None = None,
        model: LoadedVQModel | None = None,
    ) -> CodeGrid:
        """The grid of a document.

        Args:
            document: The document.
            count: Number of its edits to look behind. Default: up to its cursor.
            model: Makes edits again whose grids are gone; without it, a lost grid is an error.

        Raises:
            CodesFileError: A file of the document is gone or damaged.
        """
        folder = document_folder(self.workspace, document.id)
        count = document.cursor if count is None else count
        begin = count
        grid = None
        while grid is None and begin > 0:
            grid = self._at_hand(folder, document.grid_after(begin))
            begin -= grid is None
        if grid is None:
            grid = self._grids.get(document.first) or first_grid(folder, document.first)
        for edit in document.edits[begin:count]:
            grid = self._again(folder, edit, grid, model)
        self._hold(document.grid_after(count), grid)
        return grid

    # --- inside -----------------------------------------------------------------------------------

    def _make(
        self,
        document_id: str,
        lines: Sequence[str],
        revision: int | None,
        model: LoadedVQModel | None,
        progress: Progress = no_progress,
    ) -> tuple[Document, list[_Outcome]]:
        """The document, and what `lines` make of its grid, one after the other."""
        steps = [_read(line, model is not None) for line in lines]
        if not steps:
            raise UsageError("There is no edit in these lines.")
        document = open_document(self.workspace, document_id)
        check_revision(document, revision)
        folder = document_folder(self.workspace, document.id)
        grid = self.grid(document, model=model)
        edits = []
        for line, step in zip(lines, steps, strict=True):
            outcome = self._last_trial(folder, line, grid)
            if outcome is None:
                outcome = self._apply(folder, with_progress(step, progress), grid, model)
            grid = outcome.new.grid
            edits.append(outcome)
        return document, edits

    def _last_trial(self, folder: Path, line: str, grid: CodeGrid) -> _Outcome | None:
        """What `line` made of this grid when it was tried last: to be kept as it was heard."""
        if self._trial is None or self._trial[:2] != (folder, line):
            return None
        return self._trial[3] if self._trial[2] == grid else None

    def _apply(
        self, folder: Path, step: Step, grid: CodeGrid, model: LoadedVQModel | None
    ) -> _Outcome:
        others = {}
        options = step.options
        if SOUND in step.options:
            other = self._other(folder, step.options[SOUND])
            key = grid_key(other)
            others[key] = other
            options = step.options | {SOUND: other_path(key)}
            step = replace(step, options=step.options | {SOUND: other})
        result = apply(step, grid, model)
        facts = step_facts(step.name, grid, result)
        edit = DocumentEdit(
            line=format_line(step.name, options),
            grid=grid_key(result.grid),
            frames=len(result.grid.codes),
            changed=result.changed,
            kept_back=result.kept_back,
            remark=result.remark,
            distance=facts.distance,
            model=model.weights_hash if model is not None and needs_model(step.name) else "",
        )
        self._hold(edit.grid, result.grid)
        return _Outcome(new=NewEdit(edit=edit, grid=result.grid, others=others), facts=facts)

    def _other(self, folder: Path, name: PurePath) -> CodeGrid:
        """The other sound that a line calls `name`: one of the document's own, a file where files
        are read, or a document."""
        text = str(name)
        if OTHER.fullmatch(name.as_posix()):
            return _own_other(folder, name)
        if self.reads_files and (os.path.exists(name) or not ID.fullmatch(text)):
            return load_codes(Path(name))
        return self.grid(open_document(self.workspace, text))

    def _again(
        self, folder: Path, edit: DocumentEdit, grid: CodeGrid, model: LoadedVQModel | None
    ) -> CodeGrid:
        """The grid after `edit`, made again."""
        step = read_line(edit.line)
        assert step is not None
        if needs_model(step.name) and model is None:
            raise CodesFileError(
                f"The codes after '{edit.line}' are gone from {folder / GRIDS}: "
                "undo that edit, or make it again with the model."
            )
        options = step.options
        if SOUND in options:
            options = options | {SOUND: _own_other(folder, options[SOUND])}
        after = apply(replace(step, options=options), grid, model).grid
        if grid_key(after) != edit.grid:
            raise CodesFileError(
                f"'{edit.line}' gives other codes than it once did in {folder}: "
                "undo that edit and make it again."
            )
        return after

    def _at_hand(self, folder: Path, key: str) -> CodeGrid | None:
        """The grid of this key, from memory or from its file."""
        if key in self._grids:
            self._grids.move_to_end(key)
            return self._grids[key]
        return kept_grid(folder, GRIDS, key)

    def _hold(self, key: str, grid: CodeGrid) -> None:
        self._grids[key] = grid
        self._grids.move_to_end(key)
        while sum(one.codes.size for one in self._grids.values()) > LARGEST_MEMORY:
            if len(self._grids) == 1:
                break
            self._grids.popitem(last=False)


def _read(line: str, has_model: bool) -> Step:
    step = read_line(line)
    if step is None:
        raise UsageError("This line holds no edit: name one, such as reverse --from 1 --to 2.")
    if needs_model(step.name) and not has_model:
        raise UsageError(f"{step.name} needs the model that made the codes.")
    return step


def _own_other(folder: Path, name: PurePath) -> CodeGrid:
    match = OTHER.fullmatch(name.as_posix())
    grid = kept_grid(folder, OTHERS, match[1]) if match else None
    if grid is None:
        raise CodesFileError(f"The other sound {folder / name} is gone or damaged.")
    return grid


def _result(document: Document, outcome: _Outcome) -> Edited:
    return Edited(
        document=document, line=outcome.new.edit.line, facts=outcome.facts, grid=outcome.new.grid
    )
