"""Sound as it is drawn."""

import tracemalloc
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import sosfilt

import distill
from distill.audio.fades import fade_in
from distill.audio.finish import highpass
from distill.audio.limiter import limit_peaks
from distill.audio.stereo import mix_channels
from distill.errors import NoPriorError, UsageError
from distill.inference.modes.stream import BLOCK_S
from distill.models.chunked import decode_codes
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE


@pytest.fixture(scope="module")
def model(trained: Path) -> LoadedVQModel:
    return distill.load(trained, "cpu", 1)


def first_seconds(model: LoadedVQModel, seconds: float, **settings: object) -> np.ndarray:
    n_samples, blocks, got = round(seconds * model.model.sample_rate), [], 0
    for block in distill.stream(model, **settings):
        blocks.append(block)
        got += block.shape[1]
        if got >= n_samples:
            break
    return np.concatenate(blocks, 1)[:, :n_samples]


def as_streamed(model: LoadedVQModel, seconds: float, **settings: object) -> np.ndarray:
    """The first `seconds` of what `generate` draws, decoded as a whole, at the level that the prior
    gives it."""
    codes = distill.generate(model, seconds + 1.0, **settings)[0].codes
    decoded = mix_channels(decode_codes(model.model, codes), model.output_channels)
    even = sosfilt(highpass(SAMPLE_RATE), decoded, axis=1).astype(np.float32)
    return limit_peaks(fade_in(even, SAMPLE_RATE), SAMPLE_RATE)[:, : round(seconds * SAMPLE_RATE)]


def test_a_stream_is_what_generate_draws_from_the_seed(model: LoadedVQModel) -> None:
    streamed = first_seconds(model, 2.0, seed=3)
    assert np.abs(streamed - as_streamed(model, 2.0, seed=3)).max() < 1e-4
    assert not np.array_equal(streamed, first_seconds(model, 2.0, seed=4))
    assert np.array_equal(streamed, first_seconds(model, 2.0, seed=3))


def test_a_steered_stream_is_what_generate_draws_with_the_same_steering(
    model: LoadedVQModel,
) -> None:
    curve = "0:10,1:90"
    streamed = first_seconds(model, 1.5, seed=3, brightness=curve)
    assert np.abs(streamed - as_streamed(model, 1.5, seed=3, brightness=curve)).max() < 1e-4
    assert not np.array_equal(streamed, first_seconds(model, 1.5, seed=3))
    with pytest.raises(UsageError, match="between 0 and 100"):
        distill.stream(model, brightness=101)


def test_blocks_are_short_and_join_without_a_seam(model: LoadedVQModel) -> None:
    blocks = list(islice(distill.stream(model, seed=1), 12))
    hop = model.model.frame_hop
    assert {block.shape for block in blocks} == {(1, round(BLOCK_S * model.model.frame_rate) * hop)}
    sound = np.concatenate(blocks, 1)[0]
    assert sound.dtype == np.float32
    steps, joins = np.abs(np.diff(sound)), np.cumsum([block.shape[1] for block in blocks])[:-1] - 1
    assert steps[joins].max() <= steps.max()
    assert np.median(steps[joins]) < 10 * np.median(steps)
    assert np.abs(sound).max() <= 10 ** (-0.5 / 20) + 1e-6


def test_blocks_come_with_their_codes(model: LoadedVQModel) -> None:
    blocks = list(islice(distill.stream(model, seed=3).blocks(), 8))
    hop = model.model.frame_hop
    assert all(block.sound.shape[1] == len(block.codes) * hop for block in blocks)
    codes = np.concatenate([block.codes for block in blocks])
    (generated,) = distill.generate(model, len(codes) * hop / SAMPLE_RATE, seed=3)
    assert np.array_equal(codes, generated.codes)
    for block, sound in zip(blocks, distill.stream(model, seed=3), strict=False):
        assert np.array_equal(block.sound, sound)


def test_a_model_without_a_prior_has_nothing_to_stream(codec_only: Path) -> None:
    with pytest.raises(NoPriorError, match="train-prior"):
        distill.stream(distill.load(codec_only, "cpu", 1))


def test_it_begins_without_a_click(model: LoadedVQModel) -> None:
    streamed = first_seconds(model, 0.5, seed=3)
    assert np.abs(streamed[:, 0]).max() == 0
    # Less than a twentieth of the fade has passed.
    assert np.abs(streamed[:, :3]).max() < 0.1 * np.abs(streamed).max()


def test_memory_stays_as_it_is(model: LoadedVQModel) -> None:
    stream, held = distill.stream(model, seed=2), []
    list(islice(stream, 12))
    tracemalloc.start()
    for _ in range(2):
        list(islice(stream, 16))
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    # Four seconds of sound more, which are kept nowhere.
    assert held[1] - held[0] < 0.2 * 4 * SAMPLE_RATE * 4


def test_a_stream_says_what_time_it_lacks(trained: Path) -> None:
    """Before the first block is asked for."""
    with pytest.raises(UsageError, match="keep no beat: give --tempo with --form"):
        distill.stream(distill.load(trained), seed=1, form="AB")
