"""The sounds that generation takes events from: those that are held out whole among them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from distill.data.corpus import scan_corpus
from distill.data.dataset import ClipRegion, Split
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.training.prior.encoding import Encoder, Encoding
from distill.training.prior.material import Material, collect_material
from distill.training.prior.metadata import collect_recordings, index_corpus
from distill.training.prior.preparation import PreparedSounds, prepare_sounds
from distill.training.prior.region_traits import RegionTraits

OFFSETS = [0, 512]


@pytest.fixture
def loaded(codec_only: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadedVQModel:
    """A codec, and an empty cache."""
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "cache"))
    return load_model_v2(codec_only)


@pytest.fixture
def split(corpus_dir: Path) -> Split:
    """Two training sounds, the first of them up to its middle; its end and a third are held out."""
    first, second, third = scan_corpus(corpus_dir).clips[:3]
    middle = first.n_samples // 2
    return Split(
        train=(ClipRegion(first, 0, middle), ClipRegion(second, 0, second.n_samples)),
        held_out=(
            ClipRegion(first, middle, first.n_samples),
            ClipRegion(third, 0, third.n_samples),
        ),
    )


@pytest.fixture
def sounds(loaded: LoadedVQModel, split: Split) -> PreparedSounds:
    encoder = Encoder(loaded.model, [Encoding(offset, 0.0) for offset in OFFSETS])
    return prepare_sounds(split, encoder, RegionTraits(48_000, 1024, 1), lambda metrics: None)


@pytest.fixture
def material(loaded: LoadedVQModel, split: Split, sounds: PreparedSounds) -> Material:
    return collect_material(split, sounds, [0.0, 0.0], loaded.model.frame_rate)


def test_files_that_are_held_out_whole_follow_the_training_sounds(
    split: Split, material: Material
) -> None:
    assert list(material.regions) == [*split.train, split.held_out[1]]
    assert material.learned == 2
    assert len(material.codes) == len(material.pulses) == 3


def test_percentiles_are_those_of_the_training_sounds(
    sounds: PreparedSounds, material: Material
) -> None:
    learned = np.concatenate(sounds.train.descriptors)
    lowest, *_, highest = material.attributes.table.rows[0]
    assert (lowest, highest) == (np.nanmin(learned[:, 0]), np.nanmax(learned[:, 0]))
    frames = len(material.codes[2][0])
    assert material.attributes.of(2, 0, slice(None)).shape[0] == frames


def test_a_model_keeps_and_indexes_all_of_them(
    loaded: LoadedVQModel, sounds: PreparedSounds, material: Material
) -> None:
    names = [region.clip.name for region in material.regions]
    recordings = collect_recordings(loaded, material)
    assert [recording.name for recording in recordings] == names
    assert [recording.whole for recording in recordings] == [False, True, True]
    held_out = [versions[0] for versions in sounds.held_out.codes]
    index = index_corpus(loaded, material, held_out, OFFSETS)
    assert {entry["name"] for entry in index["passages"]} == set(names)
    # The zero point is that of a corpus without them: they were new then.
    alone = material._replace(
        regions=material.regions[:2], codes=material.codes[:2], pulses=material.pulses[:2]
    )
    assert index["zero"] == index_corpus(loaded, alone, held_out, OFFSETS)["zero"]
    assert len(index["passage_codes"]) > len(
        index_corpus(loaded, alone, held_out, OFFSETS)["passage_codes"]
    )


def test_codes_of_all_are_those_of_the_sounds(material: Material, sounds: PreparedSounds) -> None:
    assert torch.equal(material.codes[2][1], sounds.held_out.codes[1][1])
