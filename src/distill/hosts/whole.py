"""The codec's decoder on whole sounds, without state: what `VQVAE.decode` gives."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.hosts.blocks import StreamBlock
from distill.hosts.decoder import StreamDecoder
from distill.hosts.encoder import Encoder
from distill.models.vqvae import VQVAE


class WholeDecoder(nn.Module):
    """Decoder of whole sounds.

    Args:
        codec: The codec; weights are shared with it.
        transform: Inverse transform of its spectra.
    """

    def __init__(self, codec: VQVAE, transform: nn.Module) -> None:
        super().__init__()
        self.parts = StreamDecoder(codec, codec.receptive_field[1], transform)

    def forward(self, codes: Tensor, first_frame: Tensor) -> Tensor:
        """Sound `[B, C, T * hop]` of codes `[B, T, Q]`.

        Args:
            codes: Codes (int64).
            first_frame: Number `[1]` (int64) of the first frame in a longer sound, for its noise.
        """
        parts = self.parts
        sounding = torch.ones(parts.levels, device=codes.device)
        vectors = parts.memory(codes, sounding)
        latents = parts.columns(codes, sounding)
        x = parts.first_norm(parts.from_latent(latents) + parts.memory.before(vectors))
        for block in parts.blocks:
            assert isinstance(block, StreamBlock)
            x = block.outputs(F.pad(x, (0, 0, block.reach, block.reach)))
        x = parts.last_norm(x) + parts.memory.after(vectors)

        heads = parts.heads(x)
        n = parts.outputs
        numbers = first_frame + torch.arange(codes.shape[1], device=codes.device)
        real, imaginary = parts.spectra(
            heads[:, :, :n] + parts.outline(latents),
            heads[:, :, n : 2 * n],
            F.softplus(heads[:, :, 2 * n : 3 * n]),
            heads[:, :, parts.others :].sigmoid(),
            numbers,
        )
        envelope = heads[:, :, 3 * n : parts.others]
        sound = self.overlapped(parts.transform(real, imaginary))
        return parts.from_mid_side(self.shaped(sound, -F.softplus(envelope)))

    def overlapped(self, frames: Tensor) -> Tensor:
        """Sound `[B, C, T * hop]` of windowed frames `[B, C, T, n_fft]`."""
        overlap = self.parts.overlap
        blocks = frames.unflatten(3, (overlap.parts, overlap.hop))
        there = torch.ones_like(frames[0, 0, :, :1])
        sums = F.pad(blocks[:, :, :, 0], (0, 0, 0, overlap.parts - 1))
        weights = F.pad(there * overlap.squares[0], (0, 0, 0, overlap.parts - 1))
        for part in range(1, overlap.parts):
            place = (0, 0, part, overlap.parts - 1 - part)
            sums = sums + F.pad(blocks[:, :, :, part], place)
            weights = weights + F.pad(there * overlap.squares[part], place)
        sound = (sums / weights.clamp(min=overlap.least)).flatten(2)
        return sound[:, :, overlap.side : overlap.side + frames.shape[2] * overlap.hop]

    def shaped(self, sound: Tensor, log_gain: Tensor) -> Tensor:
        """Sound `[B, C, N]` under its envelope, with silence where it is too faint to be heard."""
        envelope = self.parts.envelope
        gains = log_gain.flatten(1).clamp(min=envelope.lowest).exp()
        shaped = sound * self.over_samples(gains)
        power = shaped.unflatten(2, (-1, envelope.block)).square().mean((1, 3))
        return shaped * self.over_samples((power > envelope.silence).to(power.dtype))

    def over_samples(self, gains: Tensor) -> Tensor:
        """Gains `[B, 1, N]` of all samples of blocks with `gains` `[B, M]`."""
        whole = torch.cat((gains[:, :1], gains, gains[:, -1:]), 1)
        first = torch.zeros(1, dtype=torch.int64, device=gains.device)
        result: Tensor = self.parts.envelope.gains(whole, first)
        return result


class WholeEncoder(nn.Module):
    """Encoder of whole sounds, with silence before and after them.

    Args:
        codec: The codec; weights are shared with it.
    """

    def __init__(self, codec: VQVAE) -> None:
        super().__init__()
        self.encoder = Encoder(codec)

    def forward(self, sound: Tensor) -> Tensor:
        """Codes `[B, T, Q]` of sound `[B, C, T * hop]`."""
        margin = self.encoder.margin
        codes: Tensor = self.encoder(F.pad(sound, (margin, margin)))
        return codes
