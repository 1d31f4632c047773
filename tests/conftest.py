"""Sounds, corpora and small trained models that many tests share; all made here."""

import math
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import torch
from filelock import FileLock
from hypothesis import settings

import distill
import distill.workflows.train
import distill.workflows.versions
from distill.inference.codes.grid import CodeGrid
from distill.models.levels import level_names
from distill.models.persistence import load_model_v2, save_model_v2, save_prior_to_model
from distill.settings import SAMPLE_RATE
from distill.training.config import VQVAEConfig, get_adaptive_vqvae_config
from distill.training.prior import attribute_targets
from distill.training.prior_config import PriorConfig

# The bin of the system is looked for when its library is imported: tests have one of their own.
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="distill-bin-")

# Tests start hundreds of processes: each would compile all of Distill anew without its bytecode.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Machines differ: how long an example takes decides nothing.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

HOP = 1024
"""Samples of a code frame."""

TINY = {
    "hidden_size": 48,
    "codebook_size": 32,
    "num_quantizers": 3,
    "batch_size": 4,
    "crop_frames": 12,
    "threads": 1,
}
TINY_PRIOR = {
    "max_epochs": 3,
    "hidden_size": 32,
    "num_layers": 2,
    "num_heads": 2,
    "batch_size": 4,
    "context_s": 1.0,
    "encodings": 2,
    "min_steps_per_epoch": 6,
    "threads": 1,
}


def pluck(frequency: float, seconds: float, seed: int = 0) -> np.ndarray:
    """A decaying tone with a noisy attack, `[N]`."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    rng = np.random.default_rng(seed)
    tone = sum(np.sin(2 * np.pi * frequency * k * t) / k for k in range(1, 6))
    noise = rng.standard_normal(len(t)) * np.exp(-t * 200)
    return (0.3 * tone * np.exp(-t * 6 / seconds) + 0.2 * noise).astype(np.float32)


@pytest.fixture(scope="session", autouse=True)
def _signals_as_in_a_terminal() -> None:
    """In the background of a script, or under `nohup`, tests begin with some signals ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _own_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set up before the fixtures of modules, which start commands too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISTILL_WORKSPACE", str(tmp_path_factory.getbasetemp() / "workspace"))
        yield


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("DISTILL_WORKSPACE", str(tmp_path_factory.getbasetemp() / "workspace"))
    # Training flushes denormals for the whole process; hypothesis needs them.
    torch.set_flush_denormal(False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """End the limit of `full_disk` with the test: pytest writes its dot before fixtures end."""
    try:
        return (yield)
    finally:
        if limit := getattr(item, "funcargs", {}).get("full_disk"):
            limit(None)


@pytest.fixture
def full_disk() -> Iterator[Callable[[int | None], None]]:
    """A function that lets files grow to so many bytes alone, and gives no limit for None."""
    resource = pytest.importorskip("resource")
    earlier = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int | None) -> None:
        soft = earlier[0] if size is None else size
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, earlier[1]))

    yield limit
    limit(None)


FIRST = (
    "campaign/test_small.py",
    "docs/test_guides.py",
    "test_corpora.py",
    "test_readme.py",
    "page/",
    "campaign/",
    "hosts/",
    "training/",
)
"""Files with few tests that take long: begun last, they would leave one process to itself."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin first, in the order of `FIRST`."""
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(here).as_posix()
        return next((i for i, first in enumerate(FIRST) if name.startswith(first)), len(FIRST))

    items.sort(key=place)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that one of the processes of this run fills, for all of them.

    Args:
        factory: Of the folders of this process.
        name: Of the folder.
        make: Fills an empty folder.
    """
    own = factory.getbasetemp()
    # Workers of xdist have their folders in one of the run.
    root = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared"
    root.mkdir(exist_ok=True)
    folder = root / name
    done = root / f"{name}.done"
    with FileLock(root / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DISTILL_CACHE", str(own / "cache"))
                make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def corpus_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight plucks of 0.15 to 0.9 s in two folders."""

    def make(root: Path) -> None:
        for i in range(8):
            folder = root / "sounds" / ("low" if i < 4 else "high")
            folder.mkdir(parents=True, exist_ok=True)
            sound = pluck(110 * 1.3**i, 0.15 + 0.11 * i, i)
            sf.write(folder / f"pluck {i}.wav", sound, SAMPLE_RATE)

    return made_once(tmp_path_factory, "corpus", make) / "sounds"


@pytest.fixture
def small_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of this process make small networks, where they name no sizes."""

    def codec(*facts: Any, **settings: Any) -> VQVAEConfig:
        return get_adaptive_vqvae_config(*facts, **({"hidden_size": 48} | settings))

    def prior(file_count: int) -> PriorConfig:
        return PriorConfig(**TINY_PRIOR)

    monkeypatch.setattr(distill.workflows.train, "get_adaptive_vqvae_config", codec)
    monkeypatch.setattr(distill.workflows.versions, "get_adaptive_vqvae_config", codec)
    monkeypatch.setattr(distill.workflows.train, "get_adaptive_prior_config", prior)
    monkeypatch.setattr(attribute_targets, "CLASSIFIER_STEPS", 20)


@pytest.fixture
def tiny() -> dict[str, Any]:
    """Codec settings for a training of seconds."""
    return dict(TINY)


@pytest.fixture
def tiny_prior() -> dict[str, Any]:
    """Prior settings for a training of seconds."""
    return dict(TINY_PRIOR)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, corpus_dir: Path) -> Path:
    """A small model with a prior, trained on `corpus_dir`."""

    def make(folder: Path) -> None:
        distill.train(corpus_dir, folder / "plucks.sda", steps=120, **TINY)
        distill.train_prior(folder / "plucks.sda", corpus_dir, **TINY_PRIOR)

    return made_once(tmp_path_factory, "model", make) / "plucks.sda"


@pytest.fixture(scope="session")
def codec_only(tmp_path_factory: pytest.TempPathFactory, corpus_dir: Path) -> Path:
    """A small model without a prior."""

    def make(folder: Path) -> None:
        distill.train(corpus_dir, folder / "codec.sda", steps=20, **TINY)

    return made_once(tmp_path_factory, "codec", make) / "codec.sda"


@pytest.fixture(scope="session")
def shifted(tmp_path_factory: pytest.TempPathFactory, trained: Path) -> Path:
    """A version of `trained` without a training: its decoder is 6 dB louder, its id another."""
    loaded = load_model_v2(trained)
    assert loaded.prior is not None
    codec = loaded.model
    with torch.no_grad():
        codec.magnitude.bias += math.log(2)
    path = tmp_path_factory.mktemp("version") / "shifted.sda"
    save_model_v2(path, codec, loaded.metadata | {"id": "shifted"})
    facts = loaded.prior_metadata or {}
    return save_prior_to_model(path, loaded.prior, loaded.prior_config or {}, facts)


@pytest.fixture(scope="session")
def new_grid() -> Callable[..., CodeGrid]:
    """Makes a grid `[T, Q]` of random codes, 7 samples short of full; any entry may be given."""

    def make(
        T: int = 5, Q: int = 3, codebook_size: int = 64, seed: int = 0, **changes: Any
    ) -> CodeGrid:
        values: dict[str, Any] = {
            "codes": np.random.default_rng(seed).integers(0, codebook_size, (T, Q)),
            "codebook_size": codebook_size,
            "codebook_hash": "ab" * 32,
            "model_id": "model-1",
            "frame_rate": SAMPLE_RATE / HOP,
            "level_names": level_names(Q),
            "gain": 0.5,
            "n_samples": T * HOP - 7,
            "sample_rate": SAMPLE_RATE,
            "channels": 1,
            "source": f"sound {seed}.wav",
        }
        return CodeGrid(**(values | changes))

    return make
