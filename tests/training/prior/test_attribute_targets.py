from pathlib import Path

import numpy as np
import pytest
import torch

from distill.audio.descriptor_names import DESCRIPTORS
from distill.data.corpus import scan_corpus
from distill.data.dataset import make_manifest, split_by_manifest
from distill.models.persistence import load_model_v2
from distill.training.prior.attribute_targets import measure_attributes, tag_of

LOUDNESS = DESCRIPTORS.index("loudness")


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
    traits = measure_attributes(codec, split, codes, [0.0, 6.0])
    assert traits.tags == ["high", "low"]
    for region, (plain, lifted), n in zip(split.train, traits.train, lengths, strict=True):
        assert plain.shape == lifted.shape == (n, len(DESCRIPTORS) + 2)
        assert plain[:, -2:].unique(dim=0).tolist() == [
            [1.0, 0.0] if tag_of(region.clip.name) == "high" else [0.0, 1.0]
        ]
        values = plain[:, : len(DESCRIPTORS)]
        assert ((values >= 0) & (values <= 1) | values.isnan()).all()
        has_loudness = ~plain[:, LOUDNESS].isnan()
        assert (lifted[has_loudness, LOUDNESS] >= plain[has_loudness, LOUDNESS]).all()
    loudness = torch.cat([version[0][:, LOUDNESS] for version in traits.train]).numpy()
    assert np.nanmedian(loudness) == pytest.approx(0.5, abs=0.15)
