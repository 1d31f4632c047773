"""Facts stated once: the sample rate of the whole product, and where its caches lie."""

import os
import sys
from pathlib import Path

SAMPLE_RATE = 48_000
"""Hz. Everything is resampled to this rate on the way in."""

LARGEST_SEED = 2**62
"""PyTorch and NumPy both take this, with room for the seeds that follow it."""


def cache_dir() -> Path:
    """Folder for resampled audio: `$DISTILL_CACHE`, else the platform's user cache."""
    if override := os.environ.get("DISTILL_CACHE"):
        return Path(override).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "distill"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "distill"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "distill"
