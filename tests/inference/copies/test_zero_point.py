"""The zero point rises with the likeness of held-out sounds, within its limits."""

from pathlib import Path
from typing import Any

import pytest
import torch

from distill.inference.copies.meter import CopyMeter
from distill.inference.copies.zero_point import (
    LEAST_DIFFERENT,
    LONGEST_BOUND,
    MOST_DIFFERENT,
    MOST_ZERO_SHARE,
    _quantile,
    calibrate,
)
from distill.models.persistence import LoadedVQModel, load_model_v2


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


def index_of(loaded: LoadedVQModel) -> dict[str, Any]:
    """The copy index in the file of a model."""
    index = loaded.prior_facts.copy_index
    assert index is not None
    return index


@pytest.fixture(scope="module")
def meter(loaded: LoadedVQModel) -> CopyMeter:
    return CopyMeter(loaded.model, index_of(loaded))


def test_without_held_out_sounds_the_bounds_are_strictest(
    loaded: LoadedVQModel, meter: CopyMeter
) -> None:
    zero_point = calibrate(loaded.model, meter, [])
    assert zero_point.bits == (LONGEST_BOUND * meter.chance_bits(),) * 2
    assert zero_point.difference == LEAST_DIFFERENT
    assert zero_point.share == zero_point.passage_share == 0


def test_held_out_sounds_that_are_in_the_index_raise_the_bounds(
    loaded: LoadedVQModel, meter: CopyMeter
) -> None:
    frames = meter.passages[0]["frames"]
    copy = meter.passage_search.codes[:frames].long()
    strict = calibrate(loaded.model, meter, [])
    generator = torch.Generator().manual_seed(0)
    shape = (60, loaded.model.num_quantizers)
    size = loaded.model.codebook_size
    noise = torch.randint(size, shape, generator=generator)
    by_noise = calibrate(loaded.model, meter, [noise])
    by_copy = calibrate(loaded.model, meter, [copy])
    assert by_noise.bits[1] <= by_copy.bits[1] <= strict.bits[1]
    assert by_noise.difference >= by_copy.difference >= strict.difference
    assert by_noise.share <= by_copy.share <= MOST_ZERO_SHARE
    assert by_copy.passage_share <= by_copy.share


def test_a_quantile_is_one_of_the_values_within_the_limits() -> None:
    values = [0.1, 0.55, 0.58]
    assert _quantile(values, 0.5, LEAST_DIFFERENT, MOST_DIFFERENT) == 0.55
    assert _quantile(values, 0.01, LEAST_DIFFERENT, MOST_DIFFERENT) == LEAST_DIFFERENT
    assert _quantile([9.0], 0.01, LEAST_DIFFERENT, MOST_DIFFERENT) == MOST_DIFFERENT
    assert _quantile([1.0, 2.0, 4.0], 0.9, 0.0, 9.0) == 4.0
