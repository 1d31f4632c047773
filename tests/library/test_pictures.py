"""Spectrograms: tiles that fit the code frames, tones where they belong."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from PIL import Image

from distill.errors import AudioError, UsageError
from distill.library.picture_cache import picture_folder
from distill.library.pictures import (
    HIGHEST_HZ,
    HOP,
    LOWEST_HZ,
    ROWS,
    THUMBNAIL,
    TILE_COLUMNS,
    _Squeeze,
    _tiles,
    spectrogram,
    spectrogram_tile,
    thumbnail,
)
from distill.library.workspace import open_workspace


def pixels(webp: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(webp)).convert("RGB")).astype(int)


@pytest.mark.parametrize(
    "samples", [1, HOP, HOP + 1, TILE_COLUMNS * HOP, TILE_COLUMNS * HOP + 1, 600 * HOP]
)
def test_a_column_is_a_code_frame_however_blocks_are_cut(samples: int) -> None:
    audio = np.random.default_rng(0).uniform(-1, 1, (1, samples)).astype(np.float32)
    whole = np.concatenate([*_tiles([audio])])
    cut = np.concatenate([*_tiles(np.array_split(audio, [samples // 3, samples // 2], axis=1))])
    assert whole.shape == (-(-samples // HOP), ROWS)
    assert np.array_equal(whole, cut)


@pytest.mark.parametrize("frequency", [60.0, 440.0, 5000.0])
def test_a_tone_is_lightest_in_its_row(tmp_path: Path, frequency: float) -> None:
    workspace = open_workspace(tmp_path / "studio")
    path = tmp_path / "a.wav"
    tone = 0.5 * np.sin(2 * np.pi * frequency * np.arange(48_000) / 48_000)
    sf.write(path, np.stack([tone, tone], axis=1), 48_000)
    shape = spectrogram(workspace, path)
    assert (shape.tiles, shape.columns) == (1, 47)
    picture = pixels(spectrogram_tile(workspace, path, 0))
    assert picture.shape == (ROWS, 47, 3)
    lightest = ROWS - 1 - picture[:, 20].sum(axis=1).argmax()
    place = np.log(frequency / LOWEST_HZ) / np.log(HIGHEST_HZ / LOWEST_HZ)
    # Below 100 Hz a row is narrower than the distance of two bins.
    assert abs(lightest - place * (ROWS - 1)) <= (4 if frequency < 100 else 1)
    assert Image.open(io.BytesIO(thumbnail(workspace, path))).size == THUMBNAIL


def test_tiles_are_made_once_and_again_when_the_cache_is_gone(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio")
    path = tmp_path / "a.flac"
    sf.write(path, np.random.default_rng(0).uniform(-0.1, 0.1, 12 * 48_000), 48_000)
    tiles = [spectrogram_tile(workspace, path, number) for number in (0, 1)]
    with pytest.raises(UsageError, match="tiles 0 to 1"):
        spectrogram_tile(workspace, path, 2)
    for file in picture_folder(workspace).glob("*tile-*"):
        file.unlink()
    assert [spectrogram_tile(workspace, path, number) for number in (0, 1)] == tiles
    (tmp_path / "c.wav").write_text("no sound")
    for picture in (spectrogram, thumbnail):
        with pytest.raises(AudioError):
            picture(workspace, tmp_path / "c.wav")


def test_a_thumbnail_of_a_long_sound_keeps_its_loudest_columns() -> None:
    levels = np.random.default_rng(0).uniform(0, 1, (9_001, ROWS)).astype(np.float32)
    squeeze = _Squeeze()
    for part in np.array_split(levels, 17):
        squeeze.add(part)
    expected = [levels[i : i + 4].max(axis=0) for i in range(0, len(levels), 4)]
    assert np.array_equal(squeeze.levels(), expected)
