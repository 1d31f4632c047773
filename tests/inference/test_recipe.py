import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from distill.audio.io import write_sound
from distill.errors import AudioError, CodebookMismatchError, UsageError
from distill.inference.recipe import KEY, Recipe, model_hash, read_recipe
from distill.inference.sampling import Sampling
from distill.models.persistence import load_model_v2

RECIPE = Recipe("1", "id", "hash", "cpu", 2, 7, 1.5, Sampling(0.9, 5, 0.8), 1 / 3)
SILENCE = np.zeros((1, 480), np.float32)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg"])
def test_a_recipe_comes_back_whole(tmp_path: Path, ending: str) -> None:
    path = write_sound(tmp_path / f"a.{ending}", SILENCE, tags=RECIPE.tags(copy={"percent": 3.0}))
    assert read_recipe(path) == RECIPE


@pytest.mark.parametrize(
    "change",
    [
        {"seed": "7"},
        {"duration": None},
        {"sampling": {"hot": 1}},
        {"sampling": []},
        {"x": 1},
        {"steering": []},
        {"steering": {"pitch": [1]}},
    ],
)
def test_what_no_distill_wrote_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    entries = json.loads(RECIPE.tags()["comment"])[KEY] | change
    path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": json.dumps({KEY: entries})})
    with pytest.raises(AudioError, match=r"a\.wav"):
        read_recipe(path)


@pytest.mark.parametrize("comment", [None, "", "a take from May", "[]", '{"distill": 3}'])
def test_other_sounds_are_refused(tmp_path: Path, comment: str | None) -> None:
    path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": comment} if comment else None)
    with pytest.raises(AudioError, match="does not say how it was made"):
        read_recipe(path)


def test_settings_out_of_range_are_refused(tmp_path: Path) -> None:
    comment = RECIPE.tags()["comment"].replace("0.8", "8.0")
    path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": comment})
    with pytest.raises(UsageError, match="--top-p"):
        read_recipe(path)


def test_the_hash_is_that_of_the_weights(trained: Path, codec_only: Path) -> None:
    loaded, same, other = load_model_v2(trained), load_model_v2(trained), load_model_v2(codec_only)
    assert model_hash(loaded) == model_hash(same) != model_hash(other)
    recipe = replace(RECIPE, model_hash=model_hash(loaded))
    recipe.check_model(same, "a.wav")
    with pytest.raises(CodebookMismatchError, match=str(codec_only)):
        recipe.check_model(other, "a.wav")
    assert same.prior is not None
    next(same.prior.parameters()).data.add_(1.0)
    assert model_hash(loaded) != model_hash(same)
