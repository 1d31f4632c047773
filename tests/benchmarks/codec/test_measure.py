"""Figures of reduced versions of the codec, and of its codes."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import torch

import distill
from benchmarks.codec import measure, metrics
from distill.inference.codes.decode import decode_sound
from distill.settings import SAMPLE_RATE


@pytest.fixture
def sound(corpus_dir: Path) -> np.ndarray:
    """`[1, N]`, about half a second."""
    return sf.read(sorted(corpus_dir.rglob("*.wav"))[3], dtype="float32")[0][None]


def test_unquantised_is_as_if_each_frame_had_an_entry_of_its_own(
    trained: Path, sound: np.ndarray
) -> None:
    loaded = distill.load(trained, "cpu", 1)
    model = deepcopy(loaded.model)
    hop = model.frame_hop
    padded = torch.from_numpy(np.pad(sound, ((0, 0), (0, -sound.shape[1] % hop))))
    model.rvq.codebooks = model.latents(padded[None])
    model.config |= {"codebook_size": padded.shape[1] // hop, "num_quantizers": 1}
    # The frame memory of each frame is that of its own codes.
    slots, is_found = model.memory.find(loaded.model.encode(padded[None])[0])
    assert is_found.any()
    model.memory.keys = torch.arange(len(slots))
    model.memory.vectors = torch.nn.Parameter(model.memory.vectors[slots] * is_found[:, None])
    unlimited = replace(loaded, model=model)
    decoded = decode_sound(unlimited, distill.encode(unlimited, sound))
    result = measure.decode_unquantised(loaded, sound)
    assert result.shape == sound.shape
    assert np.abs(result - decoded).max() < 0.02 * np.abs(decoded).max()
    quantised = decode_sound(loaded, distill.encode(loaded, sound))
    assert np.abs(result - quantised).max() > 0.1 * np.abs(decoded).max()


def test_a_stereo_codec_is_measured_in_mono_and_in_stereo(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for i in range(5):
        wide = 0.1 * np.random.RandomState(i).standard_normal((SAMPLE_RATE // 2, 2)) * (1, 0.5)
        sf.write(sounds / f"{i}.wav", wide, SAMPLE_RATE)
    distill.train(sounds, tmp_path / "wide.sda", steps=5, channels=2, **tiny)
    loaded = distill.load(tmp_path / "wide.sda", "cpu", 1)
    result = measure.measure(
        loaded, sounds / "0.wav", tmp_path / "0.wav", with_baselines=False, with_visqol=False
    )
    assert sf.info(tmp_path / "0.wav").channels == 2
    assert result.stereo["correlation_source"] == pytest.approx(0, abs=0.03)
    assert result.stereo["width_source_db"] == pytest.approx(0, abs=0.3)
    written = metrics.stereo(metrics.load(sounds / "0.wav"), metrics.load(tmp_path / "0.wav"))
    assert result.stereo == pytest.approx(written, abs=0.1)
    assert 0 < result.systems[measure.UNQUANTISED]["mel7"] < 20
    assert measure.decode_unquantised(loaded, np.zeros((2, 4000), np.float32)).shape == (2, 4000)


def test_the_use_of_levels() -> None:
    codes = np.stack([np.arange(8) % 4, np.zeros(8, int)], 1)
    even, single = measure.level_use(codes, 8)
    assert even == {"utilisation": 0.5, "perplexity": pytest.approx(4)}
    assert single == {"utilisation": 1 / 8, "perplexity": pytest.approx(1)}


def test_means_over_files_leave_out_nan() -> None:
    rows = [
        {"codec": {"mel7": 1.0, "visqol": float("nan")}},
        {"codec": {"mel7": 3.0, "visqol": 4.0}},
    ]
    assert measure.means(rows) == {"codec": {"mel7": 2.0, "visqol": 4.0}}
