"""Undo and redo: the grids before and after each edit, with its name.

Grids never change, so a step of the history is a grid, and undoing is going back in a list.
"""

from typing import NamedTuple

from distill.inference.codes.grid import CodeGrid

HISTORY_BYTES = 64 << 20
"""Bytes of codes, locks and seams that a history holds: 500 steps of a minute, 10 of an hour."""

SEAM_BYTES = 36
"""Bytes of a seam: a Python integer and its place in a tuple."""


class _Step(NamedTuple):
    name: str
    grid: CodeGrid


class History:
    """The edits of a grid, for undo and redo.

    Args:
        grid: The grid before any edit.
        memory: Bytes to hold; beyond them the oldest steps are forgotten.

    Example:
        >>> history = History(grid)
        >>> history.add("reverse", reverse(grid).grid)
        >>> history.undo() == grid
        True
    """

    def __init__(self, grid: CodeGrid, memory: int = HISTORY_BYTES) -> None:
        self.memory = memory
        self._steps = [_Step("", grid)]
        self._current = 0

    @property
    def grid(self) -> CodeGrid:
        """The current grid."""
        return self._steps[self._current].grid

    @property
    def done(self) -> tuple[str, ...]:
        """Names of the edits that can be undone, oldest first."""
        return tuple(step.name for step in self._steps[1 : self._current + 1])

    @property
    def undone(self) -> tuple[str, ...]:
        """Names of the edits that can be redone, next first."""
        return tuple(step.name for step in self._steps[self._current + 1 :])

    def add(self, name: str, grid: CodeGrid) -> CodeGrid:
        """Add `grid`, the result of the edit `name`. Edits that were undone are forgotten."""
        # A new edit starts another future than the one that was undone.
        self._steps[self._current + 1 :] = [_Step(name, grid)]
        # The newest grid always stays, however large.
        while len(self._steps) > 1 and self._size() > self.memory:
            del self._steps[0]
        self._current = len(self._steps) - 1
        return grid

    def undo(self) -> CodeGrid:
        """Go one step back and return that grid; nothing happens at the start."""
        self._current = max(0, self._current - 1)
        return self.grid

    def redo(self) -> CodeGrid:
        """Go one step forward and return that grid; nothing happens at the end."""
        self._current = min(len(self._steps) - 1, self._current + 1)
        return self.grid

    def _size(self) -> int:
        return sum(_grid_bytes(step.grid) for step in self._steps)


def _grid_bytes(grid: CodeGrid) -> int:
    lock_bytes = 0 if grid.locked is None else grid.locked.nbytes
    return grid.codes.nbytes + lock_bytes + SEAM_BYTES * len(grid.seams)
