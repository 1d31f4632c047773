"""Peaks: no sample lies outside of them, whatever the file and the level of zoom."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from distill.errors import AudioError, UsageError
from distill.library.peaks import BASE, LEVELS, ZOOM, coarser, sound_peaks
from distill.library.workspace import open_workspace


@given(
    length=st.integers(1, 9 * BASE),
    channels=st.integers(1, 2),
    scale=st.floats(0, 1.5, width=32),
    seed=st.integers(0, 9),
)
def test_peaks_hold_every_sample(
    tmp_path_factory: pytest.TempPathFactory, length: int, channels: int, scale: float, seed: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "peaks"
    folder.mkdir(exist_ok=True)
    audio = scale * np.random.default_rng(seed).uniform(-1, 1, (length, channels))
    sf.write(folder / "a.wav", audio.astype(np.float32), 44_100, subtype="FLOAT")
    peaks = sound_peaks(open_workspace(folder / "studio"), folder / "a.wav")
    assert (peaks.per, peaks.sample_rate) == (BASE, 44_100)
    assert len(peaks.values) == -(-length // BASE)
    clipped = np.clip(audio.astype(np.float32), -1, 1) * 127
    for number, (least, greatest) in enumerate(peaks.values.astype(int)):
        part = clipped[number * BASE : (number + 1) * BASE]
        assert least <= part.min() < least + 1
        assert greatest - 1 < part.max() <= greatest


@given(st.integers(1, 300), st.sampled_from([ZOOM, ZOOM**2]))
def test_a_coarser_level_is_that_of_the_whole(length: int, factor: int) -> None:
    values = np.random.default_rng(length).integers(-128, 128, (length, 2)).astype(np.int8)
    expected = [
        (part[:, 0].min(), part[:, 1].max())
        for part in (values[i : i + factor] for i in range(0, length, factor))
    ]
    assert np.array_equal(coarser(values, factor), expected)
    assert np.array_equal(coarser(coarser(values, ZOOM), ZOOM), coarser(values, ZOOM**2))


def test_levels_are_named_and_cached(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio")
    path = tmp_path / "a.flac"
    sf.write(path, np.linspace(-1, 1, 5 * BASE), 48_000)
    first = sound_peaks(workspace, path)
    path.rename(tmp_path / "b.flac")
    assert np.array_equal(sound_peaks(workspace, tmp_path / "b.flac").values, first.values)
    assert len(sound_peaks(workspace, tmp_path / "b.flac", BASE * ZOOM).values) == 2
    assert len(sound_peaks(workspace, tmp_path / "b.flac", BASE * ZOOM ** (LEVELS - 1)).values) == 1
    with pytest.raises(UsageError, match="not of 300"):
        sound_peaks(workspace, tmp_path / "b.flac", 300)
    with pytest.raises(AudioError):
        sound_peaks(workspace, path)
    (tmp_path / "c.wav").write_text("no sound")
    with pytest.raises(AudioError):
        sound_peaks(workspace, tmp_path / "c.wav")
