"""Arguments of edits, as users write them: other sounds, regions, times."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from distill.exports import LazyModule

if TYPE_CHECKING:
    from distill.inference.codes import file
    from distill.inference.codes import region as parse
    from distill.inference.codes.grid import CodeGrid
    from distill.inference.codes.region import Region

    Codes = CodeGrid | str | Path
    """A sound: its grid, or the path of its codes file."""
else:
    # Numpy and torch load with these, at the first edit: `--help` reads signatures alone.
    file = LazyModule("distill.inference.codes.file")
    parse = LazyModule("distill.inference.codes.region")

Time = str | float
"""Seconds (`1.5`) or code frames (`"70f"`)."""


def as_grid(codes: Codes) -> CodeGrid:
    """The grid of a sound; a file is read."""
    return file.load_codes(codes) if isinstance(codes, str | Path) else codes


def region_of(
    grid: CodeGrid,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> Region:
    """The region that an edit names."""
    return parse.parse_region(grid, start, stop, levels)


def frame_of(grid: CodeGrid, time: Time) -> int:
    """The frame at a time."""
    return parse.parse_edge(grid, time)


def end_frame_of(grid: CodeGrid, until: Time | None) -> int | None:
    """The frame at a time; None for none."""
    return None if until is None else frame_of(grid, until)
