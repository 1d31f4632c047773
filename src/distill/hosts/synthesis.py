"""From the decoder's heads to samples, on a stream: noise, tones, inverse STFT, envelope, silence.

Frame `f` of a spectrum covers more samples than its hop. Those that no later frame reaches are
finished; the rest waits. All that is before the beginning of the sound is silence.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.audio.stft import hann
from distill.models.envelope import LOWEST_LOG_GAIN, SILENCE
from distill.models.mid_side import SIDE_FLOOR, SIDE_RATIO_FLOOR
from distill.models.phase_noise import NOISE_FRAMES, noise_table
from distill.models.vqvae import LARGEST_LOG_MAGNITUDE, VQVAE

SMALLEST_WEIGHT = 1e-3
"""Smallest sum of squared windows to divide by. It lies above a quarter wherever there is sound."""


class Spectra(nn.Module):
    """Complex spectra of the decoder's outputs.

    Args:
        codec: The codec.
    """

    table: Tensor

    def __init__(self, codec: VQVAE) -> None:
        super().__init__()
        self.channels = codec.channels
        self.bins = codec.bins
        self.noise_frames = NOISE_FRAMES
        self.largest = LARGEST_LOG_MAGNITUDE
        self.side_floor = SIDE_FLOOR
        self.side_ratio_floor = SIDE_RATIO_FLOOR
        self.silent = -math.inf
        self.oscillators = codec.oscillators
        tables = [noise_table(codec.bins, channel) for channel in range(codec.channels)]
        self.register_buffer("table", torch.stack(tables))

    def forward(
        self, log_magnitude: Tensor, phase: Tensor, spread: Tensor, shares: Tensor, frames: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Real and imaginary parts, each `[B, C, T, F]`.

        Args:
            log_magnitude: Natural-log magnitudes `[B, T, C * F]`.
            phase: Phases in radians, alike.
            spread: Standard deviations of their noise in radians, alike.
            shares: Shares `[B, T, J]` of the oscillators; `J` is 0 without them.
            frames: Number `[T]` of each frame in the whole sound.
        """
        noise = self.table[:, frames.remainder(self.noise_frames)]
        log_magnitude = self.split(log_magnitude)
        steady = self.split(phase)
        phase = steady + self.split(spread) * noise
        if self.channels == 2:
            mid, side = log_magnitude[:, 0], log_magnitude[:, 0] + log_magnitude[:, 1]
            is_faint = (side < self.side_floor) | (side < mid + self.side_ratio_floor)
            side = side.masked_fill(is_faint, self.silent)
            log_magnitude = torch.stack((mid, side), 1)
            phase = torch.stack((phase[:, 0], phase[:, 0] + phase[:, 1]), 1)
        log_magnitude = log_magnitude.clamp(max=self.largest)
        if self.oscillators is None:
            magnitude = log_magnitude.exp()
            return magnitude * phase.cos(), magnitude * phase.sin()
        real, imaginary, log_rest = self.oscillators(shares, log_magnitude, steady, frames[None])
        magnitude = (log_magnitude + log_rest).exp()
        return magnitude * phase.cos() + real, magnitude * phase.sin() + imaginary

    def split(self, x: Tensor) -> Tensor:
        """Outputs of a head `[B, T, C * F]` as `[B, C, T, F]`."""
        return x.unflatten(2, (self.channels, self.bins)).transpose(1, 2)


class FourierFrames(nn.Module):
    """Windowed frames `[..., T, n_fft]` of spectra `[..., T, F]`, by the fast transform.

    Args:
        n_fft: Samples of a window.
    """

    window: Tensor

    def __init__(self, n_fft: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.register_buffer("window", hann(n_fft).clone())

    def forward(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """Frames of spectra with these `real` and `imaginary` parts."""
        return torch.fft.irfft(torch.complex(real, imaginary), self.n_fft) * self.window


class BasisFrames(nn.Module):
    """`FourierFrames` by a product with windowed waves, for runtimes without an inverse transform.

    The waves are read from one period, so that a file holds that alone: they would take 17 MB.
    ONNX Runtime makes them once, when it loads the graph.

    Args:
        n_fft: Samples of a window.
    """

    places: Tensor
    cosine: Tensor
    sine: Tensor
    counts: Tensor
    window: Tensor

    def __init__(self, n_fft: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        samples = torch.arange(n_fft)
        angle = 2 * math.pi / n_fft * samples.double()
        # All bins but the first and the last stand for two.
        counts = torch.full((n_fft // 2 + 1, 1), 2 / n_fft)
        counts[0] = counts[-1] = 1 / n_fft
        self.register_buffer("places", samples)
        self.register_buffer("cosine", angle.cos().float())
        self.register_buffer("sine", -angle.sin().float())
        self.register_buffer("counts", counts)
        self.register_buffer("window", hann(n_fft).clone())

    def forward(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """Frames of spectra with these `real` and `imaginary` parts."""
        places = (self.places[: self.n_fft // 2 + 1, None] * self.places).remainder(self.n_fft)
        weights = self.counts * self.window
        waves = real @ (weights * self.cosine[places])
        return waves + imaginary @ (weights * self.sine[places])


class OverlapAdd(nn.Module):
    """Overlapping frames, added and divided by the windows over each sample.

    Args:
        n_fft: Samples of a window.
        hop: Samples from one frame to the next.
    """

    squares: Tensor

    def __init__(self, n_fft: int, hop: int) -> None:
        super().__init__()
        self.hop = hop
        self.parts = n_fft // hop
        self.side = (n_fft - hop) // 2
        self.least = SMALLEST_WEIGHT
        self.register_buffer("squares", (hann(n_fft) ** 2).view(self.parts, hop).clone())

    def forward(self, frames: Tensor, past: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Finish `T * hop` samples; the first lies `side` samples before that of the first frame.

        Args:
            frames: Windowed frames `[B, C, T, n_fft]`.
            past: Unfinished samples `[B, C, n_fft - hop]`.
            numbers: Number `[T]` of each frame in the whole sound.

        Returns:
            Sound `[B, C, T * hop]` and unfinished samples.
        """
        is_there = (numbers >= 0).to(frames.dtype)
        blocks = (frames * is_there[:, None]).unflatten(3, (self.parts, self.hop))
        T = frames.shape[2]
        waiting = past.unflatten(2, (self.parts - 1, self.hop))
        total = torch.cat((waiting, blocks[:, :, :, 0] * 0), 2)
        for part in range(self.parts):
            # Part `p` of frame `t` lies on hop `t + p`.
            total = total + F.pad(blocks[:, :, :, part], (0, 0, part, self.parts - 1 - part))
        return self.weighted(total[:, :, :T], numbers), total[:, :, T:].flatten(2)

    def weighted(self, sums: Tensor, numbers: Tensor) -> Tensor:
        """Sound `[B, C, T * hop]` of sums of frames `[B, C, T, hop]`."""
        part = torch.arange(self.parts, device=numbers.device)
        is_under = (numbers[:, None] >= part).to(sums.dtype)
        weights = (is_under @ self.squares).clamp(min=self.least)
        sound = (sums / weights).flatten(2)
        samples = torch.arange(self.hop, device=numbers.device) - self.side
        position = (numbers[:, None] * self.hop + samples).flatten()
        return sound * (position >= 0).to(sound.dtype)


class Gains(nn.Module):
    """Gains of blocks as a gain for each sample: straight lines from middle to middle.

    Args:
        block: Samples of a block, an even number.
    """

    ramp: Tensor

    def __init__(self, block: int) -> None:
        super().__init__()
        self.half_block = block // 2
        self.register_buffer("ramp", (torch.arange(block, dtype=torch.float32) + 0.5) / block)

    def forward(self, gains: Tensor, first: Tensor) -> Tensor:
        """Gains `[B, 1, N]` over the samples of all blocks but the first and the last.

        Args:
            gains: Gains of blocks `[B, M]`.
            first: Number `[1]` of the first of these blocks in the whole sound. Before block 0
                there is none: its gain holds there.
        """
        M = gains.shape[1]
        numbers = torch.arange(M, device=gains.device)
        rows = torch.maximum(numbers, -first).clamp(max=M - 1)
        held = gains[:, rows][:, :, None]
        lines = torch.lerp(held[:, :-1], held[:, 1:], self.ramp).flatten(1)
        return lines[:, None, self.half_block : lines.shape[1] - self.half_block]


class Envelope(nn.Module):
    """The decoder's envelope, and silence where a block is too faint to be heard.

    Args:
        codec: The codec.
    """

    def __init__(self, codec: VQVAE) -> None:
        super().__init__()
        self.block = codec.envelope_block
        self.blocks = codec.frame_hop // codec.envelope_block
        side = (codec.n_fft - codec.frame_hop) // 2
        self.lowest = LOWEST_LOG_GAIN
        self.silence = SILENCE**2
        self.gains = Gains(codec.envelope_block)
        # Code frames from the spectrum to the samples that are finished with it.
        self.delay = -(-(side + codec.envelope_block // 2) // codec.frame_hop)
        # Blocks from a frame's first sample back to the first finished one.
        self.early = side // codec.envelope_block
        self.waiting = self.delay * codec.frame_hop - side
        self.gates_waiting = self.waiting // codec.envelope_block + 1

    def forward(
        self, sound: Tensor, log_gain: Tensor, past: list[Tensor], frame: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """Shape `T` hops of sound.

        Args:
            sound: Finished samples `[B, C, T * hop]`.
            log_gain: Natural-log gains `[B, T, blocks]` of the frames.
            past: Earlier gains, shaped samples, and whether earlier blocks are loud.
            frame: Number `[1]` of the first frame in the whole sound.

        Returns:
            Sound `[B, C, T * hop]`, `delay` frames late, and what is kept.
        """
        n_blocks = sound.shape[2] // self.block
        own = log_gain.flatten(1).clamp(min=self.lowest).exp()
        gains = torch.cat((past[0], own), 1)
        # The first sample lies `early` blocks before the frame, and its line begins before it.
        first = frame * self.blocks - self.early - 1
        shaped = sound * self.gains(gains[:, : n_blocks + 2], first)

        power = shaped.unflatten(2, (n_blocks, self.block)).square().mean((1, 3))
        gates = torch.cat((past[2], (power > self.silence).to(power.dtype)), 1)
        samples = torch.cat((past[1], shaped), 2)
        first_gate = (frame - self.delay) * self.blocks - 1
        n = sound.shape[2]
        output = samples[:, :, :n] * self.gains(gates[:, : n_blocks + 2], first_gate)
        keep = [gains[:, n_blocks:], samples[:, :, n:], gates[:, n_blocks:]]
        return output, keep
