"""Locks on files: whoever holds one is alive, and the system frees it at death.

Process numbers would not do: they come back, and say nothing across machines.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from distill.errors import OutputError

LOOK_S = 0.01
"""Seconds between two looks at a lock on Windows, where two who look hinder each other."""

LOOKS = 3
"""Looks at a lock there, before it counts as taken."""


def take_lock(path: Path, timeout_s: float = 0.0) -> FileLock | None:
    """Take the lock at `path`, for as long as this process lives, or until its `release`.

    Args:
        path: File of the lock; it is made.
        timeout_s: Seconds to wait for another process to let go of it.

    Returns:
        The lock; None if another process has it.

    Raises:
        OutputError: If the file cannot be made, or its disk has no locks.
    """
    # Not bound to a thread: whoever ends the work lets go of the lock.
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=timeout_s, poll_interval=LOOK_S)
    except Timeout:
        return None
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"Cannot lock {path}: {reason}.") from error
    if not is_taken(path):
        lock.release()
        raise OutputError(f"Cannot lock {path}: its disk has no locks.")
    return lock


if sys.platform == "win32":

    def is_taken(path: Path) -> bool:
        """Whether a living process holds the lock at `path`."""
        for _ in range(LOOKS):
            with suppress(OSError, Timeout):
                if not path.exists():
                    return False
                with FileLock(path, timeout=0, thread_local=False):
                    return False
            time.sleep(LOOK_S)
        return True

else:
    import fcntl

    def is_taken(path: Path) -> bool:
        """Whether a living process holds the lock at `path`."""
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            return False
        try:
            # Shared: any number of processes may look at the same time.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return False
