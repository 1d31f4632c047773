"""Encode and decode sounds of any length in pieces: the result of doing it whole, with flat memory."""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from distill.models.vqvae import VQVAE

CHUNK_S = 20.0


def frames_of(n_samples: int, frame_hop: int) -> int:
    """Code frames that hold `n_samples` samples: the last one may be partly silence."""
    return -(-n_samples // frame_hop)


def _spans(T: int, size: int, margin: int) -> Iterator[tuple[int, int, int, int]]:
    """(start, stop) of what is kept and (from, to) of what must be seen for it, in frames."""
    for start in range(0, T, size):
        stop = min(start + size, T)
        yield start, stop, max(0, start - margin), min(T, stop + margin)


def _chunk_frames(model: VQVAE) -> int:
    return max(1, round(CHUNK_S * model.frame_rate))


def _device(model: VQVAE) -> torch.device:
    return model.rvq.codebooks.device


@torch.inference_mode()
def encode_audio(model: VQVAE, audio: np.ndarray, lead: int = 0) -> Tensor:
    """Codes `[T, Q]` (on the CPU) of `audio` `[C, N]` at the codec's rate; the end is padded with silence.

    `lead` samples of silence go in front.
    """
    hop, margin = model.frame_hop, model.receptive_field[0]
    T = frames_of(lead + audio.shape[1], hop)
    pieces = []
    for start, stop, seen_from, seen_to in _spans(T, _chunk_frames(model), margin):
        begin, end = seen_from * hop - lead, seen_to * hop - lead
        heard = torch.from_numpy(np.array(audio[:, max(begin, 0) : end], dtype=np.float32))
        before = max(-begin, 0)
        heard = F.pad(heard, (before, end - begin - before - heard.shape[1]))
        codes = model.encode(heard[None].to(_device(model)))[0]
        pieces.append(codes[start - seen_from : stop - seen_from].cpu())
    return torch.cat(pieces) if pieces else torch.zeros(0, model.num_quantizers, dtype=torch.long)


def decode_stream(model: VQVAE, codes: Tensor) -> Iterator[np.ndarray]:
    """Pieces `[C, n]` of the sound of `codes` `[T, q]`, in order."""
    hop, margin = model.frame_hop, model.receptive_field[1]
    for start, stop, seen_from, seen_to in _spans(len(codes), _chunk_frames(model), margin):
        with torch.inference_mode():
            sound = model.decode(codes[None, seen_from:seen_to].to(_device(model)), seen_from)[0]
        yield sound[:, (start - seen_from) * hop : (stop - seen_from) * hop].cpu().numpy()


def decode_codes(model: VQVAE, codes: Tensor) -> np.ndarray:
    """Sound `[C, T * frame_hop]` of `codes` `[T, q]`."""
    pieces = list(decode_stream(model, codes))
    return np.concatenate(pieces, 1) if pieces else np.zeros((model.channels, 0), np.float32)
