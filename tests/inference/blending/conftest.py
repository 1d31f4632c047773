"""Another version of the session's model, and a model that is none."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.settings import SAMPLE_RATE
from tests.conftest import made_once

TINY = {"batch_size": 4, "crop_frames": 12, "threads": 1}
"""Settings for a training of seconds, beside those of the codec."""


def bell(hertz: float, seconds: float = 0.5) -> np.ndarray:
    """A bright tone that dies away, `[N]`."""
    time_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return 0.3 * np.sin(2 * np.pi * hertz * time_s) * np.exp(-9 * time_s)


@pytest.fixture(scope="session")
def bells_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four bells, in stereo."""

    def make(folder: Path) -> None:
        for hertz in (900, 1300, 1900, 2800):
            sides = np.stack([bell(hertz), bell(hertz * 1.01)], 1)
            sf.write(folder / f"bell {hertz}.wav", sides, SAMPLE_RATE)

    return made_once(tmp_path_factory, "bells", make)


@pytest.fixture(scope="session")
def version_path(trained: Path, bells_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The next version of `trained`, which has gone on with bells alone."""

    def make(folder: Path) -> None:
        path = folder / "bells-v2.sda"
        distill.continue_model(trained, bells_dir, path, steps=30, **TINY)
        quick: dict[str, Any] = {"max_epochs": 2, "batch_size": 4, "encodings": 2, "threads": 1}
        distill.train_prior(path, bells_dir, min_steps_per_epoch=6, **quick)

    return made_once(tmp_path_factory, "version", make) / "bells-v2.sda"


@pytest.fixture(scope="session")
def stranger_path(bells_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A codec of bells with codes of its own, in stereo and without a prior."""

    def make(folder: Path) -> None:
        sizes = {"hidden_size": 48, "codebook_size": 24, "num_quantizers": 2}
        distill.train(bells_dir, folder / "a:strange bell.sda", steps=40, **sizes, **TINY)

    return made_once(tmp_path_factory, "stranger", make) / "a:strange bell.sda"


@pytest.fixture
def first(trained: Path) -> LoadedVQModel:
    """The session's model."""
    return load_model_v2(trained)


@pytest.fixture
def second(version_path: Path) -> LoadedVQModel:
    """Its other version."""
    return load_model_v2(version_path)


@pytest.fixture
def stranger(stranger_path: Path) -> LoadedVQModel:
    """The model that is no version of it."""
    return load_model_v2(stranger_path)
