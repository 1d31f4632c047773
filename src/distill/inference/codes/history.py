"""Undo and redo: the grids before and after, with the name of the step that led to each."""

from distill.inference.codes.grid import CodeGrid

MEMORY = 64 << 20
"""Bytes of codes, locks and seams that a history holds by default: 500 steps of a minute, 10 of an
hour."""

SEAM_BYTES = 36
"""A whole number and its place in a tuple."""


class History:
    """A grid and how it came about. Grids never change, so a step is a grid; the oldest fall away
    beyond `memory`."""

    def __init__(self, grid: CodeGrid, memory: int = MEMORY) -> None:
        self.memory = memory
        self._steps = [("", grid)]
        self._at = 0

    @property
    def grid(self) -> CodeGrid:
        """As it stands now."""
        return self._steps[self._at][1]

    @property
    def done(self) -> tuple[str, ...]:
        """Names of the steps that can be undone, the oldest first."""
        return tuple(name for name, _ in self._steps[1 : self._at + 1])

    @property
    def undone(self) -> tuple[str, ...]:
        """Names of the steps that can be done again, the next first."""
        return tuple(name for name, _ in self._steps[self._at + 1 :])

    def add(self, name: str, grid: CodeGrid) -> CodeGrid:
        """Take `grid` as what the step `name` made; what was undone before is forgotten."""
        self._steps[self._at + 1 :] = [(name, grid)]
        while len(self._steps) > 1 and sum(_size(grid) for _, grid in self._steps) > self.memory:
            del self._steps[0]
        self._at = len(self._steps) - 1
        return grid

    def undo(self) -> CodeGrid:
        """One step back; at the start, nothing happens."""
        self._at = max(0, self._at - 1)
        return self.grid

    def redo(self) -> CodeGrid:
        """One step forward again; at the end, nothing happens."""
        self._at = min(len(self._steps) - 1, self._at + 1)
        return self.grid


def _size(grid: CodeGrid) -> int:
    return (
        grid.codes.nbytes
        + SEAM_BYTES * len(grid.seams)
        + (0 if grid.locked is None else grid.locked.nbytes)
    )
