"""The codec, an RVQ-VAE: audio to codes and back.

Encoder: principal components of log-mel spectra, quantised by residual vector quantisation. It is
settled before training, so that codes keep their meaning. Decoder: ConvNeXt over time, heads for
magnitude, phase and envelope, inverse STFT, as in Vocos (Siuzdak 2023). Without attention and
without statistics over the file, a code means a finite stretch of sound (`receptive_field`).

The letters of shapes are explained in `distill.models`.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.audio.stft import synthesise
from distill.models.analysis import ANALYSIS_SCALES, Analysis
from distill.models.envelope import shape_blocks, silence_faint_blocks
from distill.models.frame_memory import FrameMemory, MemoryVectors
from distill.models.layers import KERNEL, WideLinear, backbone
from distill.models.mid_side import drop_faint_side, from_mid_side, relative_to_mid
from distill.models.oscillators import Oscillators
from distill.models.phase_noise import NOISE_FRAMES, noise_table
from distill.models.rvq import ResidualVQ

HOP_LENGTH = 1024
"""Samples of a code frame by default: 21 ms at 48 kHz."""

LARGEST_LOG_MAGNITUDE = 7.0
"""Largest natural-log magnitude of a bin: above that of a full-scale sine under 2048 samples."""


LEAST_RATE = 8000
"""Lowest sample rate in Hz at which oscillators run."""

MOST_WINDOW = 8192
"""Longest window in samples for which oscillators have tables: 17 MB at most."""

FIRST_SHARE = -4.0
"""Bias of the shares of oscillators before training, as a logit: a share of 2 %."""


class CodecOutput(NamedTuple):
    """Result of a training step.

    Attributes:
        audio: Decoded audio `[B, C, N]`.
        other: The same, decoded with other noise, `[B, C, N]`.
        codes: Codes `[B, T, Q]`.
        shares: Shares `[B, T, J]` of the oscillators; None without them.
    """

    audio: Tensor
    other: Tensor
    codes: Tensor
    shares: Tensor | None = None


class Spectrum(NamedTuple):
    """Output of the decoder's heads, before noise and synthesis.

    Of two channels the first is the mid. The second is the side relative to it: to be added to
    the mid's log-magnitude, phase and spread.

    Attributes:
        log_magnitude: Natural-log magnitudes `[B, C, T, F]`.
        phase: Phases `[B, C, T, F]` in radians.
        spread: Standard deviations `[B, C, T, F]` of the noise added to the phases, in radians.
        log_gain: Natural-log gains `[B, M]` of the blocks of the envelope.
        shares: Shares `[B, T, J]`, 0 to 1, of the oscillators in the magnitudes round them; None
            without oscillators.
    """

    log_magnitude: Tensor
    phase: Tensor
    spread: Tensor
    log_gain: Tensor
    shares: Tensor | None = None


class VQVAE(nn.Module):
    """RVQ-VAE codec: waveforms `[B, C, N]` to codes `[B, T, Q]` and back.

    `fit_codec` settles the codes; training changes the decoder alone. The constructor arguments
    are stored in model files, in `config`.

    Args:
        sample_rate: In Hz.
        channels: `C`: 1, or 2 for stereo. Stereo goes through the codec as mid and side.
        codebook_size: Entries `K` of a codebook.
        num_quantizers: Levels `Q`, each with a codebook.
        n_fft: Samples of a window of the decoder's spectra, a multiple of `hop_length`.
        hop_length: Samples of a code frame; elsewhere called `frame_hop`.
        hidden_size: Width of the decoder.
        decoder_layers: ConvNeXt blocks of the decoder.
        expansion: Width of the inner layer of a block, in multiples of `hidden_size`.
        latent_dim: Numbers `D` of a latent: principal components that are quantised.
        envelope_block: Samples that share one gain of the envelope; even, a divisor of
            `hop_length`.
        memory_frames: Columns of codes in the frame memory (`models/frame_memory.py`); 0 for none.
        memory_width: Numbers of a vector of the frame memory; 0 for none.
        oscillators: Whether tones come from a bank of oscillators (`models/oscillators.py`).

    Example:
        codec = VQVAE(sample_rate=48_000)
        codes = codec.encode(audio)
        audio = codec.decode(codes)
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
        oscillators: bool = False,
    ) -> None:
        super().__init__()
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
            "oscillators": oscillators,
        }
        _check_config(self.config)
        self.n_fft = n_fft
        self.envelope_block = envelope_block
        self.channels = channels
        self.bins = n_fft // 2 + 1
        # Set by training where the processor gains by it. Codes and sounds are always made in
        # float32.
        self.half_precision = False
        # Threads that encode and decode the pieces of a sound side by side; set by loading.
        self.workers = 1
        outputs = channels * self.bins
        self.analysis = Analysis(sample_rate, channels, hop_length, latent_dim)
        self.rvq = ResidualVQ(latent_dim, codebook_size, num_quantizers)
        self.outline = WideLinear(latent_dim, outputs)
        self.from_latent = nn.Linear(latent_dim, hidden_size)
        has_memory = memory_frames > 0
        memory = FrameMemory(memory_frames, memory_width, hidden_size) if has_memory else None
        self.memory = memory
        self.decoder = backbone(hidden_size, decoder_layers, expansion)
        self.magnitude = WideLinear(hidden_size, outputs)
        self.phase = WideLinear(hidden_size, outputs)
        self.spread = WideLinear(hidden_size, outputs)
        self.envelope = nn.Linear(hidden_size, hop_length // envelope_block)
        self.oscillators: Oscillators | None = None
        if oscillators:
            self.oscillators = Oscillators(sample_rate, n_fft, hop_length, channels)
            self.shares = WideLinear(hidden_size, self.oscillators.count)
        self._initialise_heads()

    def _initialise_heads(self) -> None:
        # At first the outline alone gives the magnitude.
        nn.init.zeros_(self.magnitude.weight)
        nn.init.zeros_(self.magnitude.bias)
        # Envelope and phase noise stay out of the way until training finds a use for them.
        for head in (self.envelope, self.spread):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.constant_(head.bias, -3.0)
        if self.oscillators is not None:
            # Nearly silent until training finds tones.
            nn.init.zeros_(self.shares.weight)
            nn.init.constant_(self.shares.bias, FIRST_SHARE)
        if self.channels == 2:
            # A side at right angles to the mid is as near to the left as to the right.
            nn.init.constant_(self.phase.bias[self.bins :], math.pi / 2)

    # --- facts ------------------------------------------------------------------------------------

    @property
    def sample_rate(self) -> int:
        """Sample rate in Hz."""
        return int(self.config["sample_rate"])

    @property
    def codebook_size(self) -> int:
        """Entries `K` of a codebook."""
        return int(self.config["codebook_size"])

    @property
    def num_quantizers(self) -> int:
        """Levels `Q`."""
        return int(self.config["num_quantizers"])

    @property
    def frame_hop(self) -> int:
        """Samples per code frame."""
        return int(self.config["hop_length"])

    @property
    def frame_rate(self) -> float:
        """Code frames per second."""
        return self.sample_rate / self.frame_hop

    @property
    def receptive_field(self) -> tuple[int, int]:
        """Reach in code frames to either side: of one code (encoding), of one decoded frame."""
        overlap = -(-self.n_fft // (2 * self.frame_hop))
        convolutions = self.config["decoder_layers"] * (KERNEL // 2)
        return overlap, convolutions + overlap

    def frame_levels(self, latents: Tensor) -> Tensor:
        """Levels in dBFS `[...]` of code frames with `latents` `[..., D]`: mean power in dB."""
        levels = self.analysis.levels(latents)
        decades = levels / 10
        # Summed in the log domain: quiet frames would underflow as powers.
        total = torch.logsumexp(decades * math.log(10), -1) / math.log(10)
        return 10 * (total - math.log10(levels.shape[-1]))

    def codebook_hash(self) -> str:
        """SHA-256 over the codebooks: codes and priors are valid for exactly these entries."""
        content = self.rvq.codebooks.detach().cpu().numpy().tobytes()
        return hashlib.sha256(content).hexdigest()

    # --- encoding ---------------------------------------------------------------------------------

    def latents(self, audio: Tensor) -> Tensor:
        """Latents `[B, T, D]` of `audio` `[B, C, N]`; `N` a multiple of `frame_hop`."""
        z: Tensor = self.analysis(audio)
        return z

    @torch.no_grad()
    def encode(self, audio: Tensor) -> Tensor:
        """Codes `[B, T, Q]` of `audio` `[B, C, N]`; `N` a multiple of `frame_hop`."""
        z = self.latents(audio)
        B, T, D = z.shape
        rows = z.reshape(B * T, D)
        return self.rvq(rows).reshape(B, T, -1)

    # --- decoding ---------------------------------------------------------------------------------

    def recall(self, codes: Tensor, levels: Sequence[int] | None = None) -> MemoryVectors | None:
        """Vectors of the frame memory for columns of `codes` `[B, T, q]`.

        None without a memory, or unless all levels sound: `levels`, or `q` of them.
        """
        sounding = range(codes.shape[-1]) if levels is None else levels
        if self.memory is None or set(sounding) != set(range(self.num_quantizers)):
            return None
        vectors: MemoryVectors = self.memory(codes)
        return vectors

    def spectrum(self, values: Tensor, memory_vectors: MemoryVectors | None = None) -> Spectrum:
        """Decode as far as the spectrum, before noise and synthesis.

        Args:
            values: Quantised latents `[B, T, D]`.
            memory_vectors: Vectors of the frame memory, added before and after the decoder.
        """
        with self._autocast():
            y = self.from_latent(values)
            if memory_vectors is not None:
                y = y + memory_vectors.before
            y = self.decoder(y)
            if memory_vectors is not None:
                y = y + memory_vectors.after
            magnitude = self.magnitude(y)
            phase = self.phase(y)
            spread = F.softplus(self.spread(y))
            # Only down: a gain above 1 is the magnitude's business.
            log_gain = -F.softplus(self.envelope(y))
            has_tones = self.oscillators is not None
            shares = torch.sigmoid(self.shares(y).float()) if has_tones else None
        return Spectrum(
            log_magnitude=self._split_channels(magnitude.float() + self.outline(values)),
            phase=self._split_channels(phase.float()),
            spread=self._split_channels(spread.float()),
            log_gain=log_gain.float().flatten(1),
            shares=shares,
        )

    def _autocast(self) -> torch.autocast:
        device = self.rvq.codebooks.device.type
        is_half = self.half_precision and self.training
        return torch.autocast(device, dtype=torch.bfloat16, enabled=is_half)

    def _split_channels(self, x: Tensor) -> Tensor:
        """Outputs of a head `[B, T, C * F]` as `[B, C, T, F]`."""
        B, T, _ = x.shape
        return x.reshape(B, T, self.channels, self.bins).transpose(1, 2)

    def noise(self, first_frames: Tensor, n_frames: int) -> Tensor:
        """Standard normal noise `[B, C, T, F]` for `n_frames` code frames.

        Args:
            first_frames: First code frame `[B]` of each stream, on the CPU.
            n_frames: `T`.
        """
        rows = (first_frames[:, None] + torch.arange(n_frames)) % NOISE_FRAMES
        tables = [noise_table(self.bins, channel)[rows] for channel in range(self.channels)]
        return torch.stack(tables, 1).to(self.rvq.codebooks.device)

    def synthesise(self, spectrum: Spectrum, first_frames: Tensor) -> Tensor:
        """Add noise to the phases and synthesise audio.

        A phase that the codes do not determine is random: were it always the same, hiss would
        repeat with each frame and buzz.

        Args:
            spectrum: Output of `spectrum`.
            first_frames: Code frame `[B]` of the whole sound at which each stream begins.

        Returns:
            Audio `[B, C, T * frame_hop]`.
        """
        log_magnitude = spectrum.log_magnitude
        T = log_magnitude.shape[2]
        phase = spectrum.phase + spectrum.spread * self.noise(first_frames, T)
        if self.channels == 2:
            log_magnitude = relative_to_mid(log_magnitude)
            phase = relative_to_mid(phase)
            # Not in training: a side that is cut off would have no gradient.
            if not self.training:
                log_magnitude = drop_faint_side(log_magnitude)
        log_magnitude = log_magnitude.clamp(max=LARGEST_LOG_MAGNITUDE)
        real = imaginary = None
        if self.oscillators is not None and spectrum.shares is not None:
            frames = (first_frames[:, None] + torch.arange(T)).to(phase.device)
            real, imaginary, log_rest = self.oscillators(
                spectrum.shares, log_magnitude, spectrum.phase, frames
            )
            log_magnitude = log_magnitude + log_rest
        audio = synthesise(log_magnitude, phase, self.n_fft, self.frame_hop, real, imaginary)
        audio = shape_blocks(audio, spectrum.log_gain)
        if not self.training:
            audio = silence_faint_blocks(audio, self.envelope_block)
        return from_mid_side(audio) if self.channels == 2 else audio

    def decode_values(
        self,
        values: Tensor,
        first_frame: int = 0,
        memory_vectors: MemoryVectors | None = None,
    ) -> Tensor:
        """Decode latents.

        Args:
            values: Latents `[B, T, D]`, quantised or not.
            first_frame: Code frame of the whole sound at which these begin.
            memory_vectors: Vectors of the frame memory (`recall`).

        Returns:
            Audio `[B, C, T * frame_hop]`.
        """
        first_frames = torch.full((len(values),), first_frame)
        return self.synthesise(self.spectrum(values, memory_vectors), first_frames)

    @torch.no_grad()
    def decode(
        self, codes: Tensor, first_frame: int = 0, levels: Sequence[int] | None = None
    ) -> Tensor:
        """Decode codes.

        Args:
            codes: Codes `[B, T, q]` of the first `q` levels.
            first_frame: Code frame of the whole sound at which these begin.
            levels: Levels that sound, from 0; None for all `q`. The frame memory sounds only with
                all `Q`.

        Returns:
            Audio `[B, C, T * frame_hop]`.
        """
        values = self.rvq.lookup(codes, levels)
        return self.decode_values(values, first_frame, self.recall(codes, levels))

    # --- training ---------------------------------------------------------------------------------

    def forward(self, audio: Tensor, first_frames: tuple[Tensor, Tensor]) -> CodecOutput:
        """Encode, and decode twice with different noise.

        Args:
            audio: Sounds `[B, C, N]`, `N` a multiple of `frame_hop`.
            first_frames: For each decoding, the rows `[B]` of the noise table to begin at.
        """
        codes = self.encode(audio)
        spectrum = self.spectrum(self.rvq.lookup(codes), self.recall(codes))
        first, second = first_frames
        return CodecOutput(
            audio=self.synthesise(spectrum, first),
            other=self.synthesise(spectrum, second),
            codes=codes,
            shares=spectrum.shares,
        )


def _check_config(config: dict[str, Any]) -> None:
    """Raise `ValueError` unless the constructor arguments fit together."""
    sample_rate = config["sample_rate"]
    n_fft = config["n_fft"]
    hop_length = config["hop_length"]
    envelope_block = config["envelope_block"]
    channels = config["channels"]
    frames = config["memory_frames"]
    width = config["memory_width"]
    # Frames of the longest analysis window lie half a window apart.
    analysis_hop = ANALYSIS_SCALES[0][1] // 2
    if not 0 < hop_length < n_fft or n_fft % hop_length:
        raise ValueError(f"n_fft {n_fft} is no multiple of a smaller hop_length {hop_length}")
    if hop_length % envelope_block or hop_length % analysis_hop:
        raise ValueError(
            f"hop_length {hop_length} is no multiple of the blocks of envelope and analysis"
        )
    if envelope_block % 2:
        raise ValueError(f"envelope_block {envelope_block} is no even number")
    if channels not in (1, 2):
        raise ValueError(f"a codec has 1 or 2 channels, not {channels}")
    if config["oscillators"] and not (sample_rate >= LEAST_RATE and n_fft <= MOST_WINDOW):
        raise ValueError(f"no oscillators run at {sample_rate} Hz with windows of {n_fft} samples")
    if bool(frames) != bool(width):
        raise ValueError(f"a memory of {frames} frames cannot have {width} numbers for each")
