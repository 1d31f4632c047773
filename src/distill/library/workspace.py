"""The workspace: one folder for all that Distill keeps for a person.

Everything in it is an ordinary file that the command line reads. `.distill/index.db` is a cache,
and may be deleted.

Nothing here imports torch: a server answers before torch is there.
"""

import json
import os
import re
import secrets
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from distill.errors import OutputError, UsageError
from distill.files import FilePath, parse_json, replace_atomically

VERSION = 1
"""Version of the layout of a workspace."""

DEFAULT = Path("~/Distill")
"""Workspace of a person who names none."""

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""Form of an id: no path has it that leads anywhere else."""

MADE_ID = re.compile(r"\d{8}-\d{6}-\d{6}[0-9a-f]{4}")
"""Form of an id that `new_id` gives."""

LONGEST_ID = 64
"""Characters of an id, at most: it is a file's name."""


@dataclass(frozen=True)
class Workspace:
    """Folders of a workspace.

    Attributes:
        root: Its folder.
    """

    root: Path

    @property
    def models(self) -> Path:
        """Model files."""
        return self.root / "models"

    @property
    def renders(self) -> Path:
        """Generated sounds, in a folder for each day."""
        return self.root / "renders"

    @property
    def sounds(self) -> Path:
        """Folders of recordings that were added through a face."""
        return self.root / "sounds"

    @property
    def documents(self) -> Path:
        """Documents of code editing, a folder each."""
        return self.root / "codes"

    @property
    def presets(self) -> Path:
        """Presets, as JSON."""
        return self.root / "presets"

    @property
    def comparisons(self) -> Path:
        """Comparisons and their votes, as JSON."""
        return self.root / "comparisons"

    @cached_property
    def hidden(self) -> Path:
        """Files that are for Distill alone."""
        return self.root / ".distill"

    @property
    def corpora(self) -> Path:
        """What a person chose about the files of each corpus, as JSON."""
        return self.hidden / "corpora"

    @cached_property
    def jobs(self) -> Path:
        """Jobs, a folder each."""
        return self.hidden / "jobs"

    @property
    def render_records(self) -> Path:
        """Records of generated sounds, in a folder for each day."""
        return self.hidden / "renders"

    @property
    def model_records(self) -> Path:
        """What a person noted of each model, as JSON."""
        return self.hidden / "models"

    @property
    def cache(self) -> Path:
        """Pictures and peaks, which can be made again."""
        return self.hidden / "cache"

    @property
    def index(self) -> Path:
        """Index of models and renders, a cache."""
        return self.hidden / "index.db"


def workspace_root(path: FilePath | None = None) -> Path:
    """The folder of the workspace: `path`, else `$DISTILL_WORKSPACE`, else `~/Distill`.

    Raises:
        UsageError: It lies in a home folder, and there is none.
    """
    folder = path or os.environ.get("DISTILL_WORKSPACE") or DEFAULT
    try:
        return Path(os.path.abspath(Path(folder).expanduser()))
    except RuntimeError:
        raise UsageError(
            f"No home folder was found for the workspace {folder}: name another folder "
            "(--workspace, or DISTILL_WORKSPACE)."
        ) from None


def open_workspace(path: FilePath | None = None, make: bool = True) -> Workspace:
    """Open a workspace; make it where there is none.

    Args:
        path: Its folder. Default: `$DISTILL_WORKSPACE`, else `~/Distill`.
        make: Whether to make it; else one that is not there is an empty one.

    Raises:
        UsageError: It is no folder, or a newer Distill wrote it.
        OutputError: It cannot be made.

    Example:
        >>> workspace = open_workspace("/tmp/studio")
        >>> workspace.models.name
        'models'
    """
    workspace = Workspace(root=workspace_root(path))
    mark = workspace.hidden / "workspace.json"
    try:
        if mark.exists():
            _check_version(mark)
            return workspace
        if workspace.root.exists() and not workspace.root.is_dir():
            raise UsageError(
                f"{workspace.root} is no folder: name a folder for the workspace (--workspace)."
            )
        if not make:
            return workspace
        workspace.hidden.mkdir(parents=True, exist_ok=True)
        with replace_atomically(mark) as file:
            file.write(json.dumps({"version": VERSION}).encode())
    except OSError as error:
        raise OutputError(
            f"The workspace {workspace.root} cannot be used: {error.strerror or error}. "
            "Name another folder (--workspace, or DISTILL_WORKSPACE)."
        ) from error
    return workspace


def _check_version(mark: Path) -> None:
    try:
        version = parse_json(mark.read_bytes())["version"]
        # True is an int to isinstance.
        if type(version) is not int:
            raise TypeError("a version is a whole number")
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{mark} is damaged: delete that file alone; the workspace stays as it is."
        ) from error
    if version > VERSION:
        raise UsageError(
            f"A newer Distill made the workspace {mark.parent.parent} (version "
            f"{str(version)[:9]}, this one knows {VERSION}): update Distill, or name another "
            "folder (--workspace)."
        )


def new_id() -> str:
    """An id that no other has; ids sort by the time at which they were made."""
    nanoseconds = time.time_ns()
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(nanoseconds // 1_000_000_000))
    microseconds = nanoseconds // 1_000 % 1_000_000
    return f"{stamp}-{microseconds:06d}{secrets.token_hex(2)}"


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id."""
    return len(text) <= LONGEST_ID and ID.fullmatch(text) is not None


def check_id(text: str) -> str:
    """`text`, if it has the form of an id.

    Raises:
        UsageError: It has not; a path is none.
    """
    if not is_id(text):
        raise UsageError(f"'{text}' is no id: ids have lower-case letters, digits and hyphens.")
    return text
