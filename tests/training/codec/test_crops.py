"""Crops of a training step."""

from pathlib import Path

import numpy as np
import pytest
import torch

from distill.data.corpus import scan_corpus
from distill.data.dataset import CropSampler, make_manifest, split_by_manifest
from distill.settings import SAMPLE_RATE
from distill.training.codec.crops import equalise_some, plain_crops, training_crops

CPU = torch.device("cpu")
HOP = 1024


@pytest.fixture
def sampler(corpus_dir: Path) -> CropSampler:
    clips = scan_corpus(corpus_dir).clips
    split = split_by_manifest(clips, make_manifest(clips))
    return CropSampler(split.train, 12 * HOP, SAMPLE_RATE, 0, HOP)


def test_crops_of_a_step_are_the_same_each_time(sampler: CropSampler) -> None:
    for draw in (
        lambda step: plain_crops(sampler, step, 4, CPU),
        lambda step: training_crops(sampler, step, 4, SAMPLE_RATE, CPU),
    ):
        crops = draw(3)
        assert crops.shape == (4, 1, sampler.crop_samples)
        assert torch.equal(crops, draw(3))
        assert not torch.equal(crops, draw(4))


def test_files_are_drawn_by_their_factors(corpus_dir: Path) -> None:
    clips = scan_corpus(corpus_dir).clips
    split = split_by_manifest(clips, make_manifest(clips))
    factors = [3.0, *[1.0] * (len(split.train) - 1)]
    sampler = CropSampler(split.train, 12 * HOP, SAMPLE_RATE, 0, HOP, factors)
    rng = np.random.default_rng(0)
    draws = [sampler._draw_index(rng) for _ in range(4000)]
    counts = np.bincount(draws, minlength=len(factors))
    assert counts / len(draws) == pytest.approx(np.array(factors) / sum(factors), abs=0.03)


def test_some_crops_are_equalised_and_the_others_stay(sampler: CropSampler) -> None:
    plain = plain_crops(sampler, 2, 4, CPU)
    chosen = np.arange(len(plain)) % 2 == 0

    def equalised() -> torch.Tensor:
        rng = np.random.default_rng(0)
        return equalise_some(plain.clone(), chosen, rng, SAMPLE_RATE)

    changed = (plain != equalised()).any(2).any(1).numpy()
    assert np.array_equal(changed, chosen)
    assert torch.equal(equalised(), equalised())


@pytest.mark.parametrize("step", range(6))
def test_rows_of_a_batch_are_those_of_the_whole(sampler: CropSampler, step: int) -> None:
    whole = training_crops(sampler, step, 8, SAMPLE_RATE, CPU)
    parts = [
        training_crops(sampler, step, 8, SAMPLE_RATE, CPU, rows)
        for rows in (slice(0, 3), slice(3, 4), slice(4, 8))
    ]
    # Fourier transforms of several sounds may be rounded otherwise than those of one.
    assert torch.allclose(torch.cat(parts), whole, atol=1e-6)
