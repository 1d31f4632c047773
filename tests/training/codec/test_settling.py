"""Analysis and codebooks, fitted once."""

from pathlib import Path
from typing import Any

import pytest
import torch

from distill.data.corpus import scan_corpus
from distill.data.dataset import CropSampler, Split, make_manifest, split_by_manifest
from distill.models import frame_memory
from distill.models.chunked import encode_audio
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE
from distill.training.codec.settling import fit_codes, fit_memory, memory_arguments


@pytest.fixture
def split(corpus_dir: Path) -> Split:
    clips = scan_corpus(corpus_dir).clips
    return split_by_manifest(clips, make_manifest(clips))


def codec_of(split: Split, **extra: Any) -> VQVAE:
    torch.manual_seed(0)
    arguments = {"codebook_size": 32, "num_quantizers": 3, "hidden_size": 16}
    return VQVAE(sample_rate=SAMPLE_RATE, channels=1, **arguments, **memory_arguments(split))


def sampler_of(split: Split, codec: VQVAE) -> CropSampler:
    hop = codec.frame_hop
    return CropSampler(split.train, 12 * hop, SAMPLE_RATE, 0, hop)


def test_the_memory_has_room_for_every_training_frame(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec = codec_of(split)
    frames = sum(len(encode_audio(codec, region.audio())) for region in split.train)
    assert memory_arguments(split)["memory_frames"] == frames
    monkeypatch.setattr(frame_memory, "MOST_NUMBERS", frames)
    assert memory_arguments(split) == {"memory_frames": 0, "memory_width": 0}


def test_fitted_codes_depend_on_the_generator_alone(split: Split) -> None:
    hashes = []
    for seed in (1, 1, 2):
        codec = codec_of(split)
        generator = torch.Generator().manual_seed(seed)
        fit_codes(codec, sampler_of(split, codec), 8, generator)
        hashes.append(codec.codebook_hash())
    assert hashes[0] == hashes[1] != hashes[2]


def test_fitted_codes_are_well_used_and_remembered(split: Split) -> None:
    codec = codec_of(split)
    fit_codes(codec, sampler_of(split, codec), 8, torch.Generator().manual_seed(0))
    codes = torch.cat([encode_audio(codec, region.audio()) for region in split.train])
    for level in codes.T:
        assert len(level.unique()) >= 24
    assert codec.memory is not None
    fit_memory(codec, split.train)
    _, is_found = codec.memory.find(codes)
    assert is_found.all()
