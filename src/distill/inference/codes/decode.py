"""Decode codes to sound: a whole grid, a part of it, or one code or column alone.

All decoding of grids goes through `decode_blocks`, so that a part always sounds as it does in the
whole, and nothing leaves above full scale.
"""

from collections.abc import Iterator

import numpy as np
import torch

from distill.audio.blocks import slice_blocks
from distill.audio.fades import fade_ends
from distill.audio.level import active_rms_db
from distill.audio.limiter import FULL_SCALE_DB, limit_blocks, limit_peaks, limiter_reach
from distill.audio.stereo import mix_channels, scale_side
from distill.errors import UsageError
from distill.inference.codes.compatible import check_fits_model, make_grid
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import WHOLE, Region
from distill.models.chunked import decode_stream
from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE
from distill.progress import Progress, no_progress

PREVIEW_S = 0.5
"""Seconds for which a single entry or column sounds."""

PREVIEW_DB = -20.0
"""Level of a single entry or column: RMS of its active parts, in dBFS."""

LARGEST_LIFT_DB = 40.0
"""Gain (dB) at most for that level: near silence stays quieter than the rest."""


def decode_blocks(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    region: Region | None = None,
    progress: Progress = no_progress,
) -> Iterator[np.ndarray]:
    """Decode `region` of `grid` in bounded memory, exactly as it sounds in the whole.

    Args:
        loaded: The model that made the codes.
        grid: The codes to decode.
        region: Frames and levels to decode; None is the whole. Without some levels, their entries
            are left out of the sum.
        progress: Takes the code frames decoded so far and the number of all.

    Returns:
        Blocks `[C, n]` in the model's output channels, limited to full scale. The whole has the
        length of the encoded sound.

    Raises:
        CodebookMismatchError: Another codec made the codes.
        UsageError: The region is empty or lies outside the grid.
    """
    check_fits_model(loaded, grid)
    start, stop, levels = (region or WHOLE).resolve(*grid.codes.shape)
    return _decode_limited(loaded, grid, start, stop, levels, progress)


def decode_sound(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    region: Region | None = None,
    progress: Progress = no_progress,
) -> np.ndarray:
    """Decode `region` of `grid` to one array `[C, N]`; see `decode_blocks`."""
    return np.concatenate(list(decode_blocks(loaded, grid, region, progress)), axis=1)


def _decode_limited(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    start: int,
    stop: int,
    levels: list[int],
    progress: Progress,
) -> Iterator[np.ndarray]:
    """Frames `start` to `stop`, with the gain that the limiter has there in the whole sound."""
    hop = grid.frame_hop
    # The limiter's gain depends on samples around: decode as many frames more on both sides.
    margin = -(-limiter_reach(grid.sample_rate) // hop)
    first = max(0, start - margin)
    last = min(len(grid.codes), stop + margin)
    n_samples = min(last * hop, grid.n_samples) - first * hop

    blocks = _decode_frames(loaded, grid, first, last, levels, progress)
    sound = slice_blocks(blocks, 0, n_samples)
    # A file cannot hold more than full scale: clipped peaks would be heard as clicks.
    output = limit_blocks(sound, grid.sample_rate, FULL_SCALE_DB)
    return slice_blocks(output, (start - first) * hop, (stop - first) * hop)


def _decode_frames(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    first: int,
    last: int,
    levels: list[int],
    progress: Progress,
) -> Iterator[np.ndarray]:
    """Frames `first` to `last` in blocks `[C, n]`, with the grid's width and gain."""
    codes = torch.tensor(grid.codes).long()
    count = 0
    for block in decode_stream(loaded.model, codes, first, last, levels):
        count += block.shape[1] // grid.frame_hop
        progress(count, last - first)
        wide = scale_side(block, grid.width) if len(block) == 2 else block
        yield mix_channels(wide, loaded.output_channels) * np.float32(grid.gain)


# --- one entry, one column ------------------------------------------------------------------------


def entry_sound(
    loaded: LoadedVQModel,
    level: int,
    code: int,
    seconds: float = PREVIEW_S,
) -> np.ndarray:
    """One codebook entry held for `seconds`, as `[C, N]`, about as loud as any other.

    An entry of a finer level is a difference and means nothing alone. It sounds on top of one loud
    entry of the first level, the same for all.

    Args:
        loaded: The model with the codebooks.
        level: Quantiser level, from 0.
        code: Index of the entry in that level's codebook.
        seconds: Length in seconds.

    Raises:
        UsageError: The model has no such entry.
    """
    codec = loaded.model
    if not (0 <= level < codec.num_quantizers and 0 <= code < codec.codebook_size):
        raise UsageError(
            f"There is no code {code} at level {level + 1}: "
            f"this model has levels 1 to {codec.num_quantizers} "
            f"with codes 0 to {codec.codebook_size - 1}."
        )
    # Of level 0 itself, the code takes the place of the carrier.
    column = np.zeros(codec.num_quantizers, np.int64)
    column[0] = carrier_code(codec)
    column[level] = code
    return _hold_column(loaded, column, seconds, (0, level))


@torch.inference_mode()
def carrier_code(codec: VQVAE) -> int:
    """The first-level code that carries finer ones when they sound alone.

    It is louder than three quarters of the entries.
    """
    # The outline gives natural-log magnitudes of all bins; in stereo those of the mid come first.
    magnitudes = codec.outline(codec.rvq.codebooks[0])[:, : codec.bins].exp()
    by_loudness = magnitudes.square().sum(1).argsort()
    return int(by_loudness[3 * len(magnitudes) // 4])


def column_sound(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    frame: int,
    seconds: float = PREVIEW_S,
) -> np.ndarray:
    """One frame of `grid` held for `seconds`, as `[C, N]`, as loud as entries are.

    Raises `UsageError` for a frame past the end.
    """
    check_fits_model(loaded, grid)
    start, _, _ = Region(frame, frame + 1).resolve(*grid.codes.shape)
    return _hold_column(loaded, grid.codes[start], seconds, None, grid.width)


def _hold_column(
    loaded: LoadedVQModel,
    column: np.ndarray,
    seconds: float,
    levels: tuple[int, ...] | None,
    width: float = 1.0,
) -> np.ndarray:
    """The codes of `column` `[Q]` repeated for `seconds`, at the preview level, as `[C, N]`."""
    # A grid of its own, so that a preview sounds through the same path as everything else.
    codec = loaded.model
    n_samples = max(1, round(seconds * codec.sample_rate))
    frame_count = -(-n_samples // codec.frame_hop)
    codes = np.tile(column, (frame_count, 1))
    grid = make_grid(loaded, codes, n_samples=n_samples, width=width)

    # Fades hide the cuts at both ends, which would click.
    audio = fade_ends(decode_sound(loaded, grid, Region(levels=levels)), codec.sample_rate)
    lift_db = min(PREVIEW_DB - active_rms_db(audio, codec.sample_rate), LARGEST_LIFT_DB)
    return limit_peaks(audio * np.float32(10 ** (lift_db / 20)), codec.sample_rate, FULL_SCALE_DB)
