"""The codec: an RVQ-VAE on spectra. Log-magnitude in, magnitude and phase out, inverse STFT.

The backbone is ConvNeXt (Liu et al. 2022) over time, as in Vocos (Siuzdak 2023), without attention and without
statistics over the file: what a code means depends on a finite stretch of sound around it (`receptive_field`).
"""

import hashlib
import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.audio.features import istft, stft
from distill.models.midside import STEREO_PLANES, from_mid_side, relative_to_mid, to_mid_side, without_faint_side
from distill.models.rvq import ResidualVQ

KERNEL = 7
NOISE_FRAMES = 1999
NOISE_SEED = 48
LOG_FLOOR = 1e-5
LOG_CENTRE, LOG_SCALE = -4.0, 4.0
"""Bring natural-log magnitudes, which run from ln(1e-5) to about ln(500), to about unit range."""


class CodecOutput(NamedTuple):
    """`audio` `[B, C, N]` and `other`, the same decoded with other noise; `codes` `[B, T, Q]`, `latents`
    `[B * T, D]`, `commitment` scalar."""

    audio: Tensor
    other: Tensor
    codes: Tensor
    latents: Tensor
    commitment: Tensor


class Spectrum(NamedTuple):
    """What the decoder says of each bin, each `[B, C, S, F]`: natural-log magnitude, phase in radians, and by how
    many radians (standard deviation) the phase is left to chance.

    Of two channels the first is the mid; the second is the side relative to it, to be added in all three.
    """

    log_magnitude: Tensor
    phase: Tensor
    spread: Tensor


@cache
def noise_table(bins: int, channel: int = 0) -> Tensor:
    """The chance in decoding: standard normal `[NOISE_FRAMES, bins]`, the same everywhere and for ever.

    Frame `t` of a sound takes row `t` modulo its length, so that a sound decoded in pieces is the sound decoded
    whole. Each channel has a table of its own.
    """
    # Of NumPy's generators, only this one promises the same numbers in every version.
    generator = np.random.RandomState(NOISE_SEED + channel)
    noise = generator.standard_normal((NOISE_FRAMES, bins)).astype(np.float32)
    with torch.inference_mode(False):
        return torch.from_numpy(noise)


def _log_magnitude(spectrum: Tensor) -> Tensor:
    """Natural-log magnitudes of a complex spectrum."""
    return 0.5 * (spectrum.real.square() + spectrum.imag.square() + LOG_FLOOR**2).log()


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, then a two-layer network per frame; `[B, T, D]` in and out."""

    def __init__(self, dim: int, expansion: int, layer_scale: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(dim, dim, (1, KERNEL), padding=(0, KERNEL // 2), groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, dim * expansion)
        self.project = nn.Linear(dim * expansion, dim)
        self.scale = nn.Parameter(torch.full((dim,), layer_scale))

    def forward(self, x: Tensor) -> Tensor:
        # A 2-D convolution on what is channels-last memory is four times as fast on CPU as conv1d; its gradient in
        # bfloat16 is many times slower than in float32.
        with torch.autocast(x.device.type, enabled=False):
            y = self.depthwise(x.float().transpose(1, 2).unsqueeze(2)).squeeze(2).transpose(1, 2)
        return x + self.scale * self.project(F.gelu(self.expand(self.norm(y))))


def backbone(dim: int, layers: int, expansion: int) -> nn.Sequential:
    blocks = [ConvNeXtBlock(dim, expansion, 1 / max(layers, 1)) for _ in range(layers)]
    return nn.Sequential(nn.LayerNorm(dim), *blocks, nn.LayerNorm(dim))


class VQVAE(nn.Module):
    """RVQ-VAE codec. Waveforms `[B, C, N]`, codes `[B, T, Q]`, one code frame per `frame_hop` samples.

    `C` is 1, or 2 for stereo: then mid and side go through the codec (`models/midside.py`), left and right in and out.
    """

    def __init__(
        self,
        sample_rate: int,
        channels: int = 1,
        codebook_size: int = 128,
        num_quantizers: int = 4,
        n_fft: int = 2048,
        hop_length: int = 512,
        stride: int = 2,
        hidden_size: int = 384,
        encoder_layers: int = 4,
        decoder_layers: int = 4,
        synthesis_layers: int = 3,
        expansion: int = 3,
        latent_dim: int = 64,
    ) -> None:
        super().__init__()
        if not 0 < hop_length < n_fft or n_fft % hop_length or stride < 1:
            raise ValueError(f"n_fft {n_fft} is no multiple of a smaller hop_length {hop_length}")
        if channels not in (1, 2):
            raise ValueError(f"a codec has 1 or 2 channels, not {channels}")
        self.config: dict[str, Any] = {
            "sample_rate": sample_rate,
            "channels": channels,
            "codebook_size": codebook_size,
            "num_quantizers": num_quantizers,
            "n_fft": n_fft,
            "hop_length": hop_length,
            "stride": stride,
            "hidden_size": hidden_size,
            "encoder_layers": encoder_layers,
            "decoder_layers": decoder_layers,
            "synthesis_layers": synthesis_layers,
            "expansion": expansion,
            "latent_dim": latent_dim,
        }
        self.n_fft, self.hop_length, self.stride = n_fft, hop_length, stride
        self.channels, self.bins = channels, n_fft // 2 + 1
        # Set while training where the processor gains by it; codes and sounds are always made in float32.
        self.half_precision = False
        D = hidden_size
        planes = STEREO_PLANES if channels == 2 else 1
        self.analysis = nn.Linear(stride * planes * self.bins, D)
        self.encoder = backbone(D, encoder_layers, expansion)
        self.to_latent = nn.Linear(D, latent_dim)
        self.rvq = ResidualVQ(latent_dim, codebook_size, num_quantizers)
        self.from_latent = nn.Linear(latent_dim, D)
        self.decoder = backbone(D, decoder_layers, expansion)
        self.upsample = nn.Linear(D, stride * D)
        self.synthesis = backbone(D, synthesis_layers, expansion)
        self.magnitude = nn.Linear(D, channels * self.bins)
        self.phase = nn.Linear(D, channels * self.bins)
        self.spread = nn.Linear(D, channels * self.bins)
        nn.init.constant_(self.magnitude.bias, -3.0)
        if channels == 2:
            # The side neither with the mid nor against it: from there it is as near to the left as to the right.
            nn.init.constant_(self.phase.bias[self.bins :], math.pi / 2)

    # --- facts -----------------------------------------------------------------------------------------------

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return int(self.config["sample_rate"])

    @property
    def codebook_size(self) -> int:
        return int(self.config["codebook_size"])

    @property
    def num_quantizers(self) -> int:
        return int(self.config["num_quantizers"])

    @property
    def frame_hop(self) -> int:
        """Samples per code frame."""
        return self.hop_length * self.stride

    @property
    def frame_rate(self) -> float:
        """Code frames per second."""
        return self.sample_rate / self.frame_hop

    @property
    def receptive_field(self) -> tuple[int, int]:
        """Code frames on either side that can change one code (encoding) and one decoded frame (decoding)."""
        spill = -(-self.n_fft // (2 * self.frame_hop))
        reach = KERNEL // 2
        encoding = self.config["encoder_layers"] * reach + spill
        fine = -(-self.config["synthesis_layers"] * reach // self.stride)
        return encoding, self.config["decoder_layers"] * reach + fine + spill

    def codebook_hash(self) -> str:
        """SHA-256 over the codebooks: codes and priors are valid for exactly these entries."""
        return hashlib.sha256(self.rvq.codebooks.detach().cpu().numpy().tobytes()).hexdigest()

    def _autocast(self) -> torch.autocast:
        device = self.rvq.codebooks.device.type
        return torch.autocast(device, dtype=torch.bfloat16, enabled=self.half_precision and self.training)

    # --- encoding --------------------------------------------------------------------------------------------

    def log_magnitude(self, audio: Tensor) -> Tensor:
        """Natural-log magnitudes `[B, P, S, F]` of `audio` `[B, C, N]`, `S = N / hop_length`.

        One plane of mono; of stereo three: mid, side, and by how much left is above right, without which nobody
        could tell left from right.
        """
        spectrum = stft(audio, self.n_fft, self.hop_length)
        if self.channels == 1:
            return _log_magnitude(spectrum)
        left, right = _log_magnitude(spectrum).unbind(1)
        balance = left - right + LOG_CENTRE
        return torch.cat((_log_magnitude(to_mid_side(spectrum)), balance[:, None]), 1)

    def latents(self, log_magnitude: Tensor) -> Tensor:
        """Latents `[B, T, D]` of what `log_magnitude` gives, `[B, P, S, F]`; `T = S / stride`."""
        B, P, S, bins = log_magnitude.shape
        T = S // self.stride
        frames = log_magnitude.transpose(1, 2).reshape(B, T, self.stride * P * bins)
        with self._autocast():
            z: Tensor = self.to_latent(self.encoder(self.analysis((frames - LOG_CENTRE) / LOG_SCALE)))
        return z.float()

    @torch.no_grad()
    def encode(self, audio: Tensor) -> Tensor:
        """Codes `[B, T, Q]` of `audio` `[B, C, N]`; `N` a multiple of `frame_hop`."""
        z = self.latents(self.log_magnitude(audio))
        B, T, D = z.shape
        return self.rvq(z.reshape(B * T, D)).codes.reshape(B, T, -1)

    # --- decoding --------------------------------------------------------------------------------------------

    def spectrum(self, values: Tensor) -> Spectrum:
        """What is decoded from quantised latents `[B, T, D]`, before chance and synthesis."""
        B, T, _ = values.shape
        shape = (B, T * self.stride, self.channels, self.bins)
        with self._autocast():
            y = self.upsample(self.decoder(self.from_latent(values)))
            y = self.synthesis(y.reshape(B, T * self.stride, -1))
            heads = self.magnitude(y), self.phase(y), F.softplus(self.spread(y))
        return Spectrum(*(head.float().reshape(shape).transpose(1, 2) for head in heads))

    def noise(self, first_frames: Tensor, n_frames: int) -> Tensor:
        """Noise `[B, C, S, F]` for `n_frames` STFT frames from `first_frames` `[B]` (on the CPU) on."""
        rows = (first_frames[:, None] + torch.arange(n_frames)) % NOISE_FRAMES
        noise = torch.stack([noise_table(self.bins, channel)[rows] for channel in range(self.channels)], 1)
        return noise.to(self.rvq.codebooks.device)

    def synthesise(self, spectrum: Spectrum, first_frames: Tensor) -> Tensor:
        """Audio `[B, C, N]`; `first_frames` `[B]` says at which STFT frame of the whole sound each piece begins.

        A phase that the codes do not tell is drawn at random: were it always the same, every hiss would repeat
        with each frame and buzz.
        """
        log_magnitude = spectrum.log_magnitude
        phase = spectrum.phase + spectrum.spread * self.noise(first_frames, log_magnitude.shape[2])
        if self.channels == 2:
            log_magnitude, phase = relative_to_mid(log_magnitude), relative_to_mid(phase)
            # Not in training: what has been cut off once would learn no more.
            log_magnitude = log_magnitude if self.training else without_faint_side(log_magnitude)
        # e^7 is above the magnitude of a full-scale sine under a 2048-sample window.
        audio = istft(torch.polar(log_magnitude.clamp(max=7.0).exp(), phase), self.n_fft, self.hop_length)
        return from_mid_side(audio) if self.channels == 2 else audio

    def decode_values(self, values: Tensor, first_frame: int = 0) -> Tensor:
        """Audio `[B, C, T * frame_hop]` from latents `[B, T, D]` (quantised, or blended).

        `first_frame` is the code frame of the whole sound at which this piece begins.
        """
        first = torch.full((len(values),), first_frame * self.stride)
        return self.synthesise(self.spectrum(values), first)

    @torch.no_grad()
    def decode(self, codes: Tensor, first_frame: int = 0) -> Tensor:
        """Audio `[B, C, T * frame_hop]` from codes `[B, T, q]`; `q < Q` decodes the first `q` levels only."""
        return self.decode_values(self.rvq.lookup(codes), first_frame)

    # --- training --------------------------------------------------------------------------------------------

    def forward(self, audio: Tensor, first_frames: tuple[Tensor, Tensor], quantise: bool = True) -> CodecOutput:
        """One pass with everything that the losses need; `audio` `[B, C, N]`, `N` a multiple of `frame_hop`.

        Decodes twice, with the noise of the two `first_frames` `[B]`.
        """
        z = self.latents(self.log_magnitude(audio))
        B, T, D = z.shape
        flat = z.reshape(B * T, D)
        if quantise:
            codes, values, commitment = self.rvq(flat)
        else:
            codes = torch.zeros(B * T, self.num_quantizers, dtype=torch.long, device=z.device)
            values, commitment = flat, flat.new_zeros(())
        spectrum = self.spectrum(values.reshape(B, T, D))
        output, other = (self.synthesise(spectrum, first) for first in first_frames)
        return CodecOutput(output, other, codes.reshape(B, T, -1), flat, commitment)
