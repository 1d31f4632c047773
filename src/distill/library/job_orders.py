"""Orders of jobs on disk: `job.json` in the folder of the job."""

import json
import os
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from distill import __version__
from distill.errors import NotFoundError, UsageError
from distill.files import make_folder, parse_json, replace_atomically
from distill.library.job_kinds import kind_of, parse_arguments, plain_arguments
from distill.library.job_queue import job_folder
from distill.library.job_types import JobOrder
from distill.library.workspace import Workspace, check_id, new_id

VERSION = 1
"""Version of `job.json`."""

TYPES = {"id": str, "kind": str, "title": str, "arguments": dict, "distill": str}
"""Types of the fields of an order; `created` is a number."""


def new_order(kind_name: str, arguments: Any) -> JobOrder:
    """An order for a job of this kind, whose arguments were checked."""
    kind = kind_of(kind_name)
    return JobOrder(
        id=new_id(),
        kind=kind_name,
        title=kind.title(arguments),
        arguments=plain_arguments(arguments),
        created=round(time.time(), 3),
        distill=__version__,
    )


def make_job_folder(workspace: Workspace, job_id: str) -> Path:
    """Make the folder of a job.

    Raises:
        OutputError: If it cannot be made.
    """
    folder = job_folder(workspace, job_id)
    make_folder(folder)
    return folder


def write_order(folder: Path, order: JobOrder) -> None:
    """Write `job.json`; whole or not at all. Keys that this Distill does not know are kept.

    Raises:
        OutputError: If it cannot be written.
    """
    content = _content_of(folder / "job.json") | {"version": VERSION} | asdict(order)
    with replace_atomically(folder / "job.json") as file:
        file.write(json.dumps(content, indent=1).encode("ascii"))


def _content_of(path: Path) -> dict[str, Any]:
    """What is in a file of JSON; empty where that is of no use."""
    try:
        content = parse_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def read_order(workspace: Workspace, job_id: str) -> JobOrder:
    """The order for a job.

    Raises:
        UsageError: If `job_id` is no id, or no job has it; if its file is damaged, or a newer
            Distill wrote it.
    """
    order = find_order(workspace, check_id(job_id))
    if order is None:
        raise NotFoundError(
            f"There is no job '{job_id}' in {workspace.root}: distill jobs list shows all."
        )
    return order


def find_order(workspace: Workspace, job_id: str) -> JobOrder | None:
    """The order for a job; None if there is none, as for one that is being made.

    Raises:
        UsageError: If its file is damaged, or a newer Distill wrote it.
    """
    path = job_folder(workspace, job_id) / "job.json"
    try:
        content = parse_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise _damage_error(path) from error
    if not isinstance(content, dict) or not isinstance(content.get("version"), int):
        raise _damage_error(path)
    if content["version"] > VERSION:
        raise UsageError(
            f"A newer Distill wrote {path} (version {content['version']}, this one knows "
            f"{VERSION}): update Distill."
        )
    return _parse(path, content, job_id)


def _parse(path: Path, content: dict[str, Any], job_id: str) -> JobOrder:
    is_ours = all(isinstance(content.get(name), kind) for name, kind in TYPES.items())
    if not is_ours or not isinstance(content.get("created"), int | float):
        raise _damage_error(path)
    if content["id"] != job_id:
        raise _damage_error(path)
    return JobOrder(**{field.name: content[field.name] for field in fields(JobOrder)})


def _damage_error(path: Path) -> UsageError:
    return UsageError(
        f"{path} is damaged: that job cannot be shown or gone on with; delete its folder."
    )


def job_ids(workspace: Workspace) -> list[str]:
    """Ids of all jobs, the newest first."""
    try:
        names = os.listdir(workspace.jobs)
    except OSError:
        return []
    return sorted((name for name in names if _is_id(name)), reverse=True)


def _is_id(name: str) -> bool:
    try:
        check_id(name)
    except UsageError:
        return False
    return True


def arguments_of(order: JobOrder) -> Any:
    """The arguments of an order, as a record of its kind.

    Raises:
        UsageError: If this Distill does not know the kind, or an argument.
    """
    return parse_arguments(order.kind, order.arguments)
