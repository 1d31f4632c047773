"""Codes to sound frame by frame, with less look-ahead than the whole decoder has."""

import numpy as np
import torch

from distill.hosts.compiled import compile_stream
from distill.hosts.decoder import StreamDecoder
from distill.hosts.latency import frames_ahead
from distill.models.vqvae import VQVAE

WARM_UP = 4
"""Blocks that are decoded before the first: TorchScript compiles in the first three."""


class FrameDecoder:
    """Decodes the next code frames of one sound; its state is that of the sound so far.

    Args:
        codec: The codec, in eval mode.
        latency: How far it looks ahead: one of `LATENCIES`.
        frames: Code frames that are decoded at once, as a rule.

    Attributes:
        delay: Code frames from a column to its sound.

    Raises:
        UsageError: The codec has windows that do not fit its blocks.
    """

    def __init__(self, codec: VQVAE, latency: str, frames: int) -> None:
        device = codec.rvq.codebooks.device
        decoder = StreamDecoder(codec, frames_ahead(codec, latency))
        self.delay = decoder.delay
        self._decoder = compile_stream(decoder.to(device).eval())
        self._sounding = torch.ones(codec.num_quantizers, device=device)
        self._state = self._decoder.start(1, self._sounding)
        for _ in range(WARM_UP):
            self.decode(np.zeros((frames, codec.num_quantizers), np.int64))
        self._state = self._decoder.start(1, self._sounding)

    @torch.inference_mode()
    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Sound `[C, T * hop]` of the next columns `[T, Q]`, `delay` frames late."""
        columns = torch.from_numpy(codes).long().to(self._sounding.device)
        sound, self._state = self._decoder(columns[None], self._sounding, self._state)
        samples: np.ndarray = sound[0].cpu().numpy()
        return samples
