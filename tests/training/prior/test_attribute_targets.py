from pathlib import Path

import numpy as np
import pytest
import torch

from distill.audio.descriptor_names import DESCRIPTORS
from distill.audio.descriptors import PercentileTable
from distill.data.corpus import scan_corpus
from distill.data.dataset import make_manifest, split_by_manifest
from distill.models.persistence import load_model_v2
from distill.models.pointer import Pointer
from distill.training.prior.attribute_targets import (
    CLASSIFIER_STEPS,
    LOUDNESS,
    AttributeTargets,
    attribute_targets,
    classifier_batches,
    tag_of,
)
from distill.training.prior.region_traits import RegionTraits


@pytest.mark.parametrize(
    ("name", "tag"), [("a.wav", ""), ("drums/a.wav", "drums"), ("drums/kicks/a.wav", "drums")]
)
def test_a_tag_is_the_outermost_folder(name: str, tag: str) -> None:
    assert tag_of(name) == tag


def test_traits_of_a_corpus(codec_only: Path, corpus_dir: Path) -> None:
    codec = load_model_v2(codec_only).model
    clips = scan_corpus(corpus_dir, codec.channels).clips
    split = split_by_manifest(clips, make_manifest(clips))
    lengths = [-(-region.n_samples // codec.frame_hop) + 1 for region in split.train]
    codes = [[torch.zeros(n, 3).long()] * 2 for n in lengths]
    measures = RegionTraits(codec.sample_rate, codec.frame_hop, codec.channels)
    descriptors = [measures.descriptors_and_pulse(region)[0] for region in split.train]
    traits = attribute_targets(
        split.train, len(split.train), descriptors, codes, [0.0, 6.0], codec.frame_rate
    )
    assert traits.tags == ["high", "low"]
    for i, (region, n) in enumerate(zip(split.train, lengths, strict=True)):
        plain, lifted = (traits.of(i, j, slice(None)) for j in range(2))
        assert plain.shape == lifted.shape == (n, len(DESCRIPTORS) + 2)
        assert plain[:, -2:].unique(dim=0).tolist() == [
            [1.0, 0.0] if tag_of(region.clip.name) == "high" else [0.0, 1.0]
        ]
        values = plain[:, : len(DESCRIPTORS)]
        assert ((values >= 0) & (values <= 1) | values.isnan()).all()
        has_loudness = ~plain[:, LOUDNESS].isnan()
        assert (lifted[has_loudness, LOUDNESS] >= plain[has_loudness, LOUDNESS]).all()
        others = torch.arange(len(DESCRIPTORS) + 2) != LOUDNESS
        assert torch.equal(plain[:, others].nan_to_num(), lifted[:, others].nan_to_num())
        some = torch.tensor([5, 0, 5])
        assert torch.equal(traits.of(i, 1, some).nan_to_num(), lifted[some].nan_to_num())
    loudness = torch.cat([versions[0] for versions in traits.loudness]).numpy()
    assert np.nanmedian(loudness) == pytest.approx(0.5, abs=0.15)


def test_batches_hold_frames_of_all_encodings_with_their_own_attributes() -> None:
    lengths = [3, 40, 7]
    codes = [
        [torch.full((n + j, 2), 10 * i + j, dtype=torch.uint8) for j in range(2)]
        for i, n in enumerate(lengths)
    ]
    targets = AttributeTargets(
        percentiles=[torch.full((n + 1, 5), float(i)) for i, n in enumerate(lengths)],
        loudness=[
            [torch.full((n + j,), 10.0 * i + j) for j in range(2)] for i, n in enumerate(lengths)
        ],
        tag_weights=[torch.tensor([0.5 * i]) for i in range(3)],
        table=PercentileTable([[0.0] * 101] * 5),
        tags=["a"],
    )
    pointer = Pointer(num_quantizers=2, codebook_size=32, latent_dim=4)
    entries = torch.randn(2, 32, 4, generator=torch.Generator().manual_seed(0))
    pointer.set_entries(entries)
    batches = list(classifier_batches(pointer, codes, targets, seed=0))
    assert len(batches) == CLASSIFIER_STEPS
    drawn = torch.cat([attributes for _, attributes in batches])
    places, counts = drawn[:, LOUDNESS].unique(return_counts=True)
    assert places.tolist() == [0.0, 1.0, 10.0, 11.0, 20.0, 21.0]
    shares = counts / counts.sum() * sum(len(v) for versions in codes for v in versions)
    assert shares.tolist() == pytest.approx([3, 4, 40, 41, 7, 8], rel=0.05)
    for latents, attributes in batches[:3]:
        drawn_codes = attributes[:, LOUDNESS].long()[:, None].expand(-1, 2)
        assert torch.equal(latents, pointer.latents(drawn_codes).cumsum(1))
        assert torch.equal(attributes[:, 1], attributes[:, -1] * 2)
