"""Listening in: the sound of codes, whole or in part. All that decodes a grid goes through
`listen`."""

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
from distill.inference.codes.region import Region
from distill.models.chunked import decode_stream
from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE

HELD_S = 0.5
HELD_DB = -20.0
"""How long, and how loud over its active parts, an entry or a column sounds by itself."""

LARGEST_LIFT_DB = 40.0
"""What is all but silence stays quieter than the rest."""


def decode_blocks(
    loaded: LoadedVQModel, grid: CodeGrid, region: Region | None = None
) -> Iterator[np.ndarray]:
    """The sound of `region` of `grid`, as it is in the whole, in pieces `[C, n]` in the model's
    output channels.

    `region` is frames and levels: only the entries of its levels sound. The whole is as long as its
    source was, and nothing goes over full scale. `CodebookMismatchError` for codes of another
    codec, `UsageError` for a region that is not in the grid.
    """
    check_fits_model(loaded, grid)
    start, stop, levels = (region or Region()).resolve(*grid.codes.shape)
    return _limited(loaded, grid, start, stop, levels)


def _limited(
    loaded: LoadedVQModel, grid: CodeGrid, start: int, stop: int, levels: list[int]
) -> Iterator[np.ndarray]:
    hop = grid.frame_hop
    # As many frames more on either side as the limiter hears.
    margin = -(-limiter_reach(grid.sample_rate) // hop)
    first, last = max(0, start - margin), min(len(grid.codes), stop + margin)
    n_samples = min(last * hop, grid.n_samples) - first * hop
    sound = slice_blocks(_decoded(loaded, grid, first, last, levels), 0, n_samples)
    # A file holds nothing above full scale: what a little overshoots would be heard as clicks.
    limited = limit_blocks(sound, grid.sample_rate, FULL_SCALE_DB)
    return slice_blocks(limited, (start - first) * hop, (stop - first) * hop)


def _decoded(
    loaded: LoadedVQModel, grid: CodeGrid, first: int, last: int, levels: list[int]
) -> Iterator[np.ndarray]:
    """Frames `first` to `last` at their width and level."""
    for piece in decode_stream(loaded.model, torch.tensor(grid.codes).long(), first, last, levels):
        wide = scale_side(piece, grid.width) if len(piece) == 2 else piece
        yield mix_channels(wide, loaded.output_channels) * np.float32(grid.gain)


def decode_sound(loaded: LoadedVQModel, grid: CodeGrid, region: Region | None = None) -> np.ndarray:
    """What `listen` gives, as one array `[C, N]`."""
    return np.concatenate(list(decode_blocks(loaded, grid, region)), axis=1)


# --- by themselves --------------------------------------------------------------------------------


def entry_sound(
    loaded: LoadedVQModel, level: int, code: int, seconds: float = HELD_S
) -> np.ndarray:
    """One entry of the codebook of `level` (both from 0), held for `seconds`: `[C, N]`.

    Entries of finer levels are differences: they sound on top of one of the louder entries of level
    1, the same for all. Every entry is about equally loud, but what is all but silence.
    `UsageError` for an entry that there is not.
    """
    model = loaded.model
    if not (0 <= level < model.num_quantizers and 0 <= code < model.codebook_size):
        raise UsageError(
            f"There is no code {code} at level {level + 1}: this model has levels 1 to {model.num_quantizers} "
            f"with codes 0 to {model.codebook_size - 1}."
        )
    column = np.zeros(model.num_quantizers, np.int64)
    column[0] = carrier(model)
    column[level] = code
    return _held(loaded, column, seconds, (0, level))


@torch.inference_mode()
def carrier(model: VQVAE) -> int:
    """The entry of level 1 that finer ones sound on: of three quarters of them it is the
    loudest."""
    magnitudes = model.outline(model.rvq.codebooks[0])[:, : model.bins].exp()
    return int(magnitudes.square().sum(1).argsort()[3 * len(magnitudes) // 4])


def column_sound(
    loaded: LoadedVQModel, grid: CodeGrid, frame: int, seconds: float = HELD_S
) -> np.ndarray:
    """One column of `grid`, held for `seconds`: `[C, N]`, as loud as entries are. `UsageError` past
    the end."""
    check_fits_model(loaded, grid)
    start, _, _ = Region(frame, frame + 1).resolve(*grid.codes.shape)
    return _held(loaded, grid.codes[start], seconds, None, grid.width)


def _held(
    loaded: LoadedVQModel,
    column: np.ndarray,
    seconds: float,
    levels: tuple[int, ...] | None,
    width: float = 1.0,
) -> np.ndarray:
    """The codes of `column` `[q]` again and again, at the level of all that sounds by itself."""
    model = loaded.model
    n_samples = max(1, round(seconds * model.sample_rate))
    codes = np.tile(column, (-(-n_samples // model.frame_hop), 1))
    grid = make_grid(loaded, codes, n_samples=n_samples, width=width)
    region = Region(levels=levels)
    audio = fade_ends(decode_sound(loaded, grid, region), model.sample_rate)
    lift_db = min(HELD_DB - active_rms_db(audio, model.sample_rate), LARGEST_LIFT_DB)
    return limit_peaks(audio * np.float32(10 ** (lift_db / 20)), model.sample_rate, FULL_SCALE_DB)
