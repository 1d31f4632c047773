"""Files that are dropped onto a corpus one after the other: how many, and how large together."""

import threading

from distill.ui.api import HttpError

MOST_FILES = 5000
"""Files of a drop, at most."""

LARGEST_DROP = 20 << 30
"""Bytes of a drop, at most."""


class Drops:
    """Counts what is sent to each corpus from one scan to the next."""

    def __init__(self) -> None:
        self._sent: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def add(self, corpus: str, size: int) -> None:
        """Count a file of `size` bytes. `HttpError` 413 where it is one too many."""
        with self._lock:
            files, total = self._sent.get(corpus, (0, 0))
            if files >= MOST_FILES or total + size > LARGEST_DROP:
                raise HttpError(
                    413,
                    f"A drop has {MOST_FILES:,} files and {LARGEST_DROP >> 30} GB at most: "
                    "scan what is there, then go on.",
                    "TooLarge",
                )
            self._sent[corpus] = (files + 1, total + size)

    def end(self, corpus: str) -> None:
        """Begin anew: a scan ends a drop."""
        with self._lock:
            self._sent.pop(corpus, None)
