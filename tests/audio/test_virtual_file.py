import errno
import io
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from distill.audio.formats import FORMATS
from distill.audio.virtual_file import VirtualFile, signals_held
from distill.audio.write import write_sound
from distill.errors import OutputError

NOISE = np.random.default_rng(0).uniform(-1, 1, (2, 200_000)).astype(np.float32)


class BrokenFile(io.BytesIO):
    """A file of which every method fails."""

    def fail(self, *_args: object) -> int:
        raise OSError(errno.EIO, "broken")

    seek = tell = read = write = fail  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("call", "otherwise"),
    [
        (lambda file: file.seek(3), 0),
        (lambda file: file.tell(), 0),
        (lambda file: file.read(3), b""),
        (lambda file: file.write(b"abc"), 3),
    ],
    ids=["seek", "tell", "read", "write"],
)
def test_errors_wait_for_check(
    call: Callable[[VirtualFile], int | bytes], otherwise: int | bytes
) -> None:
    file = VirtualFile(BrokenFile(), 100)
    file.check()
    assert call(file) == otherwise
    for _ in range(2):
        with pytest.raises(OSError, match="broken"):
            file.check()


def test_nothing_is_written_after_an_error() -> None:
    below = io.BytesIO()
    file = VirtualFile(below, 5)
    for content in (b"abc", b"defg", b"h"):
        assert file.write(content) == len(content)
    assert below.getvalue() == b"abc"
    assert file.seek(0) == 0
    with pytest.raises(OSError, match="longer than a WAV file"):
        file.check()


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("room", [0, 1, 100, 4_096, 9_000, 30_000])
def test_a_full_disk_is_one_sentence(
    tmp_path: Path,
    ending: str,
    room: int,
    full_disk: Callable[[int], None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"earlier")
    full_disk(room)
    with pytest.raises(OutputError, match=f"Cannot write .*a{ending}: File too large"):
        write_sound(path, NOISE, tags={"comment": "x" * 3_000})
    # libsndfile's callbacks would print there.
    assert capfd.readouterr() == ("", "")
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_signals_wait_for_the_end_of_the_block() -> None:
    events = []

    def interrupt() -> None:
        with signals_held():
            signal.raise_signal(signal.SIGINT)
            events.append("after")

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert events == ["after"]
    before = signal.getsignal(signal.SIGINT)
    with signals_held():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_other_threads_hold_nothing() -> None:
    errors = []

    def run() -> None:
        try:
            with signals_held():
                pass
        except ValueError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert not errors


def test_ctrl_c_while_libsndfile_writes_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write = VirtualFile.write

    def interrupted(file: VirtualFile, content: bytes) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return write(file, content)

    monkeypatch.setattr(VirtualFile, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_sound(tmp_path / "a.wav", NOISE)
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())
