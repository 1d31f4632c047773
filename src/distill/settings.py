"""Settings of the whole product: sample rate, range of seeds, folder of caches."""

import math
import os
import sys
from pathlib import Path

from distill.errors import UsageError

SAMPLE_RATE = 48_000
"""Sample rate in Hz. Every sound is resampled to it on the way in."""

LARGEST_SEED = 2**62
"""Largest seed: PyTorch and NumPy both take it, with room for derived seeds."""


def check_seed(seed: int) -> None:
    """Check that every random generator takes `seed`.

    Raises:
        UsageError: If it is negative or above `LARGEST_SEED`.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"--seed must lie between 0 and {LARGEST_SEED}.")


def cache_dir() -> Path:
    """Folder of resampled audio: `$DISTILL_CACHE`, else the platform's user cache.

    Raises:
        UsageError: If it lies in a home folder, and this user has none.
    """
    try:
        if override := os.environ.get("DISTILL_CACHE"):
            return Path(override).expanduser()
        return _user_cache() / "distill"
    except RuntimeError:
        raise UsageError(
            "No home folder was found for the sound cache: "
            "set DISTILL_CACHE to a folder that you may write to."
        ) from None


def cache_limit() -> float | None:
    """Bytes that the cache may hold: `$DISTILL_CACHE_GB`, in GB; None without a limit.

    Raises:
        UsageError: It is no number from 0 on.
    """
    text = os.environ.get("DISTILL_CACHE_GB")
    if not text:
        return None
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = math.nan
    # Not a number fails this as well.
    if not gigabytes >= 0:
        raise UsageError(f"DISTILL_CACHE_GB must be a number from 0 on, not '{text}'.")
    return gigabytes * 1e9


def _user_cache() -> Path:
    """The platform's folder of caches. `RuntimeError` where it needs a home folder, without one."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        folder = os.environ.get("LOCALAPPDATA")
        return Path(folder) if folder else Path.home() / "AppData" / "Local"
    folder = os.environ.get("XDG_CACHE_HOME")
    return Path(folder) if folder else Path.home() / ".cache"
