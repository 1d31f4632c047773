"""Columns of codes that are known by heart, and those that are not."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.models.frame_memory import FrameMemory, column_keys, memory_width


def draw(rows: int, levels: int, size: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(size, (rows, levels), generator=torch.Generator().manual_seed(seed))


def memory_of(codes: torch.Tensor, frames: int) -> FrameMemory:
    torch.manual_seed(0)
    memory = FrameMemory(frames, width=4, dim=6)
    torch.nn.init.normal_(memory.vectors)
    memory.fit(codes)
    return memory


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.sampled_from([2, 3, 128, 4096]), st.integers(0, 1000))
def test_columns_that_differ_have_keys_that_differ(levels: int, size: int, seed: int) -> None:
    codes = draw(5000, levels, size, seed)
    assert len(column_keys(codes).unique()) == len(codes.unique(dim=0))


def test_keys_go_by_column_whatever_the_shape() -> None:
    codes = draw(12, 3, 16)
    assert torch.equal(column_keys(codes.view(3, 4, 3)), column_keys(codes).view(3, 4))


def test_each_known_column_has_a_vector_of_its_own_and_others_none() -> None:
    codes, others = draw(400, 4, 64), draw(400, 4, 64, seed=1)
    assert not np.isin(column_keys(others), column_keys(codes)).any()
    # Twice: a column that comes again is the same column.
    memory = memory_of(torch.cat([codes, codes]), frames=800)
    rows, is_known = memory.find(codes)
    assert is_known.all()
    assert len(rows.unique()) == 400
    assert not memory.find(others)[1].any()
    for memory_vectors in memory(torch.stack([codes, others])):
        assert memory_vectors.shape == (2, 400, 6)
        assert memory_vectors[0].abs().amax(1).min() > 0
        assert not memory_vectors[1].any()


@pytest.mark.parametrize(
    ("frames", "width"), [(1, 256), (16384, 256), (16385, 240), (65536, 64), (65537, 0)]
)
def test_of_more_frames_there_are_fewer_numbers_each(frames: int, width: int) -> None:
    assert memory_width(frames) == width


def test_fitting_again_forgets_what_was_known() -> None:
    codes, others = draw(50, 4, 64), draw(20, 4, 64, seed=1)
    memory = memory_of(codes, frames=50)
    memory.fit(others)
    assert not memory.find(codes)[1].any()
    assert memory.find(others)[1].all()


def test_nothing_is_recalled_before_it_has_learned() -> None:
    memory = FrameMemory(10, width=4, dim=6)
    codes = draw(10, 4, 64)
    memory.fit(codes)
    before, after = memory(codes)
    assert not before.any()
    assert not after.any()
    (before + after).sum().backward()
    assert memory.vectors.grad is not None
    assert memory.vectors.grad.any(1).all()
