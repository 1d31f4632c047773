"""Every kind of inference can be left at any point, and is the same where it is not left."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import distill
from distill.errors import CancelledError
from distill.inference.codes.grid import CodeGrid
from distill.models.persistence import LoadedVQModel
from distill.workflows.generate import generate_files
from distill.workflows.request import make_request
from tests.conftest import pluck

PARTS = [0.0, 0.02, 0.5, 0.98]
"""Where a run is left, as a share of all its looks at the event."""


class CountingEvent(threading.Event):
    """Is set from its look number `looks_left` on; counts all looks."""

    def __init__(self, looks_left: float = float("inf")) -> None:
        super().__init__()
        self.looks = 0
        self.looks_left = looks_left

    def is_set(self) -> bool:
        self.looks += 1
        return self.looks > self.looks_left


@dataclass(frozen=True)
class Material:
    """What the kinds work on."""

    loaded: LoadedVQModel
    grid: CodeGrid
    other: CodeGrid
    sound: Path
    folder: Path


@pytest.fixture(scope="module")
def material(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Material:
    loaded = distill.load(trained, "cpu", threads=1)
    folder = tmp_path_factory.mktemp("material")
    sound = folder / "source.wav"
    (first,) = distill.generate(loaded, duration=1.2, seed=1)
    first.save(sound)
    grid = distill.encode(loaded, sound)
    other = distill.encode(loaded, pluck(300, 1.0)[None])
    return Material(loaded, distill.edit.cut(grid, 0.3, 0.5).grid, other, sound, folder)


def _generated(material: Material, event: threading.Event | None, **options: object) -> np.ndarray:
    (sound,) = distill.generate(
        material.loaded,
        seed=3,
        cancel_event=event,
        **options,  # type: ignore[arg-type]
    )
    return sound.audio


def _files(material: Material, event: threading.Event | None) -> np.ndarray:
    path = material.folder / "out.flac"
    request = make_request(duration=1.0, seed=3)
    (written,) = generate_files(material.loaded, path, request, cancel_event=event)
    path.unlink()
    return written.sound.audio


def _stream(material: Material, event: threading.Event | None) -> np.ndarray:
    blocks = distill.stream(material.loaded, seed=3, cancel_event=event)
    return np.concatenate([next(blocks) for _ in range(4)], axis=1)


def _decoded_file(material: Material, event: threading.Event | None) -> np.ndarray:
    path = material.folder / "decoded.wav"
    distill.decode_to_file(material.loaded, material.grid, path, cancel_event=event)
    content = np.frombuffer(path.read_bytes(), np.uint8)
    path.unlink()
    return content


Kind = Callable[[Material, threading.Event | None], np.ndarray]

KINDS: dict[str, Kind] = {
    "generate": lambda m, e: _generated(m, e, duration=1.0),
    "one-shot": lambda m, e: _generated(m, e, duration=1.0, one_shot=True),
    "loop": lambda m, e: _generated(m, e, duration=1.0, loop=True),
    "continue": lambda m, e: _generated(m, e, duration=0.5, continue_from=m.sound),
    "variation": lambda m, e: _generated(m, e, variation_of=m.sound, amount=0.5),
    "infill": lambda m, e: _generated(m, e, infill=m.sound, start=0.4, stop=0.7),
    "again": lambda m, e: distill.generate_again(m.loaded, m.sound, cancel_event=e).audio,
    "files": _files,
    "stream": _stream,
    "encode": lambda m, e: distill.encode(m.loaded, m.sound, cancel_event=e).codes,
    "decode": lambda m, e: distill.decode(m.loaded, m.grid, cancel_event=e),
    "decode to a file": _decoded_file,
    "heal": lambda m, e: distill.edit.heal(m.loaded, m.grid, cancel_event=e).grid.codes,
    "blend": lambda m, e: (
        distill.edit.blend(m.loaded, m.grid, m.other, 0.5, cancel_event=e).grid.codes
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_left_at_any_point_and_else_the_same(kind: str, material: Material) -> None:
    run = KINDS[kind]
    counting = CountingEvent()
    expected = run(material, None)
    assert np.array_equal(run(material, counting), expected)
    for part in PARTS:
        with pytest.raises(CancelledError):
            run(material, CountingEvent(int(part * counting.looks)))
        # Nothing is left behind, whole or in part.
        assert [path.name for path in material.folder.iterdir()] == ["source.wav"]
    assert np.array_equal(run(material, None), expected)


def test_sounds_that_were_written_stay(material: Material, tmp_path: Path) -> None:
    event = threading.Event()
    request = make_request(duration=0.3, count=3)
    files = generate_files(material.loaded, tmp_path / "a.wav", request, cancel_event=event)
    first = next(files)
    event.set()
    with pytest.raises(CancelledError):
        next(files)
    assert list(tmp_path.iterdir()) == [first.path]


@pytest.mark.parametrize(
    "run",
    [
        lambda m, p: distill.encode(m.loaded, m.sound, progress=p),
        lambda m, p: distill.decode(m.loaded, m.grid, progress=p),
        lambda m, p: distill.edit.heal(m.loaded, m.grid, progress=p),
        lambda m, p: distill.edit.heal(m.loaded, m.grid, start=0.2, stop=0.6, progress=p),
        lambda m, p: distill.generate(m.loaded, duration=0.5, progress=p),
        lambda m, p: distill.generate_again(m.loaded, m.sound, progress=p),
    ],
)
def test_progress_grows_to_the_whole(
    run: Callable[[Material, Callable[[int, int], None]], object], material: Material
) -> None:
    steps: list[tuple[int, int]] = []
    run(material, lambda done, total: steps.append((done, total)))
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})
    assert len({total for _, total in steps}) == 1
    assert steps[-1][0] == steps[-1][1] > 0
