"""What all ways of playing take from a model."""

from pathlib import Path

import numpy as np
import pytest

from distill.inference.modes.base import GenerationJob
from distill.inference.modes.request import Request
from distill.inference.sampling.context import frame_bank_for, length_limits
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.steering import Steering
from distill.models.chunked import encode_audio
from distill.models.persistence import LoadedVQModel, load_model_v2


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


def test_sounds_last_as_long_as_those_of_the_corpus(loaded: LoadedVQModel) -> None:
    """Plucks of 0.15 to 0.92 s, some of which are held out."""
    bounds = length_limits(loaded)
    assert 0.1 * loaded.model.frame_rate <= bounds.shortest < 0.4 * loaded.model.frame_rate
    assert bounds.longest is not None
    assert (
        bounds.shortest
        < 0.6 * loaded.model.frame_rate
        < bounds.longest
        <= 0.95 * loaded.model.frame_rate
    )


def test_silence_is_what_cannot_be_heard(loaded: LoadedVQModel) -> None:
    units = frame_bank_for(loaded, Sampling())
    assert units is not None
    assert units.is_silent is not None
    noise = (
        np.random.default_rng(0)
        .standard_normal((1, 20 * loaded.model.frame_hop))
        .astype(np.float32)
    )
    for level, silent in ((0.0, True), (0.1, False)):
        assert bool(
            (units.is_silent(encode_audio(loaded.model, level * noise).long()) == silent).all()
        )


@pytest.mark.parametrize(
    ("steering", "ends"),
    [({}, True), ({"brightness": ((0.0, 50.0),)}, True), ({"loudness": ((0.0, 9.0),)}, False)],
)
def test_silence_lasts_only_where_loudness_is_asked_for(
    loaded: LoadedVQModel, steering: dict, ends: bool
) -> None:
    job = GenerationJob(loaded, Request(1.0, steering=Steering(**steering)))
    assert job.frame_bank is not None
    assert (job.frame_bank.longest_silence is not None) is ends
    assert job.frame_bank is job.frame_bank
