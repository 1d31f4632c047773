"""Choices about the files of a corpus, on their way from a scan to crops."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.data.corpus import scan_corpus
from distill.data.curation import NO_CURATION, Curation, curation_of
from distill.data.dataset import make_manifest
from distill.errors import CorpusError, UsageError
from distill.settings import SAMPLE_RATE


def pluck(frequency: float, seconds: float) -> np.ndarray:
    """A decaying tone `[N]`."""
    time_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return 0.3 * np.sin(2 * np.pi * frequency * time_s) * np.exp(-8 * time_s)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "sounds"
    root.mkdir()
    for i in range(6):
        sf.write(root / f"{i}.wav", pluck(200 * 1.3**i, 0.6), SAMPLE_RATE)
    return root


def hash_of(folder: Path, name: str) -> str:
    files = scan_corpus(folder).files
    return next(file.content_hash for file in files if file.name == name)


def test_a_muted_file_is_in_no_clip_and_says_so(folder: Path) -> None:
    muted = hash_of(folder, "2.wav")
    report = scan_corpus(folder, curation=Curation(muted=frozenset([muted])))
    assert [file.name for file in report.muted] == ["2.wav"]
    assert muted not in {clip.content_hash for clip in report.clips}
    assert len(report.clips) == 5
    assert report.verdict == "go"
    assert any("1 file is muted" in sentence for sentence in report.advice)
    assert muted not in {entry["hash"] for entry in make_manifest(report.clips)}


def test_files_of_equal_content_share_choices_and_one_that_moves_keeps_them(folder: Path) -> None:
    muted = hash_of(folder, "2.wav")
    (folder / "deep").mkdir()
    (folder / "deep" / "other name.wav").write_bytes((folder / "2.wav").read_bytes())
    curation = Curation(muted=frozenset([muted]))
    names = {file.name for file in scan_corpus(folder, curation=curation).muted}
    assert names == {"2.wav", "deep/other name.wav"}
    (folder / "2.wav").unlink()
    names = {file.name for file in scan_corpus(folder, curation=curation).muted}
    assert names == {"deep/other name.wav"}


def test_muted_stereo_does_not_make_a_stereo_codec(folder: Path) -> None:
    wide = pluck(300, 2.0)[:, None] * [1.0, -0.5]
    sf.write(folder / "wide.wav", wide, SAMPLE_RATE)
    assert scan_corpus(folder).layout.channels == 2
    curation = Curation(muted=frozenset([hash_of(folder, "wide.wav")]))
    assert scan_corpus(folder, curation=curation).layout.channels == 1


def test_a_folder_in_which_all_is_muted_is_refused(folder: Path) -> None:
    hashes = frozenset(file.content_hash for file in scan_corpus(folder).files)
    with pytest.raises(CorpusError, match=r"^Every sound file in .* is muted: unmute"):
        scan_corpus(folder, curation=Curation(muted=hashes))


def test_files_outside_the_folder_can_be_added(folder: Path, tmp_path: Path) -> None:
    sf.write(tmp_path / "far.wav", pluck(1900, 0.3), SAMPLE_RATE)
    report = scan_corpus(folder, curation=Curation(added=[tmp_path / "far.wav"]))
    assert [clip.name for clip in report.clips][-1] == "far (added).wav"
    assert len(report.clips) == 7
    assert report.added == (tmp_path / "far.wav",)


def test_a_manifest_keeps_the_choices_of_a_training(folder: Path) -> None:
    first, second, third = (hash_of(folder, f"{i}.wav") for i in range(3))
    curation = Curation(
        muted=frozenset([first]),
        weights={second: 2.5},
        tags={third: ("voice", "low")},
        generated=frozenset([third]),
    )
    report = scan_corpus(folder, curation=curation)
    assert curation_of(make_manifest(report.clips), [first]) == curation
    plain = make_manifest(scan_corpus(folder).clips)
    assert curation_of(plain, []) == NO_CURATION
    keys = {"name", "hash", "duration_s", "n_samples", "train_until"}
    assert all(entry.keys() == keys for entry in plain)


@pytest.mark.parametrize("weight", [0.0, 0.09, 11, float("nan")])
def test_weights_have_bounds(weight: float) -> None:
    with pytest.raises(UsageError, match=r"--weight must lie between 0\.1 and 10"):
        Curation(weights={"a": weight})
