"""Facts stated once: the sample rate of the whole product, its seeds, and where its caches lie."""

import os
import sys
from pathlib import Path

from distill.errors import UsageError

SAMPLE_RATE = 48_000
"""Hz. Everything is resampled to this rate on the way in."""

LARGEST_SEED = 2**62
"""PyTorch and NumPy both take this, with room for the seeds that follow it."""


def check_seed(seed: int) -> None:
    """`UsageError` for a seed that not everything takes which draws by chance."""
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"--seed must lie between 0 and {LARGEST_SEED}.")


def cache_dir() -> Path:
    """Folder for resampled audio: `$DISTILL_CACHE`, else the platform's user cache."""
    if override := os.environ.get("DISTILL_CACHE"):
        return Path(override).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "distill"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "distill"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "distill"
