"""Checkpoints of both trainings: absent and wrong entries end in one sentence."""

import copy
import random
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch

import distill
from distill.errors import CheckpointError
from distill.training.checkpoint import load_checkpoint, save_checkpoint
from distill.training.checkpoint_types import CODEC_CHECKPOINT
from distill.training.metrics import StepMetrics, TrainingEvent
from distill.training.paths import checkpoint_path

WRONG: list[Any] = [None, -1, 2**64 - 1, 0.5, "x", [], {}, torch.eye(2)]


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory, corpus_dir: Path) -> Path:
    """A model whose training was cancelled after a few steps, with its checkpoint."""
    path = tmp_path_factory.mktemp("interrupted") / "m.sda"
    cancel = threading.Event()

    def stop_at_three(event: TrainingEvent) -> None:
        if isinstance(event, StepMetrics) and event.step == 3:
            cancel.set()

    settings: dict[str, Any] = {"codebook_size": 32, "num_quantizers": 2, "hidden_size": 16}
    settings |= {"steps": 6, "batch_size": 2, "threads": 1}
    distill.train(corpus_dir, path, callback=stop_at_three, cancel_event=cancel, **settings)
    return path


def entries(state: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where entries stand; of lists the first."""
    found = []
    items = list(state.items()) if isinstance(state, dict) else []
    items = list(enumerate(state[:1])) if isinstance(state, list) else items
    for key, value in items:
        found += [(*path, key), *entries(value, (*path, key))]
    return found


def changed(state: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """A copy of `state` with another value at `place`, or without it where that is a type."""
    result = copy.deepcopy(state)
    target = result
    for key in place[:-1]:
        target = target[key]
    if value is object and isinstance(target, dict):
        del target[place[-1]]
    else:
        target[place[-1]] = None if value is object else value
    return result


def test_a_checkpoint_of_today_has_the_types(interrupted: Path) -> None:
    state = load_checkpoint(checkpoint_path(interrupted), CODEC_CHECKPOINT)
    assert state["trainer"]["step"] == 3


def test_wrong_and_absent_entries_are_a_sentence(
    interrupted: Path, tmp_path: Path, corpus_dir: Path
) -> None:
    model = Path(shutil.copy(interrupted, tmp_path / "m.sda"))
    state = load_checkpoint(checkpoint_path(interrupted))
    draw = random.Random(19)
    places = entries(state)
    top = [("trainer",), ("manifest",), ("identity",), ("trainer", "model"), ("trainer", "budget")]
    for place in [*top, *draw.sample(places, 12)]:
        value = draw.choice([object, *WRONG])
        save_checkpoint(checkpoint_path(model), changed(state, place, value))
        # It goes on where the value may be meant. Any other error would fail the test.
        with suppress(CheckpointError):
            distill.resume(model, sounds=corpus_dir)


def test_an_absent_part_is_named(interrupted: Path, tmp_path: Path, corpus_dir: Path) -> None:
    model = Path(shutil.copy(interrupted, tmp_path / "m.sda"))
    state = load_checkpoint(checkpoint_path(interrupted))
    save_checkpoint(checkpoint_path(model), changed(state, ("trainer", "average"), object))
    with pytest.raises(CheckpointError, match=r"m\.sda\.train\.ckpt .*trainer\.average"):
        distill.resume(model, sounds=corpus_dir)
