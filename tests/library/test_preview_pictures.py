"""Pictures of a recording beside how a model makes it."""

import io

import numpy as np
from PIL import Image

from distill.library.preview_pictures import LOUDER, QUIETER, draw_preview
from distill.library.spectrogram import HOP, ROWS
from distill.settings import SAMPLE_RATE


def test_what_is_louder_and_what_is_quieter_differ_in_colour() -> None:
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    low = 0.5 * np.sin(2 * np.pi * 200 * t)
    high = 0.5 * np.sin(2 * np.pi * 5000 * t)
    recording = np.stack([low, low]).astype(np.float32)
    preview = high[None, : SAMPLE_RATE // 2].astype(np.float32)
    picture = np.asarray(Image.open(io.BytesIO(draw_preview(recording, preview))), float)
    columns = -(-(SAMPLE_RATE // 2) // HOP)
    assert picture.shape == (3 * ROWS, columns, 3)
    difference = picture[2 * ROWS :, columns // 2]
    # Low frequencies lie at the bottom.
    top, bottom = difference[: ROWS // 2], difference[ROWS // 2 :]
    near = 60
    assert np.abs(top - LOUDER).sum(axis=1).min() < near
    assert np.abs(bottom - QUIETER).sum(axis=1).min() < near
    assert np.abs(top - QUIETER).sum(axis=1).min() > near


def test_equal_sounds_have_no_difference() -> None:
    sound = np.random.default_rng(1).uniform(-0.3, 0.3, (1, 9600)).astype(np.float32)
    picture = np.asarray(Image.open(io.BytesIO(draw_preview(sound, sound))), float)
    assert picture[2 * ROWS :].max() < 40
