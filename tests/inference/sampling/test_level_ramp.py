"""A level that goes evenly from one side of a gap to the other."""

from pathlib import Path

import numpy as np
import pytest
import torch

from distill.inference.sampling.level_ramp import (
    LevelRamp,
    is_attack,
    largest_steps,
    level_step,
    ramp_levels,
)
from distill.models.chunked import decode_codes, encode_audio
from distill.models.persistence import load_model_v2
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE

TONE = 0.3 * np.sin(2 * np.pi * 220 * np.arange(20 * 1024) / SAMPLE_RATE, dtype=np.float32)[None]


@pytest.fixture(scope="module")
def codec(trained: Path) -> VQVAE:
    return load_model_v2(trained).model


@pytest.fixture(scope="module")
def loud(codec: VQVAE) -> torch.Tensor:
    return encode_audio(codec, TONE)[5:15]


@pytest.fixture(scope="module")
def quiet(codec: VQVAE) -> torch.Tensor:
    return encode_audio(codec, 0.1 * TONE)[5:15]


def with_attack(codec: VQVAE, at: int = 0, decay: float = 0.0) -> torch.Tensor:
    """Codes of a tone that begins at sample `at` of the first frame and decays at rate `decay`
    (1/s)."""
    t = np.arange(TONE.shape[1]) - 8 * 1024 - at
    return encode_audio(
        codec, TONE * np.where(t >= 0, np.exp(-decay * t / SAMPLE_RATE), 0).astype(np.float32)
    )[8:]


def test_levels_are_those_of_the_sound(
    codec: VQVAE, loud: torch.Tensor, quiet: torch.Tensor
) -> None:
    sounds = [decode_codes(codec, codes)[0, 3072:-3072] for codes in (loud, quiet)]
    heard = [10 * np.log10(np.square(sound).mean()) for sound in sounds]
    left, right = ramp_levels(codec, loud, quiet)
    assert left - right == pytest.approx(heard[0] - heard[1], abs=3)
    assert ramp_levels(codec, quiet, loud) == pytest.approx((right, left), abs=2)
    for sides in ((loud[:0], quiet), (quiet, loud[:0])):
        assert ramp_levels(codec, *sides) == pytest.approx((right, right), abs=2)


def test_nothing_leads_up_to_an_attack(
    codec: VQVAE, loud: torch.Tensor, quiet: torch.Tensor
) -> None:
    late, short = with_attack(codec, at=600), with_attack(codec, decay=50.0)
    assert is_attack(codec, quiet, late)
    assert is_attack(codec, quiet, short)
    assert not any(is_attack(codec, quiet, codes) for codes in (loud, quiet, loud[:2], loud[:0]))
    left, right = ramp_levels(codec, quiet, short)
    assert left == right
    soft = short[6].expand(2, -1)
    assert not is_attack(codec, loud, soft)
    assert ramp_levels(codec, loud, soft)[1] < ramp_levels(codec, loud, loud)[1]


def test_the_course_is_straight(codec: VQVAE, loud: torch.Tensor, quiet: torch.Tensor) -> None:
    ramp = LevelRamp(codec, loud, quiet, 4)
    assert torch.allclose(ramp.levels, torch.linspace(*ramp_levels(codec, loud, quiet), 6)[1:-1])


def test_codes_on_the_line_are_preferred(
    codec: VQVAE, loud: torch.Tensor, quiet: torch.Tensor
) -> None:
    ramp = LevelRamp(codec, loud, quiet, 3)
    choice = [loud[:2, 0], loud[:2, 1]]
    bias = ramp.logit_bias(1, choice)
    assert bias.shape == (2, codec.rvq.codebooks.shape[1])
    for row in range(2):
        latents = (
            codec.rvq.lookup(torch.stack([code[row] for code in choice]))[None]
            + codec.rvq.codebooks[2]
        )
        away = (codec.frame_levels(latents) - ramp.levels[1]).abs()
        assert torch.equal(bias[row].argsort(descending=True), away.argsort())
    assert ramp.logit_bias(0, []).shape == (1, codec.rvq.codebooks.shape[1])


def test_a_step_is_found_wherever_it_is(
    codec: VQVAE, loud: torch.Tensor, quiet: torch.Tensor
) -> None:
    tries = torch.stack([torch.cat([loud[:at], quiet[at:6]]) for at in (0, 3, 6)] + [loud[:6]])
    steps = largest_steps(codec, loud, tries, quiet)
    left, right = ramp_levels(codec, loud, quiet)
    apart = left - right
    assert (steps > apart / 2).all()
    assert largest_steps(codec, loud, tries[3:], loud)[0] < apart / 4
    assert largest_steps(codec, loud[:0], tries[3:], loud)[0] < apart / 4


def test_a_step_in_db() -> None:
    sound = np.concatenate([np.full(100, 0.1), np.full(100, -1.0)])[None]
    assert level_step(sound, 100, 50) == pytest.approx(20, abs=1e-3)
    assert level_step(sound, 100, 1000) == pytest.approx(20, abs=1e-3)
    assert level_step(sound, 50, 50) == 0
    assert level_step(sound, 0, 50) == level_step(sound, 200, 50) == 0
