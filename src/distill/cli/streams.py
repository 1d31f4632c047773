"""Standard streams that may fail: a reader that quits, a full disk, a closed terminal.

A display is no reason to end a training. Errors of writing end here, in one place: the stream keeps
the first one and drops the text from then on.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO


class LastingStream:
    """A text stream that never raises when it cannot write.

    Args:
        stream: The stream to write to; None where the process began without it.

    Attributes:
        error: The first error of writing; None as long as all was written.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream or io.StringIO()
        self.is_closed = stream is None
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Write `text`, or drop it once the stream has failed."""
        if self.is_closed and self.error is None:
            self.error = OSError("it is closed")
        if self.error is None:
            try:
                return self.stream.write(text)
            except OSError as error:
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Flush, unless the stream has failed."""
        if self.error is None:
            try:
                self.stream.flush()
            except OSError as error:
                self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Keep `error`, and send the rest of the buffer nowhere: Python flushes it at the end."""
        self.error = error
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def lasting_streams() -> Iterator[LastingStream]:
    """Make stdout and stderr lasting while inside; yields stdout, to be asked for its error."""
    _fill_closed_numbers()
    before = (sys.stdout, sys.stderr)
    stdout = LastingStream(sys.stdout)
    stderr = LastingStream(sys.stderr)
    sys.stdout = stdout
    sys.stderr = stderr
    try:
        yield stdout
    finally:
        stdout.flush()
        stderr.flush()
        sys.stdout, sys.stderr = before


def _fill_closed_numbers() -> None:
    """Open the null device in place of closed streams.

    Else the next file that is opened would get the number of one, and warnings of other libraries
    would be written into it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # The system gives the lowest free number.
            os.open(os.devnull, os.O_RDWR)
