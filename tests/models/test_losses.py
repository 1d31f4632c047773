import math

import pytest
import torch

from distill.models.losses import MEL_SCALES, TRAINED_OVERLAP, MelLoss, best_gain
from distill.settings import SAMPLE_RATE

ALL = tuple(range(len(MEL_SCALES)))


def test_equal_sounds_have_no_distance_and_silence_is_finite() -> None:
    loss, x = MelLoss(SAMPLE_RATE), torch.randn(1, 1, 8192) * 0.1
    assert float(loss(x, x, ALL)) == 0
    assert torch.isfinite(loss(torch.zeros_like(x), x, ALL))


def test_distance_grows_with_the_error() -> None:
    loss, x = MelLoss(SAMPLE_RATE), torch.randn(1, 1, 8192) * 0.1
    distances = [float(loss(x * gain, x, ALL)) for gain in (0.9, 0.5, 0.1)]
    assert distances == sorted(distances)
    # A gain of 10 dB is half a decade of magnitude at every scale.
    assert abs(float(loss(x * 10**-0.5, x, (3,))) - 0.5) < 0.05


def test_gradient_is_finite_from_silence() -> None:
    loss, x = MelLoss(SAMPLE_RATE), torch.zeros(1, 1, 4096, requires_grad=True)
    loss(x, torch.randn(1, 1, 4096), ALL).backward()
    assert torch.isfinite(x.grad).all()


def test_energy_distance_prefers_noise_that_varies() -> None:
    """Against white noise, a fixed decoding is nearer on average, but varying ones are the better
    likeness."""
    loss, generator = MelLoss(SAMPLE_RATE), torch.Generator().manual_seed(0)
    target, a, b = (0.1 * torch.randn(4, 1, 16_384, generator=generator) for _ in range(3))
    varying, varying_energy = loss.energy_distance(a, b, target, ALL, 1.0)
    fixed, fixed_energy = loss.energy_distance(a, a, target, ALL, 1.0)
    assert float(fixed_energy) == float(fixed)
    assert float(varying_energy) < 0.7 * float(fixed_energy)
    assert abs(float(varying) - float(fixed)) < 0.05 * float(fixed)


def test_gradients_of_the_energy_distance_are_those_of_its_parts() -> None:
    loss, generator = MelLoss(SAMPLE_RATE), torch.Generator().manual_seed(0)
    target, *decoded = (
        level * torch.randn(2, 1, 8192, generator=generator) for level in (0.1, 0.03, 0.2)
    )
    a, b = (x.requires_grad_() for x in decoded)
    scales = 1, 4, 6
    by_parts = torch.tensor(0.0)
    for i in scales:
        mels = [loss.log_mel(x, i, TRAINED_OVERLAP) for x in (a, b, target)]
        near = 0.5 * ((mels[0] - mels[2]).abs() + (mels[1] - mels[2]).abs())
        apart = loss.audibility(mels[2], i) * (mels[0] - mels[1]).abs()
        by_parts = by_parts + (near - 0.5 * 0.7 * apart).mean() / len(scales)
    distance, energy = loss.energy_distance(a, b, target, scales, 0.7)
    assert torch.allclose(energy, by_parts)
    assert not distance.requires_grad
    for ours, theirs in zip(
        *(torch.autograd.grad(x, (a, b)) for x in (energy, by_parts)), strict=True
    ):
        assert torch.allclose(ours, theirs, atol=1e-6 * float(theirs.abs().max()))


def test_noise_that_nobody_hears_may_be_always_the_same() -> None:
    """Variation is rewarded of a hiss that is loud, not of one at -100 dBFS."""
    loss, generator = MelLoss(SAMPLE_RATE), torch.Generator().manual_seed(0)
    target, a, b = (torch.randn(4, 1, 16_384, generator=generator) for _ in range(3))
    rewards = []
    for level in (1e-5, 0.1):
        distance, energy = loss.energy_distance(level * a, level * b, level * target, ALL, 1.0)
        rewards.append(float(distance - energy))
    assert rewards[0] == 0
    assert rewards[1] > 0.05


@pytest.mark.parametrize("gain", [0.2, 1.0, 5.0])
def test_best_gain_finds_a_wrong_level(gain: float) -> None:
    loss, x = (
        MelLoss(SAMPLE_RATE),
        0.1 * torch.randn(1, 16_384, generator=torch.Generator().manual_seed(0)),
    )
    assert best_gain(x, x * gain, loss) == pytest.approx(gain, rel=1e-3)
    noisy = x * gain + 0.01 * gain * torch.randn(
        x.shape, generator=torch.Generator().manual_seed(1)
    )
    best = best_gain(x, noisy, loss)
    distances = [float(loss(x * g, noisy, ALL)) for g in (0.8 * best, best, 1.25 * best)]
    assert distances[1] == min(distances)


def test_silence_needs_no_gain() -> None:
    silence = torch.zeros(1, 4096)
    assert best_gain(silence, silence, MelLoss(SAMPLE_RATE)) == 1.0


def test_level_distance_is_in_decades_of_level_and_nothing_else() -> None:
    loss, generator = MelLoss(SAMPLE_RATE), torch.Generator().manual_seed(0)
    x, other = (0.1 * torch.randn(2, 1, 9600, generator=generator) for _ in range(2))
    assert float(loss.level_distance(x, x, x)) == 0
    assert float(loss.level_distance(0.1 * x, 0.1 * x, x)) == pytest.approx(1, abs=0.01)
    # Another sound of the same level, and the same sound at a level that comes and goes.
    gated = x * (torch.arange(9600) // 480 % 2)
    assert float(loss.level_distance(other, x, x)) < 0.05
    assert float(loss.level_distance(gated, gated, x)) > 0.5


def test_of_stereo_the_level_of_the_mid_counts_too() -> None:
    """The ears of both are as loud; of one, they add up to nothing."""
    loss, left = (
        MelLoss(SAMPLE_RATE),
        0.1 * torch.randn(1, 1, 4800, generator=torch.Generator().manual_seed(0)),
    )
    same, opposed = torch.cat((left, left), 1), torch.cat((left, -left), 1)
    assert float(loss.level_distance(same, same, same)) == 0
    assert float(loss.level_distance(opposed, opposed, same)) > 1


def test_nothing_makes_up_for_chance_in_the_level() -> None:
    loss = MelLoss(SAMPLE_RATE)
    x = 0.1 * torch.randn(2, 1, 9600, generator=torch.Generator().manual_seed(0))
    assert float(loss.level_distance(2 * x, 2 * x, x)) == pytest.approx(math.log10(2), abs=0.01)
    assert float(loss.level_distance(2 * x, x / 2, x)) == pytest.approx(math.log10(2), abs=0.01)


def test_level_distance_takes_silence_and_any_length() -> None:
    loss, silence = MelLoss(SAMPLE_RATE), torch.zeros(1, 1, 5000, requires_grad=True)
    loss.level_distance(silence, silence, torch.randn(1, 1, 5000)).backward()
    assert torch.isfinite(silence.grad).all()
