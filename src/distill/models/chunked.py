"""Encode and decode sounds of any length in pieces: the result of doing it whole, with flat
memory."""

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from distill.audio.blocks import pieces, slice_blocks, windows
from distill.models.vqvae import VQVAE

CHUNK_S = 20.0
EVEN_S = 4.0


def frames_of(n_samples: int, frame_hop: int) -> int:
    """Code frames that hold `n_samples` samples: the last one may be partly silence."""
    return -(-n_samples // frame_hop)


def _chunk_frames(model: VQVAE) -> int:
    return max(1, round(CHUNK_S * model.frame_rate))


def _device(model: VQVAE) -> torch.device:
    return model.rvq.codebooks.device


def encode_stream(model: VQVAE, blocks: Iterable[np.ndarray]) -> Iterator[Tensor]:
    """Codes `[T, Q]` (on the CPU), piece after piece, of a sound in `blocks` `[C, n]` at the
    codec's rate.

    The end is padded with silence to a whole frame.
    """
    hop = model.frame_hop
    for window in windows(blocks, _chunk_frames(model) * hop, model.receptive_field[0] * hop):
        sound = torch.from_numpy(np.array(window.sound, dtype=np.float32))
        sound = F.pad(sound, (0, -sound.shape[1] % hop))
        with torch.inference_mode():
            codes = model.encode(sound[None].to(_device(model)))[0]
        # A copy: what the quantiser returns holds on to all the paths that it tried.
        yield codes[window.core.start // hop : frames_of(window.core.stop, hop)].cpu().clone()


def encode_audio(model: VQVAE, audio: np.ndarray, lead: int = 0) -> Tensor:
    """Codes `[T, Q]` (on the CPU) of `audio` `[C, N]` at the codec's rate; the end is padded with
    silence.

    `lead` samples of silence go in front.
    """
    silence = np.zeros((len(audio), lead), np.float32)
    none = torch.zeros(0, model.num_quantizers, dtype=torch.long)
    return torch.cat([none, *encode_stream(model, chain((silence,), pieces(audio)))])


def decode_stream(
    model: VQVAE,
    codes: Tensor,
    start: int = 0,
    stop: int | None = None,
    levels: Iterable[int] | None = None,
    size: int | None = None,
) -> Iterator[np.ndarray]:
    """Pieces `[C, n]`, in order, of the sound of frames `start` to `stop` of `codes` `[T, q]`, as
    it is in the whole.

    Only `levels` are heard (from 0; None: all `q`), as from `VQVAE.decode`. A piece is `size`
    frames, by default 20 s.
    """
    hop, margin, size = model.frame_hop, model.receptive_field[1], size or _chunk_frames(model)
    chosen = None if levels is None else list(levels)
    end = len(codes) if stop is None else stop
    for first in range(start, end, size):
        last = min(first + size, end)
        seen_from, seen_to = max(0, first - margin), min(len(codes), last + margin)
        with torch.inference_mode():
            sound = model.decode(
                codes[None, seen_from:seen_to].to(_device(model)), seen_from, chosen
            )[0]
        yield sound[:, (first - seen_from) * hop : (last - seen_from) * hop].cpu().numpy()


def decode_evenly(model: VQVAE, codes: Tensor) -> Iterator[np.ndarray]:
    """`decode_stream` of all of `codes` `[T, q]`, in pieces that are computed alike however many
    there are.

    Sounds with the same codes at first begin alike to the bit, as far as the codec does not hear
    where they differ.
    """
    size = max(1, round(EVEN_S * model.frame_rate))
    whole = len(codes) + -len(codes) % size
    more = codes[-1:].expand(whole + model.receptive_field[1] - len(codes), -1)
    return slice_blocks(
        decode_stream(model, torch.cat([codes, more]), 0, whole, size=size),
        0,
        len(codes) * model.frame_hop,
    )


def decode_codes(model: VQVAE, codes: Tensor) -> np.ndarray:
    """Sound `[C, T * frame_hop]` of `codes` `[T, q]`."""
    none = np.zeros((model.channels, 0), np.float32)
    return np.concatenate([none, *decode_stream(model, codes)], 1)
