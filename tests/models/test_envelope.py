"""Gains for short blocks: what they leave alone, and what they make of it where they do not."""

import math

import pytest
import torch

from distill.models.envelope import LOWEST_LOG_GAIN, SILENCE, shape_blocks, silence_faint_blocks

BLOCK = 64


def noise(blocks: int, channels: int = 1, level: float = 0.1) -> torch.Tensor:
    return level * torch.randn(
        2, channels, blocks * BLOCK, generator=torch.Generator().manual_seed(0)
    )


def test_a_gain_of_1_leaves_sound_alone() -> None:
    sound = noise(40, channels=2)
    assert torch.equal(shape_blocks(sound, torch.zeros(2, 40)), sound)


def test_a_gain_is_reached_at_the_middle_of_its_block_on_a_straight_line() -> None:
    gains = torch.tensor([[1.0, 0.5, 0.25, 1.0]])
    (shaped,) = shape_blocks(torch.ones(1, 1, 4 * BLOCK), gains.log())[0]
    middles = shaped.reshape(4, BLOCK)[:, BLOCK // 2 - 1 : BLOCK // 2 + 1].mean(1)
    assert middles.tolist() == pytest.approx(gains[0].tolist(), abs=0.01)
    between = shaped[BLOCK // 2 : 3 * BLOCK // 2]
    assert between.diff().tolist() == pytest.approx([-0.5 / BLOCK] * (BLOCK - 1), abs=1e-6)
    assert torch.equal(shaped[: BLOCK // 2], torch.ones(BLOCK // 2))


def test_every_sound_has_its_own_gains_and_its_channels_share_them() -> None:
    sound = torch.ones(2, 2, 3 * BLOCK)
    unchanged, other = shape_blocks(sound, torch.tensor([[0.0] * 3, [math.log(0.5)] * 3]))
    assert torch.equal(unchanged, sound[0])
    assert torch.allclose(other, sound[1] / 2)


def test_gains_have_a_floor_and_gradients_through_it() -> None:
    log_gain = torch.tensor([[0.0, -math.inf, -1.0]], requires_grad=True)
    shaped = shape_blocks(torch.ones(1, 1, 3 * BLOCK), log_gain)
    assert float(shaped.detach().min()) == pytest.approx(
        math.exp(LOWEST_LOG_GAIN), rel=0.01, abs=0.01
    )
    shaped.sum().backward()
    assert torch.isfinite(log_gain.grad).all()


def test_what_is_too_faint_becomes_silence_and_what_is_loud_stays_to_the_sample() -> None:
    sound = torch.cat((noise(4), noise(4, level=SILENCE / 2), noise(4)), -1)
    gated = silence_faint_blocks(sound, BLOCK)
    half = BLOCK // 2
    faint = slice(4 * BLOCK + half, 8 * BLOCK - half)
    assert torch.equal(gated[..., faint], torch.zeros_like(gated[..., faint]))
    for loud in (slice(0, 4 * BLOCK - half), slice(8 * BLOCK + half, None)):
        assert torch.equal(gated[..., loud], sound[..., loud])
    assert (gated.abs() <= sound.abs()).all()


@pytest.mark.parametrize(("level", "audible"), [(0.8 * SILENCE, False), (1.25 * SILENCE, True)])
def test_the_border_is_the_stated_level(level: float, audible: bool) -> None:
    sound = torch.full((1, 1, 4 * BLOCK), level)
    assert torch.equal(
        silence_faint_blocks(sound, BLOCK), sound if audible else torch.zeros_like(sound)
    )


def test_one_loud_channel_keeps_both() -> None:
    sound = noise(4, channels=2)
    sound[:, 1] *= 1e-6
    assert torch.equal(silence_faint_blocks(sound, BLOCK), sound)


def test_gains_between_blocks_are_those_of_the_library() -> None:
    gains = torch.rand(2, 9, generator=torch.Generator().manual_seed(1))
    shaped = shape_blocks(torch.ones(2, 1, 9 * BLOCK), gains.log())
    expected = torch.nn.functional.interpolate(
        gains[:, None], size=9 * BLOCK, mode="linear", align_corners=False
    )
    assert torch.allclose(shaped, expected, atol=1e-6)
