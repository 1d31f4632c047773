"""What a user does with Distill, one function each: the CLI and the Python API both call these."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from distill.audio.io import block_source, probe, write_sound, write_sound_blocks
from distill.errors import UsageError
from distill.inference.codes.decode import column_sound, decode_blocks, decode_sound, entry_sound
from distill.inference.codes.encode import encode_blocks, encode_sound
from distill.inference.codes.file import load_codes
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import Region, parse_entry, parse_region
from distill.inference.recipe import model_tags
from distill.models.levels import level_names
from distill.models.persistence import LoadedVQModel
from distill.workflows.paths import FilePath, output_paths


def encode(model: LoadedVQModel, sound: FilePath | np.ndarray) -> CodeGrid:
    """Codes of a sound file of any kind, or of samples `[C, N]` at the model's rate. Raises
    `AudioError`.

    Any number of channels will do: they are mixed to those of the model.
    """
    if isinstance(sound, np.ndarray):
        if sound.ndim != 2 or len(sound) == 0:
            raise UsageError(f"Samples must come as [channels, N], not {list(sound.shape)}.")
        return encode_sound(model, sound)
    path = Path(sound)
    return encode_blocks(model, block_source(path, model.model.sample_rate), path.name)


def decode(
    model: LoadedVQModel,
    codes: CodeGrid | FilePath,
    output: FilePath | None = None,
    region: Region | None = None,
) -> np.ndarray:
    """The sound `[C, N]` of `codes` (or of a codes file), or of a `region` of them, as it is in the
    whole.

    Also written to `output` (24-bit WAV) when given, with version, id and hash of the model in its
    metadata.
    """
    grid = codes if isinstance(codes, CodeGrid) else load_codes(codes)
    return _written(model, output, lambda: decode_sound(model, grid, region))


def decode_column(
    model: LoadedVQModel,
    codes: CodeGrid | FilePath,
    time: str | float,
    output: FilePath | None = None,
) -> np.ndarray:
    """One column of `codes`, at `time` (seconds, or frames as `12f`), held for half a second: `[C,
    N]`.

    As loud as all that sounds by itself. Also written to `output` (24-bit WAV) when given.
    """
    grid = codes if isinstance(codes, CodeGrid) else load_codes(codes)
    return _written(
        model, output, lambda: column_sound(model, grid, parse_region(grid, time).start)
    )


def decode_entry(model: LoadedVQModel, entry: str, output: FilePath | None = None) -> np.ndarray:
    """One `entry` of a codebook (`1:17`, `timbre:17`), held for half a second: `[C, N]`; see
    `decode_column`."""
    level, code = parse_entry(entry, level_names(model.model.num_quantizers))
    return _written(model, output, lambda: entry_sound(model, level, code))


def _written(
    model: LoadedVQModel, output: FilePath | None, make: Callable[[], np.ndarray]
) -> np.ndarray:
    """What `make` gives, also written to `output`, if there is one: which is looked at before the
    work."""
    paths = output_paths(output, 1) if output is not None else []
    audio = make()
    for path in paths:
        write_sound(path, audio, model.model.sample_rate, tags=model_tags(model))
    return audio


def decode_to_file(
    model: LoadedVQModel, codes: CodeGrid, output: FilePath, region: Region | None = None
) -> int:
    """Write what `decode` gives to `output` as it is decoded, in memory that does not grow; returns
    its samples."""
    (path,) = output_paths(output, 1)
    sound = decode_blocks(model, codes, region)
    write_sound_blocks(
        path, sound, model.output_channels, model.model.sample_rate, tags=model_tags(model)
    )
    return probe(path).frames
