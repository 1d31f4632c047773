"""The codec's encoder on a stream: sound in, columns of codes out, one frame later."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.audio.mel import LOG_FLOOR, MelBank
from distill.audio.stft import hann
from distill.models.analysis import ANALYSIS_SCALES, SIDE_WEIGHT
from distill.models.rvq import BEAM
from distill.models.vqvae import VQVAE


class MelBands(nn.Module):
    """Neighbouring bands of a mel bank, and the bins that they sum up."""

    weight: Tensor

    def __init__(self, weight: Tensor, first: int, last: int) -> None:
        super().__init__()
        self.first = first
        self.last = last
        self.register_buffer("weight", weight.clone())

    def forward(self, magnitudes: Tensor) -> Tensor:
        """Bands `[..., M]` of magnitudes `[..., F]`."""
        return magnitudes[..., self.first : self.last] @ self.weight


class LogMel(nn.Module):
    """Log-mel spectra of one resolution, as those of `MelBank`.

    Args:
        bank: Mel bank of the codec.
        margin: Samples of sound before and after the code frames.
    """

    window: Tensor

    def __init__(self, bank: MelBank, margin: int) -> None:
        super().__init__()
        self.n_fft = bank.n_fft
        self.hop = bank.n_fft // 2
        self.floor = LOG_FLOOR
        # Windows reach over the ends of a code frame by less than the longest ones do.
        self.unused = margin - (self.n_fft - self.hop) // 2
        self.register_buffer("window", hann(bank.n_fft).clone())
        self.bands = nn.ModuleList(
            MelBands(bank.weight[bins, bands], bins.start, bins.stop) for bins, bands in bank.blocks
        )

    def forward(self, x: Tensor) -> Tensor:
        """Natural logs `[B, S, M]` of sound `[B, N + 2 * margin]`."""
        inner = x[:, self.unused : x.shape[1] - self.unused]
        frames = inner.unfold(1, self.n_fft, self.hop) * self.window
        squares = torch.view_as_real(torch.fft.rfft(frames)).square()
        magnitudes = (squares[..., 0] + squares[..., 1]).sqrt()
        mel = torch.cat([bands(magnitudes) for bands in self.bands], -1)
        return mel.clamp(min=self.floor).log()


class BeamSearch(nn.Module):
    """Codes of latents, as `ResidualVQ` chooses them."""

    codebooks: Tensor

    def __init__(self, codebooks: Tensor) -> None:
        super().__init__()
        self.beam = BEAM
        self.entries = codebooks.shape[1]
        self.levels = len(codebooks)
        self.register_buffer("codebooks", codebooks)

    def forward(self, x: Tensor) -> Tensor:
        """Codes `[M, Q]` of latents `[M, D]`."""
        rows = torch.arange(x.shape[0], device=x.device)[:, None]
        residual = x[:, None]
        length = x.square().sum(1, keepdim=True)
        codes = rows[:, :, None][:, :, :0]
        for level in range(self.levels):
            codebook = self.codebooks[level]
            squares = codebook.square().sum(1)
            products = torch.addmm(squares, residual.flatten(0, 1), codebook.t(), alpha=-2)
            distances = products.unflatten(0, (-1, residual.shape[1])) + length[:, :, None]
            n_found = min(self.beam, distances.shape[1] * self.entries)
            length, position = distances.flatten(1).topk(n_found, dim=1, largest=False)
            path = position // self.entries
            entry = position % self.entries
            residual = residual[rows, path] - F.embedding(entry, codebook)
            codes = torch.cat((codes[rows, path], entry[:, :, None]), 2)
        # `topk` sorts: the first path is the nearest.
        return codes[:, 0]


class Encoder(nn.Module):
    """Codes of sound, as those of `VQVAE.encode`.

    Args:
        codec: The codec.
    """

    mean: Tensor
    basis: Tensor

    def __init__(self, codec: VQVAE) -> None:
        super().__init__()
        analysis = codec.analysis
        self.channels = codec.channels
        self.hop = codec.frame_hop
        self.side_weight = SIDE_WEIGHT
        # Half of what the longest window has beyond its hop.
        self.margin = ANALYSIS_SCALES[0][1] // 4
        self.banks = nn.ModuleList(LogMel(bank, self.margin) for bank in analysis.banks)
        self.register_buffer("mean", analysis.mean)
        self.register_buffer("basis", analysis.basis)
        self.search = BeamSearch(codec.rvq.codebooks)

    def forward(self, sound: Tensor) -> Tensor:
        """Codes `[B, T, Q]` of sound `[B, C, T * hop + 2 * margin]`."""
        left = sound[:, 0]
        signals = [left]
        if self.channels == 2:
            right = sound[:, 1]
            signals = [(left + right) / 2, (left - right) / 2, left, right]
        T = (sound.shape[2] - 2 * self.margin) // self.hop
        features: list[Tensor] = []
        for bank in self.banks:
            planes = self.planes([bank(signal) for signal in signals])
            features.append(planes.unflatten(2, (T, -1)).transpose(1, 2).flatten(2))
        latents = (torch.cat(features, -1) - self.mean) @ self.basis
        return self.search(latents.flatten(0, 1)).unflatten(0, (-1, T))

    def planes(self, log_mels: list[Tensor]) -> Tensor:
        """Planes `[B, planes, S, M]` of log-mels `[B, S, M]`, as those of `Analysis`."""
        if self.channels == 1:
            return torch.stack(log_mels, 1)
        mid, side, left, right = log_mels
        balance = self.side_weight * (left - right)
        return torch.stack((mid, self.side_weight * side, balance), 1)


class StreamEncoder(nn.Module):
    """Encoder on a stream: the codes of each frame come `delay` frames later.

    Args:
        codec: The codec.
    """

    def __init__(self, codec: VQVAE) -> None:
        super().__init__()
        self.encoder = Encoder(codec)
        self.channels = codec.channels
        self.kept = codec.frame_hop + self.encoder.margin
        self.unused = codec.frame_hop - self.encoder.margin
        # The margin after a frame lies within the next one.
        self.delay = 1

    @torch.jit.export
    def start(self, B: int, like: Tensor) -> Tensor:
        """State before the first sample: silence, on the device of `like`."""
        return torch.zeros([B, self.channels, self.kept], device=like.device)

    def forward(self, sound: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Encode the next frames.

        Args:
            sound: Sound `[B, C, T * hop]`.
            past: State after the sound before, or that of `start`.

        Returns:
            Codes `[B, T, Q]` and the state. The first column of a stream is that of silence.
        """
        whole = torch.cat((past, sound), 2)
        codes = self.encoder(whole[:, :, : whole.shape[2] - self.unused])
        return codes, whole[:, :, sound.shape[2] :]
