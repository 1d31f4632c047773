"""Set-up of prior training."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from distill.cancellation import CancelledError
from distill.data.corpus import scan_corpus
from distill.data.dataset import Split, split_by_manifest
from distill.errors import UsageError
from distill.models.persistence import load_model_v2
from distill.training.corpus_facts import CorpusFacts
from distill.training.prior.data import Shape
from distill.training.prior.setup import PriorSetup, prepare_prior
from distill.training.prior_config import PriorConfig


def setup_of(
    model_path: Path, corpus_dir: Path, cancelled: bool = False, **settings: Any
) -> PriorSetup:
    loaded = load_model_v2(model_path)
    clips = scan_corpus(corpus_dir).clips
    split = split_by_manifest(clips, loaded.metadata["corpus"])
    cancel = threading.Event()
    if cancelled:
        cancel.set()
    return prepare_prior(loaded, split, PriorConfig(**settings), CorpusFacts(), cancel)


@pytest.fixture
def setup(codec_only: Path, corpus_dir: Path, tiny_prior: dict[str, Any]) -> PriorSetup:
    return setup_of(codec_only, corpus_dir, **tiny_prior)


def test_the_prior_fits_the_codec_and_the_settings(setup: PriorSetup) -> None:
    prior = setup.prior
    assert (prior.num_quantizers, prior.codebook_size) == (3, 32)
    assert setup.arguments["hidden_size"] == 32
    assert setup.arguments["tags"] == len(setup.material.attributes.tags) == 2
    assert prior.pointer is not None
    entries = prior.pointer.entries
    codebooks = setup.loaded.model.rvq.codebooks
    assert torch.allclose(entries / entries.std(), codebooks / codebooks.std(), atol=1e-4)


def test_codec_and_classifier_are_frozen_and_the_rest_learns(setup: PriorSetup) -> None:
    assert not any(p.requires_grad for p in setup.loaded.model.parameters())
    frozen = {name for name, p in setup.prior.named_parameters() if not p.requires_grad}
    assert frozen
    assert all(name.startswith("reader.") for name in frozen)


def test_every_sound_comes_in_every_encoding_with_its_attributes(setup: PriorSetup) -> None:
    assert len(setup.codes.train) == len(setup.split.train)
    for i, versions in enumerate(setup.codes.train):
        assert len(versions) == len(setup.offsets) == 2
        lengths = [len(setup.material.attributes.of(i, j, slice(None))) for j in range(2)]
        assert [len(codes) for codes in versions] == lengths


def test_a_small_corpus_still_has_an_epoch_of_some_steps(setup: PriorSetup) -> None:
    assert setup.steps_per_epoch == 6
    assert setup.file_count == 8
    same = Split(setup.split.train, setup.split.train)
    assert replace(setup, split=same).file_count == len(setup.split.train)


def test_an_epoch_of_a_long_corpus_ends_after_some_minutes(
    codec_only: Path, corpus_dir: Path, tiny_prior: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Batches of one frame: a corpus of seconds has more than a hundred of them.
    shapes = [Shape(pieces=1, frames=1)]
    monkeypatch.setattr("distill.training.prior.setup.batch_shapes", lambda *args: shapes)
    monkeypatch.setattr("distill.training.prior.setup.MOST_STEPS", 20)
    assert setup_of(codec_only, corpus_dir, **tiny_prior).steps_per_epoch == 20


def test_the_same_seed_gives_the_same_parts(
    setup: PriorSetup, codec_only: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    torch.manual_seed(99)
    repeat = setup_of(codec_only, corpus_dir, **tiny_prior)
    other = setup_of(codec_only, corpus_dir, **tiny_prior | {"seed": 1})
    first = setup.prior.state_dict()
    assert all(torch.equal(first[n], tensor) for n, tensor in repeat.prior.state_dict().items())
    second = other.prior.state_dict()
    assert not torch.equal(first["embedding.weight"], second["embedding.weight"])
    assert setup.offsets == repeat.offsets


def test_a_cancelled_setup_ends_at_once(
    codec_only: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    with pytest.raises(CancelledError):
        setup_of(codec_only, corpus_dir, cancelled=True, **tiny_prior)


def test_a_prior_that_learns_on_begins_with_all_weights_but_those_of_its_classifier(
    trained: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    loaded = load_model_v2(trained)
    assert loaded.prior is not None
    clips = [replace(clip, tags=("new",)) for clip in scan_corpus(corpus_dir).clips]
    split = split_by_manifest(clips, loaded.metadata["corpus"])
    config = PriorConfig(**tiny_prior)
    cancel = threading.Event()
    setup = prepare_prior(loaded, split, config, CorpusFacts(), cancel, learns_on=True)
    assert setup.parent_hash == loaded.weights_hash
    assert setup.material.attributes.tags == ["high", "low", "new"]
    for name, weights in loaded.prior.state_dict().items():
        if not name.startswith("reader."):
            assert torch.equal(setup.prior.state_dict()[name], weights), name
    fresh = prepare_prior(loaded, split, config, CorpusFacts(), cancel)
    assert fresh.parent_hash == ""
    assert not torch.equal(fresh.prior.embedding.weight, loaded.prior.embedding.weight)
    larger = replace(config, hidden_size=64)
    with pytest.raises(UsageError, match=r"cannot learn on: train it afresh \(--afresh\)"):
        prepare_prior(loaded, split, larger, CorpusFacts(), cancel, learns_on=True)
