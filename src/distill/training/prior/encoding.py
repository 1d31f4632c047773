"""Encodings of a corpus: the codes of every sound, several times.

Each encoding shifts the grid of code frames and changes the level, so that one sound gives many
code sequences. An encoding takes half a minute for an hour of sound, so it is kept in the cache: a
second training on the same codec encodes nothing.
"""

import hashlib
from collections.abc import Callable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.audio.blocks import pieces
from distill.data.dataset import ClipRegion
from distill.data.region_arrays import RegionArrays
from distill.models.chunked import code_dtype, encode_stream
from distill.models.vqvae import VQVAE

# Level under the peak of a sound below which its tail is inaudible: -70 dB, as a factor. Cut at
# -50 dB, a damped stroke lost half of its decay: it fell by 25 dB in 200 ms in place of 55.
AUDIBLE = 10 ** (-70 / 20)

# Seconds of an inaudible tail that stay, so that the sound still fades out.
REMAINING_TAIL_S = 0.02

# Encodings are louder or quieter by up to this, in dB: about as far as takes of one player differ.
GAIN_DB = 6.0

# Encodings that move the frame grid by equal parts of a frame, at the level of the recording. The
# file keeps them, so that generated events can begin between two frames (5 ms at four).
SHIFTS = 4

# Hours of sound in all encodings together: encoding more takes longer than learning from it.
ENCODED_HOURS = 8.0

# The same for encodings beyond those that move the grid. More sound is more varied by itself: of
# 20 minutes, 4 encodings serve as well as 16 (0.003 nats on held-out sound), and 1 a little worse
# (0.009).
VARIED_HOURS = 4.0

# Seconds of sound that are encoded between two saves, at most: a killed run loses no more.
SAVE_EVERY_S = 600.0

# Raised whenever a codec encodes otherwise, or a tail is cut otherwise.
_VERSION = 1

# Purpose of the draw of gains within the seed; offsets have the seed alone.
_GAINS_PURPOSE = 1


def count_encodings(most: int, seconds: float) -> int:
    """Encodings of a corpus of so many `seconds`, `most` at most: fewer of long ones, but one."""
    hours = max(seconds, 1.0) / 3600
    affordable = round(ENCODED_HOURS / hours)
    useful = max(SHIFTS, round(VARIED_HOURS / hours))
    return max(1, min(most, affordable, useful))


def trim_inaudible_tail(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """`audio` `[C, N]` up to shortly after its last sample above -70 dB relative to its peak.

    Seconds of a tail that nobody hears would teach the prior to stay silent.
    """
    # Piece by piece: the sound may be an hour, mapped from disk.
    peak = max((float(np.abs(piece).max()) for piece in pieces(audio)), default=0.0)
    threshold = AUDIBLE * peak
    for stop in range(audio.shape[1], 0, -sample_rate):
        start = max(0, stop - sample_rate)
        loudest = np.abs(audio[:, start:stop]).max(axis=0)
        audible = (loudest > threshold).nonzero()[0]
        if len(audible):
            last = start + int(audible[-1])
            return audio[:, : last + 1 + round(REMAINING_TAIL_S * sample_rate)]
    return audio


def draw_offsets(encodings: int, frame_hop: int, seed: int) -> list[int]:
    """Samples by which the frame grid moves in each encoding; 0 in the first.

    The first `SHIFTS` move it by equal parts of a frame, the others at random.
    """
    rng = np.random.default_rng(seed)
    shifts = min(SHIFTS, encodings)
    even = [i * frame_hop // shifts for i in range(shifts)]
    return even + rng.integers(1, frame_hop, size=encodings - shifts).tolist()


def draw_gains(encodings: int, seed: int) -> list[float]:
    """Gain of each encoding in dB; 0 in the first `SHIFTS`."""
    rng = np.random.default_rng([seed, _GAINS_PURPOSE])
    shifts = min(SHIFTS, encodings)
    return [0.0] * shifts + rng.uniform(-GAIN_DB, GAIN_DB, size=encodings - shifts).tolist()


class Encoding(NamedTuple):
    """An encoding: samples by which the frame grid moves, and its gain in dB."""

    offset: int
    gain: float

    @property
    def name(self) -> str:
        """Its name in the cache."""
        return f"{self.offset}-{self.gain!r}"


class Encoder:
    """Encodes regions of sounds, or takes their codes from the cache.

    Args:
        codec: The codec, in eval mode.
        encodings: The encodings.
    """

    def __init__(self, codec: VQVAE, encodings: Sequence[Encoding]) -> None:
        self.codec = codec
        self.encodings = list(encodings)
        self._cache = RegionArrays("codes", encoder_hash(codec))

    def encode(self, region: ClipRegion, tell: Callable[[float], None]) -> list[Tensor]:
        """Codes `[T, Q]` of a region in every encoding, of `code_dtype`.

        Args:
            region: Part of a sound.
            tell: Called with the seconds of sound that have become codes since the last call.

        Raises:
            OutputError: If the cache cannot be written.
        """
        names = [encoding.name for encoding in self.encodings]
        stored = self._cache.load(region)
        present = sum(name in stored for name in names)
        tell(present * region.n_samples / self.codec.sample_rate)
        if present < len(names):
            self._add_missing(region, stored, tell)
        return [torch.from_numpy(stored[name]) for name in names]

    def _add_missing(
        self,
        region: ClipRegion,
        stored: dict[str, np.ndarray],
        tell: Callable[[float], None],
    ) -> None:
        """Add the codes of the encodings that lack to `stored`, and keep them."""
        audio = trim_inaudible_tail(region.audio(), self.codec.sample_rate)
        unsaved_s = 0.0
        for encoding in self.encodings:
            if encoding.name in stored:
                continue
            if unsaved_s > SAVE_EVERY_S:
                self._cache.save(region, stored)
                unsaved_s = 0.0
            stored[encoding.name] = self._encode(audio, encoding, tell).numpy()
            unsaved_s += audio.shape[1] / self.codec.sample_rate
        self._cache.save(region, stored)

    def _encode(
        self, audio: np.ndarray, encoding: Encoding, tell: Callable[[float], None]
    ) -> Tensor:
        silence = np.zeros((len(audio), encoding.offset), np.float32)
        factor = np.float32(10 ** (encoding.gain / 20))
        louder = (factor * piece for piece in pieces(audio))
        dtype = code_dtype(self.codec.codebook_size)
        # `cat` needs at least one part.
        parts = [torch.zeros(0, self.codec.num_quantizers, dtype=dtype)]
        for codes in encode_stream(self.codec, chain((silence,), louder)):
            parts.append(codes.to(dtype))
            tell(len(codes) / self.codec.frame_rate)
        return torch.cat(parts)


def encoder_hash(codec: VQVAE) -> str:
    """SHA-256 of all that codes depend on beside the sound: analysis, codebooks and frames."""
    shape = (_VERSION, codec.sample_rate, codec.frame_hop, codec.channels)
    digest = hashlib.sha256(repr(shape).encode())
    for name, tensor in sorted(codec.state_dict().items()):
        if name.startswith(("analysis.", "rvq.")):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
