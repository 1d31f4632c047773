"""The loss of partials tells lines from bands, and finds steady tones in recordings."""

import math

import numpy as np
import pytest
import torch

from distill.audio.stft import stft
from distill.models.oscillators import frequencies
from distill.models.vqvae import VQVAE, Spectrum
from distill.settings import SAMPLE_RATE
from distill.training.codec.partial_loss import DECIMATION, EVERY, PartialLoss, decimate

FRAMES = 24

N = FRAMES * 1024


@pytest.fixture(scope="module")
def loss() -> PartialLoss:
    return PartialLoss(VQVAE(SAMPLE_RATE, hidden_size=16, decoder_layers=1, oscillators=True))


def line(hz: float) -> tuple[int, float]:
    """The oscillator next to `hz`, and its frequency."""
    lines = frequencies(SAMPLE_RATE)
    number = int(np.abs(lines - hz).argmin())
    return number, float(lines[number])


def tone(hz: float, phase: float = 0.0) -> torch.Tensor:
    t = torch.arange(N, dtype=torch.float64) / SAMPLE_RATE
    return (0.2 * torch.sin(2 * math.pi * hz * t + phase)).float()[None]


def noise(seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(1, N, generator=torch.Generator().manual_seed(seed))


def click() -> torch.Tensor:
    sound = torch.zeros(1, N)
    sound[:, N // 2] = 1
    return sound


def middle(shares: torch.Tensor) -> torch.Tensor:
    """Shares of the frames whose windows lie inside the sound."""
    return shares[:, 4 // EVERY : -4 // EVERY]


def test_a_steady_tone_is_all_its_oscillators(loss: PartialLoss) -> None:
    for hz in (110.0, 440.0, 3000.0):
        number, frequency = line(hz)
        shares, amplitudes = loss.shares(tone(frequency))
        assert middle(shares)[..., number].min() > 0.9
        assert middle(amplitudes)[..., number].mean() == pytest.approx(0.2, rel=0.05)
        others = [n for n in range(shares.shape[-1]) if n != number]
        assert middle(shares)[..., others].max() < 0.1


def test_noise_and_clicks_are_no_tones(loss: PartialLoss) -> None:
    steady = middle(loss.shares(tone(line(440)[1]))[0]).mean(1).max()
    assert steady > 0.9
    # Peaks of noise pass for tones for a moment, and none for long.
    assert middle(loss.shares(noise())[0]).mean(1).max() < 0.6
    assert middle(loss.shares(click())[0]).mean(1).max() < 0.1
    assert not loss.shares(torch.zeros(1, N))[0].any()


def test_an_attack_over_a_tone_is_left_to_noise(loss: PartialLoss) -> None:
    number, frequency = line(440)
    plain = loss.shares(tone(frequency))[0]
    struck = loss.shares(tone(frequency) + 400 * click())[0]
    row = FRAMES // 2 // EVERY
    assert struck[0, row, number] < 0.5 * plain[0, row, number]
    # Two frames before it, windows of the short spectra end before the click.
    before = row - 4 // EVERY
    assert struck[0, before, number] > 0.8 * plain[0, before, number]


def test_a_line_is_told_from_a_band(loss: PartialLoss) -> None:
    _, frequency = line(440)
    source = tone(frequency)
    hz = torch.fft.rfftfreq(N, 1 / SAMPLE_RATE)
    # As wide as what random phases make of a tone from frame to frame.
    bands = [
        torch.fft.irfft(torch.fft.rfft(noise(seed)) * (abs(hz - frequency) < 40), N)
        for seed in (1, 2)
    ]
    bands = [band * source.square().mean().sqrt() / band.square().mean().sqrt() for band in bands]
    lines = [tone(frequency, phase) for phase in (1.0, 2.5)]
    assert loss.distance(*lines, source) < 0.3 * loss.distance(*bands, source)


def test_it_asks_for_the_oscillator_of_a_tone_and_not_for_one_beside_it() -> None:
    codec = VQVAE(SAMPLE_RATE, hidden_size=16, decoder_layers=1, oscillators=True)
    loss = PartialLoss(codec)
    number, frequency = line(440)
    # 25 Hz off: neither has to do with the other's line, and both lie in the same bins.
    beside, _ = line(frequency + 25)
    source = tone(frequency)[:, None]
    magnitudes = stft(source, codec.n_fft, codec.frame_hop).abs().clamp(min=1e-6).log()
    shares = torch.full((1, FRAMES, len(frequencies(SAMPLE_RATE))), 0.001)
    shares[..., [number, beside]] = 0.8
    shares.requires_grad_()
    spectrum = Spectrum(
        log_magnitude=magnitudes,
        phase=torch.zeros_like(magnitudes),
        # As good as any phase.
        spread=torch.full_like(magnitudes, 3.0),
        log_gain=torch.zeros(1, FRAMES * codec.frame_hop // codec.envelope_block),
        shares=shares,
    )
    # Many draws of noise: one may be a line by chance.
    for row in range(0, 200, 10):
        first, other = (codec.synthesise(spectrum, torch.tensor([n])) for n in (row, row + 5))
        loss.distance(first.mean(1), other.mean(1), source.mean(1)).backward()
    slope = middle(shares.grad).sum(1)[0]
    assert slope[number] < 0
    assert slope[beside] > 0


def test_each_crop_counts_alike_in_any_batch(loss: PartialLoss) -> None:
    audio = torch.cat((tone(line(440)[1]), 0.01 * noise(), tone(line(90)[1])))[:, None]
    generator = torch.Generator().manual_seed(0)
    shares = torch.rand(3, FRAMES, len(frequencies(SAMPLE_RATE)), generator=generator)
    other = audio.flip(2)
    together = loss(audio, other, shares, audio)
    alone = [loss(*(x[n : n + 1] for x in (audio, other, shares, audio))) for n in range(3)]
    torch.testing.assert_close(together, torch.stack(alone).mean())


@pytest.mark.parametrize("frames", [1, 3, 6])
def test_crops_that_are_shorter_than_the_window_have_a_loss(loss: PartialLoss, frames: int) -> None:
    audio = noise()[:, None, : frames * 1024]
    output = audio.clone().requires_grad_()
    shares = torch.full((1, frames, len(frequencies(SAMPLE_RATE))), 0.5, requires_grad=True)
    loss(output, audio.flip(2), shares, audio).backward()
    assert torch.isfinite(output.grad).all()
    assert shares.grad.abs().sum() > 0


def test_stereo_counts_by_its_mid(loss: PartialLoss) -> None:
    mid = tone(line(440)[1])
    shares = torch.full((1, FRAMES, len(frequencies(SAMPLE_RATE))), 0.1)
    side = noise(3)
    stereo = torch.stack((mid + side, mid - side), 1)
    mono = mid[:, None]
    ours = loss(stereo, stereo, shares, stereo)
    torch.testing.assert_close(ours, loss(mono, mono, shares, mono), atol=1e-3, rtol=1e-3)


def test_decimation_keeps_what_lies_below() -> None:
    t = torch.arange(N) / SAMPLE_RATE
    low = torch.sin(2 * math.pi * 1000.0 * t)[None]
    high = torch.sin(2 * math.pi * 9000.0 * t)[None]
    kept = decimate(low + high)
    assert kept.shape == (1, N // DECIMATION)
    # The ends ring, as those of any sharp filter.
    inner = slice(500, -500)
    torch.testing.assert_close(kept[:, inner], low[:, ::DECIMATION][:, inner], atol=0.01, rtol=0)
