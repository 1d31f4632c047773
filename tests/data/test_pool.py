"""Processes that fill the cache ahead of a scan: real ones, with real sounds."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.cancellation import cancellable
from distill.data import pool as pools
from distill.data.cache import is_measured
from distill.data.pool import Pool, Task
from distill.data.tasks import sound_tasks
from distill.errors import CancelledError
from distill.settings import cache_dir

LONG = 600 * 8000
"""Samples of a sound that takes a second to measure."""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pools, "LEAST_S", 1e-9)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{index}.wav" for index in range(5)]
    for path in paths:
        sf.write(path, 0.1 * rng.standard_normal(4_000), 48_000)
    return paths


def write_long(path: Path) -> Path:
    noise = np.random.default_rng(1).integers(-9_000, 9_000, LONG, np.int16)
    sf.write(path, noise, 8000, "ULAW")
    return path


def workers() -> list[int]:
    """Processes of pools that use the cache of this test. Linux only."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_worker = b"distill.data.worker" in (folder / "cmdline").read_bytes()
            if is_worker and os.fsencode(cache_dir()) in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_after_waiting_the_cache_holds_the_sound(paths: list[Path]) -> None:
    with Pool(jobs=2) as pool:
        wait = pool.begin(sound_tasks(paths, 1))
        for path in paths:
            wait(path)
            assert is_measured(path, 1)
        wait(paths[0])
        wait(Path("never heard of"))
        assert sound_tasks(paths, 1) == {}


@pytest.mark.parametrize("jobs", [1, 8])
def test_little_work_is_left_to_the_caller(
    paths: list[Path], jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if jobs > 1:
        monkeypatch.setattr(pools, "LEAST_S", 1.0)
    with Pool(jobs=jobs) as pool:
        wait = pool.begin(sound_tasks(paths, 1))
        wait(paths[0])
    assert not is_measured(paths[0], 1)


@pytest.mark.parametrize("module", ["distill.no_such_module", "distill.data"])
def test_processes_that_end_at_once_leave_the_work_undone(
    paths: list[Path], module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "WORKER", module)
    with Pool(jobs=2) as pool:
        wait = pool.begin(sound_tasks(paths, 1))
        for path in paths:
            wait(path)
    assert not is_measured(paths[0], 1)


def test_a_task_that_fails_does_not_stop_the_others(paths: list[Path], tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF" * 40)
    tasks = {
        "none": Task({"do": "sound", "path": str(tmp_path / "nowhere.wav"), "channels": 1}, 1.0),
        # No error of Distill: the process ends.
        "odd": Task({"do": "sound"}, 1.0),
    }
    with Pool(jobs=2) as pool:
        wait = pool.begin(tasks | sound_tasks([tmp_path / "broken.wav", *paths], 1))
        for key in (*tasks, *paths):
            wait(key)
    assert all(is_measured(path, 1) for path in paths)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="Linux only")
def test_a_cancelled_wait_leaves_no_process_and_no_half_written_file(tmp_path: Path) -> None:
    paths = [write_long(tmp_path / "a.wav"), write_long(tmp_path / "b.wav")]
    event = threading.Event()
    with cancellable(event), Pool(jobs=2) as pool:
        wait = pool.begin(sound_tasks(paths, 1))
        # Not both at once: on a busy machine one may be done before the other begins.
        while not list(cache_dir().glob(".distill-*.tmp")):
            time.sleep(0.01)
        event.set()
        with pytest.raises(CancelledError):
            wait(paths[0])
    assert workers() == []
    assert list(cache_dir().glob(".distill-*.tmp")) == []
    assert not all(is_measured(path, 1) for path in paths)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="Linux only")
@pytest.mark.parametrize("to_all", [True, False])
def test_a_scan_that_is_interrupted_ends_with_its_processes(tmp_path: Path, to_all: bool) -> None:
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for name in ("a", "b", "c", "d"):
        write_long(sounds / f"{name}.wav")
    command = [sys.executable, "-m", "distill", "doctor", str(sounds), "--jobs", "2"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while not list(cache_dir().glob(".distill-*.tmp")):
            assert process.poll() is None
            time.sleep(0.01)
        # A terminal sends Ctrl-C to all processes of its group.
        (os.killpg if to_all else os.kill)(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "Stopped.\n")
    assert workers() == []
    assert list(cache_dir().glob(".distill-*.tmp")) == []
