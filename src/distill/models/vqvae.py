"""The codec: RVQ of principal components of log-mel spectra in; magnitude, phase and envelope out,
inverse STFT.

The decoder is ConvNeXt (Liu et al. 2022) over time, as in Vocos (Siuzdak 2023), without attention
and without statistics over the file: what a code means depends on a finite stretch of sound around
it (`receptive_field`).
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.audio.stft import stft, synthesise
from distill.models.analysis import ANALYSIS_SCALES, Analysis
from distill.models.envelope import shape_blocks, silence_faint_blocks
from distill.models.frame_memory import FrameMemory, MemoryVectors
from distill.models.mid_side import drop_faint_side, from_mid_side, relative_to_mid, to_mid_side
from distill.models.rvq import ResidualVQ

HOP_LENGTH = 1024
"""Samples per code frame, unless said otherwise."""

KERNEL = 7
NOISE_FRAMES = 1999
NOISE_SEED = 48
LOG_FLOOR = 1e-5


class CodecOutput(NamedTuple):
    """`audio` `[B, C, N]` and `other`, the same decoded with other noise; `codes` `[B, T, Q]`."""

    audio: Tensor
    other: Tensor
    codes: Tensor


class Spectrum(NamedTuple):
    """What the decoder says of each bin, each `[B, C, S, F]`: natural-log magnitude, phase in
    radians, and by how many radians (standard deviation) the phase is left to chance; and the
    natural-log gain of every short block of sound, `[B, M]`.

    Of two channels the first is the mid; the second is the side relative to it, to be added in all
    three.
    """

    log_magnitude: Tensor
    phase: Tensor
    spread: Tensor
    log_gain: Tensor


@cache
def noise_table(bins: int, channel: int = 0) -> Tensor:
    """The chance in decoding: standard normal `[NOISE_FRAMES, bins]`, the same everywhere and for
    ever.

    Frame `t` of a sound takes row `t` modulo its length, so that a sound decoded in pieces is the
    sound decoded whole. Each channel has a table of its own.
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
    """Depthwise convolution over time, then a two-layer network per frame; `[B, T, D]` in and
    out."""

    def __init__(self, dim: int, expansion: int, layer_scale: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(dim, dim, (1, KERNEL), padding=(0, KERNEL // 2), groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, dim * expansion)
        self.project = nn.Linear(dim * expansion, dim)
        self.scale = nn.Parameter(torch.full((dim,), layer_scale))

    def forward(self, x: Tensor) -> Tensor:
        # A 2-D convolution on what is channels-last memory is four times as fast on CPU as conv1d;
        # its gradient in bfloat16 is many times slower than in float32.
        with torch.autocast(x.device.type, enabled=False):
            y = self.depthwise(x.float().transpose(1, 2).unsqueeze(2)).squeeze(2).transpose(1, 2)
        return x + self.scale * self.project(F.gelu(self.expand(self.norm(y))))


class WideLinear(nn.Linear):
    """`nn.Linear` to any number of outputs: computed for a multiple of 16, since products with,
    say, 1025 columns take half as long again."""

    def forward(self, x: Tensor) -> Tensor:
        spare = -self.out_features % 16
        weight, bias = F.pad(self.weight, (0, 0, 0, spare)), F.pad(self.bias, (0, spare))
        return F.linear(x, weight, bias)[..., : self.out_features]


def backbone(dim: int, layers: int, expansion: int) -> nn.Sequential:
    blocks = [ConvNeXtBlock(dim, expansion, 1 / max(layers, 1)) for _ in range(layers)]
    return nn.Sequential(nn.LayerNorm(dim), *blocks, nn.LayerNorm(dim))


class VQVAE(nn.Module):
    """RVQ-VAE codec. Waveforms `[B, C, N]`, codes `[B, T, Q]`, one code frame per `hop_length`
    samples.

    `C` is 1, or 2 for stereo: then mid and side go through the codec (`models/midside.py`), left
    and right in and out. Codes are settled by `fit`; what is trained after that is the decoder
    alone. It can know `memory_frames` columns of codes by heart, by `memory_width` numbers each
    (`models/frame_memory.py`).
    """

    def __init__(
        self,
        sample_rate: int,
        channels: int = 1,
        codebook_size: int = 128,
        num_quantizers: int = 8,
        n_fft: int = 2048,
        hop_length: int = HOP_LENGTH,
        hidden_size: int = 384,
        decoder_layers: int = 7,
        expansion: int = 2,
        latent_dim: int = 64,
        envelope_block: int = 64,
        memory_frames: int = 0,
        memory_width: int = 0,
    ) -> None:
        super().__init__()
        if not 0 < hop_length < n_fft or n_fft % hop_length:
            raise ValueError(f"n_fft {n_fft} is no multiple of a smaller hop_length {hop_length}")
        if hop_length % envelope_block or hop_length % (ANALYSIS_SCALES[0][1] // 2):
            raise ValueError(
                f"hop_length {hop_length} is no multiple of the blocks of envelope and analysis"
            )
        if envelope_block % 2:
            raise ValueError(f"envelope_block {envelope_block} is no even number")
        if channels not in (1, 2):
            raise ValueError(f"a codec has 1 or 2 channels, not {channels}")
        if bool(memory_frames) != bool(memory_width):
            raise ValueError(
                f"a memory of {memory_frames} frames cannot have {memory_width} numbers for each"
            )
        self.config: dict[str, Any] = {
            "sample_rate": sample_rate,
            "channels": channels,
            "codebook_size": codebook_size,
            "num_quantizers": num_quantizers,
            "n_fft": n_fft,
            "hop_length": hop_length,
            "hidden_size": hidden_size,
            "decoder_layers": decoder_layers,
            "expansion": expansion,
            "latent_dim": latent_dim,
            "envelope_block": envelope_block,
            "memory_frames": memory_frames,
            "memory_width": memory_width,
        }
        self.n_fft, self.hop_length, self.envelope_block = n_fft, hop_length, envelope_block
        self.channels, self.bins = channels, n_fft // 2 + 1
        # Set while training where the processor gains by it; codes and sounds are always made in
        # float32.
        self.half_precision = False
        self.analysis = Analysis(sample_rate, channels, hop_length, latent_dim)
        self.rvq = ResidualVQ(latent_dim, codebook_size, num_quantizers)
        self.outline = WideLinear(latent_dim, channels * self.bins)
        self.from_latent = nn.Linear(latent_dim, hidden_size)
        self.memory = (
            FrameMemory(memory_frames, memory_width, hidden_size) if memory_frames else None
        )
        self.decoder = backbone(hidden_size, decoder_layers, expansion)
        self.magnitude = WideLinear(hidden_size, channels * self.bins)
        self.phase = WideLinear(hidden_size, channels * self.bins)
        self.spread = WideLinear(hidden_size, channels * self.bins)
        self.envelope = nn.Linear(hidden_size, hop_length // envelope_block)
        # The outline says all about magnitude at first, and the envelope stays out of the way.
        nn.init.zeros_(self.magnitude.weight)
        nn.init.zeros_(self.magnitude.bias)
        # So does chance, until it turns out what the codes do not tell.
        for head in (self.envelope, self.spread):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.constant_(head.bias, -3.0)
        if channels == 2:
            # The side neither with the mid nor against it: from there it is as near to the left as
            # to the right.
            nn.init.constant_(self.phase.bias[self.bins :], math.pi / 2)

    # --- facts ------------------------------------------------------------------------------------

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
        return self.hop_length

    @property
    def frame_rate(self) -> float:
        """Code frames per second."""
        return self.sample_rate / self.hop_length

    @property
    def receptive_field(self) -> tuple[int, int]:
        """Code frames on either side that can change one code (encoding) and one decoded frame
        (decoding)."""
        spill = -(-self.n_fft // (2 * self.hop_length))
        return spill, self.config["decoder_layers"] * (KERNEL // 2) + spill

    def frame_levels(self, latents: Tensor) -> Tensor:
        """Levels in dBFS `[...]` of code frames with `latents` `[..., D]`: mean power in dB."""
        levels = self.analysis.levels(latents)
        decades = levels / 10
        # Summed in the log domain: quiet frames would underflow as powers.
        total = torch.logsumexp(decades * math.log(10), -1) / math.log(10)
        return 10 * (total - math.log10(levels.shape[-1]))

    def codebook_hash(self) -> str:
        """SHA-256 over the codebooks: codes and priors are valid for exactly these entries."""
        return hashlib.sha256(self.rvq.codebooks.detach().cpu().numpy().tobytes()).hexdigest()

    def _autocast(self) -> torch.autocast:
        device = self.rvq.codebooks.device.type
        return torch.autocast(
            device, dtype=torch.bfloat16, enabled=self.half_precision and self.training
        )

    # --- encoding ---------------------------------------------------------------------------------

    @torch.no_grad()
    def fit(
        self,
        batches: Iterable[Tensor],
        generator: torch.Generator,
        more: Iterable[Tensor] = (),
        own: Iterable[Tensor] = (),
    ) -> None:
        """Settle the codes by sounds `[B, C, N]`.

        `batches` give the principal components and the linear outline, they and `more` the
        codebooks. Codebooks hear every sound through a random equaliser as well: that leaves room
        between the sounds of the corpus, for others. `own` is the corpus as it is, to which most
        entries are fitted alone.
        """
        features, magnitudes = [], []
        for audio in batches:
            features.append(self.analysis.features(audio))
            magnitudes.append(self._log_magnitude(audio).transpose(1, 2).flatten(2).flatten(0, 1))
        latents = self.analysis.fit(torch.cat(features).flatten(0, 1), generator)
        heard = [latents]
        for x in features:
            heard.append(self._equalised_latents(x, generator))
        for audio in more:
            x = self.analysis.features(audio)
            heard += self.analysis.project(x).flatten(0, 1), self._equalised_latents(x, generator)
        as_it_is = [latents[:0], *(self.latents(audio).flatten(0, 1) for audio in own)]
        self.rvq.fit(torch.cat(heard), generator, torch.cat(as_it_is))
        self._fit_outline(self.rvq.lookup(self.rvq(latents)), torch.cat(magnitudes))

    def _equalised_latents(self, features: Tensor, generator: torch.Generator) -> Tensor:
        latents: Tensor = self.analysis.project(
            self.analysis.equalise_features(features, generator)
        )
        return latents.flatten(0, 1)

    def _log_magnitude(self, audio: Tensor) -> Tensor:
        """Natural-log magnitudes `[B, C, T, F]` as `spectrum` gives them: mono, or mid and side
        relative to it."""
        spectrum = stft(audio, self.n_fft, self.hop_length)
        if self.channels == 1:
            return _log_magnitude(spectrum)
        mid, side = _log_magnitude(to_mid_side(spectrum)).unbind(1)
        return torch.stack((mid, side - mid), 1)

    def _fit_outline(self, values: Tensor, log_magnitudes: Tensor) -> None:
        """Least squares, slightly damped: `values` `[M, D]` to `log_magnitudes` `[M, C * F]`."""
        mean = log_magnitudes.mean(0)
        gram = values.T @ values + 1e-3 * len(values) * torch.eye(
            values.shape[1], device=values.device
        )
        self.outline.weight.copy_(torch.linalg.solve(gram, values.T @ (log_magnitudes - mean)).T)
        self.outline.bias.copy_(mean)

    def latents(self, audio: Tensor) -> Tensor:
        """Latents `[B, T, D]` of `audio` `[B, C, N]`; `N` a multiple of `frame_hop`."""
        z: Tensor = self.analysis(audio)
        return z

    @torch.no_grad()
    def encode(self, audio: Tensor) -> Tensor:
        """Codes `[B, T, Q]` of `audio` `[B, C, N]`; `N` a multiple of `frame_hop`."""
        z = self.latents(audio)
        B, T, D = z.shape
        return self.rvq(z.reshape(B * T, D)).reshape(B, T, -1)

    # --- decoding ---------------------------------------------------------------------------------

    def recall(self, codes: Tensor, levels: Sequence[int] | None = None) -> MemoryVectors | None:
        """What the decoder knows by heart of columns of `codes` `[B, T, q]`: nothing unless all
        levels sound."""
        sounding = range(codes.shape[-1]) if levels is None else levels
        if self.memory is None or set(sounding) != set(range(self.num_quantizers)):
            return None
        memory_vectors: MemoryVectors = self.memory(codes)
        return memory_vectors

    def spectrum(self, values: Tensor, memory_vectors: MemoryVectors | None = None) -> Spectrum:
        """What is decoded from quantised latents `[B, T, D]`, before chance and synthesis;
        `recalled` is added."""
        B, T, _ = values.shape
        with self._autocast():
            y = self.from_latent(values)
            y = self.decoder(y if memory_vectors is None else y + memory_vectors.before)
            y = y if memory_vectors is None else y + memory_vectors.after
            heads = self.magnitude(y), self.phase(y), F.softplus(self.spread(y))
            log_gain = -F.softplus(self.envelope(y))
        magnitude, phase, spread = (head.float() for head in heads)
        planes = magnitude + self.outline(values), phase, spread
        magnitude, phase, spread = (
            x.reshape(B, T, self.channels, self.bins).transpose(1, 2) for x in planes
        )
        return Spectrum(magnitude, phase, spread, log_gain.float().reshape(B, -1))

    def noise(self, first_frames: Tensor, n_frames: int) -> Tensor:
        """Noise `[B, C, T, F]` for `n_frames` frames from `first_frames` `[B]` (on the CPU) on."""
        rows = (first_frames[:, None] + torch.arange(n_frames)) % NOISE_FRAMES
        noise = torch.stack(
            [noise_table(self.bins, channel)[rows] for channel in range(self.channels)], 1
        )
        return noise.to(self.rvq.codebooks.device)

    def synthesise(self, spectrum: Spectrum, first_frames: Tensor) -> Tensor:
        """Audio `[B, C, N]`; `first_frames` `[B]` says at which frame of the whole sound each piece
        begins.

        A phase that the codes do not tell is drawn at random: were it always the same, every hiss
        would repeat with each frame and buzz.
        """
        log_magnitude = spectrum.log_magnitude
        phase = spectrum.phase + spectrum.spread * self.noise(first_frames, log_magnitude.shape[2])
        if self.channels == 2:
            log_magnitude, phase = relative_to_mid(log_magnitude), relative_to_mid(phase)
            # Not in training: what has been cut off once would learn no more.
            log_magnitude = log_magnitude if self.training else drop_faint_side(log_magnitude)
        # e^7 is above the magnitude of a full-scale sine under a 2048-sample window.
        audio = synthesise(log_magnitude.clamp(max=7.0), phase, self.n_fft, self.hop_length)
        audio = shape_blocks(audio, spectrum.log_gain)
        audio = audio if self.training else silence_faint_blocks(audio, self.envelope_block)
        return from_mid_side(audio) if self.channels == 2 else audio

    def decode_values(
        self, values: Tensor, first_frame: int = 0, memory_vectors: MemoryVectors | None = None
    ) -> Tensor:
        """Audio `[B, C, T * frame_hop]` from latents `[B, T, D]` (quantised, or not); `recalled` as
        `spectrum` has it.

        `first_frame` is the code frame of the whole sound at which this piece begins.
        """
        return self.synthesise(
            self.spectrum(values, memory_vectors), torch.full((len(values),), first_frame)
        )

    @torch.no_grad()
    def decode(
        self, codes: Tensor, first_frame: int = 0, levels: Sequence[int] | None = None
    ) -> Tensor:
        """Audio `[B, C, T * frame_hop]` from codes `[B, T, q]`, of `levels` only (from 0; None: all
        `q`).

        With all levels, what is known of columns by heart is heard as well. `first_frame` as in
        `decode_values`.
        """
        return self.decode_values(
            self.rvq.lookup(codes, levels), first_frame, self.recall(codes, levels)
        )

    # --- training ---------------------------------------------------------------------------------

    def forward(self, audio: Tensor, first_frames: tuple[Tensor, Tensor]) -> CodecOutput:
        """One pass with everything that the losses need; `audio` `[B, C, N]`, `N` a multiple of
        `frame_hop`.

        Decodes twice, with the noise of the two `first_frames` `[B]`.
        """
        codes = self.encode(audio)
        spectrum = self.spectrum(self.rvq.lookup(codes), self.recall(codes))
        output, other = (self.synthesise(spectrum, first) for first in first_frames)
        return CodecOutput(output, other, codes)
