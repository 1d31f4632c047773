import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.features import istft, magnitude, mel_filterbank, overlap_add, stft
from distill.settings import SAMPLE_RATE


@given(frames=st.integers(1, 20), parts=st.sampled_from([2, 4, 8]), seed=st.integers(0, 99))
def test_inverse_gives_the_signal_back(frames: int, parts: int, seed: int) -> None:
    n_fft = 256
    hop = n_fft // parts
    x = torch.randn(2, frames * hop, generator=torch.Generator().manual_seed(seed))
    spectrum = stft(x, n_fft, hop)
    assert spectrum.shape == (2, frames, n_fft // 2 + 1)
    # The outermost samples lie under the very edge of few windows, where dividing by the window magnifies rounding.
    assert torch.allclose(istft(spectrum, n_fft, hop), x, atol=1e-3)


def test_stft_agrees_with_the_library() -> None:
    x = torch.randn(1, 4096)
    ours = stft(x, 512, 128)
    side = (512 - 128) // 2
    theirs = torch.stft(
        torch.nn.functional.pad(x, (side, side)), 512, 128, window=torch.hann_window(512), center=False,
        return_complex=True,
    ).transpose(1, 2)  # fmt: skip
    assert torch.allclose(ours, theirs, atol=1e-4)


def test_overlap_add_sums_frames() -> None:
    out = overlap_add(torch.ones(3, 4), 2)
    assert out.tolist() == [1, 1, 2, 2, 2, 2, 1, 1]


def test_mel_triangles_peak_at_one_and_cover_the_spectrum() -> None:
    bank = mel_filterbank(40, 2048, SAMPLE_RATE).numpy()
    assert bank.shape == (1025, 40)
    assert bank.max() <= 1
    assert np.all(bank.sum(1)[2:-1] > 0)


def test_magnitudes_and_their_gradients_are_those_of_the_library() -> None:
    x = torch.randn(3, 9, dtype=torch.complex64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    ours, theirs = (torch.autograd.grad((f(x) ** 3).sum(), x)[0] for f in (magnitude, torch.abs))
    assert torch.allclose(magnitude(x), x.abs())
    assert torch.allclose(ours, theirs, atol=1e-5)
    # Where there is nothing no direction is better than another.
    nothing = torch.zeros(4, dtype=torch.complex64, requires_grad=True)
    assert not torch.autograd.grad(magnitude(nothing).sum(), nothing)[0].any()
