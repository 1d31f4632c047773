"""Preparation of a corpus: what it makes, and how it tells of it."""

import threading
from pathlib import Path

import pytest

from distill.cancellation import CancelledError, cancellable
from distill.data.corpus import scan_corpus
from distill.data.dataset import Split, split_by_manifest
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.settings import SAMPLE_RATE
from distill.training.metrics import PreparationMetrics
from distill.training.prior.encoding import Encoder, Encoding
from distill.training.prior.preparation import PreparedSounds, prepare_sounds
from distill.training.prior.region_traits import RegionTraits


@pytest.fixture
def loaded(codec_only: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadedVQModel:
    """A codec, and an empty cache."""
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "cache"))
    return load_model_v2(codec_only)


@pytest.fixture
def split(loaded: LoadedVQModel, corpus_dir: Path) -> Split:
    clips = scan_corpus(corpus_dir, loaded.model.channels).clips
    return split_by_manifest(clips, loaded.metadata["corpus"])


def prepare(
    loaded: LoadedVQModel, split: Split, metrics: list[PreparationMetrics]
) -> PreparedSounds:
    encoder = Encoder(loaded.model, [Encoding(0, 0.0), Encoding(512, 0.0)])
    return prepare_sounds(split, encoder, RegionTraits(SAMPLE_RATE, 1024, 1), metrics.append)


def test_all_sounds_have_all_encodings_and_measures(loaded: LoadedVQModel, split: Split) -> None:
    sounds = prepare(loaded, split, [])
    for regions, prepared in zip((split.train, split.held_out), sounds, strict=True):
        assert [len(versions) for versions in prepared.codes] == [2] * len(regions)
        assert len(prepared.descriptors) == len(prepared.pulses) == len(regions)


def test_it_tells_how_far_it_is(loaded: LoadedVQModel, split: Split) -> None:
    regions = [*split.train, *split.held_out]
    first: list[PreparationMetrics] = []
    prepare(loaded, split, first)
    again: list[PreparationMetrics] = []
    prepare(loaded, split, again)
    for told in (first, again):
        shares = [metrics.progress for metrics in told]
        assert shares == sorted(shares)
        assert (shares[0], shares[-1]) == (0.0, pytest.approx(1.0))
        names = list(dict.fromkeys(metrics.name for metrics in told))
        assert names == [*(region.clip.name for region in regions), ""]
        assert told[-1].done == told[-1].total == len(regions)
    assert len(first) > len(again) > len(regions), "within a sound as well"


def test_it_is_left_within_a_sound(loaded: LoadedVQModel, split: Split) -> None:
    event = threading.Event()
    told: list[PreparationMetrics] = []

    def cancel(metrics: PreparationMetrics) -> None:
        told.append(metrics)
        # The first encoding of the second sound is done.
        if metrics.done == 1 and sum(m.done == 1 for m in told) == 3:
            event.set()

    encoder = Encoder(loaded.model, [Encoding(0, 0.0), Encoding(512, 0.0)])
    with pytest.raises(CancelledError), cancellable(event):
        prepare_sounds(split, encoder, RegionTraits(SAMPLE_RATE, 1024, 1), cancel)
    assert told[-1].done == 1
    assert sum(m.done == 1 for m in told) == 3
