"""Jobs in the process that asks for them: a training in a terminal, shown by every face."""

from typing import Any

from distill.files import FilePath
from distill.library.job_kinds import KINDS
from distill.library.job_orders import new_order
from distill.library.job_resuming import check_resumable, forget_stop, latest_of_model
from distill.library.job_run import JobRun
from distill.library.workspace import open_workspace


def begin_here(
    workspace: FilePath | None, kind: str, arguments: Any, is_resumed: bool = False
) -> JobRun:
    """Begin a job in this process, which does the work itself.

    Args:
        workspace: Folder of the workspace; by default that of `open_workspace`.
        kind: Kind of the job.
        arguments: Its arguments, checked.
        is_resumed: Whether to go on with the last job of the same model, if there is one.

    Raises:
        UsageError: If a newer Distill made the workspace, or another process works on the job.
        OutputError: If the workspace cannot be written.
    """
    place = open_workspace(workspace)
    earlier = None
    if is_resumed:
        earlier = latest_of_model(place, kind, getattr(arguments, KINDS[kind].model))
    if earlier is None:
        return JobRun(place, new_order(kind, arguments))
    check_resumable(place, earlier)
    forget_stop(place, earlier.id)
    return JobRun(place, earlier, is_resumed=True)
