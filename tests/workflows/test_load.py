"""Models by their path, and by a sound that they made."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import distill
from distill.errors import NotAModelError, UsageError
from distill.inference.recipe import Recipe, read_recipe
from distill.workflows.load import MOST_WORKERS, find_model


@pytest.fixture
def sound(trained: Path, tmp_path: Path) -> Path:
    """A generated sound in a folder of its own, without its model."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    model = distill.load(trained, threads=1)
    return distill.generate(model, 0.2, seed=1)[0].save(folder / "new.wav")


@pytest.fixture
def recipe(sound: Path) -> Recipe:
    return read_recipe(sound)


def test_a_loaded_model_is_ready_to_use(trained: Path) -> None:
    model = distill.load(str(trained), device="cpu", threads=1)
    assert torch.get_num_threads() == 1
    assert not model.model.training
    assert model.prior is not None
    assert not model.prior.training


def test_by_default_a_model_computes_on_one_thread_and_side_by_side(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside other programs, threads that share every product are slower than one."""
    for cores, workers in ((1, 1), (3, 3), (64, MOST_WORKERS)):
        monkeypatch.setattr("distill.workflows.load.default_threads", lambda cores=cores: cores)
        model = distill.load(trained, device="cpu")
        assert (torch.get_num_threads(), model.model.workers) == (1, workers)
        assert distill.load(trained, device="cpu", threads=1).model.workers == 1


def test_sounds_side_by_side_are_those_one_after_the_other(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sounds = []
    for cores in (1, 3):
        monkeypatch.setattr("distill.workflows.load.default_threads", lambda cores=cores: cores)
        model = distill.load(trained, device="cpu")
        sounds.append(distill.generate(model, 0.5, seed=1, count=5))
    for alone, beside in zip(*sounds, strict=True):
        assert np.array_equal(alone.audio, beside.audio)
        assert alone.recipe == beside.recipe
        assert alone.copy == beside.copy


def test_unknown_devices_are_refused(trained: Path) -> None:
    with pytest.raises(UsageError, match="Unknown device 'gpu'"):
        distill.load(trained, device="gpu")


@pytest.mark.parametrize("beside", [True, False], ids=["beside the sound", "in this folder"])
def test_the_model_of_a_sound_is_found(
    beside: bool,
    trained: Path,
    codec_only: Path,
    sound: Path,
    recipe: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    folder = sound.parent if beside else here
    # Others in the folder: a damaged file, and a model that did not make the sound.
    (folder / "a.sda").write_text("damaged")
    shutil.copy(codec_only, folder / "b.sda")
    with pytest.raises(UsageError, match="lies neither beside it nor in this folder"):
        find_model(recipe, sound)
    shutil.copy(trained, folder / "c.sda")
    assert find_model(recipe, sound).resolve() == (folder / "c.sda").resolve()


def test_without_a_sound_a_model_has_to_be_named(recipe: Recipe) -> None:
    for arguments in ((None, None), (recipe, None), (None, "new.wav")):
        with pytest.raises(UsageError, match="Which model"):
            find_model(*arguments)


def test_files_that_are_no_models(tmp_path: Path) -> None:
    (tmp_path / "x.sda").write_text("hello")
    with pytest.raises(NotAModelError):
        distill.load(tmp_path / "x.sda")
