import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.mel import MelBank, mel_filterbank
from distill.audio.stft import stft
from distill.settings import SAMPLE_RATE


def test_mel_triangles_peak_at_one_and_cover_the_spectrum() -> None:
    bank = mel_filterbank(40, 2048, SAMPLE_RATE).numpy()
    assert bank.shape == (1025, 40)
    assert bank.max() <= 1
    assert np.all(bank.sum(1)[2:-1] > 0)


def by_parts(x: torch.Tensor, bank: MelBank, hop: int) -> torch.Tensor:
    return (stft(x, bank.n_fft, hop).abs() @ bank.weight).clamp(min=1e-5).log()


@given(
    scale=st.sampled_from([(5, 32), (40, 256), (80, 512), (100, 512), (320, 2048)]),
    overlap=st.sampled_from([2, 4]),
    windows=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_bands_and_their_gradients_are_those_of_the_library(
    scale: tuple[int, int], overlap: int, windows: int, seed: int
) -> None:
    n_mels, n_fft = scale
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, windows * n_fft, generator=generator).requires_grad_()
    bank, hop = MelBank(n_mels, n_fft, SAMPLE_RATE), n_fft // overlap
    ours, theirs = bank(x, hop), by_parts(x, bank, hop)
    assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4)
    weights = torch.randn(theirs.shape, generator=generator)
    (mine,), (library,) = (torch.autograd.grad((y * weights).sum(), x) for y in (ours, theirs))
    assert torch.allclose(mine, library, rtol=1e-3, atol=1e-3)


def test_where_bands_are_silent_there_is_no_gradient() -> None:
    bank, generator = MelBank(80, 512, SAMPLE_RATE), torch.Generator().manual_seed(0)
    faint = (1e-6 * torch.randn(1, 4096, generator=generator)).requires_grad_()
    silent = by_parts(faint, bank, 256) < math.log(1.0001e-5)
    assert 0.1 < silent.float().mean() < 0.9
    ours, theirs = (
        torch.autograd.grad(y.sum(), faint)[0]
        for y in (bank(faint, 256), by_parts(faint, bank, 256))
    )
    assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-3 * float(theirs.abs().max()))
    fainter = (1e-8 * torch.randn(1, 4096, generator=generator)).requires_grad_()
    assert not torch.autograd.grad(bank(fainter, 256).sum(), fainter)[0].any()


def test_bands_of_silence_have_no_gradient() -> None:
    x = torch.zeros(1, 1024, requires_grad=True)
    (slope,) = torch.autograd.grad(MelBank(20, 128, SAMPLE_RATE)(x, 64).sum(), x)
    assert not slope.any()


@pytest.mark.parametrize(("n_mels", "n_fft"), [(5, 32), (160, 1024), (320, 2048)])
def test_blocks_of_bands_have_all_bins_that_count(n_mels: int, n_fft: int) -> None:
    bank = MelBank(n_mels, n_fft, SAMPLE_RATE)
    left = bank.weight.clone()
    for bins, bands in bank.blocks:
        left[bins, bands] = 0
    assert not left.any()
    assert [bands.start for _, bands in bank.blocks] == list(range(0, n_mels, 40))
