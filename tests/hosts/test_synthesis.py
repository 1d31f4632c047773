"""Synthesis on a stream: each part beside that of the codec."""

import math

import pytest
import torch

from distill.audio.stft import istft, synthesise
from distill.hosts.synthesis import BasisFrames, Envelope, FourierFrames, Gains, OverlapAdd, Spectra
from distill.models.envelope import SILENCE, shape_blocks, silence_faint_blocks
from distill.models.mid_side import drop_faint_side, relative_to_mid


@pytest.mark.parametrize("has_oscillators", [False, True])
def test_spectra_have_noise_side_and_tones_of_the_codec(make_codec, has_oscillators: bool) -> None:
    codec = make_codec(2, has_oscillators)
    draw = torch.Generator().manual_seed(0)
    heads = [torch.randn(1, 5, 2 * codec.bins, generator=draw) for _ in range(3)]
    heads[0][:, :, codec.bins :] *= 10
    numbers = torch.arange(5) + 1997
    count = codec.oscillators.count if has_oscillators else 0
    shares = torch.rand(1, 5, count, generator=draw)
    real, imaginary = Spectra(codec)(*heads, shares, numbers)

    split = [x.reshape(1, 5, 2, -1).transpose(1, 2) for x in heads]
    phase = relative_to_mid(split[1] + split[2] * codec.noise(torch.tensor([1997]), 5))
    log_magnitude = drop_faint_side(relative_to_mid(split[0])).clamp(max=7)
    tones = [torch.zeros(())] * 3
    if has_oscillators:
        tones = codec.oscillators(shares, log_magnitude, split[1], numbers[None])
        assert tones[0].abs().max() > 0.1
    magnitude = (log_magnitude + tones[2]).exp()
    torch.testing.assert_close(real, magnitude * phase.cos() + tones[0])
    torch.testing.assert_close(imaginary, magnitude * phase.sin() + tones[1])
    assert (magnitude[:, 1] == 0).any()


@pytest.mark.parametrize(("n_fft", "hop"), [(2048, 1024), (4096, 1024), (64, 32)])
def test_overlapping_frames_are_the_inverse_transform(n_fft: int, hop: int) -> None:
    draw = torch.Generator().manual_seed(0)
    log_magnitude = torch.randn(1, 2, 12, n_fft // 2 + 1, generator=draw)
    phase = 3 * torch.randn(1, 2, 12, n_fft // 2 + 1, generator=draw)
    magnitude = log_magnitude.exp()
    frames = FourierFrames(n_fft)(magnitude * phase.cos(), magnitude * phase.sin())
    overlap = OverlapAdd(n_fft, hop)
    waiting = torch.zeros(1, 2, n_fft - hop)
    parts = []
    for start, stop in ((0, 1), (1, 4), (4, 12)):
        numbers = torch.arange(start, stop)
        part, waiting = overlap(frames[:, :, start:stop], waiting, numbers)
        parts.append(part)
    sound = torch.cat(parts, 2)
    side = (n_fft - hop) // 2
    assert not sound[:, :, :side].any()
    expected = synthesise(log_magnitude, phase, n_fft, hop)[:, :, : sound.shape[2] - side]
    torch.testing.assert_close(sound[:, :, side:], expected, rtol=0, atol=2e-5)
    whole = istft(torch.polar(magnitude, phase), n_fft, hop)
    torch.testing.assert_close(expected, whole[:, :, : expected.shape[2]], rtol=0, atol=2e-5)


def test_a_product_with_waves_is_the_inverse_transform() -> None:
    real, imaginary = torch.randn(2, 3, 1025, generator=torch.Generator().manual_seed(0))
    expected = FourierFrames(2048)(real, imaginary)
    torch.testing.assert_close(BasisFrames(2048)(real, imaginary), expected, rtol=0, atol=1e-6)


def test_frames_before_the_beginning_are_silent() -> None:
    frames = torch.ones(1, 1, 4, 64)
    sound, _ = OverlapAdd(64, 32)(frames, torch.zeros(1, 1, 32), torch.arange(-4, 0))
    assert not sound.any()


def test_gains_are_lines_between_the_middles_of_blocks() -> None:
    line = Gains(4)(torch.tensor([[0.0, 0.0, 4.0, 4.0]]), torch.tensor([3]))
    assert line.tolist() == [[[0.0, 0.0, 0.5, 1.5, 2.5, 3.5, 4.0, 4.0]]]


def test_the_gain_of_the_first_block_holds_before_it() -> None:
    line = Gains(4)(torch.tensor([[9.0, 2.0, 4.0]]), torch.tensor([-1]))
    assert line.tolist() == [[[2.0, 2.0, 2.25, 2.75]]]


def test_the_envelope_shapes_and_silences_as_the_codec_does(make_codec) -> None:
    codec = make_codec(2)
    hop = codec.frame_hop
    draw = torch.Generator().manual_seed(0)
    T = 12
    levels = 10 ** (-6 * torch.rand(1, 1, T * hop // 64, generator=draw)).repeat_interleave(64, 2)
    sound = levels * torch.randn(1, 2, T * hop, generator=draw)
    log_gain = -4 * torch.rand(1, T, 16, generator=draw)
    whole = silence_faint_blocks(shape_blocks(sound, log_gain.flatten(1)), 64)
    silent = whole.unflatten(2, (-1, 64)).square().mean((1, 3)) < SILENCE**2
    assert 0.1 < silent.float().mean() < 0.9

    envelope = Envelope(codec)
    # Sound comes half a frame late: its first finished sample is before the beginning.
    early = torch.cat((torch.zeros(1, 2, hop // 2), sound), 2)
    kept = [torch.zeros(1, 9), torch.zeros(1, 2, hop // 2), torch.zeros(1, 9)]
    parts = []
    for start, stop in ((0, 1), (1, 3), (3, 12)):
        part, kept = envelope(
            early[:, :, start * hop : stop * hop],
            log_gain[:, start:stop],
            kept,
            torch.tensor([start]),
        )
        parts.append(part)
    output = torch.cat(parts, 2)
    assert envelope.delay == 1
    torch.testing.assert_close(output[:, :, hop:], whole[:, :, :-hop])
    assert math.isclose(float(output[:, :, :hop].abs().max()), 0)
