"""A codec fitted to clicks and tones, and banks of them, that the tests of events share."""

from collections.abc import Sequence

import numpy as np
import torch

from distill.audio.pulse import Pulse
from distill.inference.events.bank import EventBank, build_event_bank
from distill.models.chunked import encode_audio
from distill.models.prior_metadata import Recording
from distill.models.vqvae import VQVAE
from tests.conftest import pluck

RATE = 48_000
HOP = 1024


def fitted_codec(sounds: Sequence[np.ndarray], channels: int = 1) -> VQVAE:
    """A codec with an untrained decoder, whose analysis and codebooks are fitted to `sounds`."""
    torch.manual_seed(0)
    codec = VQVAE(
        RATE,
        channels,
        codebook_size=64,
        num_quantizers=4,
        hidden_size=16,
        decoder_layers=1,
        latent_dim=32,
    ).eval()
    generator = torch.Generator().manual_seed(0)
    features = [codec.analysis.features(_frames(sound, channels))[0] for sound in sounds]
    latents = codec.analysis.fit(torch.cat(features), generator)
    codec.rvq.fit(latents, generator, own=latents)
    return codec


def _frames(sound: np.ndarray, channels: int) -> torch.Tensor:
    """Whole frames `[1, C, N]` of a mono sound."""
    whole = sound[: len(sound) // HOP * HOP].astype(np.float32)
    return torch.from_numpy(np.repeat(whole[None], channels, 0))[None]


def plucks_at(times: Sequence[float], seconds: float, high: float = 1.0) -> np.ndarray:
    """Plucks at `times` (s), each until the next, in three pitches in turn."""
    sound = np.zeros(round(seconds * RATE))
    ends = [*times[1:], seconds]
    for i, (time, end) in enumerate(zip(times, ends, strict=True)):
        note = pluck(high * 180.0 * (1 + i % 3), end - time, seed=i)
        first = round(time * RATE)
        part = sound[first : first + len(note)]
        part += note[: len(part)]
    return sound


def recording(
    codec: VQVAE, sound: np.ndarray, name: str, pulse: Pulse | None = None, shifts: int = 4
) -> Recording:
    """A mono sound as a model file keeps it."""
    audio = np.repeat(sound[None], codec.config["channels"], 0).astype(np.float32)
    encodings = [encode_audio(codec, audio, i * HOP // shifts) for i in range(shifts)]
    return Recording(
        name=name, codes=encodings[0], whole=True, shifted=tuple(encodings[1:]), pulse=pulse
    )


def even_pulse(tempo: float, beats: int) -> Pulse:
    """A pulse from the beginning on, in bars of four."""
    return Pulse(
        tempo=tempo,
        beats=np.arange(beats) * 60 / tempo,
        bar_beats=4,
        first_downbeat=0,
        confidence=1.0,
    )


def rhythm_bank() -> EventBank:
    """Two recordings of 8 beats at 120 BPM, one of them an octave higher, and a free one."""
    low = plucks_at([0.0, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 3.25, 3.5], 4.0)
    high = plucks_at([0.0, 0.25, 0.5, 1.0, 1.25, 1.75, 2.0, 2.5, 3.0, 3.5], 4.0, high=2.0)
    free = plucks_at([0.0, 0.4, 1.1], 2.0, high=1.5)
    codec = fitted_codec([low, high, free])
    bank = build_event_bank(
        codec,
        [
            recording(codec, low, "low", even_pulse(120, 8)),
            recording(codec, high, "high", even_pulse(120, 8)),
            recording(codec, free, "free"),
        ],
    )
    assert bank is not None
    return bank


def steady_bank() -> EventBank:
    """Two noises of 12 s without an onset, one darker than the other, and a pluck."""
    rng = np.random.default_rng(0)
    bright = 0.1 * rng.standard_normal(12 * RATE)
    dark = np.convolve(rng.standard_normal(12 * RATE), np.full(12, 0.05), "same")
    tail = np.concatenate([np.zeros(2400), pluck(220.0, 2.0)])
    codec = fitted_codec([bright, dark, tail])
    bank = build_event_bank(
        codec,
        [
            recording(codec, bright, "bright"),
            recording(codec, dark, "dark"),
            recording(codec, tail, "tail"),
        ],
    )
    assert bank is not None
    return bank
