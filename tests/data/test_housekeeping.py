"""Size and clearing of the sound cache, with real sounds in it."""

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from distill.data import housekeeping
from distill.data.corpus import scan_corpus
from distill.data.dataset import ClipRegion
from distill.data.housekeeping import (
    ARRAY_KINDS,
    DAY_S,
    cache_size,
    clear_cache,
    shrink_cache,
)
from distill.data.region_arrays import RegionArrays
from distill.errors import TooLittleRoomError
from distill.settings import cache_dir


@pytest.fixture
def filled(corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own with the eight plucks, and a file of somebody else."""
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "cache"))
    clips = scan_corpus(corpus_dir).clips
    for kind in ARRAY_KINDS:
        for clip in clips:
            region = ClipRegion(clip, 0, clip.n_samples)
            RegionArrays(kind, "ab" * 32).save(region, {"array": np.arange(5)})
    (cache_dir() / "mine.npy").write_bytes(b"not yours")
    return cache_dir()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "mine.npy"]


def test_all_files_of_the_cache_are_counted(filled: Path) -> None:
    facts = cache_size()
    assert (facts.path, facts.sounds) == (filled, 8)
    assert facts.bytes == sum(path.stat().st_size for path in files(filled))


def test_clearing_leaves_only_what_is_not_of_the_cache(filled: Path, corpus_dir: Path) -> None:
    before = cache_size()
    facts = clear_cache()
    assert (facts.sounds, facts.bytes) == (0, 0)
    assert (facts.removed_sounds, facts.removed_bytes) == (8, before.bytes)
    assert files(filled) == []
    assert [path for kind in ARRAY_KINDS for path in (filled / kind).iterdir()] == []
    assert (filled / "mine.npy").read_bytes() == b"not yours"
    assert len(scan_corpus(corpus_dir).clips) == 8
    assert cache_size().sounds == 8


def test_sounds_in_use_stay(filled: Path, corpus_dir: Path, tmp_path: Path) -> None:
    long_ago = time.time() - 40 * DAY_S
    for path in files(filled):
        os.utime(path, (long_ago, long_ago))
    shutil.copytree(corpus_dir / "low", tmp_path / "low")
    assert len(scan_corpus(tmp_path / "low").clips) == 4
    assert clear_cache(older_than_days=41).removed_sounds == 0
    facts = clear_cache(older_than_days=30)
    assert (facts.sounds, facts.removed_sounds) == (4, 4)
    assert facts.bytes == sum(path.stat().st_size for path in files(filled))


def test_a_limit_removes_what_was_not_used_for_longest(
    filled: Path, corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISTILL_CACHE_GB", "0")
    shutil.copytree(corpus_dir / "low", tmp_path / "low")
    scan_corpus(tmp_path / "low")
    assert cache_size().sounds == 8, "all were used today"

    long_ago = time.time() - 2 * DAY_S
    for path in files(filled):
        os.utime(path, (long_ago, long_ago))
    monkeypatch.setenv("DISTILL_CACHE_GB", "1")
    scan_corpus(tmp_path / "low")
    assert cache_size().sounds == 8, "they fit"
    monkeypatch.setenv("DISTILL_CACHE_GB", "0")
    assert len(scan_corpus(tmp_path / "low").clips) == 4
    assert cache_size().sounds == 4


def test_what_was_not_used_for_longest_leaves_a_cache_that_is_to_be_smaller(
    filled: Path, corpus_dir: Path
) -> None:
    sizes = {}
    for number, clip in enumerate(scan_corpus(corpus_dir).clips):
        of_sound = [path for path in files(filled) if path.name.startswith(clip.content_hash)]
        sizes[clip.content_hash] = sum(path.stat().st_size for path in of_sound)
        for path in of_sound:
            os.utime(path, (1e9 + number, 1e9 + number))
    before = cache_size()
    assert shrink_cache(before.bytes) == before
    oldest, second, *_ = sizes
    facts = shrink_cache(before.bytes - sizes[oldest] - 1)
    assert (facts.sounds, facts.removed_sounds) == (6, 2)
    assert not any(path.name.startswith((oldest, second)) for path in files(filled))
    assert facts.bytes == before.bytes - facts.removed_bytes < before.bytes - sizes[oldest]
    # Also what was used just now: whoever asks for it knows.
    scan_corpus(corpus_dir)
    assert shrink_cache(0).sounds == 0
    assert files(filled) == []


def test_a_scan_says_how_much_room_it_will_take(
    corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    monkeypatch.setattr(housekeeping, "REMARKABLE_BYTES", 1e5)
    monkeypatch.setattr(housekeeping, "GIGABYTE", 1e6)
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "not" / "there"))
    for channels in (1, None, 2):
        caplog.clear()
        seconds = scan_corpus(corpus_dir, channels).total_s
        if channels is None:
            assert caplog.messages == [], "the cache holds them"
            continue
        (remark,) = caplog.messages
        assert f"takes about {seconds * 48_000 * 4 * channels / 1e6:,.1f} GB more" in remark


def test_a_scan_that_would_fill_the_disk_is_refused_before_it_begins(
    filled: Path, corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(corpus_dir)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    assert len(scan_corpus(corpus_dir).clips) == 8, "nothing is to be written"
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "other"))
    with pytest.raises(TooLittleRoomError, match=r"other would take about \d MB more .+ 0 MB are"):
        scan_corpus(corpus_dir, 1)
    assert not list((tmp_path / "other").rglob("*.npy"))


def test_without_a_cache_there_is_nothing_to_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "none"))
    assert cache_size().sounds == clear_cache().removed_bytes == 0
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("entry", ["[" * 20_000, '{"hash": {}}', '{"hash": ["a"]}', "9" * 5_000])
def test_damaged_paths_do_not_stop_clearing(filled: Path, entry: str) -> None:
    damaged = next((filled / "index").glob("*.json"))
    damaged.write_text(entry)
    assert clear_cache().removed_sounds == 8
    assert files(filled) in ([], [damaged])
