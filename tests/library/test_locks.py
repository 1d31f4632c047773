"""A lock lives as long as its process."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from distill.errors import OutputError
from distill.library.locks import is_taken, take_lock

HOLD = """
import sys
from pathlib import Path
from distill.library.locks import take_lock
lock = take_lock(Path(sys.argv[1]))
print("taken" if lock else "busy", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock `lock`."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        yield process
        process.kill()


def test_a_lock_is_seen_and_cannot_be_taken_twice(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert is_taken(tmp_path / "lock")
    assert take_lock(tmp_path / "lock") is None


def test_a_killed_process_lets_go(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    holder.kill()
    holder.wait()
    assert not is_taken(tmp_path / "lock")
    lock = take_lock(tmp_path / "lock")
    assert lock is not None
    lock.release()


def test_looking_does_not_take(tmp_path: Path) -> None:
    assert not is_taken(tmp_path / "lock")
    assert not (tmp_path / "lock").exists()
    lock = take_lock(tmp_path / "lock")
    assert lock is not None
    assert is_taken(tmp_path / "lock")
    lock.release()
    assert not is_taken(tmp_path / "lock")


def test_where_no_file_can_be_made_a_sentence_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="Cannot lock"):
        take_lock(tmp_path / "file" / "lock")
