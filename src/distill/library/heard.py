"""Sounds in the cache that were made to be heard once or twice, found again by their content.

Each is named by all that decides it. One that is remembered by its content has pictures and curves
as any other sound has. Free of torch.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill.files import parse_json
from distill.library.picture_cache import content_hash, fetch, picture_folder, store
from distill.library.workspace import Workspace

HEARD = re.compile(r"heard-[0-9a-f]{64}\.wav")
"""Names of sounds that are found by their content."""


@dataclass(frozen=True)
class HeardSound:
    """A sound in the cache.

    Attributes:
        path: Its file.
        name: Its name, for people.
    """

    path: Path
    name: str


def heard_path(workspace: Workspace, parts: Sequence[Any], ending: str = ".wav") -> Path:
    """The place in the cache of a sound that is made to be heard once or twice.

    Args:
        workspace: The workspace.
        parts: All that decides how it sounds, as JSON can hold it.
        ending: Of its format.
    """
    digest = hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()
    return picture_folder(workspace) / f"heard-{digest}{ending}"


def remember_heard(workspace: Workspace, path: Path, name: str) -> str:
    """Let a sound of the cache be found by its content.

    Args:
        workspace: The workspace.
        path: Its file, at a place that `heard_path` gave.
        name: Its name, for people.

    Returns:
        SHA-256 of its file.

    Raises:
        AudioError: The file cannot be read.
        OutputError: The cache cannot be written.
    """
    digest = content_hash(workspace, path)
    store(_record(workspace, digest), json.dumps({"file": path.name, "name": name}).encode())
    return digest


def find_heard(workspace: Workspace, sha256: str) -> HeardSound | None:
    """The remembered sound of this SHA-256, while it is in the cache."""
    text = fetch(_record(workspace, sha256))
    with suppress(ValueError, KeyError, TypeError):
        entry = parse_json(text or b"")
        if HEARD.fullmatch(entry["file"]):
            path = picture_folder(workspace) / entry["file"]
            return HeardSound(path=path, name=str(entry["name"]))
    return None


def _record(workspace: Workspace, sha256: str) -> Path:
    return picture_folder(workspace) / f"{sha256}-heard.json"
