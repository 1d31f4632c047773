"""Blocks on a stream."""

import pytest
import torch

from distill.hosts.blocks import PAST, StreamBlock
from distill.models.layers import ConvNeXtBlock


def block_of(dim: int = 8) -> ConvNeXtBlock:
    torch.manual_seed(0)
    return ConvNeXtBlock(dim, 2, 0.5).eval()


@torch.no_grad()
def test_outputs_are_those_of_the_block_three_frames_later() -> None:
    block = block_of()
    stream = StreamBlock(block, number=1, blocks=1, ahead=3)
    x = torch.randn(2, 20, 8)
    past = torch.zeros(2, PAST, 8)
    parts = []
    for start in range(0, 20, 4):
        newest = torch.arange(start, start + 4)
        y, past, tail = stream(x[:, start : start + 4], past, x[:, :0].repeat(4, 1, 1), newest)
        parts.append(y)
        assert tail.shape[1] == 0
    outputs = torch.cat(parts, 1)
    assert not outputs[:, :3].any()
    torch.testing.assert_close(outputs[:, 3:], block(x)[:, :-3])


@torch.no_grad()
@pytest.mark.parametrize("ahead", [0, 1, 2])
def test_the_tail_is_that_of_a_sound_that_ends(ahead: int) -> None:
    block = block_of()
    stream = StreamBlock(block, number=1, blocks=1, ahead=ahead)
    assert stream.tail_frames == 1
    x = torch.randn(1, 12, 8)
    empty = x[:, :0].repeat(12, 1, 1)
    _, _, tail = stream(x, torch.zeros(1, PAST, 8), empty, torch.arange(12))
    for newest in range(12):
        expected = block(x[:, : newest + 1])[0, newest - ahead] if newest >= ahead else 0 * x[0, 0]
        torch.testing.assert_close(tail[newest, 0], expected)


@pytest.mark.parametrize("ahead", range(22))
def test_every_tail_reaches_over_what_the_next_one_needs(ahead: int) -> None:
    blocks = [StreamBlock(block_of(), number, 7, ahead) for number in range(1, 8)]
    tail = 0
    for block in blocks:
        if block.tail_frames:
            inputs = block.final_frames + tail + block.frames_after_end
            assert inputs == block.tail_frames + PAST
            assert block.final_frames <= PAST + 1
        tail = block.tail_frames
    assert blocks[-1].tail_frames == (ahead < 21)
