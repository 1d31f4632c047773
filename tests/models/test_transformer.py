"""Parts of the prior's Transformer: positions, causality, and a step like the whole."""

from functools import partial

import pytest
import torch

from distill.models.cache import PriorCache
from distill.models.transformer import Block, LevelHead, rotary_turns, rotate

DIM, HEADS, T = 16, 2, 9


@pytest.fixture
def block() -> Block:
    torch.manual_seed(0)
    return Block(DIM, HEADS, dropout=0.0).eval()


def test_rotated_products_depend_on_the_distance_alone() -> None:
    query, key = torch.randn(2, 1, 8)

    def product(at: int, other: int) -> torch.Tensor:
        rotations = rotary_turns(torch.tensor([at, other]), 8)
        a, b = rotate(torch.cat([query, key]), rotations)
        return a @ b

    assert torch.allclose(product(3, 1), product(103, 101), atol=1e-4)
    assert not torch.allclose(product(3, 1), product(3, 2), atol=1e-4)


def test_rotation_keeps_lengths_and_position_zero() -> None:
    x = torch.randn(2, 8)
    rotated = rotate(x, rotary_turns(torch.tensor([0, 50]), 8))
    assert torch.allclose(rotated[0], x[0])
    assert torch.allclose(rotated.norm(dim=1), x.norm(dim=1), atol=1e-5)


def test_a_frame_sees_no_later_one(block: Block) -> None:
    x = torch.randn(1, T, DIM)
    changed = x.clone()
    changed[:, 5] = torch.randn(DIM)
    rotations = rotary_turns(torch.arange(T), DIM // HEADS)
    before, after = block(x, rotations, None), block(changed, rotations, None)
    assert torch.allclose(before[:, :5], after[:, :5], atol=1e-6)
    assert not torch.allclose(before[:, 6], after[:, 6], atol=1e-4)


def test_a_step_with_a_cache_is_as_the_whole(block: Block) -> None:
    x = torch.randn(2, T, DIM)
    rotations = rotary_turns(torch.arange(T), DIM // HEADS)
    with torch.inference_mode():
        whole = block(x, rotations, None)
        cache = PriorCache(x, (2, HEADS, DIM // HEADS), 1, T, suffix_slots=0, pointer=None)
        head = 4
        first = rotary_turns(torch.arange(head), DIM // HEADS)
        block(x[:1, :head], first, None, partial(cache.fill, slice(0, 1), 0))
        block(x[1:, :head], first, None, partial(cache.fill, slice(1, 2), 0))
        first = head
        for n in (1, 2, T - head - 3):
            own = rotary_turns(torch.arange(first, first + n), DIM // HEADS)
            mask = cache.mask(n, x.device)
            step = block.step(x[:, first : first + n], own, mask, cache, 0)
            cache.advance(n)
            assert torch.allclose(step, whole[:, first : first + n], atol=1e-5)
            first += n
        assert first == T


def test_a_head_scores_every_class_of_any_batch() -> None:
    head = LevelHead(DIM, 7, dropout=0.1).eval()
    hidden = torch.randn(2, 3, DIM)
    assert head(hidden).shape == (2, 3, 7)
    assert torch.allclose(head(hidden[:, 0]), head(hidden)[:, 0], atol=1e-6)
