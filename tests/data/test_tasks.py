"""Tasks of the processes of a scan: they do the same as the scan itself."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.data.cache import cached_sound, cached_width, is_measured
from distill.data.tasks import do, sound_tasks, width_tasks
from distill.settings import cache_dir


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    # A name that is no text, as old archives have.
    path = Path(str(tmp_path / "odd \udcff.wav"))
    noise = 0.1 * np.random.default_rng(0).standard_normal((9_000, 2))
    write(path, noise)
    return path


def write(path: Path, samples: np.ndarray) -> None:
    plain = path.with_name("plain.wav")
    sf.write(plain, samples, 44_100)
    plain.replace(path)


def entries() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in cache_dir().rglob("*") if path.is_file()}


def test_a_task_leaves_what_the_scan_would_leave(path: Path, monkeypatch) -> None:
    orders = [width_tasks([path])[path], sound_tasks([path], 2)[path]]
    for task in orders:
        do(json.loads(json.dumps(task.order)))
    by_tasks = entries()
    assert is_measured(path)
    assert is_measured(path, 2)
    assert not is_measured(path, 1)
    assert width_tasks([path]) == sound_tasks([path], 2) == {}
    for name in by_tasks:
        next(cache_dir().rglob(name)).unlink()
    cached_width(path)
    assert asdict(cached_sound(path, 2).measurements)["channels"] == 2
    assert entries() == by_tasks


def test_a_file_that_has_changed_is_a_task_again(path: Path) -> None:
    cached_sound(path, 1)
    assert sound_tasks([path], 1) == {}
    write(path, np.full(100, 0.3))
    (task,) = sound_tasks([path], 1).values()
    assert task.seconds > 0
    path.unlink()
    (task,) = sound_tasks([path], 1).values()
    assert task.seconds == 0
