"""Deleting a folder of the workspace: to the bin of the system, or for good."""

import shutil
from pathlib import Path

from send2trash import send2trash

from distill.errors import OutputError


def delete_folder(folder: Path, for_good: bool = False) -> None:
    """Move `folder` to the bin of the system; from there it can be put back as a whole.

    Args:
        folder: The folder.
        for_good: Whether to delete it without a bin.

    Raises:
        OutputError: It cannot be deleted, or its disk has no bin; then it stays.
    """
    try:
        if for_good:
            shutil.rmtree(folder)
        else:
            send2trash(folder)
    except OSError as error:
        reason = error.strerror or error
        advice = "close what uses it" if for_good else "delete it with --for-good"
        raise OutputError(f"Cannot delete {folder} ({reason}): {advice}.") from error
