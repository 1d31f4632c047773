"""Size and clearing of the sound cache, with real sounds in it."""

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from distill.data.corpus import scan_corpus
from distill.data.dataset import ClipRegion
from distill.data.housekeeping import ARRAY_KINDS, DAY_S, cache_size, clear_cache
from distill.data.region_arrays import RegionArrays
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
