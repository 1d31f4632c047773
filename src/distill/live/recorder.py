"""Recordings of a sound that plays.

Samples go to a nameless file beside the result. At the end they become the result in one step,
with all controls in its tags. So a recording is there whole or not at all, and no block waits for
a disk.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np

from distill.audio.fades import fade_ends_in_place
from distill.audio.write import write_sound_blocks
from distill.errors import DistillError, OutputError
from distill.files import FilePath

PIECE_SAMPLES = 1 << 16
"""Samples of a channel that are read back at once."""


class Recording:
    """A recording that runs, written by a thread of its own.

    Args:
        path: File of the result, in the format that its name ends in.
        channels: Channels `C`.
        sample_rate: In Hz.
        first_frame: Code frame of the sound at which it begins.

    Raises:
        OutputError: Nothing can be written there.
    """

    def __init__(self, path: FilePath, channels: int, sample_rate: int, first_frame: int) -> None:
        self.path = Path(path)
        self.first_frame = first_frame
        self.samples = 0
        self.error: DistillError | None = None
        self._channels = channels
        self._sample_rate = sample_rate
        try:
            # Closed by `finish`.
            self._file: IO[bytes] = TemporaryFile(dir=self.path.parent)  # noqa: SIM115
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._blocks: queue.SimpleQueue[np.ndarray | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="recording", daemon=True)
        self._thread.start()

    @property
    def seconds(self) -> float:
        """Length so far."""
        return self.samples / self._sample_rate

    def add(self, block: np.ndarray) -> None:
        """Add samples `[C, n]`; returns at once."""
        self.samples += block.shape[1]
        self._blocks.put(block)

    def finish(self, tags: Callable[[], dict[str, str]]) -> Path | None:
        """Write the result; None where it is empty.

        Args:
            tags: Gives the texts to store with it.

        Raises:
            OutputError: It cannot be written.
        """
        self._blocks.put(None)
        self._thread.join()
        with self._file:
            if self.error is not None:
                raise self.error
            if not self.samples:
                return None
            return write_sound_blocks(
                self.path, self._faded(), self._channels, self._sample_rate, tags=tags()
            )

    def _write(self) -> None:
        while (block := self._blocks.get()) is not None:
            if self.error is not None:
                continue
            try:
                self._file.write(np.ascontiguousarray(block.T, dtype="<f4").tobytes())
            except OSError as error:
                # Told when it is finished: what plays goes on.
                self.error = _unwritable(self.path, error)

    def _faded(self) -> Iterator[np.ndarray]:
        """The sound in pieces `[C, n]`, faded at both ends."""
        self._file.seek(0)
        left = self.samples
        while left:
            # The last piece has no tiny one after it, which would have no room for the fade.
            n = left if left < 2 * PIECE_SAMPLES else PIECE_SAMPLES
            content = self._file.read(4 * self._channels * n)
            piece = np.frombuffer(content, "<f4").reshape(-1, self._channels).T.copy()
            is_first = left == self.samples
            left -= n
            fade_ends_in_place(piece, self._sample_rate, start=is_first, end=not left)
            yield piece


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(f"Cannot record {path}: {error.strerror or error}.")
