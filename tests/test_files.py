import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from distill.errors import OutputError
from distill.files import (
    check_folder,
    check_place,
    check_space,
    clear_leftovers,
    parse_json,
    plain_json,
    replace_atomically,
)


def put(path: Path, content: bytes) -> None:
    with replace_atomically(path) as file:
        file.write(content)


def test_writes_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    put(tmp_path / "a.bin", b"one")
    put(tmp_path / "a.bin", b"two")
    assert (tmp_path / "a.bin").read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_inside_keeps_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    put(tmp_path / "a.bin", b"old")

    def fail_half_way() -> None:
        with replace_atomically(tmp_path / "a.bin") as file:
            file.write(b"half of the n")
            raise error

    with pytest.raises(error):
        fail_half_way()
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"Cannot write .*nowhere.*: No such file or directory\."):
        put(tmp_path / "nowhere" / "a.bin", b"")


def test_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        put(tmp_path / "a", b"x")
    assert os.listdir(tmp_path) == ["a"]


def test_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    put(tmp_path / "a.bin", b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OutputError, match="Cannot write"):
            put(tmp_path / "a.bin", bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_names_of_the_longest_kind(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 120 + ".bin")
    put(path, b"x")
    assert path.read_bytes() == b"x"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions and links")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    put(tmp_path / "a.bin", b"old")
    (tmp_path / "a.bin").chmod(0o640)
    (tmp_path / "link").symlink_to("a.bin")
    put(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a.bin").read_bytes() == b"new"
    assert (tmp_path / "a.bin").stat().st_mode & 0o777 == 0o640


def test_writers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    contents = [bytes([value]) * 200_000 for value in range(8)]
    threads = [
        threading.Thread(target=put, args=(tmp_path / "a.bin", content)) for content in contents
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "a.bin").read_bytes() in contents
    assert os.listdir(tmp_path) == ["a.bin"]


def kill_half_way(path: Path) -> None:
    """Write 100,000 bytes to `path` in a process that is killed before it is done."""
    script = (
        "import os, signal, sys\n"
        "from distill.files import replace_atomically\n"
        "with replace_atomically(sys.argv[1]) as file:\n"
        "    file.write(bytes(100_000)); file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, path], check=False)


def test_kill_half_way_keeps_the_old_file(tmp_path: Path) -> None:
    put(tmp_path / "a.bin", b"old")
    kill_half_way(tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert len(os.listdir(tmp_path)) == 2
    assert clear_leftovers(tmp_path) == 100_000
    assert os.listdir(tmp_path) == ["a.bin"]


def test_the_next_writer_clears_what_a_killed_run_left(tmp_path: Path) -> None:
    kill_half_way(tmp_path / "a.bin")
    assert len(os.listdir(tmp_path)) == 1
    put(tmp_path / "b.bin", b"new")
    assert os.listdir(tmp_path) == ["b.bin"]


def test_so_does_the_next_check_of_a_place(tmp_path: Path) -> None:
    """A run may be killed in its check, in a folder that no result lies in."""
    kill_half_way(tmp_path / "a.bin")
    check_folder(tmp_path / "codes" / "low")
    assert os.listdir(tmp_path) == []


def test_files_that_are_being_written_and_those_of_others_stay(tmp_path: Path) -> None:
    others = {".distill-notes.tmp", "a.tmp", f".distill-{'0' * 31}.tmp"}
    for name in others:
        (tmp_path / name).touch()
    with replace_atomically(tmp_path / "a.bin") as file:
        file.write(b"alive")
        file.flush()
        assert clear_leftovers(tmp_path) == 0
    assert (tmp_path / "a.bin").read_bytes() == b"alive"
    assert set(os.listdir(tmp_path)) == others | {"a.bin"}
    assert clear_leftovers(tmp_path / "nowhere") == 0


@pytest.mark.parametrize("name", ["pipe", "folder", "device"])
def test_only_files_are_replaced(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "device").symlink_to(os.devnull)
    before = os.listdir(tmp_path)
    for refuse in (check_place, lambda path: put(path, b"new")):
        with pytest.raises(OutputError, match=r"is a (folder|device)"):
            refuse(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == sorted(before)


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A folder in which nobody who runs these tests can create a file."""
    if os.geteuid() == 0:
        if not Path("/proc/self").is_dir():
            pytest.skip("root may write everywhere but into /proc, which is not here")
        return Path("/proc/self")
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    return folder


def test_a_locked_folder_is_found_out_before_the_work(locked: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.wav"
    link.symlink_to(locked / "a.wav")
    for path in (locked / "a.wav", link):
        with pytest.raises(OutputError, match="Cannot write into the folder"):
            check_place(path)
    for folder in (locked, locked / "new" / "deep"):
        with pytest.raises(OutputError, match="Cannot write into the folder"):
            check_folder(folder)


def test_checks_leave_nothing_behind(tmp_path: Path) -> None:
    check_place(tmp_path / "a.wav")
    check_folder(tmp_path / "new" / "deep")
    assert os.listdir(tmp_path) == []


def test_room_on_the_disk(tmp_path: Path) -> None:
    check_space(tmp_path / "a.sda", 1)
    with pytest.raises(OutputError, match=r"Too little room .+ about \d+ MB are needed, \d+ MB"):
        check_space(tmp_path / "a.sda", 2**62)


@pytest.mark.skipif(os.name == "nt", reason="folders cannot be opened there")
def test_the_folder_is_synced_after_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        synced.append((is_folder, (tmp_path / "a.bin").exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    put(tmp_path / "a.bin", b"one")
    assert synced == [(False, False), (True, True)]
    synced.clear()
    with replace_atomically(tmp_path / "b.bin", is_lasting=False) as file:
        file.write(b"two")
    assert ((tmp_path / "b.bin").read_bytes(), synced) == (b"two", [])


def test_json_of_others() -> None:
    assert parse_json('{"a": [1]}') == {"a": [1]}
    for text in ("", "{", "[" * 20_000, b"\xff"):
        with pytest.raises(ValueError):  # noqa: PT011 (each says something else)
            parse_json(text)


def test_numbers_of_numpy_become_those_of_python() -> None:
    value = {"a": np.int64(3), "b": [np.float32(0.5), np.float64("nan")], "c": np.bool_(True)}
    plain = plain_json(value)
    assert plain == {"a": 3, "b": [0.5, None], "c": True}
    assert [type(item) for item in (plain["a"], plain["b"][0], plain["c"])] == [int, float, bool]
