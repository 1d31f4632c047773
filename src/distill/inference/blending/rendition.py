"""A sound as another model renders it, and the sounds between the two.

The other codec encodes the sound and decodes it in its own timbre. Its phases are its own, so that
a sum of both waveforms would cancel here and double there. So magnitudes are mixed, by their
logarithms.
"""

from collections.abc import Iterator
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
from distill.inference.codes.compatible import make_grid
from distill.inference.codes.encode import range_gain
from distill.inference.codes.grid import CodeGrid, bound_gain
from distill.models.chunked import decode_codes, encode_audio
from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE

N_FFT = 2048
"""Samples of a window of the spectra: those of the decoder."""

HOP = 512
"""Samples from one spectrum to the next: a quarter of a window, so that joins are smooth."""

FLOOR = 5e-3
"""Magnitude added to every bin before the logarithm: 100 dB below that of a full-scale sine."""

TINY = 1e-12
"""Magnitude below which a sum has no phase: both have cancelled, or are silent."""

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
    N = audio.shape[1]
    loudness = integrated_loudness(audio, rate)
    around = round(AROUND_S * codec.frame_rate) * codec.frame_hop if is_loop else 0
    whole = np.pad(audio, ((0, 0), (around, around)), "wrap")
    scale = range_gain(model, mix_channels(audio, codec.channels))
    codes = _codes(codec, whole, scale)
    output = _decode(codec, codes, whole)
    gain = _gain_to(loudness, output, rate)
    output *= np.float32(gain)
    if share < 1:
        output = mix_sounds(whole, output, share, rate)
        output *= np.float32(_gain_to(loudness, output, rate))
    whole_output = _close(output, around, rate) if is_loop else fade_ends(output, rate)
    result = limit_peaks(whole_output, rate)
    # Of the rendition alone, these are the codes already.
    if share < 1 or is_loop:
        codes = _codes(codec, result, scale)
    grid = make_grid(model, codes.numpy(), n_samples=N, gain=bound_gain(gain))
    return Rendition(audio=result, grid=grid)


def _close(audio: np.ndarray, around: int, sample_rate: int) -> np.ndarray:
    """The loop in `audio` `[C, N]`, which has `around` samples of it more at either end."""
    loop = audio[:, around:-around]
    overlap = min(round(OVERLAP_S * sample_rate), loop.shape[1])
    return crossfade(loop, audio[:, around - overlap : around], overlap)


def _codes(codec: VQVAE, audio: np.ndarray, scale: float) -> Tensor:
    """Codes `[T, Q]` of `audio` `[C, N]`, scaled into the range of the codec."""
    return encode_audio(codec, mix_channels(audio, codec.channels) * np.float32(scale))


def _decode(codec: VQVAE, codes: Tensor, audio: np.ndarray) -> np.ndarray:
    """Sound of `codes` `[T, Q]` in the channels and the length of the `audio` `[C, N]` that they
    are of, at whatever level that gives."""
    channels, n_samples = audio.shape
    sound = decode_codes(codec, codes)[:, :n_samples]
    if channels == 2 and np.array_equal(*audio):
        # Dual mono stays that.
        sound = mix_channels(sound, 1)
    return remove_dc(mix_channels(sound, channels), codec.sample_rate)


def _gain_to(loudness: float, audio: np.ndarray, sample_rate: int) -> float:
    """Factor that gives `audio` `[C, N]` a loudness in LUFS; 1 where there is none."""
    difference = loudness - integrated_loudness(audio, sample_rate)
    return float(10 ** (difference / 20)) if np.isfinite(difference) else 1.0


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
    whole = np.pad(both, ((0, 0), (0, -both.shape[1] % HOP)))
    blocks = _mixed_blocks(whole, share, sample_rate)
    return np.concatenate(list(slice_blocks(blocks, 0, first.shape[1])), axis=1)


@torch.inference_mode()
def _mixed_blocks(both: np.ndarray, share: float, sample_rate: int) -> Iterator[np.ndarray]:
    """Blocks `[C, n]` of the mix of two sounds, one above the other in `both` `[2C, N]`."""
    size = round(PIECE_S * sample_rate / HOP) * HOP
    for window in windows(pieces(both), size, N_FFT):
        spectra = stft(torch.from_numpy(np.ascontiguousarray(window.sound)), N_FFT, HOP)
        first, second = spectra.chunk(2)
        mix = istft(mix_spectra(first, second, share), N_FFT, HOP).numpy()
        yield mix[:, window.core]


def mix_spectra(first: Tensor, second: Tensor, share: float) -> Tensor:
    """Complex spectra `[..., F]` between two: the geometric mean of magnitudes, with the phases of
    the sum."""
    own = first.abs() + FLOOR
    other = second.abs() + FLOOR
    # Without what was added, so that silence stays silence.
    magnitude = (own * (other / own) ** share - FLOOR).clamp(min=0)
    # Phases of the louder one, mostly: those of one sound fit together from frame to frame.
    total = torch.lerp(first, second, share)
    return total * (magnitude / total.abs().clamp(min=TINY))
