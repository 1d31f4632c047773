"""Spectra: framing, STFT and its inverse. All shapes lead with any batch dimensions `...`.

Frame `t` is centred on sample `t * hop + hop / 2`, so `N` samples give exactly `N / hop` frames and
a signal can be processed in pieces that begin on a multiple of `hop`.
"""

from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


@cache
def hann(n_fft: int) -> Tensor:
    """Periodic Hann window `[n_fft]`."""
    # First used while decoding, it would be an inference tensor for ever, which training cannot
    # use.
    with torch.inference_mode(False):
        return torch.hann_window(n_fft)


def stft(x: Tensor, n_fft: int, hop: int) -> Tensor:
    """Spectrum `[..., T, n_fft // 2 + 1]` (complex) of `x` `[..., N]`, `T = N / hop`; `N` a
    multiple of `hop`."""
    side = (n_fft - hop) // 2
    frames = F.pad(x, (side, side)).unfold(-1, n_fft, hop)
    return torch.fft.rfft(frames * hann(n_fft).to(x))


def overlap_add(frames: Tensor, hop: int) -> Tensor:
    """Sum frames `[..., T, n_fft]` spaced by `hop` into `[..., (T - 1) * hop + n_fft]`; `n_fft` a
    multiple of `hop`."""
    *lead, T, n_fft = frames.shape
    parts = n_fft // hop
    out = frames.new_zeros(*lead, T + parts - 1, hop)
    for p, block in enumerate(frames.unflatten(-1, (parts, hop)).unbind(-2)):
        out[..., p : p + T, :] += block
    return out.flatten(-2)


def _centred(frames: Tensor, hop: int) -> Tensor:
    """Sum frames `[..., T, n_fft]`, centred as those of `stft`, over the samples `[..., T *
    hop]`."""
    T, n_fft = frames.shape[-2:]
    side = (n_fft - hop) // 2
    return overlap_add(frames, hop)[..., side : side + T * hop]


def stft_gradient(slopes: Tensor, n_fft: int, hop: int) -> Tensor:
    """Gradient by the signal `[..., T * hop]`, of that by its `stft`: complex `[..., T, F]`, which
    is used up."""
    # An inverse transform counts all but the first and the last bin twice.
    slopes[..., 0] *= 2
    slopes[..., -1] *= 2
    frames = torch.fft.irfft(slopes, n_fft, norm="forward")
    return _centred(frames * (hann(n_fft) / 2).to(frames), hop)


class _Synthesis(torch.autograd.Function):
    """The gradients by log-magnitude and by phase are the real and the imaginary part of one
    complex product."""

    @staticmethod
    def forward(ctx: Any, log_magnitude: Tensor, phase: Tensor, n_fft: int, hop: int) -> Tensor:
        magnitude = log_magnitude.exp()
        spectrum = torch.complex(magnitude * phase.cos(), magnitude * phase.sin())
        ctx.save_for_backward(spectrum)
        ctx.n_fft, ctx.hop = n_fft, hop
        return istft(spectrum, n_fft, hop)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        (spectrum,) = ctx.saved_tensors
        n_fft, hop = ctx.n_fft, ctx.hop
        slopes = stft(gradient / (n_fft / 2 * _window_sums(gradient, n_fft, hop)), n_fft, hop)
        # As in `stft_gradient`, the other way about.
        slopes[..., 0] /= 2
        slopes[..., -1] /= 2
        turned = spectrum.conj() * slopes
        return turned.real, turned.imag, None, None


def synthesise(log_magnitude: Tensor, phase: Tensor, n_fft: int, hop: int) -> Tensor:
    """Signal `[..., T * hop]` from natural-log magnitudes and phases (radians) `[..., T, F]`, as
    `istft` gives it."""
    result: Tensor = _Synthesis.apply(log_magnitude, phase, n_fft, hop)
    return result


def istft(spectrum: Tensor, n_fft: int, hop: int) -> Tensor:
    """Signal `[..., T * hop]` from a spectrum `[..., T, F]`: least-squares inverse (Griffin & Lim
    1984, eq. 6)."""
    frames = torch.fft.irfft(spectrum, n=n_fft) * hann(n_fft).to(spectrum.real)
    signal = _centred(frames, hop)
    return signal / _window_sums(signal, n_fft, hop)


def _window_sums(signal: Tensor, n_fft: int, hop: int) -> Tensor:
    """Sums `[N]` of the squares of all windows that lie over each sample of `signal` `[..., N]`."""
    squares = (hann(n_fft).to(signal) ** 2).expand(signal.shape[-1] // hop, n_fft)
    return _centred(squares, hop)
