"""The grown corpus: copies that differ, and a larger one that holds the smaller."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from benchmarks.scale.corpus import CORPORA, grow_corpus


@pytest.fixture
def _shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    for name in CORPORA:
        (tmp_path / "shipped" / name).mkdir(parents=True)
        sf.write(tmp_path / "shipped" / name / "a.flac", rng.uniform(-0.9, 0.9, (4_000, 2)), 44_100)
    monkeypatch.setenv("DISTILL_CORPORA", str(tmp_path / "shipped"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.flac")}


@pytest.mark.usefixtures("_shipped")
def test_a_larger_corpus_begins_with_the_smaller_and_no_two_sounds_are_equal(
    tmp_path: Path,
) -> None:
    small = contents(grow_corpus(tmp_path / "small", 2))
    large = contents(grow_corpus(tmp_path / "large", 3))
    assert len(set(large.values())) == len(large) == 3 * len(CORPORA)
    assert small.items() < large.items()
    grown = contents(grow_corpus(tmp_path / "small", 3))
    assert grown == large


@pytest.mark.usefixtures("_shipped")
def test_the_first_copy_is_the_sound_and_the_others_have_another_speed_and_level(
    tmp_path: Path,
) -> None:
    folder = grow_corpus(tmp_path / "grown", 3)
    sounds = [sf.read(folder / "loops" / f"a-00{copy}.flac")[0] for copy in range(3)]
    shipped, _ = sf.read(tmp_path / "shipped" / "loops" / "a.flac")
    assert np.array_equal(sounds[0], shipped)
    assert len({len(sound) for sound in sounds}) == 3
    assert all(4_000 / 1.41 < len(sound) < 4_000 / 0.69 for sound in sounds)
    assert all(np.square(sound).mean() < np.square(shipped).mean() for sound in sounds[1:])
