"""Arrays of regions of sounds, kept in the cache."""

from pathlib import Path

import numpy as np
import pytest

from distill.data.corpus import scan_corpus
from distill.data.dataset import ClipRegion
from distill.data.region_arrays import RegionArrays
from distill.errors import OutputError

MAKER = "ab" * 32
ARRAYS = {
    "0--3.5": np.arange(12, dtype=np.uint8).reshape(6, 2),
    "empty": np.zeros(0),
    "file": np.ones((2, 3), np.int16),
}


@pytest.fixture
def region(corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClipRegion:
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "cache"))
    clip = scan_corpus(corpus_dir).clips[0]
    return ClipRegion(clip, 0, clip.n_samples)


def test_what_is_kept_comes_back(region: ClipRegion) -> None:
    cache = RegionArrays("codes", MAKER)
    assert cache.load(region) == {}
    cache.save(region, ARRAYS)
    arrays = RegionArrays("codes", MAKER).load(region)
    assert arrays.keys() == ARRAYS.keys()
    for name, array in arrays.items():
        assert array.dtype == ARRAYS[name].dtype
        np.testing.assert_array_equal(array, ARRAYS[name])


def test_each_maker_and_region_has_its_own(region: ClipRegion) -> None:
    RegionArrays("codes", MAKER).save(region, ARRAYS)
    part = ClipRegion(region.clip, 0, region.stop // 2)
    assert RegionArrays("codes", MAKER).load(part) == {}
    assert RegionArrays("codes", "cd" * 32).load(region) == {}
    assert RegionArrays("traits", MAKER).load(region) == {}


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x05\x06" + bytes(18)])
def test_other_files_hold_nothing(region: ClipRegion, content: bytes) -> None:
    cache = RegionArrays("codes", MAKER)
    cache.save(region, ARRAYS)
    cache.path(region).write_bytes(content)
    assert cache.load(region) == {}


def test_a_cache_that_cannot_be_written_says_so(region: ClipRegion, tmp_path: Path) -> None:
    (tmp_path / "cache" / "codes").write_bytes(b"in the way")
    with pytest.raises(OutputError, match="Cannot write the sound cache"):
        RegionArrays("codes", MAKER).save(region, ARRAYS)
