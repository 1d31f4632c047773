"""Stopping within stages that take long, and going on as if nothing had happened."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import distill
from distill.cancellation import CancelledError, check_each, check_of
from distill.models.persistence import load_model_v2, read_header
from distill.models.rvq import ResidualVQ
from distill.training.codec import validation
from distill.training.prior import encoding, material, region_traits, setup


def test_a_check_raises_once_the_event_is_set() -> None:
    event = threading.Event()
    items = check_each([1, 2, 3], check_of(event))
    assert [next(items), next(items)] == [1, 2]
    event.set()
    with pytest.raises(CancelledError):
        next(items)


def setting(event: threading.Event, function: Callable[..., Any], call: int) -> Callable[..., Any]:
    """`function`, which sets `event` at its call number `call`."""
    calls = 0

    def run(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            event.set()
        return function(*args, **kwargs)

    return run


@pytest.mark.parametrize(
    ("place", "name", "call", "steps_done"),
    [
        pytest.param(validation, "_distance", 2, 7, id="validation"),
        pytest.param(ResidualVQ, "fit", 1, 0, id="settling"),
    ],
)
def test_a_training_stopped_within_a_stage_goes_on_to_the_same_bits(
    corpus_dir: Path,
    tmp_path: Path,
    tiny: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    call: int,
    steps_done: int,
) -> None:
    whole, parts = tmp_path / "whole.sda", tmp_path / "parts.sda"
    distill.train(corpus_dir, whole, steps=40, **tiny)
    event = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(place, name, setting(event, getattr(place, name), call))
        first = distill.train(corpus_dir, parts, steps=40, cancel_event=event, **tiny)
    assert (first.finished, first.steps) == (False, steps_done)
    assert distill.resume(parts).finished
    a, b = (load_model_v2(path).model.state_dict() for path in (whole, parts))
    assert all(torch.equal(a[key], b[key]) for key in a)
    curves = [read_header(path)["metadata"]["loss_curves"] for path in (whole, parts)]
    losses = [[(p["step"], p["own_loss"], p["val_loss"]) for p in curve] for curve in curves]
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (encoding, "encode_stream"),
        (region_traits, "measure"),
        (material, "attribute_targets"),
        (setup, "classifier_batches"),
    ],
)
def test_a_prior_stopped_while_it_is_set_up_leaves_the_file(
    corpus_dir: Path,
    codec_only: Path,
    tmp_path: Path,
    tiny_prior: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
) -> None:
    path = tmp_path / "m.sda"
    path.write_bytes(codec_only.read_bytes())
    event = threading.Event()
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(place, name, setting(event, getattr(place, name), 1))
    result = distill.train_prior(path, corpus_dir, cancel_event=event, **tiny_prior)
    assert result["prior_model"] is None
    assert result["complete"].interrupted
    assert path.read_bytes() == codec_only.read_bytes()
