"""Facts of the corpus that a draw takes from the model file."""

from pathlib import Path

import numpy as np
import pytest

from distill.inference.sampling.context import frame_bank_for, length_limits
from distill.inference.sampling.settings import Sampling
from distill.models.chunked import encode_audio
from distill.models.persistence import LoadedVQModel, load_model_v2


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


def test_sounds_last_as_long_as_those_of_the_corpus(loaded: LoadedVQModel) -> None:
    """Plucks of 0.15 to 0.92 s; some are held out."""
    limits = length_limits(loaded)
    assert 0.1 * loaded.model.frame_rate <= limits.shortest < 0.4 * loaded.model.frame_rate
    assert limits.longest is not None
    assert (
        limits.shortest
        < 0.6 * loaded.model.frame_rate
        < limits.longest
        <= 0.95 * loaded.model.frame_rate
    )


def test_silence_is_what_cannot_be_heard(loaded: LoadedVQModel) -> None:
    bank = frame_bank_for(loaded, Sampling())
    assert bank is not None
    assert bank.is_silent is not None
    noise = (
        np.random.default_rng(0)
        .standard_normal((1, 20 * loaded.model.frame_hop))
        .astype(np.float32)
    )
    for level, silent in ((0.0, True), (0.1, False)):
        assert bool(
            (bank.is_silent(encode_audio(loaded.model, level * noise).long()) == silent).all()
        )
