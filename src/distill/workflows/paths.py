"""Paths of results."""

from pathlib import Path

from distill.audio.io import FORMATS
from distill.errors import OutputError

FilePath = str | Path


CODES_ENDINGS = (".json", ".json.gz")


def output_paths(output: FilePath, count: int) -> list[Path]:
    """`out.wav` for one sound, `out-1.wav`, `out-2.wav`, … for several. `OutputError` if they
    cannot be written."""
    path = Path(output)
    if path.suffix.lower() not in FORMATS:
        raise OutputError(
            f"Sounds are written as {', '.join(FORMATS)}: let the name of '{path}' end in one of these."
        )
    _check_folder(path)
    if count == 1:
        return [path]
    width = len(str(count))
    return [path.with_name(f"{path.stem}-{i:0{width}d}{path.suffix}") for i in range(1, count + 1)]


def codes_path(output: FilePath) -> Path:
    """`output` as a path to write codes to. `OutputError` if they cannot be written there: before
    there are any."""
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
            f"The folder '{path.parent}' does not exist: create it first, or choose another --output."
        )
