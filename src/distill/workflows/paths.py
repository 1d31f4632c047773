"""Paths of results, checked before any work is done."""

from pathlib import Path

from distill.audio.io import FORMATS
from distill.bounds import check_bound
from distill.errors import OutputError
from distill.files import FilePath

CODES_ENDINGS = (".json", ".json.gz")
"""Endings of codes files."""


def output_paths(output: FilePath, count: int) -> list[Path]:
    """Paths of `count` sound files: `out.wav` for one, `out-1.wav`, `out-2.wav`, … for several.

    Raises:
        OutputError: If `output` has another ending than sounds have, or lies in no folder.
        UsageError: If `count` is out of bounds.
    """
    check_bound("--number", count)
    path = Path(output)
    if path.suffix.lower() not in FORMATS:
        raise OutputError(
            f"Sounds are written as {', '.join(FORMATS)}: "
            f"let the name of '{path}' end in one of these."
        )
    _check_folder(path)
    if count == 1:
        return [path]
    # So many digits that files sort by number.
    digits = len(str(count))
    numbers = range(1, count + 1)
    return [path.with_name(f"{path.stem}-{i:0{digits}d}{path.suffix}") for i in numbers]


def codes_path(output: FilePath) -> Path:
    """`output` as the path of a codes file.

    Raises:
        OutputError: If it has another ending than codes files have, or lies in no folder.
    """
    path = Path(output)
    # A slip of the fingers must not overwrite a recording.
    if not path.name.lower().endswith(CODES_ENDINGS):
        raise OutputError(
            f"Codes are written as JSON: let the name of '{path}' end in .json or .json.gz."
        )
    _check_folder(path)
    return path


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise OutputError(
            f"The folder '{path.parent}' does not exist: "
            "create it first, or choose another --output."
        )
