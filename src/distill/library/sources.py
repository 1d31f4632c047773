"""Sounds and codes that a person names: files, generated sounds, documents. Free of torch."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.errors import CodesFileError, UsageError
from distill.files import FilePath
from distill.inference.codes.file import load_codes
from distill.inference.codes.grid import CodeGrid
from distill.library.documents import find_document, has_document
from distill.library.editing import Editor
from distill.library.render import Render
from distill.library.renders import load_render, resolve_render
from distill.library.workspace import Workspace, open_workspace
from distill.workflows.paths import CODES_ENDINGS


@dataclass(frozen=True)
class Source:
    """A sound or a codes file that a person means.

    Attributes:
        path: The file.
        name: Its name: that of the generated sound, else of the file without its ending.
    """

    path: Path
    name: str


def find_sound(workspace: Workspace, text: str) -> Source:
    """The sound, or the folder of sounds, that a person means: a path, or a generated sound.

    Args:
        workspace: The workspace.
        text: A path; else id or name of a generated sound, as `resolve_render` takes them.

    Raises:
        UsageError: It is neither.
    """
    if os.path.lexists(text):
        return _file(text)
    render = _render(workspace, text, "sound file")
    return Source(path=render.path, name=render.title)


def find_codes(workspace: Workspace, text: str) -> Source:
    """The codes file that a person means: a path, or the codes of a generated sound.

    Args:
        workspace: The workspace.
        text: As in `find_sound`.

    Raises:
        UsageError: It is neither, or the sound has no codes.
    """
    if os.path.lexists(text) or text.endswith(CODES_ENDINGS):
        return _file(text)
    render = _render(workspace, text, "codes file")
    if render.codes is None:
        raise UsageError(f"The codes of {render.title} were not kept: encode it, with --model.")
    return Source(path=render.codes, name=render.title)


def find_grid(text: FilePath, workspace: FilePath | None = None) -> CodeGrid:
    """The codes that a person means: of a codes file, or of a document with its edits.

    Args:
        text: A path; else id or name of a document.
        workspace: Folder of the workspace. Default: as `open_workspace`.

    Raises:
        CodesFileError: The file cannot be used; there is neither a file nor such a document.
        UsageError: Several documents have that name, or the document is damaged.
    """
    name = os.fspath(text)
    if os.path.lexists(name) or name.endswith(CODES_ENDINGS):
        return load_codes(name)
    place = open_workspace(workspace, make=False)
    if not has_document(place, name):
        raise CodesFileError(
            f"There is no codes file at {name}, and no document has that name: check the name."
        )
    return Editor(place).grid(find_document(place, name))


def sound_paths(workspace: Workspace, names: Sequence[str]) -> list[Path]:
    """The files of the sounds that a person means, as `find_sound` finds them."""
    return [find_sound(workspace, name).path for name in names]


def _file(text: str) -> Source:
    path = Path(text)
    return Source(path=path, name=path.stem or text)


def _render(workspace: Workspace, text: str, kind: str) -> Render:
    try:
        return load_render(workspace, resolve_render(workspace, text))
    except UsageError as error:
        raise UsageError(
            f"There is no {kind} '{text}', and no generated sound of that name: "
            "'distill renders list' shows those."
        ) from error
