"""Codes and codecs that belong together: who made these codes, and can they be used here?

A code is an index into a codebook, so it means nothing with another codebook. Whoever brings codes
to a model, to another grid or to a model's statistics asks here first.

Torch is no part of it, so that edits without the model do without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from distill.errors import CodebookMismatchError, CodesFileError
from distill.inference.codes.grid import CodeGrid
from distill.models.levels import level_names

if TYPE_CHECKING:
    from distill.inference.codes.usage import CodebookUsage
    from distill.models.persistence import LoadedVQModel

Property = tuple[str, float, float]
"""A unit, the number of them on one side, the number of them on the other."""


def check_fits_model(loaded: LoadedVQModel, grid: CodeGrid) -> None:
    """Raise unless the model can decode `grid`; fewer levels than it has are allowed.

    Raises:
        CodebookMismatchError: Another codec made the codes.
        CodesFileError: The levels or rates differ, as after an edit by hand.
    """
    codec = loaded.model
    # The hash first: with another codec, levels and rates say nothing.
    if grid.codebook_hash != codec.codebook_hash():
        raise CodebookMismatchError(
            f"These codes (of '{grid.source}') were made with another model than {loaded.path}: "
            "decode them with the model that encoded them, or encode the sound again."
        )
    # Levels that are missing at the fine end add nothing to the sum: a rougher sound, but a sound.
    level_count = grid.codes.shape[1]
    difference = _first_difference(
        ("levels", level_count, min(level_count, codec.num_quantizers)),
        ("codes a level", grid.codebook_size, codec.codebook_size),
        ("samples a frame", grid.frame_hop, codec.frame_hop),
        ("samples a second", grid.sample_rate, codec.sample_rate),
    )
    if difference is not None:
        unit, own, other = difference
        raise CodesFileError(
            f"The codes of '{grid.source}' have {own} {unit}, {loaded.path} has {other}: "
            "encode the sound again, or undo the last edit."
        )


def check_fits_grid(a: CodeGrid, b: CodeGrid) -> None:
    """Raise `CodebookMismatchError` unless a code means the same in both grids."""
    both = f"The codes of '{a.source}' and '{b.source}'"
    if a.codebook_hash != b.codebook_hash:
        models = f"{a.model_id or 'unnamed'} and {b.model_id or 'unnamed'}"
        raise CodebookMismatchError(
            f"{both} were made with different models ({models}): "
            "encode both sounds with the same one."
        )
    # Files can be edited by hand, so equal hashes do not promise equal shapes and rates.
    difference = _first_difference(
        ("levels", a.codes.shape[1], b.codes.shape[1]),
        ("codes a level", a.codebook_size, b.codebook_size),
        ("frames a second", a.frame_rate, b.frame_rate),
        ("samples a second", a.sample_rate, b.sample_rate),
    )
    if difference is not None:
        unit, own, other = difference
        raise CodebookMismatchError(
            f"{both} do not fit together ({own} and {other} {unit}): "
            "encode both sounds again, with the same model."
        )


def check_fits_usage(usage: CodebookUsage, grid: CodeGrid) -> None:
    """Raise unless the codes of `grid` can be looked up in the statistics of a model.

    Raises:
        CodebookMismatchError: Another codec made the codes.
        CodesFileError: The grid has levels or codes that the model lacks.
    """
    if grid.codebook_hash != usage.codebook_hash:
        raise CodebookMismatchError(
            f"These codes (of '{grid.source}') were made with another model than {usage.path}: "
            "name the model that encoded them."
        )
    # Every code must find its place in the counts `[K]` of its level.
    has_more_levels = grid.codes.shape[1] > len(usage.level_names)
    if has_more_levels or grid.codebook_size != usage.codebook_size:
        raise CodesFileError(
            f"The codes of '{grid.source}' have levels or codes that {usage.path} does not have: "
            "encode the sound again, or undo the last edit."
        )


def _first_difference(*properties: Property) -> Property | None:
    return next((entry for entry in properties if entry[1] != entry[2]), None)


def make_grid(
    loaded: LoadedVQModel,
    codes: np.ndarray,
    *,
    n_samples: int,
    gain: float = 1.0,
    width: float = 1.0,
    source: str = "",
) -> CodeGrid:
    """A grid of `codes` `[T, Q]` that belongs to the model.

    Args:
        loaded: The model whose codebooks the codes index.
        codes: Whole numbers `[T, Q]`; `Q` may be less than the model has.
        n_samples: Length of the sound in samples at the model's rate.
        gain: Linear factor that decoding applies.
        width: Linear factor on the side signal in stereo.
        source: Name of the sound, for messages.
    """
    codec = loaded.model
    return CodeGrid(
        codes=codes,
        codebook_size=codec.codebook_size,
        codebook_hash=codec.codebook_hash(),
        model_id=str(loaded.metadata.get("id", "")),
        frame_rate=codec.frame_rate,
        level_names=level_names(codes.shape[1]),
        gain=gain,
        n_samples=n_samples,
        sample_rate=codec.sample_rate,
        channels=loaded.output_channels,
        source=source,
        width=width,
    )
