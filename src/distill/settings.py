"""Settings of the whole product: sample rate, range of seeds, folder of caches."""

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
    """Folder of resampled audio: `$DISTILL_CACHE`, else the platform's user cache."""
    if override := os.environ.get("DISTILL_CACHE"):
        return Path(override).expanduser()
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "distill"
    if sys.platform == "win32":
        folder = os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")
    else:
        folder = os.environ.get("XDG_CACHE_HOME", home / ".cache")
    return Path(folder) / "distill"
