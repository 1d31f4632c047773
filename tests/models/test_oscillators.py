"""A bank of oscillators: tones lie where they should, and hold from frame to frame."""

import math

import numpy as np
import pytest
import torch

from distill.audio.stft import istft, stft
from distill.models.oscillators import TURN, Oscillators, frequencies
from distill.settings import SAMPLE_RATE

N_FFT = 2048

HOP = 1024

FRAMES = 48


def bank(channels: int = 1) -> Oscillators:
    return Oscillators(SAMPLE_RATE, N_FFT, HOP, channels)


def sine(hz: float, amplitude: float = 0.3) -> torch.Tensor:
    """A sine `[1, N]`."""
    t = torch.arange(FRAMES * HOP, dtype=torch.float64) / SAMPLE_RATE
    return (amplitude * torch.sin(2 * math.pi * hz * t)).float()[None]


def log_magnitudes(sound: torch.Tensor) -> torch.Tensor:
    """Natural-log magnitudes `[1, C, T, F]` of a sound `[C, N]`."""
    return stft(sound, N_FFT, HOP).abs().clamp(min=1e-9).log()[None]


def nearest(hz: float) -> int:
    return int(np.abs(frequencies(SAMPLE_RATE) - hz).argmin())


def share_at(hz: float) -> torch.Tensor:
    """Shares `[1, T, J]`: all of the oscillator next to `hz`, nothing of others."""
    shares = torch.zeros(1, FRAMES, len(frequencies(SAMPLE_RATE)))
    shares[..., nearest(hz)] = 1
    return shares


@pytest.mark.parametrize("hz", [41.0, 220.0, 1234.0, 4900.0])
def test_a_tone_lies_on_its_line_at_its_level(hz: float) -> None:
    line = float(frequencies(SAMPLE_RATE)[nearest(hz)])
    # At most six cents, or half the least step.
    assert abs(line - hz) <= max(1.0, hz * (2 ** (6.5 / 1200) - 1))
    sound = sine(line)
    magnitudes = log_magnitudes(sound)
    numbers = torch.arange(FRAMES)[None]
    real, imaginary, _ = bank()(share_at(hz), magnitudes, torch.zeros_like(magnitudes), numbers)
    tone = istft(torch.complex(real, imaginary), N_FFT, HOP)[0, 0].double().numpy()
    inner = tone[2 * HOP : -2 * HOP]
    spectrum = np.abs(np.fft.rfft(inner * np.hanning(len(inner)))) ** 2
    bins = np.fft.rfftfreq(len(inner), 1 / SAMPLE_RATE)
    is_near = np.abs(bins - line) < 5
    assert spectrum[is_near].sum() > 0.999 * spectrum.sum()
    # The lobe of the lowest tones reaches below 0 Hz.
    tolerance = 0.1 if hz < 100 else 0.01
    assert np.sqrt(2 * np.mean(inner**2)) == pytest.approx(0.3, rel=tolerance)


def test_a_pure_tone_leaves_little_to_noise_and_silence_all_of_nothing() -> None:
    line = float(frequencies(SAMPLE_RATE)[nearest(1000)])
    magnitudes = log_magnitudes(sine(line))
    numbers = torch.arange(FRAMES)[None]
    _, _, rest = bank()(share_at(1000), magnitudes, torch.zeros_like(magnitudes), numbers)
    peak = round(line * N_FFT / SAMPLE_RATE)
    assert rest[0, 0, 2:-2, peak].max() < math.log(0.05)
    assert rest.max() <= 0
    assert torch.isfinite(rest).all()

    silence = torch.full_like(magnitudes, -math.inf)
    shares = torch.ones(1, FRAMES, len(frequencies(SAMPLE_RATE)))
    real, imaginary, rest = bank()(shares, silence, torch.zeros_like(silence), numbers)
    assert not real.any()
    assert not imaginary.any()
    assert not rest.any()


def test_a_frame_sounds_alike_wherever_decoding_begins() -> None:
    generator = torch.Generator().manual_seed(0)
    shares = torch.rand(1, FRAMES, len(frequencies(SAMPLE_RATE)), generator=generator)
    magnitudes = torch.randn(1, 2, FRAMES, N_FFT // 2 + 1, generator=generator)
    phase = torch.randn(magnitudes.shape, generator=generator)
    numbers = torch.arange(FRAMES)[None] + 5000
    whole = bank(2)(shares, magnitudes, phase, numbers)
    part = bank(2)(shares[:, 20:], magnitudes[:, :, 20:], phase[:, :, 20:], numbers[:, 20:])
    for ours, theirs in zip(part, whole, strict=True):
        torch.testing.assert_close(ours, theirs[:, :, 20:])


def test_phases_are_exact_after_a_day() -> None:
    oscillators = bank()
    day = 24 * 3600 * SAMPLE_RATE // HOP
    steps = [int(step) for step in oscillators.steps]
    starts = [int(start) for start in oscillators.starts]
    expected = [(day * step + start) % TURN for step, start in zip(steps, starts, strict=True)]
    angles = oscillators.angles(torch.tensor([day]))[0].double().numpy()
    np.testing.assert_allclose(angles, 2 * np.pi * np.array(expected) / TURN, atol=1e-5)


def test_the_side_keeps_its_phase_to_the_mid() -> None:
    line = float(frequencies(SAMPLE_RATE)[nearest(500)])
    mid = log_magnitudes(sine(line))
    magnitudes = torch.cat((mid, mid - math.log(2)), 1)
    phase = torch.zeros_like(magnitudes)
    # Of the mid it is not asked.
    phase[:, 0] = 2.0
    phase[:, 1] = math.pi
    numbers = torch.arange(FRAMES)[None]
    real, imaginary, _ = bank(2)(share_at(500), magnitudes, phase, numbers)
    torch.testing.assert_close(real[:, 1], -real[:, 0] / 2, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(imaginary[:, 1], -imaginary[:, 0] / 2, atol=1e-3, rtol=1e-3)
