"""The part of the corpus that a prior's file keeps."""

from pathlib import Path

import numpy as np
import pytest
import torch

from distill.audio.descriptors import PercentileTable
from distill.audio.pulse import Pulse
from distill.data.corpus import scan_corpus
from distill.data.dataset import ClipRegion, Split
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.training.prior import metadata
from distill.training.prior.attribute_targets import LOUDNESS, AttributeTargets
from distill.training.prior.data import PriorCodes
from distill.training.prior.material import Material
from distill.training.prior.metadata import (
    collect_recordings,
    index_corpus,
    longest_sound,
    training_settings,
)
from distill.training.prior_config import PriorConfig


@pytest.fixture
def loaded(codec_only: Path) -> LoadedVQModel:
    return load_model_v2(codec_only)


@pytest.fixture
def split(corpus_dir: Path) -> Split:
    """Two whole sounds, and the first part of a third."""
    first, second, third = scan_corpus(corpus_dir).clips[:3]
    train = (
        ClipRegion(first, 0, first.n_samples),
        ClipRegion(second, 0, second.n_samples),
        ClipRegion(third, 0, third.n_samples // 2),
    )
    return Split(train, ())


def codes_of(*lengths: int) -> PriorCodes:
    """Two encodings of each sound, the second one frame longer."""
    generator = torch.Generator().manual_seed(0)
    train = [
        [
            torch.randint(32, (frames + extra, 3), generator=generator, dtype=torch.uint8)
            for extra in (0, 1)
        ]
        for frames in lengths
    ]
    return PriorCodes(train=train, held_out=[])


def attributes_of(codes: PriorCodes) -> AttributeTargets:
    """Random attributes, with two tags."""
    lengths = [[len(version) for version in versions] for versions in codes.train]
    return AttributeTargets(
        percentiles=[torch.rand(max(own), 5) for own in lengths],
        loudness=[[torch.rand(n) for n in own] for own in lengths],
        tag_weights=[torch.rand(2) for _ in lengths],
        table=PercentileTable([[0.0] * 101] * 5),
        tags=["a", "b"],
    )


def material_of(split: Split, codes: PriorCodes) -> Material:
    """The training sounds as material, without a pulse."""
    return Material(
        regions=split.train,
        learned=len(split.train),
        codes=codes.train,
        attributes=attributes_of(codes),
        pulses=[None] * len(split.train),
    )


def test_the_longest_sound_is_one_that_was_learned_to_its_end(split: Split) -> None:
    assert longest_sound(split, codes_of(10, 20, 90)) == 20
    cut_off = Split(split.train[2:], ())
    assert longest_sound(cut_off, codes_of(90)) is None


def test_recordings_are_beginnings_in_the_first_encoding(
    loaded: LoadedVQModel, split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "RECORDINGS_S", 0.0)
    monkeypatch.setattr(metadata, "SHORTEST_RECORDING_S", 15.1 / loaded.model.frame_rate)
    codes = codes_of(10, 20, 12)
    attributes = attributes_of(codes)
    # Beats go on beyond the codes that are kept.
    pulse = Pulse(120.0, np.arange(9) / 2, bar_beats=4, first_downbeat=0, confidence=0.5)
    material = material_of(split, codes)._replace(attributes=attributes, pulses=[None, pulse, None])
    recordings = collect_recordings(loaded, material)
    assert [recording.pulse for recording in recordings] == [None, pulse, None]
    assert [recording.name for recording in recordings] == [r.clip.name for r in split.train]
    assert [len(recording.codes) for recording in recordings] == [10, 15, 12]
    # The second is longer than the bound, the third was cut off in training.
    assert [recording.whole for recording in recordings] == [True, False, False]
    assert all(recording.codes.dtype == torch.uint8 for recording in recordings)
    for i, (recording, versions) in enumerate(zip(recordings, codes.train, strict=True)):
        assert torch.equal(recording.codes, versions[0][:15])
        assert recording.cut is not None
        assert recording.cut.fits(len(recording.codes))
        assert recording.traits is not None
        assert torch.equal(recording.traits[:, LOUDNESS], attributes.loudness[i][0][:15].half())
        values = attributes.percentiles[i][: len(recording.codes), 1]
        assert torch.equal(recording.traits[:, 1], values.half())
        tags = attributes.tag_weights[i].half()
        assert torch.equal(recording.traits[:, 5:], tags.expand(len(recording.codes), 2))


def test_the_copy_index_names_all_encodings(loaded: LoadedVQModel, split: Split) -> None:
    index = index_corpus(loaded, material_of(split, codes_of(10, 20, 12)), [], [0, 480])
    names = [region.clip.name for region in split.train]
    assert sorted(entry["name"] for entry in index["encodings"]) == sorted(names * 2)
    starts = {entry["start_s"] for entry in index["encodings"]}
    assert starts == {0.0, -0.01}


def test_settings_that_are_not_set_are_left_out() -> None:
    settings = training_settings(PriorConfig(minutes=None, max_epochs=7))
    assert settings["max_epochs"] == 7
    assert "minutes" not in settings
