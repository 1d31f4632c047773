"""Where sounds, their records and their codes lie in the workspace. Free of torch."""

import re
import time
from pathlib import Path

from distill.files import make_folder
from distill.library.workspace import Workspace, check_id
from distill.workflows.paths import free_path

CODES_ENDING = ".codes.json.gz"
"""Ending of the codes file of a render."""

DAY = re.compile("[0-9]{8}")
"""Name of a folder of records: the day at which their ids begin."""


def record_path(workspace: Workspace, render_id: str) -> Path:
    """The record of a render. `UsageError` for a text that is no id."""
    # Ids begin with the day: folders stay small.
    return workspace.render_records / check_id(render_id)[:8] / f"{render_id}.json"


def place_beside_record(workspace: Workspace, render_id: str) -> Path:
    """A place for codes that no other render has."""
    return record_path(workspace, render_id).with_name(render_id + CODES_ENDING)


def free_place(workspace: Workspace, name: str, count: int = 1) -> Path:
    """A name for `count` sounds in the workspace that replaces no file, in the folder of today.

    Args:
        workspace: The workspace.
        name: Name of the file, such as `generated.wav`.
        count: Number of sounds.

    Raises:
        OutputError: The folder cannot be made.
    """
    folder = workspace.renders / time.strftime("%Y-%m-%d")
    make_folder(folder)
    return free_path(str(folder / name), count)
