"""Events of long work, written to disk as they come: one line of JSON each.

Lines are only ever added, so that a kill or a full disk can spoil the last one alone. Source of the
form: https://jsonlines.org.
"""

import json
import os
import re
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Protocol

from distill.errors import OutputError
from distill.files import plain_json

LONGEST_TAIL = 1 << 18
"""Bytes at the end of a file in which the number of its last event is looked for: hundreds of
lines."""

_COMPACT: dict[str, Any] = {"allow_nan": False, "separators": (",", ":")}
"""How JSON is written: NaN is none."""

_NUMBER = re.compile(rb'^\{"n":(\d{1,18}),.*\}$', re.MULTILINE)
"""A whole line, and its number."""


class Event(Protocol):
    """Any event: a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class EventLines:
    """Adds events to a file; safe to be used by several threads.

    Args:
        path: The file; it is made where there is none.
        shortest_gap_s: Seconds between two events of the same type of `frequent`, at least.
        frequent: Types of events that come many times a second: most of them stay off the disk.
        lasting: Types of events after which the file is synced to disk.

    Raises:
        OutputError: If the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        shortest_gap_s: float,
        frequent: tuple[type, ...],
        lasting: tuple[type, ...],
    ) -> None:
        self.shortest_gap_s = shortest_gap_s
        self._frequent = frequent
        self._lasting = lasting
        self._lock = threading.Lock()
        self._passed_over: Event | None = None
        self._next_s: dict[type, float] = {}
        try:
            # Unbuffered: each line is with the system at once, and survives the process.
            self._file: BinaryIO = open(path, "ab", buffering=0)  # noqa: SIM115
            self._is_torn = _is_torn(path)
        except OSError as error:
            raise OutputError(f"Cannot write {path}: {error.strerror or error}.") from error
        # A torn line may have used the next number.
        self._n = _last_number(path) + self._is_torn

    def append(self, event: Event) -> None:
        """Write an event, unless one of the same frequent type was written just before.

        The last one that was passed over is written before the next event of another type.

        Raises:
            OSError: If it cannot be written. The next event may be written all the same.
        """
        with self._lock:
            earlier = self._passed_over
            self._passed_over = None
            if earlier is not None and type(earlier) is not type(event):
                self._write(earlier)
            if self._is_too_soon(event):
                self._passed_over = event
            else:
                self._write(event)

    def _is_too_soon(self, event: Event) -> bool:
        kind = type(event)
        if kind not in self._frequent:
            return False
        now = time.monotonic()
        if now < self._next_s.get(kind, 0.0):
            return True
        self._next_s[kind] = now + self.shortest_gap_s
        return False

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, event: Event) -> None:
        # A number is used once, even if its line is torn.
        self._n += 1
        record = {"n": self._n, "t": round(time.time(), 3), "type": type(event).__name__}
        text = json.dumps(record | plain_json(asdict(event)), **_COMPACT)
        line = text.encode("ascii") + b"\n"
        if self._is_torn:
            line = b"\n" + line
        self._is_torn = True
        n_bytes = self._file.write(line)
        if n_bytes != len(line):
            raise OSError("no room for the whole line")
        self._is_torn = False
        if isinstance(event, self._lasting):
            os.fsync(self._file.fileno())


def _is_torn(path: Path) -> bool:
    """Whether the last line of the file lacks its end."""
    with open(path, "rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _last_number(path: Path) -> int:
    """Number of the last event that is whole; 0 without one."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - LONGEST_TAIL))
        numbers = _NUMBER.findall(file.read())
    return int(numbers[-1]) if numbers else 0
