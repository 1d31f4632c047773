"""Set-up of prior training."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import torch

from distill.cancellation import CancelledError
from distill.data.corpus import scan_corpus
from distill.data.dataset import ClipRegion, Split, split_by_manifest
from distill.errors import UsageError
from distill.models.persistence import load_model_v2
from distill.settings import SAMPLE_RATE
from distill.training.corpus_facts import CorpusFacts
from distill.training.prior.setup import PriorSetup, find_pulses, prepare_prior
from distill.training.prior_config import PriorConfig
from tests.audio.clicks import rhythm


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
    assert setup.arguments["tags"] == len(setup.attributes.tags) == 2
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
    for versions, attributes in zip(setup.codes.train, setup.attributes.train, strict=True):
        assert len(versions) == len(setup.offsets) == 2
        assert [len(codes) for codes in versions] == [len(part) for part in attributes]


def test_a_small_corpus_still_has_an_epoch_of_some_steps(setup: PriorSetup) -> None:
    assert setup.steps_per_epoch == 6
    assert setup.file_count == 8
    same = Split(setup.split.train, setup.split.train)
    assert replace(setup, split=same).file_count == len(setup.split.train)


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


@pytest.fixture
def rhythms(tmp_path: Path) -> Split:
    """A loop, the same from its middle on, and a hit."""
    folder = tmp_path / "rhythms"
    folder.mkdir()
    loop = np.tile(rhythm(120, 4).audio, (1, 2))
    sf.write(folder / "loop.wav", loop.T, 24_000)
    sf.write(folder / "noise.wav", np.random.default_rng(0).normal(0, 0.1, 60_000), 24_000)
    loop_clip, noise = scan_corpus(folder).clips
    n = loop_clip.n_samples
    # The second begins a quarter of a second, half a beat, before the middle.
    start = n // 2 - SAMPLE_RATE // 4
    regions = (
        ClipRegion(loop_clip, 0, n),
        ClipRegion(loop_clip, start, n),
        ClipRegion(noise, 0, noise.n_samples),
    )
    return Split(regions, ())


def test_pulses_count_from_the_start_of_a_region(rhythms: Split) -> None:
    whole, part, none = find_pulses(rhythms.train, SAMPLE_RATE, lambda: None)
    assert whole is not None
    assert part is not None
    assert none is None
    assert whole.beats == pytest.approx(np.arange(16) / 2)
    assert part.beats == pytest.approx(0.25 + np.arange(8) / 2, abs=0.01)


def test_the_search_for_pulses_can_be_left(rhythms: Split) -> None:
    checks = 0

    def check() -> None:
        nonlocal checks
        checks += 1
        if checks == 2:
            raise CancelledError

    with pytest.raises(CancelledError):
        find_pulses(rhythms.train, SAMPLE_RATE, check)


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
    assert setup.attributes.tags == ["high", "low", "new"]
    for name, weights in loaded.prior.state_dict().items():
        if not name.startswith("reader."):
            assert torch.equal(setup.prior.state_dict()[name], weights), name
    fresh = prepare_prior(loaded, split, config, CorpusFacts(), cancel)
    assert fresh.parent_hash == ""
    assert not torch.equal(fresh.prior.embedding.weight, loaded.prior.embedding.weight)
    larger = replace(config, hidden_size=64)
    with pytest.raises(UsageError, match=r"cannot learn on: train it afresh \(--afresh\)"):
        prepare_prior(loaded, split, larger, CorpusFacts(), cancel, learns_on=True)
