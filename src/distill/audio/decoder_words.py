"""Words of libmpg123, the MP3 decoder in libsndfile, kept from the terminal.

It writes of any damage to the standard error of the process, and libsndfile has no switch for that
(its issue 958). What Distill has to say of a file comes as a remark or an error.
"""

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import BinaryIO

_STDERR = 2

# Lines of libmpg123, as its macros for errors, warnings and notes begin them.
_DECODER_LINE = re.compile(rb"^(?:\[src/libmpg123/|Note: |Warning: ).*\n?", re.MULTILINE)


class _Diversion:
    """Standard error, sent into a file while any thread reads an MP3 file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_readers = 0
        self._stack = ExitStack()

    def begin(self) -> None:
        """Divert, unless another thread has."""
        with self._lock:
            self._n_readers += 1
            # A process without standard error, or a full disk: nothing is diverted.
            if self._n_readers == 1:
                with suppress(OSError):
                    self._divert()

    def end(self) -> None:
        """Give the stream back once the last thread is done, with what others wrote to it."""
        with self._lock:
            self._n_readers -= 1
            if self._n_readers == 0:
                self._stack.close()

    def _divert(self) -> None:
        with ExitStack() as stack:
            terminal = os.dup(_STDERR)
            stack.callback(os.close, terminal)
            file = stack.enter_context(tempfile.TemporaryFile())
            os.dup2(file.fileno(), _STDERR)
            stack.callback(_restore, terminal, file)
            self._stack = stack.pop_all()


def _restore(terminal: int, file: BinaryIO) -> None:
    """Make `terminal` standard error again, and write to it what others wrote to `file`."""
    os.dup2(terminal, _STDERR)
    file.seek(0)
    words = _DECODER_LINE.sub(b"", file.read())
    if words.strip(b"\n"):
        with suppress(OSError):
            os.write(_STDERR, words)


_diversion = _Diversion()


@contextmanager
def decoder_words_dropped() -> Iterator[None]:
    """Within the context, libmpg123 writes nothing; what else goes to standard error comes later.

    Standard error belongs to the process: threads may enter the context at the same time.
    """
    _diversion.begin()
    try:
        yield
    finally:
        _diversion.end()
