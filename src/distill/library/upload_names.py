"""Names of files that a browser sends: relative, plain, and safe on every system. Free of torch."""

import unicodedata
from pathlib import PurePosixPath

from distill.errors import UsageError
from distill.printable import visible

DEEPEST = 8
"""Folders inside of one another, at most, the file included."""

LONGEST_PART = 200
"""Bytes of a name, at most: systems take 255, and an ending may be added."""

FORBIDDEN = frozenset(":\\")
"""Signs that lead elsewhere on Windows."""

REPLACED = str.maketrans(dict.fromkeys('<>"|?*', "_"))
"""Signs that Windows takes in no name, but other systems do: each becomes a line."""

RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))]
)
"""Names that are devices on Windows, whatever their ending."""


def check_upload_name(name: str, endings: frozenset[str]) -> PurePosixPath:
    """A name that a browser states, as a relative path in normal form (NFC).

    Args:
        name: The name, with slashes between folders.
        endings: Lower-case endings that are taken.

    Raises:
        UsageError: It leads elsewhere, or no system takes it.

    Example:
        >>> check_upload_name("kick?.wav", frozenset([".wav"])).as_posix()
        'kick_.wav'
        >>> check_upload_name("drums/kick.wav", frozenset([".wav"])).as_posix()
        'drums/kick.wav'
    """
    parts = unicodedata.normalize("NFC", name).translate(REPLACED).split("/")
    if not 0 < len(parts) <= DEEPEST or not all(map(_is_plain, parts)):
        raise UsageError(
            f"'{name[:80]}' is no name for a file here: give a relative one of plain names, "
            f"at most {DEEPEST} deep."
        )
    path = PurePosixPath(*parts)
    if path.suffix.lower() not in endings:
        raise UsageError(f"'{path.name}' is of no kind that is taken here.")
    return path


def _is_plain(part: str) -> bool:
    """Whether a part of a path is the name of a file or folder and nothing else."""
    try:
        length = len(part.encode())
    except UnicodeEncodeError:
        return False
    is_shown = visible(part) == part and part.isprintable()
    is_safe = not (part.startswith(".") or part.endswith((".", " ")) or FORBIDDEN & set(part))
    is_device = part.split(".")[0].strip().lower() in RESERVED
    return 0 < length <= LONGEST_PART and is_shown and is_safe and not is_device
