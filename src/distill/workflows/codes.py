"""Sounds to codes and back: encode, decode, and listen to single codes.

The command line and `distill.*` both call these functions.

Example:
    model = distill.load("my.sda")
    codes = distill.encode(model, "guitar.wav")
    distill.decode(model, codes, "guitar-again.wav")
"""

import threading
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from distill.audio.binaural import check_binaural
from distill.audio.blocks import pieces
from distill.audio.channels import common_layout, fold_sound
from distill.audio.conversion import check_width, deliver_blocks
from distill.audio.delivery import AS_IS, Delivery
from distill.audio.io import block_source, probe
from distill.audio.remarks import remarks_on
from distill.cancellation import cancellable
from distill.errors import UsageError
from distill.files import FilePath
from distill.inference.codes.decode import column_sound, decode_blocks, decode_sound, entry_sound
from distill.inference.codes.encode import Encoding, encode_with_remark
from distill.inference.codes.file import load_codes
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import Region, parse_entry, parse_region
from distill.inference.recipe import model_tags
from distill.models.levels import level_names
from distill.models.persistence import LoadedVQModel
from distill.progress import Progress, no_progress
from distill.workflows.paths import output_paths


def encode(
    model: LoadedVQModel,
    sound: FilePath | np.ndarray,
    progress: Progress = no_progress,
    cancel_event: threading.Event | None = None,
) -> CodeGrid:
    """Encode a sound to a grid of codes.

    Args:
        model: Model, as `distill.load` gives it.
        sound: Sound file of any kind, or samples `[C, N]` at the sample rate of the model. Any
            number of channels `C` is mixed to those of the model: up to 8 as loudspeakers, in the
            order of the file or else of WAV, more evenly.
        progress: Takes the code frames encoded so far and the number of all.
        cancel_event: Ends the work with a `CancelledError` once it is set, by another thread.

    Returns:
        The codes `[T, Q]`, with all that it takes to decode them.

    Raises:
        CancelledError: If `cancel_event` was set.
        AudioError: If the file is no sound that can be read.
        UsageError: If the samples have another shape.

    Warns:
        UserWarning: If left and right cancel in a mono model, or the layout of more than two
            channels is unknown or assumed.
    """
    encoding = encoding_of(model, sound, progress, cancel_event)
    if encoding.remark:
        warnings.warn(encoding.remark, stacklevel=2)
    return encoding.grid


def encoding_of(
    model: LoadedVQModel,
    sound: FilePath | np.ndarray,
    progress: Progress = no_progress,
    cancel_event: threading.Event | None = None,
) -> Encoding:
    """`encode`, with its warning as a remark beside the codes; arguments as there."""
    with cancellable(cancel_event):
        return _encoding_of(model, sound, progress)


def _encoding_of(
    model: LoadedVQModel, sound: FilePath | np.ndarray, progress: Progress
) -> Encoding:
    if isinstance(sound, np.ndarray):
        encoding = _encoding_of_samples(model, sound, progress)
        layout_remark = common_layout(len(sound)).remark
        remarks = [f"The samples: {layout_remark}."] if layout_remark else []
    else:
        path = Path(sound)
        source = block_source(path, model.model.sample_rate)
        encoding = encode_with_remark(model, source, path.name, progress)
        remarks = list(remarks_on(path))
    if encoding.remark:
        remarks.append(encoding.remark)
    return encoding._replace(remark=" ".join(remarks))


def _encoding_of_samples(model: LoadedVQModel, audio: np.ndarray, progress: Progress) -> Encoding:
    if audio.ndim != 2 or len(audio) == 0:
        raise UsageError(f"Samples must come as [channels, N], not {list(audio.shape)}.")
    stereo = fold_sound(audio)
    return encode_with_remark(model, lambda: pieces(stereo), progress=progress)


def decode(
    model: LoadedVQModel,
    codes: CodeGrid | FilePath,
    output: FilePath | None = None,
    region: Region | None = None,
    progress: Progress = no_progress,
    cancel_event: threading.Event | None = None,
    delivery: Delivery = AS_IS,
) -> np.ndarray:
    """Decode codes to samples `[C, N]`.

    Args:
        model: The model that made the codes.
        codes: Codes, or the path of a codes file.
        output: Sound file to write as well: `.wav`, `.aiff` or `.flac` (24 bit), `.ogg`, `.opus` or
            `.mp3`. Its metadata hold the id and the hash of the model. A file that exists is
            replaced, unless it is the model or the codes.
        region: Stretch of time and levels to decode, as `distill.parse_region` gives it; it sounds
            as it does in the whole.
        progress: Takes the code frames decoded so far and the number of all.
        cancel_event: Ends the work with a `CancelledError` once it is set, by another thread.
        delivery: The form of the file; samples are returned as the model gives them.

    Raises:
        CancelledError: If `cancel_event` was set.
        CodebookMismatchError: If another model made the codes.
        CodesFileError: If the codes file cannot be read.
        UsageError: If the format does not have that form.
        OutputError: If the sound file cannot be written.
    """
    grid = _as_grid(codes)
    with cancellable(cancel_event):
        return _write(
            model, output, lambda: decode_sound(model, grid, region, progress), codes, delivery
        )


def decode_column(
    model: LoadedVQModel,
    codes: CodeGrid | FilePath,
    time: str | float,
    output: FilePath | None = None,
    delivery: Delivery = AS_IS,
) -> np.ndarray:
    """Decode one column of codes, held for half a second, to samples `[C, N]`.

    Args:
        model: The model that made the codes.
        codes: Codes, or the path of a codes file.
        time: Place of the column, in seconds (`1.5`) or code frames (`"12f"`).
        output: Sound file to write as well.
        delivery: The form of the file.

    Returns:
        The sound, as loud as all sounds of single codes.
    """
    grid = _as_grid(codes)
    # The first frame of the region that begins at `time`.
    frame = parse_region(grid, time).start
    return _write(model, output, lambda: column_sound(model, grid, frame), codes, delivery)


def decode_entry(
    model: LoadedVQModel,
    entry: str,
    output: FilePath | None = None,
    delivery: Delivery = AS_IS,
) -> np.ndarray:
    """Decode one codebook entry, held for half a second, to samples `[C, N]`.

    Args:
        model: Model, as `distill.load` gives it.
        entry: Level and code: `1:17` or `timbre:17`.
        output: Sound file to write as well.
        delivery: The form of the file.
    """
    level, code = parse_entry(entry, level_names(model.model.num_quantizers))
    return _write(model, output, lambda: entry_sound(model, level, code), delivery=delivery)


def decode_to_file(
    model: LoadedVQModel,
    codes: CodeGrid,
    output: FilePath,
    region: Region | None = None,
    progress: Progress = no_progress,
    cancel_event: threading.Event | None = None,
    delivery: Delivery = AS_IS,
) -> int:
    """Decode codes to a sound file piece by piece, in memory that does not grow with the length.

    It does with a target of loudness, and with a bitrate in Ogg Vorbis.

    Args:
        model: The model that made the codes.
        codes: Codes of any length.
        output: Sound file to write.
        region: Stretch of time and levels to decode.
        progress: Takes the code frames decoded so far and the number of all.
        cancel_event: Ends the work with a `CancelledError` once it is set, by another thread.
        delivery: The form of the file.

    Returns:
        The number of samples in the file.

    Raises:
        CancelledError: If `cancel_event` was set.
        UsageError: If the format does not have that form.
    """
    (path,) = output_paths(output, 1, [model.path], delivery=delivery)
    check_delivery(model, delivery)
    blocks = decode_blocks(model, codes, region, progress)
    with cancellable(cancel_event):
        _deliver(model, path, blocks, delivery)
    return probe(path).frames


def check_delivery(model: LoadedVQModel, delivery: Delivery) -> None:
    """Check that sounds of a model can have the width and the place of a delivery.

    Raises:
        AudioError: The SOFA file cannot be used.
        UsageError: It is a mono model, whatever the number of channels of its sounds; or the SOFA
            file has nothing near the place.
    """
    check_width(delivery, model.model.channels)
    check_binaural(delivery, model.output_channels)


def _as_grid(codes: CodeGrid | FilePath) -> CodeGrid:
    return codes if isinstance(codes, CodeGrid) else load_codes(codes)


def _write(
    model: LoadedVQModel,
    output: FilePath | None,
    make: Callable[[], np.ndarray],
    codes: CodeGrid | FilePath | None = None,
    delivery: Delivery = AS_IS,
) -> np.ndarray:
    """The sound that `make` gives, written to `output` as well if that is a path.

    Args:
        model: The model.
        output: Sound file, or None.
        make: Makes the sound.
        codes: Codes that it is made of; as a file, they are never replaced.
        delivery: The form of the file.
    """
    inputs = [model.path, None if isinstance(codes, CodeGrid) else codes]
    # Refuse a bad path before any work.
    paths = output_paths(output, 1, inputs, delivery=delivery) if output is not None else []
    check_delivery(model, delivery)
    audio = make()
    for path in paths:
        _deliver(model, path, pieces(audio), delivery)
    return audio


def _deliver(
    model: LoadedVQModel, path: Path, blocks: Iterable[np.ndarray], delivery: Delivery
) -> None:
    """Write the sound `blocks` `[C, n]` of a model."""
    deliver_blocks(
        path,
        blocks,
        model.output_channels,
        model.model.sample_rate,
        delivery,
        tags=model_tags(model),
    )
