"""New sounds: their prompt, and the same sound in a batch, alone and longer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from distill.audio.fades import FADE_OUT_S
from distill.audio.limiter import limiter_reach
from distill.errors import UsageError
from distill.inference import generate as module
from distill.inference.generate import Generated
from distill.inference.modes.new import TOGETHER
from distill.inference.modes.request import Request
from distill.inference.sampling.curves import Steering
from distill.inference.sampling.settings import Sampling
from distill.models.persistence import LoadedVQModel, load_model_v2


def generate(loaded: LoadedVQModel, *arguments: Any, **options: Any) -> list[Generated]:
    """The sounds of a request with these fields."""
    return list(module.generate(loaded, Request(*arguments, **options)))


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


@pytest.mark.parametrize(
    ("sampling", "steering"),
    [
        (Sampling(), Steering()),
        (Sampling(nearness=0.2, lead_in=0), Steering()),
        (
            Sampling(),
            Steering(brightness=((0.0, 20.0), (0.5, 90.0)), tags=(("low", 1.0),), guidance=2.0),
        ),
    ],
    ids=["usual", "free", "steered"],
)
def test_what_is_drawn_together_is_what_is_drawn_alone(
    loaded: LoadedVQModel, sampling: Sampling, steering: Steering
) -> None:
    """More than are drawn at once, so that there are two batches of other sizes."""
    settings: dict[str, Any] = {"sampling": sampling, "steering": steering}
    several = generate(loaded, 1.0, seed=5, count=TOGETHER + 3, **settings)
    assert [sound.recipe.seed for sound in several] == list(range(5, 5 + TOGETHER + 3))
    for i in (0, 3, TOGETHER - 1, TOGETHER, TOGETHER + 2):
        (single,) = generate(loaded, 1.0, seed=5 + i, **settings)
        assert torch.equal(single.codes, several[i].codes)
        assert np.array_equal(single.audio, several[i].audio)
        assert single.recipe == several[i].recipe


def test_longer_output_begins_alike(loaded: LoadedVQModel) -> None:
    """Nothing about the length enters the drawing, even far beyond the training context, nor what
    is heard."""
    short = generate(loaded, 2.0, seed=1)[0]
    long = generate(loaded, 5.0, seed=1, gain=short.recipe.gain)[0]
    assert np.array_equal(short.codes, long.codes[: len(short.codes)])
    # The end fades out, and the limiter looks a little ahead.
    alike = (
        short.audio.shape[1]
        - round(FADE_OUT_S * short.sample_rate)
        - limiter_reach(short.sample_rate)
    )
    assert np.array_equal(short.audio[:, :alike], long.audio[:, :alike])


def test_it_begins_from_a_recording_that_is_named(loaded: LoadedVQModel) -> None:
    low = generate(loaded, 0.5, seed=3, sampling=Sampling(like="low/", lead_in=1.0))[0]
    assert low.prompt_names
    assert all(name.startswith("low/") for name in low.prompt_names)
    single = generate(loaded, 0.5, seed=3, sampling=Sampling(lead_in=0))[0]
    assert single.prompt_names == ()
    high = generate(loaded, 0.5, seed=3, sampling=Sampling(like="high/", lead_in=1.0))[0]
    assert not np.array_equal(low.audio, high.audio)
    with pytest.raises(UsageError, match="has 'trombone' in its name"):
        generate(loaded, 0.5, sampling=Sampling(like="trombone"))


def test_a_prior_without_recordings_begins_from_nothing(loaded: LoadedVQModel) -> None:
    metadata = {k: v for k, v in (loaded.prior_metadata or {}).items() if k != "recordings"}
    old = replace(loaded, prior_metadata=metadata)
    assert generate(old, 0.5)[0].prompt_names == ()
    with pytest.raises(UsageError, match="keeps no recordings"):
        generate(old, 0.5, sampling=Sampling(like="low"))
