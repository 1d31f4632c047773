"""A sound as another model renders it, and the sounds between the two.

The other codec encodes the sound and decodes it in its own timbre. Its phases are its own, so that
a sum of both waveforms would cancel here and double there. So magnitudes are mixed, by their
logarithms.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.audio.blocks import pieces, slice_blocks, windows
from distill.audio.fades import crossfade, fade_ends
from distill.audio.finish import remove_dc
from distill.audio.level import integrated_loudness
from distill.audio.limiter import limit_peaks
from distill.audio.stereo import mix_channels
from distill.audio.stft import istft, stft
from distill.inference.codes.decode import decode_sound
from distill.inference.codes.encode import Encoding, encode_with_remark
from distill.inference.codes.grid import CodeGrid
from distill.models.chunked import encode_audio
from distill.models.persistence import LoadedVQModel

N_FFT = 2048
"""Samples of a window of the spectra: those of the decoder."""

HOP = 512
"""Samples from one spectrum to the next: a quarter of a window, so that joins are smooth."""

FLOOR = 5e-3
"""Magnitude added to every bin before the logarithm: 100 dB below that of a full-scale sine."""

PIECE_S = 20.0
"""Seconds that are mixed at once: it bounds memory."""

AROUND_S = 1.0
"""Seconds of a loop that are heard before its start and after its end, at least: encoder, decoder
and filters look no further."""

OVERLAP_S = 0.02
"""Seconds over which the end of a loop fades into its start: noise phases differ between both."""


class Rendition(NamedTuple):
    """A sound `[C, N]`, and its codes in the model that rendered it."""

    audio: np.ndarray
    grid: CodeGrid


def render_between(
    model: LoadedVQModel, audio: np.ndarray, share: float, is_loop: bool = False
) -> Rendition:
    """Render a sound with another model, as far as its share goes.

    Args:
        model: The other model; its prior is not needed.
        audio: The sound, `[C, N]` at the rate of the model.
        share: Share of the other model: 1 is its rendition alone.
        is_loop: Whether the end of the sound flows into its start.

    Returns:
        The sound, as long and as loud, in the same channels. Its codes are those that the other
        model encodes it to.
    """
    codec = model.model
    rate = codec.sample_rate
    loudness = integrated_loudness(audio, rate)
    around = round(AROUND_S * codec.frame_rate) * codec.frame_hop if is_loop else 0
    whole = np.pad(audio, ((0, 0), (around, around)), "wrap")
    encoding = encode_with_remark(model, lambda: pieces(whole))
    rendered = remove_dc(mix_channels(decode_sound(model, encoding.grid), len(audio)), rate)
    if share < 1:
        rendered = mix_sounds(whole, _as_loud(rendered, loudness, rate), share, rate)
    if is_loop:
        overlap = min(round(OVERLAP_S * rate), audio.shape[1])
        start = rendered[:, around - overlap : around]
        rendered = crossfade(rendered[:, around : around + audio.shape[1]], start, overlap)
    else:
        rendered = fade_ends(rendered, rate)
    finished = limit_peaks(_as_loud(rendered, loudness, rate), rate)
    return Rendition(audio=finished, grid=_grid_of(model, finished, encoding))


def _grid_of(model: LoadedVQModel, audio: np.ndarray, encoding: Encoding) -> CodeGrid:
    """Codes of `audio` `[C, N]`, at the level and width of a sound that was encoded before."""
    mixed = mix_channels(audio, model.model.channels)
    codes = encode_audio(model.model, mixed * np.float32(encoding.scale))
    return replace(encoding.grid, codes=codes.numpy(), n_samples=audio.shape[1])


def _as_loud(audio: np.ndarray, loudness: float, sample_rate: int) -> np.ndarray:
    """`audio` `[C, N]` with a loudness in LUFS; as it is where there is none."""
    difference = loudness - integrated_loudness(audio, sample_rate)
    if not np.isfinite(difference):
        return audio
    return audio * np.float32(10 ** (difference / 20))


def mix_sounds(first: np.ndarray, second: np.ndarray, share: float, sample_rate: int) -> np.ndarray:
    """The sound between two that go together in time.

    Args:
        first: One sound, `[C, N]`.
        second: The other, `[C, N]`.
        share: Share of the second, between 0 and 1.
        sample_rate: In Hz.
    """
    both = np.concatenate([first, second])
    # A whole number of hops.
    padded = np.pad(both, ((0, 0), (0, -both.shape[1] % HOP)))
    blocks = _mixed_blocks(padded, share, sample_rate)
    return np.concatenate(list(slice_blocks(blocks, 0, first.shape[1])), axis=1)


@torch.inference_mode()
def _mixed_blocks(both: np.ndarray, share: float, sample_rate: int) -> Iterator[np.ndarray]:
    """Blocks `[C, n]` of the mix of two sounds, one above the other in `both` `[2C, N]`."""
    size = round(PIECE_S * sample_rate / HOP) * HOP
    for window in windows(pieces(both), size, N_FFT):
        spectra = stft(torch.from_numpy(np.ascontiguousarray(window.sound)), N_FFT, HOP)
        first, second = spectra.chunk(2)
        mixed = istft(mix_spectra(first, second, share), N_FFT, HOP).numpy()
        yield mixed[:, window.core]


def mix_spectra(first: Tensor, second: Tensor, share: float) -> Tensor:
    """Complex spectra `[..., F]` between two: the geometric mean of magnitudes, with the phases of
    the sum."""
    own = (first.abs() + FLOOR).log()
    other = (second.abs() + FLOOR).log()
    # Without what was added, so that silence stays silence.
    magnitude = (torch.lerp(own, other, share).exp() - FLOOR).clamp(min=0)
    # That of the louder one, mostly: phases of one sound fit together from frame to frame.
    return magnitude * torch.sgn(torch.lerp(first, second, share))
