"""Mel bands: how much of a sound lies in each."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from distill.audio.stft import stft, stft_gradient

BLOCK_BANDS = 40
"""Bands computed together. A band has few of all bins: products with all of them are zeros for the
most part."""

LOG_FLOOR = 1e-5
"""Magnitude under which a band counts as silent."""

_Block = tuple[slice, slice]


def mel_edges(n_mels: int, sample_rate: int) -> list[float]:
    """Where HTK mel triangles begin, peak and end, in Hz, from 0 to Nyquist: `n_mels + 2` of
    them."""
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)
    return [700 * (10 ** (top * i / (n_mels + 1) / 2595) - 1) for i in range(n_mels + 2)]


def mel_filterbank(n_mels: int, n_fft: int, sample_rate: int) -> Tensor:
    """HTK mel triangles of peak 1 from 0 Hz to Nyquist: `[n_fft // 2 + 1, n_mels]`."""
    edges = torch.tensor(mel_edges(n_mels, sample_rate), dtype=torch.float64)
    f = torch.linspace(0, sample_rate / 2, n_fft // 2 + 1, dtype=torch.float64)[:, None]
    low, mid, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = torch.minimum((f - low) / (mid - low), (high - f) / (high - mid))
    return triangles.clamp(min=0).float()


class MelBank(nn.Module):
    """Natural-log magnitudes in `n_mels` mel bands, of windows of `n_fft` samples, never under that
    of `LOG_FLOOR`."""

    weight: Tensor

    def __init__(self, n_mels: int, n_fft: int, sample_rate: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.register_buffer("weight", mel_filterbank(n_mels, n_fft, sample_rate), persistent=False)
        self.blocks = _blocks(n_mels, n_fft, sample_rate)

    def forward(self, x: Tensor, hop: int) -> Tensor:
        """Natural-log magnitudes `[..., T, M]` of `x` `[..., N]`, `T = N / hop`; `N` a multiple of
        `hop`."""
        result: Tensor = _LogMel.apply(x, self.weight, self.blocks, self.n_fft, hop)
        return result


class MelBanks(nn.ModuleList):
    """Several resolutions: `scales` are pairs of `n_mels` and `n_fft`."""

    def __init__(self, scales: Sequence[tuple[int, int]], sample_rate: int) -> None:
        super().__init__(MelBank(n_mels, n_fft, sample_rate) for n_mels, n_fft in scales)

    if TYPE_CHECKING:
        # What it holds is of one kind.

        def __getitem__(self, scale: int) -> MelBank: ...  # type: ignore[override]
        def __iter__(self) -> Iterator[MelBank]: ...


def _blocks(n_mels: int, n_fft: int, sample_rate: int) -> list[_Block]:
    """Bands in blocks, and the bins that each of them reaches over."""
    bins = [hz * n_fft / sample_rate for hz in mel_edges(n_mels, sample_rate)]
    firsts = range(0, n_mels, BLOCK_BANDS)
    bands = [slice(first, min(first + BLOCK_BANDS, n_mels)) for first in firsts]
    return [(slice(math.floor(bins[m.start]), math.ceil(bins[m.stop + 1]) + 1), m) for m in bands]


class _LogMel(torch.autograd.Function):
    """With a gradient by hand: its inverse transform is one of real numbers, and nothing is
    scattered, which takes less than half the time of the gradients of its parts."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, blocks: list[_Block], n_fft: int, hop: int
    ) -> Tensor:
        spectrum = stft(x, n_fft, hop)
        squares = torch.view_as_real(spectrum).square()
        magnitudes = (squares[..., 0] + squares[..., 1]).sqrt_()
        mel = torch.cat([magnitudes[..., bins] @ weight[bins, bands] for bins, bands in blocks], -1)
        mel.clamp_(min=LOG_FLOOR)
        ctx.save_for_backward(spectrum, magnitudes, mel, weight)
        ctx.blocks, ctx.n_fft, ctx.hop = blocks, n_fft, hop
        return mel.log()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        spectrum, magnitudes, mel, weight = ctx.saved_tensors
        gradient = (gradient / mel).mul_(mel > LOG_FLOOR)
        slopes = torch.zeros_like(magnitudes)
        for bins, bands in ctx.blocks:
            slopes[..., bins] += gradient[..., bands] @ weight[bins, bands].T
        # Where there is nothing, no direction is better than another.
        turned = spectrum * slopes.div_(magnitudes.clamp(min=1e-7))
        return stft_gradient(turned, ctx.n_fft, ctx.hop), None, None, None, None
