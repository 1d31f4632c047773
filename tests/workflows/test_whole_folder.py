"""A folder is there whole or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from distill.errors import OutputError
from distill.workflows.whole_folder import check_new_folder, whole_folder

SLOW = """
import sys, time
from distill.workflows.whole_folder import whole_folder
with whole_folder(sys.argv[1]) as folder:
    (folder / "a").write_text("a")
    print("filling", flush=True)
    time.sleep(60)
"""


def test_a_folder_appears_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "new" / "kit"
    with whole_folder(target) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "a.txt").write_text("a")
        assert not target.exists()
    assert [path.relative_to(target).as_posix() for path in target.rglob("*")] == [
        "sub",
        "sub/a.txt",
    ]
    assert os.listdir(target.parent) == ["kit"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:

    def fill() -> None:
        with whole_folder(tmp_path / "kit") as folder:
            (folder / "a.txt").write_text("a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill()
    assert os.listdir(tmp_path) == []


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "kit").mkdir()
    with pytest.raises(OutputError, match="exists already"), whole_folder(tmp_path / "kit"):
        raise AssertionError("it begins")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file"):
        check_new_folder(tmp_path / "file" / "kit")
    with pytest.raises(OutputError, match="exists already"), whole_folder(tmp_path / "late"):
        (tmp_path / "late").mkdir()
    assert sorted(os.listdir(tmp_path)) == ["file", "kit", "late"]


def test_the_next_run_removes_what_a_kill_left_and_nothing_alive(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SLOW]
    with (
        subprocess.Popen([*command, tmp_path / "dead"], stdout=subprocess.PIPE) as dead,
        subprocess.Popen([*command, tmp_path / "alive"], stdout=subprocess.PIPE) as alive,
    ):
        assert dead.stdout is not None
        assert alive.stdout is not None
        dead.stdout.readline()
        alive.stdout.readline()
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        assert len(os.listdir(tmp_path)) == 2
        with whole_folder(tmp_path / "kit"):
            pass
        assert len(os.listdir(tmp_path)) == 2
        assert (tmp_path / "kit").is_dir()
        alive.kill()
