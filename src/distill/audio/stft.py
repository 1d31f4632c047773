"""Short-time Fourier transform (STFT) and its inverse, with gradients by hand.

Frame `t` is centred on sample `t * hop + hop / 2`, so that `N` samples give exactly `N / hop`
frames. A signal can be processed in pieces that begin on a multiple of `hop`. Shapes:
`...` any batch dimensions, `N` samples, `T` frames, `F = n_fft // 2 + 1` frequency bins.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

_windows: dict[int, Tensor] = {}
"""Windows that were used before, by their length."""


def hann(n_fft: int) -> Tensor:
    """Periodic Hann window `[n_fft]`."""
    if n_fft in _windows:
        return _windows[n_fft]
    # First used while decoding, it would stay an inference tensor, which training cannot use.
    with torch.inference_mode(False):
        window = torch.hann_window(n_fft)
    # While a model is exported, it is a stand-in without numbers, of another class.
    if type(window) is Tensor:
        _windows[n_fft] = window
    return window


def stft(x: Tensor, n_fft: int, hop: int) -> Tensor:
    """Complex spectra of a signal under a Hann window.

    Args:
        x: Signals `[..., N]`, `N` a multiple of `hop`.
        n_fft: Samples of a window.
        hop: Samples from one frame to the next.

    Returns:
        Spectra `[..., T, F]`, `T = N / hop`.
    """
    # Silence on both sides, so that the first and the last frame are centred in their hop.
    side = (n_fft - hop) // 2
    whole = F.pad(x, (side, side))
    frames = whole.unfold(-1, n_fft, hop)
    return torch.fft.rfft(frames * hann(n_fft).to(x))


def istft(spectrum: Tensor, n_fft: int, hop: int) -> Tensor:
    """Signals `[..., T * hop]` from complex spectra `[..., T, F]`.

    The least-squares inverse of `stft` (Griffin & Lim 1984, equation 6).
    """
    window = hann(n_fft).to(spectrum.real)
    frames = torch.fft.irfft(spectrum, n=n_fft) * window
    signal = _centred_sum(frames, hop)
    return signal / _window_sums(signal, n_fft, hop)


def synthesise(
    log_magnitude: Tensor,
    phase: Tensor,
    n_fft: int,
    hop: int,
    real: Tensor | None = None,
    imaginary: Tensor | None = None,
) -> Tensor:
    """`istft` from magnitudes and phases, with a quick gradient for both.

    Args:
        log_magnitude: Natural-log magnitudes `[..., T, F]`.
        phase: Phases `[..., T, F]` in radians.
        n_fft: Samples of a window.
        hop: Samples from one frame to the next.
        real: Real parts of spectra `[..., T, F]` that are added; None for none.
        imaginary: Their imaginary parts.

    Returns:
        Signals `[..., T * hop]`.
    """
    result: Tensor = _Synthesis.apply(log_magnitude, phase, n_fft, hop, real, imaginary)
    return result


def stft_gradient(slopes: Tensor, n_fft: int, hop: int) -> Tensor:
    """Back-propagate through `stft`.

    Args:
        slopes: Complex gradient `[..., T, F]` by the spectrum; overwritten.
        n_fft: Samples of a window.
        hop: Samples from one frame to the next.

    Returns:
        Gradient `[..., T * hop]` by the signal.
    """
    # `irfft` counts all but the first and the last bin twice.
    slopes[..., 0] *= 2
    slopes[..., -1] *= 2
    frames = torch.fft.irfft(slopes, n_fft, norm="forward")
    return _centred_sum(frames * (hann(n_fft) / 2).to(frames), hop)


def overlap_add(frames: Tensor, hop: int) -> Tensor:
    """Sum overlapping frames.

    Args:
        frames: Frames `[..., T, n_fft]`, `n_fft` a multiple of `hop`.
        hop: Samples from one frame to the next.

    Returns:
        Signals `[..., (T - 1) * hop + n_fft]`.
    """
    *batch, T, n_fft = frames.shape
    parts = n_fft // hop
    out = frames.new_zeros(*batch, T + parts - 1, hop)
    # One addition for each part of a frame, over all frames at once.
    blocks = frames.unflatten(-1, (parts, hop)).unbind(-2)
    for part, block in enumerate(blocks):
        out[..., part : part + T, :] += block
    return out.flatten(-2)


def _centred_sum(frames: Tensor, hop: int) -> Tensor:
    """Overlap-add frames `[..., T, n_fft]`, placed as those of `stft`, to `[..., T * hop]`."""
    T, n_fft = frames.shape[-2:]
    side = (n_fft - hop) // 2
    return overlap_add(frames, hop)[..., side : side + T * hop]


def _window_sums(signal: Tensor, n_fft: int, hop: int) -> Tensor:
    """Sums `[N]` of the squares of all windows that lie over each sample of `signal` `[..., N]`."""
    n_frames = signal.shape[-1] // hop
    squares = hann(n_fft).to(signal) ** 2
    return _centred_sum(squares.expand(n_frames, n_fft), hop)


class _Synthesis(torch.autograd.Function):
    """`synthesise` with a gradient by hand.

    The gradients by log-magnitude and by phase are the real and the imaginary part of one complex
    product.
    """

    @staticmethod
    def forward(
        ctx: Any,
        log_magnitude: Tensor,
        phase: Tensor,
        n_fft: int,
        hop: int,
        real: Tensor | None,
        imaginary: Tensor | None,
    ) -> Tensor:
        magnitude = log_magnitude.exp()
        spectrum = torch.complex(magnitude * phase.cos(), magnitude * phase.sin())
        ctx.save_for_backward(spectrum)
        ctx.n_fft = n_fft
        ctx.hop = hop
        if real is None or imaginary is None:
            return istft(spectrum, n_fft, hop)
        return istft(spectrum + torch.complex(real, imaginary), n_fft, hop)

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, gradient: Tensor
    ) -> tuple[Tensor, Tensor, None, None, Tensor | None, Tensor | None]:
        (spectrum,) = ctx.saved_tensors
        n_fft = ctx.n_fft
        hop = ctx.hop
        weights = n_fft / 2 * _window_sums(gradient, n_fft, hop)
        slopes = stft(gradient / weights, n_fft, hop)
        # The inverse of the correction in `stft_gradient`.
        slopes[..., 0] /= 2
        slopes[..., -1] /= 2
        product = spectrum.conj() * slopes
        is_added = ctx.needs_input_grad[4]
        real = slopes.real if is_added else None
        imaginary = slopes.imag if is_added else None
        return product.real, product.imag, None, None, real, imaginary
