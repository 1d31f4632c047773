"""Showing a file in the file manager of the system."""

import subprocess
import sys
from pathlib import Path

from distill.errors import UsageError


def show_file(path: Path) -> None:
    """Show a file in the file manager, in its folder.

    Raises:
        UsageError: The file is gone, or there is no file manager.
    """
    if not path.exists():
        raise UsageError(f"{path} is not there any more.")
    if sys.platform == "darwin":
        command = ["open", "-R", str(path)]
    elif sys.platform == "win32":
        command = ["explorer", f"/select,{path}"]
    else:
        command = ["xdg-open", str(path.parent)]
    try:
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=sys.platform != "win32",
        )
    except OSError as error:
        raise UsageError(f"No file manager was found: the file is {path}.") from error
