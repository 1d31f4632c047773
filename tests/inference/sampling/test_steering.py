from pathlib import Path

import numpy as np
import pytest
import torch

import distill
from distill.audio.descriptor_names import DESCRIPTORS
from distill.audio.descriptors import measure
from distill.errors import UsageError
from distill.inference.sampling.curves import steer
from distill.inference.sampling.steering import steering_scale, steering_targets
from distill.models.persistence import LoadedVQModel, load_model_v2, save_prior_to_model
from distill.models.prior import CodePrior
from distill.settings import SAMPLE_RATE


@pytest.fixture(scope="module")
def model(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


@pytest.fixture
def unsteered(model: LoadedVQModel, trained: Path, tmp_path: Path) -> LoadedVQModel:
    """The model as an older Distill wrote it."""
    assert model.prior is not None
    assert model.prior_config is not None
    config = {k: v for k, v in model.prior_config.items() if k not in ("descriptors", "tags")}
    prior = CodePrior(model.model.codebook_size, **config)
    prior.load_state_dict(
        {k: v for k, v in model.prior.state_dict().items() if not k.startswith("reader.")}
    )
    metadata = {k: v for k, v in (model.prior_metadata or {}).items() if k != "steering"}
    metadata["recordings"] = [
        {k: v for k, v in r.items() if k != "traits"} for r in metadata["recordings"]
    ]
    path = tmp_path / "old.sda"
    path.write_bytes(trained.read_bytes())
    return load_model_v2(save_prior_to_model(path, prior, config, metadata))


def test_curves_are_straight_between_their_points(model: LoadedVQModel) -> None:
    frames = round(3 * model.model.frame_rate)
    steering = steer(None, 3, brightness="1:0,2:100", noisiness=30)
    targets = steering_targets(steering, model, frames)
    assert targets is not None
    row = dict(zip(DESCRIPTORS, targets.values[0].T, strict=False))
    at = (torch.arange(frames) + 0.5) / model.model.frame_rate
    assert torch.allclose(row["brightness"], (at - 1).clamp(0, 1), atol=1e-5)
    assert torch.allclose(row["noisiness"], torch.tensor(0.3))
    assert row["loudness"].isnan().all()
    assert targets.values[0, :, len(DESCRIPTORS) :].isnan().all()
    later = steering_targets(steer(None, 3, brightness="1:0,2:100"), model, 1, start=1.5)
    assert later is not None
    assert float(later.at(0)[0, DESCRIPTORS.index("brightness")]) == pytest.approx(0.5, abs=0.02)


def test_tags_are_the_folders(model: LoadedVQModel) -> None:
    scale = steering_scale(model)
    assert scale is not None
    assert scale.tags == ("high", "low")
    targets = steering_targets(steer(None, 1, ["high:1", "low:3"]), model, 1)
    assert targets is not None
    assert targets.values[0, 0, len(DESCRIPTORS) :].tolist() == [0.25, 0.75]
    with pytest.raises(UsageError, match="no tag 'drums': there are high, low"):
        steering_targets(steer(None, 1, ["drums"]), model, 1)


def test_an_older_prior_runs_free_only(unsteered: LoadedVQModel, model: LoadedVQModel) -> None:
    (free,), (same,) = (distill.generate(m, 0.5, seed=3) for m in (unsteered, model))
    assert np.array_equal(free.audio, same.audio)
    with pytest.raises(UsageError, match="trained without steering"):
        distill.generate(unsteered, 0.5, brightness=50)


def middle(audio: np.ndarray, name: str) -> float:
    return float(np.nanmedian(measure(audio, SAMPLE_RATE, 1024)[:, DESCRIPTORS.index(name)]))


@pytest.mark.parametrize("name", ["loudness", "brightness"])
def test_more_gives_more(model: LoadedVQModel, name: str) -> None:
    low, high = (
        distill.generate(model, 1.5, seed=1, count=8, **{name: value}) for value in (30, 95)
    )
    # One sound may lie anywhere: those who ask get more on the whole.
    means = [np.nanmean([middle(sound.audio, name) for sound in sounds]) for sounds in (low, high)]
    assert means[0] < means[1]
    if name == "loudness":
        assert {sound.recipe.gain for sound in (*low, *high)} == {1}


@pytest.mark.parametrize("lead_in", [0.0, 4.0], ids=["from nothing", "after a recording"])
def test_blends_of_tags_lie_between_their_tags(model: LoadedVQModel, lead_in: float) -> None:
    """Of plucks that are low in one folder and high in the other; eight sounds each."""

    def pitch(**tags: float) -> float:
        sounds = distill.generate(model, 1.5, seed=1, count=8, tags=tags, lead_in=lead_in)
        return float(np.nanmean([middle(sound.audio, "pitch") for sound in sounds]))

    low, mostly_low, even, high = (
        pitch(low=1),
        pitch(low=3, high=1),
        pitch(low=1, high=1),
        pitch(high=1),
    )
    assert low < mostly_low < high
    assert low < even < high
    assert high > 1.5 * low
