import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.stft import istft, overlap_add, stft, synthesise


@given(frames=st.integers(1, 20), parts=st.sampled_from([2, 4, 8]), seed=st.integers(0, 99))
def test_inverse_gives_the_signal_back(frames: int, parts: int, seed: int) -> None:
    n_fft = 256
    hop = n_fft // parts
    x = torch.randn(2, frames * hop, generator=torch.Generator().manual_seed(seed))
    spectrum = stft(x, n_fft, hop)
    assert spectrum.shape == (2, frames, n_fft // 2 + 1)
    # The outermost samples lie under the very edge of few windows, where dividing by the window
    # magnifies rounding.
    assert torch.allclose(istft(spectrum, n_fft, hop), x, atol=1e-3)


def test_stft_agrees_with_the_library() -> None:
    x = torch.randn(1, 4096)
    ours = stft(x, 512, 128)
    side = (512 - 128) // 2
    theirs = torch.stft(
        torch.nn.functional.pad(x, (side, side)),
        512,
        128,
        window=torch.hann_window(512),
        center=False,
        return_complex=True,
    ).transpose(1, 2)
    assert torch.allclose(ours, theirs, atol=1e-4)


def test_overlap_add_sums_frames() -> None:
    out = overlap_add(torch.ones(3, 4), 2)
    assert out.tolist() == [1, 1, 2, 2, 2, 2, 1, 1]


@given(frames=st.integers(1, 20), parts=st.sampled_from([2, 4]), seed=st.integers(0, 99))
def test_sounds_of_magnitude_and_phase_and_their_gradients_are_those_of_the_library(
    frames: int, parts: int, seed: int
) -> None:
    n_fft = 64
    hop = n_fft // parts
    generator = torch.Generator().manual_seed(seed)
    shape = 2, frames, n_fft // 2 + 1
    log_magnitude, phase = (
        torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_() for _ in "mp"
    )
    ours = synthesise(log_magnitude, phase, n_fft, hop)
    theirs = istft(torch.polar(log_magnitude.exp(), phase), n_fft, hop)
    assert torch.allclose(ours, theirs)
    weights = torch.randn(ours.shape, generator=generator, dtype=torch.float64)
    mine, library = (
        torch.autograd.grad((y * weights).sum(), (log_magnitude, phase)) for y in (ours, theirs)
    )
    for a, b in zip(mine, library, strict=True):
        assert torch.allclose(a, b)


def test_added_spectra_sound_beside_and_get_their_gradient() -> None:
    n_fft, hop = 64, 16
    generator = torch.Generator().manual_seed(2)
    parts = [
        torch.randn(2, 6, 33, generator=generator, dtype=torch.float64).requires_grad_()
        for _ in range(4)
    ]
    log_magnitude, phase, real, imaginary = parts
    ours = synthesise(log_magnitude, phase, n_fft, hop, real, imaginary)
    added = torch.complex(real, imaginary)
    theirs = istft(torch.polar(log_magnitude.exp(), phase) + added, n_fft, hop)
    assert torch.allclose(ours, theirs)
    weights = torch.randn(ours.shape, generator=generator, dtype=torch.float64)
    mine, library = (torch.autograd.grad((y * weights).sum(), parts) for y in (ours, theirs))
    for a, b in zip(mine, library, strict=True):
        assert torch.allclose(a, b)
