"""Functions that are told how far work has come."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Takes what is done so far and the total, in the same unit: mostly code frames."""


def no_progress(done: int, total: int) -> None:
    """A `Progress` that shows nothing."""
