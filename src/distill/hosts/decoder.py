"""The codec's decoder on a stream: columns of codes in, sound out, a fixed number of frames later.

State is a list of tensors that goes in and comes out, so that the graph itself has none.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.errors import UsageError
from distill.hosts.blocks import PAST, Affine, Norm, StreamBlock
from distill.hosts.columns import Columns, Memory
from distill.hosts.synthesis import Envelope, FourierFrames, OverlapAdd, Spectra
from distill.models.layers import ConvNeXtBlock
from distill.models.vqvae import VQVAE


class StreamDecoder(nn.Module):
    """Decoder on a stream.

    With the whole look-ahead its sound is that of `VQVAE.decode`, `delay` frames later.

    Args:
        codec: The codec; weights are shared with it.
        ahead: Code frames that it looks ahead.
        transform: Inverse transform of its spectra.

    Raises:
        UsageError: The codec has windows that do not fit its blocks.

    Example:
        decoder = StreamDecoder(codec, ahead=21)
        state = decoder.start(1, codes)
        sound, state = decoder(codes, torch.ones(codec.num_quantizers), state)
    """

    def __init__(self, codec: VQVAE, ahead: int, transform: nn.Module | None = None) -> None:
        super().__init__()
        _check_windows(codec)
        norms = [layer for layer in codec.decoder if isinstance(layer, nn.LayerNorm)]
        blocks = [layer for layer in codec.decoder if isinstance(layer, ConvNeXtBlock)]
        dim = int(codec.config["hidden_size"])
        self.dim = dim
        self.past = PAST
        self.ahead = ahead
        self.channels = codec.channels
        self.levels = codec.num_quantizers
        self.rest = codec.n_fft - codec.frame_hop
        self.outputs = codec.channels * codec.bins
        self.is_final = ahead >= len(blocks) * (PAST // 2)
        self.columns = Columns(codec.rvq)
        self.memory = Memory(codec.memory, dim)
        self.from_latent = Affine(codec.from_latent)
        self.first_norm = Norm(norms[0])
        self.blocks = nn.ModuleList(
            StreamBlock(block, number, len(blocks), ahead) for number, block in enumerate(blocks, 1)
        )
        self.last_norm = Norm(norms[-1])
        heads = [codec.magnitude, codec.phase, codec.spread, codec.envelope]
        if codec.oscillators is not None:
            heads.append(codec.shares)
        self.heads = Affine(*heads)
        # Outputs of the heads before those of the oscillators.
        self.others = sum(len(head.bias) for head in heads[:4])
        self.outline = Affine(codec.outline)
        self.spectra = Spectra(codec)
        self.transform = transform or FourierFrames(codec.n_fft)
        self.overlap = OverlapAdd(codec.n_fft, codec.frame_hop)
        self.envelope = Envelope(codec)
        # Code frames from a column to its sound.
        self.delay = ahead + self.envelope.delay

    @torch.jit.export
    def start(self, B: int, like: Tensor, first: int = 0) -> list[Tensor]:
        """State before the first column.

        Args:
            B: Streams.
            like: A tensor on the device of the state.
            first: Number of the first column in the whole sound. Those below 0 are no part of it.
        """
        empty = torch.zeros(0, device=like.device)
        gates = self.envelope.gates_waiting
        return [
            torch.full([1], first, dtype=torch.int64, device=like.device),
            torch.zeros([B, self.ahead, self.levels], dtype=torch.int64, device=like.device),
            empty.new_zeros([len(self.blocks), B, self.past, self.dim]),
            empty.new_zeros([B, self.channels, self.rest]),
            empty.new_zeros([B, self.envelope.early + 1]),
            empty.new_zeros([B, self.channels, self.envelope.waiting]),
            empty.new_zeros([B, gates]),
        ]

    def forward(
        self, codes: Tensor, sounding: Tensor, state: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Decode the next columns.

        Args:
            codes: Codes `[B, T, Q]` (int64).
            sounding: For each level, 1 if it sounds, else 0: `[Q]`.
            state: State after the columns before, or that of `start`.

        Returns:
            Sound `[B, C, T * hop]`, `delay` frames late, and the state.
        """
        T = codes.shape[1]
        newest = state[0] + torch.arange(T, device=codes.device)
        columns = torch.cat((state[1], codes), 1)
        decoded = columns[:, :T]
        hidden, pasts = self.hidden(codes, sounding, state[2], newest)
        hidden = self.last_norm(hidden) + self.memory.after(self.memory(decoded, sounding))

        frames = newest - self.ahead
        heads = self.heads(hidden)
        n = self.outputs
        magnitude = heads[:, :, :n]
        phase = heads[:, :, n : 2 * n]
        spread = heads[:, :, 2 * n : 3 * n]
        envelope = heads[:, :, 3 * n : self.others]
        shares = heads[:, :, self.others :].sigmoid()
        outline = self.outline(self.columns(decoded, sounding))
        real, imaginary = self.spectra(
            magnitude + outline, phase, F.softplus(spread), shares, frames
        )
        sound, waiting = self.overlap(self.transform(real, imaginary), state[3], frames)
        # Only down: a gain above 1 is the magnitude's business.
        sound, kept = self.envelope(sound, -F.softplus(envelope), state[4:], frames[:1])
        sound = self.from_mid_side(sound)
        later = [newest[-1:] + 1, columns[:, T:], pasts, waiting]
        later.extend(kept)
        return sound, later

    def hidden(
        self, codes: Tensor, sounding: Tensor, pasts: Tensor, newest: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Outputs `[B, T, dim]` of the blocks at the frames that are decoded, and what is kept."""
        B, T, _ = codes.shape
        vectors = self.memory(codes, sounding)
        x = self.from_latent(self.columns(codes, sounding)) + self.memory.before(vectors)
        x = self.first_norm(x) * (newest >= 0)[:, None].to(x.dtype)
        tail = x[:, :0].repeat(T, 1, 1)
        kept: list[Tensor] = []
        for number, block in enumerate(self.blocks):
            x, past, tail = block(x, pasts[number], tail, newest)
            kept.append(past)
        if not self.is_final:
            x = tail.reshape(B, T, self.dim)
        return x, torch.stack(kept)

    def from_mid_side(self, sound: Tensor) -> Tensor:
        """Left and right of mid and side; mono as it is."""
        if self.channels == 1:
            return sound
        mid = sound[:, 0]
        side = sound[:, 1]
        return torch.stack((mid + side, mid - side), 1)


def _check_windows(codec: VQVAE) -> None:
    side = (codec.n_fft - codec.frame_hop) // 2
    if side % codec.envelope_block or codec.frame_hop % 2:
        raise UsageError(
            f"A codec with windows of {codec.n_fft} samples and blocks of {codec.envelope_block} "
            "cannot be exported: train one of the usual size."
        )
