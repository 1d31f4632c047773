"""Paths of results, checked before any work is done.

The rule of all commands: a result never replaces a file that the same command reads. It replaces
another file only where `--overwrite` says so. A result without a name gets one that is free. Python
functions get their paths spelt out, so they replace what is there, inputs aside.
"""

import os
from collections.abc import Iterable
from itertools import count as numbers_from
from pathlib import Path

from distill.audio.delivery import AS_IS, Delivery
from distill.audio.encoding import check_writable
from distill.audio.formats import FORMATS
from distill.bounds import check_bound
from distill.claims import claim_all, release
from distill.errors import OutputError
from distill.files import FilePath, check_folder, check_place, check_regular, file_status
from distill.settings import SAMPLE_RATE

Inputs = Iterable[FilePath | None]
"""Files that the command reads; None stands for an option that was left out."""

CODES_ENDINGS = (".json", ".json.gz")
"""Endings of codes files."""


def output_paths(
    output: FilePath,
    count: int = 1,
    inputs: Inputs = (),
    overwrite: bool = True,
    delivery: Delivery = AS_IS,
) -> list[Path]:
    """Paths of `count` sound files: `out.wav` for one, `out-1.wav`, `out-2.wav`, … for several.

    Args:
        output: Name of the result.
        count: Number of sounds.
        inputs: Files that the command reads.
        overwrite: Whether files that exist are replaced.
        delivery: The form of the sounds.

    Raises:
        OutputError: If `output` has another ending than sounds have, or `check_outputs` refuses it.
        UsageError: If `count` is out of bounds, or the format does not have that form.
    """
    check_bound("--number", count)
    path = Path(output)
    if path.suffix.lower() not in FORMATS:
        raise OutputError(
            f"Sounds are written as {', '.join(FORMATS)}: "
            f"let the name of '{path}' end in one of these."
        )
    delivery.check_file(path, SAMPLE_RATE)
    check_writable(path, delivery.encoding)
    paths = _number_paths(path, count)
    check_outputs(paths, inputs, overwrite)
    return paths


def _number_paths(path: Path, count: int) -> list[Path]:
    if count == 1:
        return [path]
    # So many digits that files sort by number.
    digits = len(str(count))
    numbers = range(1, count + 1)
    return [path.with_name(f"{path.stem}-{i:0{digits}d}{path.suffix}") for i in numbers]


def codes_path(output: FilePath, inputs: Inputs = (), overwrite: bool = True) -> Path:
    """`output` as the path of a codes file.

    Raises:
        OutputError: If it has another ending than codes files have, or `check_outputs` refuses it.
    """
    path = Path(output)
    # A slip of the fingers must not overwrite a recording.
    if not path.name.lower().endswith(CODES_ENDINGS):
        raise OutputError(
            f"Codes are written as JSON: let the name of '{path}' end in .json or .json.gz."
        )
    check_outputs([path], inputs, overwrite)
    return path


def picture_path(output: FilePath, inputs: Inputs = (), overwrite: bool = True) -> Path:
    """`output` as the path of a picture.

    Raises:
        OutputError: If it does not end in `.png`, or `check_outputs` refuses it.
    """
    path = Path(output)
    if path.suffix.lower() != ".png":
        raise OutputError(f"Pictures are written as PNG: let the name of '{path}' end in .png.")
    check_outputs([path], inputs, overwrite)
    return path


def check_outputs(paths: list[Path], inputs: Inputs = (), overwrite: bool = True) -> None:
    """Check that results can be written, before the work that makes them.

    Args:
        paths: Files to write, each into a folder that exists.
        inputs: Files that the command reads.
        overwrite: Whether files that exist are replaced.

    Raises:
        OutputError: If a path is a file that the command reads, under this name or another; if it
            exists and `overwrite` is false; if it is a folder, a device or a pipe; if its folder
            does not exist or cannot be written.
    """
    # Results may be links into several folders: each path is checked.
    for path in paths:
        check_place(path)
    if not overwrite:
        _claim(paths)
    _check_replaced(paths, inputs, overwrite)


def check_outputs_in_folder(
    folder: FilePath, paths: list[Path], inputs: Inputs = (), overwrite: bool = True
) -> None:
    """`check_outputs` of files below `folder`, which is made if it does not exist.

    Args:
        folder: Folder for all results.
        paths: Files to write, in `folder` or in folders inside it.
        inputs: Files that the command reads.
        overwrite: Whether files that exist are replaced.
    """
    folders = {Path(folder)} | {path.parent for path in paths}
    for place in sorted(folders):
        check_folder(place)
    for path in paths:
        check_regular(path)
    _check_replaced(paths, inputs, overwrite)


def _check_replaced(paths: list[Path], inputs: Inputs, overwrite: bool) -> None:
    sources = {_identity(source) for source in inputs if source is not None} - {None}
    existing = []
    for path in paths:
        identity = _identity(path)
        if identity is None:
            continue
        if identity in sources:
            raise OutputError(
                f"'{path}' is read by this command and must not be replaced: "
                "choose another name for the result."
            )
        existing.append(path)
    if existing and not overwrite:
        more = f" and {len(existing) - 1} more exist" if len(existing) > 1 else " exists"
        raise OutputError(
            f"'{existing[0]}'{more} already: choose another name, or replace with --overwrite."
        )


def _claim(paths: list[Path]) -> None:
    if not claim_all(paths):
        raise OutputError(
            f"Another run is writing '{paths[0]}': choose another name, or wait for its end."
        )


def _identity(path: FilePath) -> tuple[int, int] | None:
    """Disk and number of the file at `path`, as `os.path.samefile` compares; None without one."""
    try:
        status = file_status(path)
    except OutputError:
        # An input that cannot be: reading it will say so.
        return None
    return (status.st_dev, status.st_ino) if status else None


# --- names for results without one ----------------------------------------------------------------


def free_path(default: str, count: int = 1) -> Path:
    """`default`, or the next of `name-2.wav`, `name-3.wav`, … that replaces no file.

    Args:
        default: Name of a file, or of a folder without an ending.
        count: Number of sounds that `output_paths` makes of it.

    Raises:
        UsageError: If `count` is out of bounds.
    """
    check_bound("--number", count)
    path = Path(default)
    for number in numbers_from(2):
        # A link that points nowhere counts as well: it was put there on purpose.
        names = _number_paths(path, count)
        # Claimed first: else another run could begin and end its file between the two.
        if claim_all(names) and not any(os.path.lexists(name) for name in names):
            return path
        for name in names:
            release(name)
        stem, ending = _split(default)
        path = Path(f"{stem}-{number}{ending}")
    raise AssertionError("numbers do not end")


def _split(name: str) -> tuple[str, str]:
    """Stem and ending of a result; `.json.gz` is one ending, and folders have none."""
    for ending in (*CODES_ENDINGS, *FORMATS):
        if name.endswith(ending):
            return name.removesuffix(ending), ending
    return name, ""
