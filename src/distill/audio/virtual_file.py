"""Python's files for libsndfile, through which no exception can pass."""

import errno
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import BinaryIO, TypeVar

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

_Result = TypeVar("_Result")


class VirtualFile:
    """A file for libsndfile to write to.

    It calls these methods from C, where an exception would be printed and forgotten. So the first
    one is kept, for `check` to raise; after it nothing more is written.

    Args:
        file: The file below, open for reading and writing.
        most_bytes: Length that it may have.
        start: Bytes at its beginning that are none of libsndfile's.
    """

    def __init__(self, file: BinaryIO, most_bytes: int, start: int = 0) -> None:
        self._file = file
        self._most_bytes = most_bytes
        self._start = start
        self._error: OSError | None = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move as files do. That writes what is buffered, and may fail as writing does."""
        place = offset + self._start if whence == os.SEEK_SET else offset
        return self._try(lambda: self._file.seek(place, whence) - self._start, 0)

    def tell(self) -> int:
        """Position in bytes."""
        return self._try(lambda: self._file.tell() - self._start, 0)

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes."""
        return self._try(lambda: self._file.read(size), b"")

    def write(self, content: bytes) -> int:
        """Write `content`; returns its length even after an error, as if all were well."""
        return self._try(lambda: self._write(content), len(content))

    def check(self) -> None:
        """Raise the first error, if there was one."""
        if self._error is not None:
            raise self._error

    def _write(self, content: bytes) -> int:
        if self._file.tell() + len(content) > self._most_bytes:
            raise OSError(
                errno.EFBIG, "longer than a WAV file can be, about 4 GB: write it in parts"
            )
        return self._file.write(content)

    def _try(self, action: Callable[[], _Result], otherwise: _Result) -> _Result:
        """The result of `action`, or `otherwise` once there was an error."""
        if self._error is None:
            try:
                return action()
            except OSError as error:
                self._error = error
        return otherwise


@contextmanager
def signals_held() -> Iterator[None]:
    """Within the context, Ctrl-C and its like wait for its end.

    Their handlers may raise, and between two calls of libsndfile that would be lost. Only the main
    thread has handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals: list[int] = []

    def hold(number: int, _frame: FrameType | None) -> None:
        signals.append(number)

    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    handlers_here = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handlers_here:
        signal.signal(number, hold)
    try:
        yield
    finally:
        for number, handler in handlers_here.items():
            signal.signal(number, handler)
        for number in signals:
            signal.raise_signal(number)
