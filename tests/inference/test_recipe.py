import json
import logging
import math
import random
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from distill.audio.descriptors import DESCRIPTORS
from distill.audio.io import write_sound
from distill.errors import AudioError, CodebookMismatchError, UsageError
from distill.inference.modes.request import ModeSettings, Request
from distill.inference.recipe import KEY, Recipe, read_recipe
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.steering import MOST_POINTS, Steering
from distill.models.persistence import load_model_v2

RECIPE = Recipe("1", "id", "hash", "cpu", 2, 7, 1.5, Sampling(0.9, 5, 0.8), 1 / 3, max_copy=20.0)
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
        {"way": {"kind": "backwards"}},
    ],
)
def test_what_no_distill_wrote_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    entries = json.loads(RECIPE.tags()["comment"])[KEY] | change
    path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": json.dumps({KEY: entries})})
    with pytest.raises(AudioError, match=r"a\.wav"):
        read_recipe(path)


def test_a_recipe_says_what_was_requested(trained: Path) -> None:
    request = Request(
        duration=1.5,
        seed=7,
        sampling=Sampling(top_k=5),
        mode=ModeSettings("loop"),
        steering=Steering(pitch=((0.0, 20.0),)),
        max_copy=20.0,
    )
    recipe = Recipe.of(load_model_v2(trained), request, seed=8, gain=0.5)
    assert (recipe.seed, recipe.gain, recipe.duration) == (8, 0.5, 1.5)
    assert (recipe.sampling, recipe.way) == (request.sampling, request.mode)
    assert (recipe.steering, recipe.max_copy) == (request.steering, 20.0)
    assert Recipe.of(load_model_v2(trained), Request(), seed=0, gain=1.0).steering == Steering()


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
    assert loaded.weights_hash == same.weights_hash != other.weights_hash
    recipe = replace(RECIPE, model_hash=loaded.weights_hash)
    recipe.check_model(same, "a.wav")
    with pytest.raises(CodebookMismatchError, match=re.escape(str(codec_only))):
        recipe.check_model(other, "a.wav")
    assert same.prior is not None
    next(same.prior.parameters()).data.add_(1.0)
    # Computed once for a model as loaded.
    assert replace(same).weights_hash != same.weights_hash == loaded.weights_hash


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"version": "0.0.9"}, "Distill 0.0.9 on cpu"),
        ({"device": "cuda"}, "on cuda with"),
        ({"threads": 77}, "with 77 threads"),
    ],
)
def test_another_version_device_or_thread_count_is_said(
    trained: Path, caplog: pytest.LogCaptureFixture, change: dict[str, Any], said: str
) -> None:
    loaded = load_model_v2(trained)
    original = Recipe.of(loaded, Request(), seed=1, gain=1.0)
    with caplog.at_level(logging.WARNING):
        replace(original, **change).check_model(loaded, "a.wav")
    assert len(caplog.messages) == bool(said)
    assert all("a.wav was made by" in message and said in message for message in caplog.messages)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg"])
def test_the_longest_curves_come_back_whole(tmp_path: Path, ending: str) -> None:
    rng = np.random.default_rng(0)
    count = MOST_POINTS // len(DESCRIPTORS)
    times = np.cumsum(10 * rng.random(count))
    curves = {name: tuple(zip(times, 100 * rng.random(count), strict=True)) for name in DESCRIPTORS}
    recipe = replace(RECIPE, steering=Steering(**curves))
    path = write_sound(tmp_path / f"a.{ending}", SILENCE, tags=recipe.tags())
    assert read_recipe(path) == recipe
    with pytest.raises(UsageError, match=f"All curves together may have {MOST_POINTS} points"):
        Steering(pitch=tuple((float(i), 50.0) for i in range(MOST_POINTS + 1)))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("sampling", "temperature"), "warm"),
        (("sampling", "top_k"), 1.5),
        (("sampling", "free_levels"), None),
        (("sampling", "like"), 3),
        (("way", "amount"), "half"),
        (("way", "source"), 7),
        (("way", "start"), [1]),
        (("steering", "brightness"), [["x", 1.0]]),
        (("steering", "brightness"), [[0.0, "x"]]),
        (("steering", "guidance"), "1"),
        (("steering", "tags"), [["drums", "much"]]),
        (("steering", "tags"), [[1, 1.0]]),
        (("seed",), 1.5),
        (("seed",), 2**80),
        (("seed",), -1),
        (("threads",), "2"),
        (("duration",), "long"),
        (("duration",), math.inf),
        (("gain",), math.nan),
        (("max_copy",), "a lot"),
        (("sampling",), 3),
        (("way",), []),
        (("steering",), "bright"),
        (("version",), None),
    ],
)
def test_other_types_are_one_sentence(tmp_path: Path, place: tuple[str, ...], value: Any) -> None:
    entries = json.loads(RECIPE.tags()["comment"])[KEY]
    target = entries
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": json.dumps({KEY: entries})})
    with pytest.raises(AudioError, match=r"a\.wav"):
        read_recipe(path)


@pytest.mark.parametrize("start", ["[", '{"distill":', '{"distill": {"sampling":' + "[" * 90])
def test_brackets_without_end_are_one_sentence(tmp_path: Path, start: str) -> None:
    comment = start + "[" * 20_000
    path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": comment})
    with pytest.raises(AudioError, match="does not say how it was made"):
        read_recipe(path)


def test_mutated_recipes_are_read_or_refused(tmp_path: Path) -> None:
    """Characters change where they like: a recipe comes out, or an error that is meant for you."""
    draw = random.Random(19)
    comment = RECIPE.tags()["comment"]
    for _ in range(200):
        place = draw.randrange(len(comment))
        mutated = comment[:place] + draw.choice('0123456789"[]{},:-.eEx') + comment[place + 1 :]
        path = write_sound(tmp_path / "a.wav", SILENCE, tags={"comment": mutated})
        with suppress(AudioError, UsageError):
            assert read_recipe(path).seed >= 0
