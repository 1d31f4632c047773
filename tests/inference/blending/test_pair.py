"""Two models for one sound: versions of one, and models that have nothing in common."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import distill
from distill.errors import CodebookMismatchError, ModelFileError, NoPriorError, UsageError
from distill.inference.blending.pair import open_pair
from distill.inference.blending.settings import Blend
from distill.inference.codes.decode import decode_sound
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE

SETTINGS: dict[str, Any] = {"duration": 1.5, "seed": 3, "lead_in": 0.5}


def sound(model: LoadedVQModel, blend: Any = None, **changes: Any) -> distill.Generated:
    return distill.generate(model, **(SETTINGS | changes), blend=blend)[0]


def test_versions_at_the_ends_are_one_model_to_the_bit(
    first: LoadedVQModel, second: LoadedVQModel
) -> None:
    for share, alone in ((0, first), (1, second)):
        blended = sound(first, (second, share))
        assert np.array_equal(blended.audio, sound(alone).audio)
        assert blended.recipe.model_hash == first.weights_hash
        assert blended.recipe.blend is not None
        assert blended.recipe.blend.hash == second.weights_hash
        assert blended.recipe.blend.versions


def test_a_blend_in_a_batch_is_that_alone(first: LoadedVQModel, second: LoadedVQModel) -> None:
    blend = (second, 0.5)
    together = distill.generate(first, **SETTINGS, count=3, blend=blend)
    alone = sound(first, blend, seed=SETTINGS["seed"] + 2)
    assert np.array_equal(together[2].audio, alone.audio)
    for other in (first, second):
        assert not np.array_equal(alone.audio, sound(other, seed=SETTINGS["seed"] + 2).audio)


def test_a_stream_blends_versions(first: LoadedVQModel, second: LoadedVQModel) -> None:
    blend = (second, 0.4)
    block = next(distill.stream(first, 3, lead_in=0.5, blend=blend))
    alone = next(distill.stream(first, 3, lead_in=0.5))
    assert block.shape == alone.shape
    assert not np.array_equal(block, alone)


def test_another_model_renders_the_sound_as_far_as_its_share_goes(
    first: LoadedVQModel, stranger: LoadedVQModel
) -> None:
    alone = sound(first)
    none = sound(first, (stranger, 0))
    assert np.array_equal(none.audio, alone.audio)
    whole = sound(first, (stranger, 1.0))
    half = sound(first, (stranger, 0.5))
    assert whole.audio.shape == half.audio.shape == alone.audio.shape
    assert whole.loudness == pytest.approx(alone.loudness, abs=1)
    assert whole.recipe.blend is not None
    assert not whole.recipe.blend.versions
    # The codes are those of the model that rendered it.
    assert whole.grid.codebook_hash == stranger.model.codebook_hash()
    decoded = decode_sound(stranger, whole.grid)[:1]
    assert decoded.shape == whole.audio.shape
    # Without the filter, the fades and the limiter of a finished sound.
    assert np.corrcoef(decoded, whole.audio)[0, 1] > 0.95
    assert whole.copy is not None


def test_again_makes_a_blend_once_more(
    first: LoadedVQModel, stranger_path: Path, version_path: Path, tmp_path: Path
) -> None:
    for path in (version_path, stranger_path):
        made = sound(first, f"{path}:0.4")
        file = made.save(tmp_path / "blend.wav")
        again = distill.generate_again(first, file, blend=path)
        assert np.array_equal(made.audio, again.audio)
        assert again.recipe == made.recipe
        with pytest.raises(UsageError, match=f"blended with '{path.name}'.*name that with --blend"):
            distill.generate_again(first, file)
        (tmp_path / path.name).symlink_to(path)
        beside = distill.generate_again(first, file)
        assert np.array_equal(made.audio, beside.audio)
        other = stranger_path if path == version_path else version_path
        with pytest.raises(CodebookMismatchError, match="is not the model that the sound was"):
            distill.generate_again(first, file, blend=other)
    with pytest.raises(UsageError, match="generate another sound of that length"):
        distill.generate_again(first, file, duration=3.0)


def test_a_loop_stays_a_loop(first: LoadedVQModel, stranger: LoadedVQModel) -> None:
    loop = sound(first, (stranger, 0.6), loop=True)
    seam = np.abs(loop.audio[:, 0] - loop.audio[:, -1]).max()
    steps = np.abs(np.diff(loop.audio, axis=1)).max()
    assert seam <= steps


def test_models_that_do_not_blend(
    first: LoadedVQModel,
    second: LoadedVQModel,
    stranger: LoadedVQModel,
    codec_only: Path,
    tmp_path: Path,
) -> None:
    wav = sound(first).save(tmp_path / "source.wav")
    for blend, error, message in (
        ((first.path, 0.4), UsageError, "takes another model than"),
        ((tmp_path / "none.sda", 0.4), ModelFileError, "There is no model file at"),
        ((wav, 0.4), ModelFileError, "source.wav"),
        (("a" * 300 + ".sda", 0.4), ModelFileError, "cannot be read"),
        ((codec_only, 0.4), NoPriorError, "has no prior yet"),
    ):
        with pytest.raises(error, match=message):
            sound(first, blend)
    with pytest.raises(UsageError, match="With --variation-of both models have to be versions"):
        distill.generate(first, variation_of=wav, blend=(stranger, 0.4))
    with pytest.raises(UsageError, match="A stream blends versions of one model"):
        distill.stream(first, blend=(stranger, 0.4))
    varied = distill.generate(first, variation_of=wav, blend=(second, 0.4), seed=1)[0]
    assert varied.audio.shape[1] == round(SETTINGS["duration"] * SAMPLE_RATE)


def test_a_blend_without_a_share_is_refused(first: LoadedVQModel, version_path: Path) -> None:
    with pytest.raises(UsageError, match="--blend takes a model file and its share"):
        open_pair(first, Blend(path=version_path, share=None))
