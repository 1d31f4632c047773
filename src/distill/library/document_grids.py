"""The grids of a document: the first, and those that are kept to save edits from being made again.

A grid has a key, a hash of all that it holds; its file is named by it. So a file is either the
right one or of no use, and may be there too early or too late.
"""

import hashlib
import json
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path, PurePosixPath

from distill.errors import CodesFileError
from distill.files import make_folder
from distill.inference.codes.file import load_codes, save_codes
from distill.inference.codes.grid import CodeGrid

KEY_LENGTH = 32
"""Characters of a key (128 bits): no two grids ever share one by chance."""

FIRST = "first.json.gz"
GRIDS = "grids"
"""Folder of kept grids."""

OTHERS = "others"
"""Folder of other sounds that edits took something from."""

ENDING = ".json.gz"

OTHER = re.compile(rf"{OTHERS}/([0-9a-f]{{{KEY_LENGTH}}}){re.escape(ENDING)}")
"""How the line of an edit names another sound of its document."""


def grid_key(grid: CodeGrid) -> str:
    """The key of `grid`: equal grids have the same, on every machine."""
    entries = {name: value for name, value in vars(grid).items() if name not in ("codes", "locked")}
    entries["shape"] = grid.codes.shape
    digest = hashlib.sha256(json.dumps(entries, sort_keys=True).encode())
    digest.update(grid.codes.astype("<i4").tobytes())
    if grid.locked is not None:
        digest.update(grid.locked.tobytes())
    return digest.hexdigest()[:KEY_LENGTH]


def other_keys(line: str) -> list[str]:
    """Keys of the other sounds that a line of a script names."""
    return OTHER.findall(line)


def other_path(key: str) -> PurePosixPath:
    """The file of another sound, as a line names it: relative to the folder of the document."""
    return PurePosixPath(OTHERS, f"{key}{ENDING}")


def keep_grid(folder: Path, kind: str, key: str, grid: CodeGrid) -> None:
    """Keep `grid` in the folder of a document, as `GRIDS` or as one of the `OTHERS`."""
    make_folder(folder / kind)
    # Also over a file of that name, which may be damaged.
    save_codes(folder / kind / f"{key}{ENDING}", grid)


def kept_grid(folder: Path, kind: str, key: str) -> CodeGrid | None:
    """The grid of this key, if a sound file of it is there."""
    return _read(folder / kind / f"{key}{ENDING}", key)


def first_grid(folder: Path, key: str) -> CodeGrid:
    """The grid before all edits.

    Raises:
        CodesFileError: Its file is gone or damaged, or another one.
    """
    grid = _read(folder / FIRST, key)
    if grid is None:
        # Says what is wrong with it, if it cannot be read.
        load_codes(folder / FIRST)
        raise CodesFileError(
            f"{folder / FIRST} is not the one that the document began with: "
            "make a new document of it ('distill documents new')."
        )
    return grid


def _read(path: Path, key: str) -> CodeGrid | None:
    with suppress(CodesFileError):
        grid = load_codes(path)
        if grid_key(grid) == key:
            return grid
    return None


def forget_grids(folder: Path, kind: str, keys: Collection[str]) -> None:
    """Remove the files of all grids but those of `keys`."""
    with suppress(OSError):
        for path in (folder / kind).glob(f"*{ENDING}"):
            if path.name.removesuffix(ENDING) not in keys:
                path.unlink()
