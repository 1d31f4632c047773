"""A few seconds of a model's corpus, to try a file for a host with."""

import torch
from torch import Tensor

from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE

PIECE_S = 1.0
"""Seconds of each recording at most."""

NOISE_DB = -20.0
"""Level of noise in dBFS, for models that keep no recordings."""


def sample_sound(loaded: LoadedVQModel, n_frames: int) -> tuple[Tensor, str]:
    """Sound `[C, n_frames * hop]` and its source: `recordings` or `noise`."""
    codec = loaded.model
    recordings = [each.codes for each in loaded.prior_facts.recordings if len(each.codes)]
    if not recordings:
        return _noise(codec, n_frames), "noise"
    longest = round(PIECE_S * codec.frame_rate)
    # As many as are needed, from all parts of the corpus.
    count = min(len(recordings), -(-n_frames // longest))
    spread = [recordings[i * len(recordings) // count] for i in range(count)]
    columns = torch.cat([codes[:longest] for codes in spread]).long()
    repeats = -(-n_frames // len(columns))
    return codec.decode(columns.repeat(repeats, 1)[None, :n_frames])[0], "recordings"


def _noise(codec: VQVAE, n_frames: int) -> Tensor:
    """Noise that dies away twice a second, another one in each channel."""
    n = n_frames * codec.frame_hop
    noise = torch.randn(codec.channels, n, generator=torch.Generator().manual_seed(0))
    since = torch.arange(n) / codec.sample_rate % 0.5
    return noise * torch.exp(-8 * since) * 10 ** (NOISE_DB / 20)
