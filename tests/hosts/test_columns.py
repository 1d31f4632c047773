"""Columns of codes as numbers."""

from copy import deepcopy

import pytest
import torch

from distill.hosts.columns import Columns, Memory
from distill.models.vqvae import VQVAE


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_latents_are_those_of_the_codec(codec: VQVAE, codes: torch.Tensor, levels: int) -> None:
    sounding = (torch.arange(3) < levels).float()
    expected = codec.rvq.lookup(codes, range(levels))
    assert torch.equal(Columns(codec.rvq)(codes, sounding), expected)


def test_the_memory_knows_the_same_columns(make_codec) -> None:
    # Other tests share it: only the copy learns other columns.
    codec = deepcopy(make_codec(1))
    drawn = torch.randint(16, (1, 50, 3), generator=torch.Generator().manual_seed(0))
    own = codec.encode(0.1 * torch.randn(1, 1, 4096, generator=torch.Generator().manual_seed(0)))
    codec.memory.fit(torch.cat((drawn[0, :30], own[0])))
    codes = torch.cat((drawn, own), 1)
    memory = Memory(codec.memory, 32)
    vectors = memory(codes, torch.ones(3))
    expected = codec.memory(codes)
    known = codec.memory.find(codes)[1]
    assert 30 <= known.sum() < codes.shape[1]
    torch.testing.assert_close(memory.before(vectors), expected.before)
    torch.testing.assert_close(memory.after(vectors), expected.after)


def test_the_memory_is_silent_unless_all_levels_sound(make_codec) -> None:
    codec = deepcopy(make_codec(2))
    memory = Memory(codec.memory, 32)
    rows = torch.randint(16, (1, 40, 3), generator=torch.Generator().manual_seed(0))
    codec.memory.fit(rows[0])
    assert memory(rows, torch.ones(3)).any()
    assert not memory(rows, torch.tensor([1.0, 1.0, 0.0])).any()


def test_a_codec_without_a_memory_has_one_of_zeros() -> None:
    memory = Memory(None, 32)
    codes = torch.zeros(2, 5, 3, dtype=torch.long)
    vectors = memory(codes, torch.ones(3))
    assert not memory.before(vectors).any()
    assert memory.after(vectors).shape == (2, 5, 32)
