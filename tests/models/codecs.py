"""Small codecs and sounds that tests of the codec share."""

import torch

from distill.models.fit import fit_codec
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE


def zeros(B: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.zeros(B, dtype=torch.long), torch.full((B,), 7)


def untrained(channels: int = 1, **settings: int | bool) -> VQVAE:
    torch.manual_seed(0)
    small = {"codebook_size": 16, "num_quantizers": 3, "hidden_size": 32, "latent_dim": 8}
    return VQVAE(SAMPLE_RATE, channels=channels, **small, **settings).eval()


def tones(channels: int = 1, n: int = 8, frames: int = 24) -> torch.Tensor:
    """`[n, channels, frames * 1024]`: a decaying harmonic tone over faint noise each, all
    different."""
    draw = torch.Generator().manual_seed(0)
    t = torch.arange(frames * 1024) / SAMPLE_RATE
    pitch = 80 * 2 ** (4 * torch.rand(n, 1, 1, generator=draw))
    tone = sum(torch.sin(2 * torch.pi * pitch * k * t + k) / k for k in range(1, 12))
    level = 10 ** -(2 * torch.rand(n, channels, 1, generator=draw))
    noise = 1e-5 * torch.randn(n, channels, len(t), generator=draw)
    return 0.3 * level * tone * torch.exp(-4 * t) + noise


def fitted(channels: int = 1, seed: int = 0) -> VQVAE:
    codec = untrained(channels)
    fit_codec(codec, tones(channels).split(4), torch.Generator().manual_seed(seed))
    return codec
