"""Claims on names: of runs at the same time, one writes a file, and the others learn of it first.

A claim is a locked file beside the result. It looks like a half-written one, so that the next run
clears it away if this one is killed.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from distill.errors import OutputError
from distill.exports import LazyModule
from distill.files import FilePath, create_locked, remove_if_dead
from distill.ranks import own_place

if TYPE_CHECKING:
    import hashlib
else:
    # It loads OpenSSL, which no help and few commands need.
    hashlib = LazyModule("hashlib")

MOST_CLAIMS = 100
"""Most claims for the results of one command: each keeps a file open."""

_claims: dict[Path, BinaryIO] = {}
"""Claims of this process, by the path that they are for."""


def claim(path: FilePath) -> bool:
    """Claim `path` for a result of this process; whether no other run has claimed it.

    Where no such file can be written, or the disk knows no locks, nothing is claimed.
    """
    target = Path(os.path.realpath(path))
    if target in _claims:
        return True
    mark = _mark(target)
    remove_if_dead(mark)
    try:
        file = create_locked(mark)
    except FileExistsError:
        return False
    except OSError:
        # Writing will say why.
        return True
    if file is not None:
        _claims[target] = file
    return True


def claim_all(paths: Sequence[FilePath]) -> bool:
    """Claim the first `MOST_CLAIMS` of these paths; whether no other run has claimed one."""
    return all(claim(path) for path in paths[:MOST_CLAIMS])


def release(path: FilePath) -> None:
    """Give up a claim; nothing happens without one."""
    target = Path(os.path.realpath(path))
    file = _claims.pop(target, None)
    if file is None:
        return
    if sys.platform == "win32":
        # No open file can be removed there.
        file.close()
    with suppress(OSError):
        _mark(target).unlink()
    file.close()


def release_all() -> None:
    """Give up all claims of this process."""
    for path in list(_claims):
        release(path)


@contextmanager
def training_claimed(checkpoint: FilePath, model_path: FilePath) -> Iterator[None]:
    """Claim a training while inside: two would spoil each other's checkpoint.

    Args:
        checkpoint: Its checkpoint.
        model_path: The model, for the message.

    Raises:
        OutputError: If another run has claimed it.
    """
    if not own_place().is_first:
        # Of processes that train together, the first one claims and writes.
        yield
        return
    if not claim(checkpoint):
        raise OutputError(
            f"Another run is training '{model_path}': wait for its end, or stop it first."
        )
    try:
        yield
    finally:
        release(checkpoint)


def _mark(target: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:32]
    return target.parent / f".distill-{digest}.tmp"
