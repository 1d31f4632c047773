"""Cache of what the player measures: of sounds, and of sounds beside models. Free of torch."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from distill.errors import ModelFileError, OutputError
from distill.files import parse_json
from distill.library.picture_cache import fetch, picture_folder, store
from distill.library.workspace import Workspace

VERSION = 1
"""Goes into the names of cached files: another measurement is another file."""


def measurement_path(
    workspace: Workspace, kind: str, sha256: str, model: Path | None = None
) -> Path:
    """The file for a measurement: of this sound, and of the model as its file is now.

    Args:
        workspace: The workspace.
        kind: A word for what is measured.
        sha256: SHA-256 of the sound file.
        model: The model file; None where the sound alone decides.

    Raises:
        ModelFileError: There is no model file.
    """
    name = f"{sha256}-{kind}-{VERSION}"
    if model is None:
        return picture_folder(workspace) / f"{name}.json"
    try:
        status = model.stat()
    except OSError as error:
        raise ModelFileError(f"Cannot read {model}: {error.strerror or error}.") from error
    stamp = f"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"
    return picture_folder(workspace) / f"{name}-{stamp}.json"


def read_facts(place: Path) -> dict[str, Any] | None:
    """The facts at `place`; None where there are none, or damaged ones."""
    with suppress(ValueError):
        facts = parse_json(fetch(place) or b"")
        return facts if isinstance(facts, dict) else None
    return None


def keep_facts(place: Path, facts: dict[str, Any]) -> None:
    """Keep facts; where the cache cannot be written, they are measured again next time."""
    with suppress(OutputError):
        store(place, json.dumps(facts).encode())
