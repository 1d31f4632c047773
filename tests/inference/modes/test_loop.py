"""Loops go round without a click."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.timing import Timing
from distill.errors import UsageError
from distill.inference.generate import Generated, generate
from distill.inference.modes import loop as loop_mode
from distill.inference.modes.loop import closest_ends, decode_circle
from distill.inference.modes.request import ModeSettings, Request
from distill.inference.sampling.settings import Sampling
from distill.models.chunked import decode_codes
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.settings import SAMPLE_RATE


@pytest.fixture(scope="module")
def loops(trained: Path) -> list[Generated]:
    loaded: LoadedVQModel = load_model_v2(trained)
    return [*generate(loaded, Request(1.0, seed=1, count=3, mode=ModeSettings("loop")))]


def test_the_loop_point_is_no_click(loops: list[Generated]) -> None:
    for loop in loops:
        within = np.abs(np.diff(loop.audio[0]))
        assert abs(loop.audio[0, 0] - loop.audio[0, -1]) <= np.quantile(within, 0.999)


def test_levels_at_the_loop_point_are_as_within(loops: list[Generated]) -> None:
    """In pieces of 50 ms; within any of the loops, since each has a few hits only."""
    size = SAMPLE_RATE // 20
    steps, seams = [], []
    for loop in loops:
        pieces = loop.audio[0, : loop.audio.shape[1] // size * size].reshape(-1, size)
        levels = 20 * np.log10(np.sqrt(np.square(pieces).mean(1)) + 1e-3)
        ends = loop.audio[0, :size], loop.audio[0, -size:]
        first, last = (20 * np.log10(np.sqrt(np.square(end).mean()) + 1e-3) for end in ends)
        steps.append(np.abs(np.diff(levels)).max())
        seams.append(abs(first - last))
    assert max(seams) <= max(steps)


def test_it_is_whole_frames_and_about_as_long_as_asked(loops: list[Generated]) -> None:
    for loop in loops:
        assert loop.audio.shape[1] % len(loop.codes) == 0
        assert abs(loop.audio.shape[1] - SAMPLE_RATE) <= 0.13 * SAMPLE_RATE
        assert np.abs(loop.audio).max() <= 10 ** (-0.3 / 20)


@given(period=st.integers(20, 40), asked=st.integers(20, 40), seed=st.integers(0, 50))
def test_what_repeats_is_cut_where_it_does(period: int, asked: int, seed: int) -> None:
    cycle = torch.randn(period, 4, generator=torch.Generator().manual_seed(seed))
    values = cycle.repeat(5, 1)
    start, stop = closest_ends(values, asked, 20, 5)
    assert (stop - start) % period == 0
    assert start >= 5
    assert stop + 5 <= len(values)


@pytest.mark.parametrize(("tempo", "bars"), [(120.0, 1.0), (97.3, 2.0)])
def test_in_time_it_is_exact_to_the_sample(trained: Path, tempo: float, bars: float) -> None:
    loaded = load_model_v2(trained)
    request = Request(bars=bars, seed=1, mode=ModeSettings("loop"), sampling=Sampling(tempo=tempo))
    (loop,) = generate(loaded, request)
    assert loop.audio.shape[1] == round(bars * 4 * 60 / tempo * SAMPLE_RATE)
    assert loop.timing == Timing(tempo, round(4 * bars), 4, is_loop=True)


@pytest.mark.parametrize("samples", [40 * 1024, 39 * 1024 + 500])
def test_its_seam_is_a_step_that_the_decoder_makes(
    trained: Path, monkeypatch: pytest.MonkeyPatch, samples: int
) -> None:
    codec = load_model_v2(trained).model
    codes = torch.randint(8, (40, codec.num_quantizers), generator=torch.Generator().manual_seed(0))
    decoded: list[np.ndarray] = []

    def decode_and_keep(*arguments) -> np.ndarray:
        decoded.append(decode_codes(*arguments))
        return decoded[-1]

    monkeypatch.setattr(loop_mode, "decode_codes", decode_and_keep)
    circle = decode_circle(codec, codes, samples)
    start = (codec.receptive_field[1] + 1) * codec.frame_hop
    # The sample before the start is the last one of the loop.
    step = decoded[0][0, start] - decoded[0][0, start - 1]
    assert circle[0, 0] - circle[0, -1] == pytest.approx(step, abs=1e-3)
    assert circle.shape[1] == samples


def test_without_bars_it_is_the_nearest_whole_number_of_beats(trained: Path) -> None:
    loaded = load_model_v2(trained)
    sampling = Sampling(tempo=100.0)
    (loop,) = generate(loaded, Request(1.0, seed=1, mode=ModeSettings("loop"), sampling=sampling))
    assert loop.audio.shape[1] == round(2 * 0.6 * SAMPLE_RATE)
    short = Request(0.2, seed=1, mode=ModeSettings("loop"), sampling=sampling)
    with pytest.raises(UsageError, match="shorter than a beat"):
        list(generate(loaded, short))
