"""Encoding and decoding of sounds of any length, in pieces, with flat memory.

Pieces overlap by the codec's receptive field, so that the result is that of the whole sound.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from distill.audio.blocks import Window, pieces, slice_blocks, windows
from distill.models.cancel_points import cancel_points
from distill.models.vqvae import VQVAE
from distill.ordered_map import ordered_map

CHUNK_S = 20.0
"""Length of a piece in seconds: long enough that the overlap costs little."""

EVEN_S = 4.0
"""Length in seconds of the pieces of `decode_evenly`, all equal: a short sound is padded to one."""


def frames_of(n_samples: int, frame_hop: int) -> int:
    """Number of code frames for `n_samples` samples; the last frame may be partly silence."""
    return -(-n_samples // frame_hop)


def code_dtype(codebook_size: int) -> torch.dtype:
    """The smallest type that holds a code: hours of codes then fit into memory and files."""
    return torch.uint8 if codebook_size <= 256 else torch.int16


def _chunk_frames(codec: VQVAE) -> int:
    return max(1, round(CHUNK_S * codec.frame_rate))


def _device(codec: VQVAE) -> torch.device:
    return codec.rvq.codebooks.device


def encode_stream(codec: VQVAE, blocks: Iterable[np.ndarray]) -> Iterator[Tensor]:
    """Encode a stream.

    Args:
        codec: In eval mode.
        blocks: The sound, `[C, n]` each, at the codec's sample rate. The end is padded with
            silence to a whole frame.

    Yields:
        Codes `[T, Q]` on the CPU, piece after piece.
    """
    hop = codec.frame_hop
    margin = codec.receptive_field[0] * hop
    whole = windows(blocks, _chunk_frames(codec) * hop, margin)
    yield from ordered_map(partial(_encode_window, codec), whole, codec.workers)


def _encode_window(codec: VQVAE, window: Window) -> Tensor:
    """Codes `[T, Q]` of the core of a window, on the CPU."""
    hop = codec.frame_hop
    sound = torch.from_numpy(np.array(window.sound, dtype=np.float32))
    sound = F.pad(sound, (0, -sound.shape[1] % hop))
    with torch.inference_mode(), cancel_points():
        codes = codec.encode(sound[None].to(_device(codec)))[0]
    first = window.core.start // hop
    last = frames_of(window.core.stop, hop)
    # A copy: the quantiser's result holds on to all the paths of its search.
    return codes[first:last].cpu().clone()


def encode_audio(codec: VQVAE, audio: np.ndarray, lead: int = 0) -> Tensor:
    """Encode a sound.

    Args:
        codec: In eval mode.
        audio: Sound `[C, N]` at the codec's sample rate. The end is padded with silence.
        lead: Samples of silence in front of it.

    Returns:
        Codes `[T, Q]` on the CPU.
    """
    silence = np.zeros((len(audio), lead), np.float32)
    # `cat` needs at least one part.
    empty = torch.zeros(0, codec.num_quantizers, dtype=torch.long)
    stream = encode_stream(codec, chain((silence,), pieces(audio)))
    return torch.cat([empty, *stream])


def decode_stream(
    codec: VQVAE,
    codes: Tensor,
    start: int = 0,
    stop: int | None = None,
    levels: Iterable[int] | None = None,
    size: int | None = None,
) -> Iterator[np.ndarray]:
    """Decode a region of a sound, as it is in the whole.

    Args:
        codec: In eval mode.
        codes: Codes `[T, q]` of the whole sound.
        start: First code frame to decode.
        stop: Code frame after the last one; None for the end.
        levels: Levels that sound, from 0; None for all `q`. As in `VQVAE.decode`.
        size: Code frames of a piece; None for `CHUNK_S` seconds.

    Yields:
        Pieces `[C, n]` in order.
    """
    hop = codec.frame_hop
    margin = codec.receptive_field[1]
    size = size or _chunk_frames(codec)
    sounding = None if levels is None else list(levels)
    end = len(codes) if stop is None else stop

    def decode_piece(first: int) -> np.ndarray:
        last = min(first + size, end)
        # The piece with the context that it depends on.
        context_start = max(0, first - margin)
        context_stop = min(len(codes), last + margin)
        context = codes[None, context_start:context_stop].to(_device(codec))
        with torch.inference_mode(), cancel_points():
            sound = codec.decode(context, context_start, sounding)[0]
        from_sample = (first - context_start) * hop
        to_sample = (last - context_start) * hop
        piece: np.ndarray = sound[:, from_sample:to_sample].cpu().numpy()
        return piece

    firsts = range(start, end, size)
    yield from ordered_map(decode_piece, firsts, min(codec.workers, len(firsts)))


def decode_evenly(codec: VQVAE, codes: Tensor) -> Iterator[np.ndarray]:
    """Decode all of `codes` `[T, q]` in pieces that are computed alike, however many there are.

    Two sounds that begin with the same codes begin alike to the bit, up to the receptive field
    before the first difference.

    Yields:
        Pieces `[C, n]` in order.
    """
    size = max(1, round(EVEN_S * codec.frame_rate))
    T = len(codes)
    # Up to whole pieces with whole context, the last column is repeated.
    even = T + -T % size
    n_padding = even + codec.receptive_field[1] - T
    whole = torch.cat([codes, codes[-1:].expand(n_padding, -1)])
    sound = decode_stream(codec, whole, 0, even, size=size)
    return slice_blocks(sound, 0, T * codec.frame_hop)


def decode_codes(codec: VQVAE, codes: Tensor) -> np.ndarray:
    """Decode `codes` `[T, q]` to audio `[C, T * frame_hop]`."""
    # `concatenate` needs at least one part.
    empty = np.zeros((codec.channels, 0), np.float32)
    return np.concatenate([empty, *decode_stream(codec, codes)], 1)
