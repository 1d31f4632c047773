"""Outcomes of comparisons of sounds, kept in the cache."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.data.cache import CachedSound, cached_sound, load_outcomes, save_outcomes
from distill.data.comparisons import Comparisons
from distill.data.corpus import scan_corpus
from distill.data.housekeeping import cache_size, clear_cache
from distill.settings import SAMPLE_RATE, cache_dir


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "cache"))
    return cache_dir()


@pytest.fixture
def folder(tmp_path: Path, cache: Path) -> Path:
    """Two sounds and a louder copy of the first."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    t = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    for name, hz, gain in (("a", 220, 0.3), ("b", 224, 0.3), ("c", 220, 0.5)):
        tone = gain * np.exp(-6 * t) * sum(np.sin(2 * np.pi * hz * k * t) / k for k in (1, 2, 3, 5))
        sf.write(folder / f"{name}.wav", tone, SAMPLE_RATE)
    return folder


def sounds_of(folder: Path) -> list[CachedSound]:
    return [cached_sound(path) for path in sorted(folder.iterdir())]


def unknown() -> bool:
    raise LookupError("it has to be compared")


def outcomes_of(folder: Path) -> dict[str, dict[str, bool]]:
    """What is known of each sound, by names."""
    sounds = sounds_of(folder)
    names = dict(zip((sound.content_hash for sound in sounds), "abc", strict=True))
    return {
        name: {names[other]: is_same for other, is_same in load_outcomes(sound).items()}
        for name, sound in zip("abc", sounds, strict=True)
    }


def test_a_scan_keeps_what_it_found_out(folder: Path) -> None:
    first = scan_corpus(folder)
    assert outcomes_of(folder) == {"a": {}, "b": {"a": False}, "c": {"a": True}}
    assert scan_corpus(folder).files == first.files
    known = Comparisons(sounds_of(folder))
    assert known.outcome(2, 0, unknown)
    assert not known.outcome(1, 0, unknown)


def test_the_next_scan_believes_it(folder: Path) -> None:
    scan_corpus(folder)
    _, _, copy = sounds_of(folder)
    save_outcomes(copy, dict.fromkeys(load_outcomes(copy), False))
    assert all(not file.flags or "c.wav" not in file.name for file in scan_corpus(folder).files)


def test_new_pairs_are_compared(folder: Path) -> None:
    scan_corpus(folder)
    known = Comparisons(sounds_of(folder))
    with pytest.raises(LookupError):
        known.outcome(0, 1, unknown)
    assert known.outcome(0, 1, lambda: True)
    assert known.outcome(0, 1, unknown)


def test_they_are_bounded_and_the_latest_stay(folder: Path) -> None:
    sound = sounds_of(folder)[0]
    save_outcomes(sound, {str(number): bool(number % 2) for number in range(1_000)})
    assert load_outcomes(sound) == {str(n): bool(n % 2) for n in range(1_000 - 64, 1_000)}


def test_they_leave_the_cache_with_their_sounds(folder: Path, cache: Path) -> None:
    scan_corpus(folder)
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert sum(path.name.endswith("-same.json") for path in files) == 2
    assert cache_size().bytes == sum(path.stat().st_size for path in files)
    clear_cache()
    assert not [path for path in cache.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"version": [0, 0], "same": {"x": true}}', "same", {"x": 1}, {"x": "no"}, []],
)
def test_damaged_outcomes_are_not_believed(folder: Path, content: object) -> None:
    sound = sounds_of(folder)[0]
    save_outcomes(sound, {"x": True})
    path = sound.path.with_name(f"{sound.path.stem}-same.json")
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(json.dumps(json.loads(path.read_text()) | {"same": content}))
    assert load_outcomes(sound) == {}


def test_a_cache_that_cannot_be_written_costs_only_time(folder: Path) -> None:
    for sound in sounds_of(folder):
        # A folder in the place of the file, so that nobody can write it.
        sound.path.with_name(f"{sound.path.stem}-same.json").mkdir()
    assert len(scan_corpus(folder).clips) == 3
    assert outcomes_of(folder) == {"a": {}, "b": {}, "c": {}}
