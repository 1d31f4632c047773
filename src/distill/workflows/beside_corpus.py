"""A sound beside the corpus of a model: its descriptors as percentiles, and the nearest recordings.

Both take any sound, whether Distill made it or not.
"""

import threading
from dataclasses import dataclass

import numpy as np
import torch

from distill.audio.descriptor_names import DESCRIPTORS
from distill.audio.descriptors import measure, smooth
from distill.audio.io import read_audio
from distill.cancellation import cancellable
from distill.errors import UsageError
from distill.files import FilePath
from distill.inference.codes.decode import decode_sound
from distill.inference.copies.meter import copy_meter
from distill.inference.copies.report import CopyReport
from distill.inference.sampling.steering import steering_scale
from distill.models.cancel_points import cancel_points
from distill.models.persistence import LoadedVQModel
from distill.progress import Progress, no_progress
from distill.workflows.codes import encoding_of


@dataclass(frozen=True)
class MeasuredCurves:
    """Descriptors of a sound over time, on the scale that steering has.

    Attributes:
        frame_rate: Values a second.
        curves: For each descriptor, percentiles of the corpus `[T]`, 0 to 100; NaN where the sound
            or the corpus has none.
    """

    frame_rate: float
    curves: dict[str, np.ndarray]


def measure_curves(
    model: LoadedVQModel, sound: FilePath, cancel_event: threading.Event | None = None
) -> MeasuredCurves:
    """Measure a sound as percentiles of the corpus of a model, one value a code frame.

    Args:
        model: A model with a prior, whose corpus is the scale.
        sound: Sound file of any kind.
        cancel_event: Ends the work with a `CancelledError` once it is set, by another thread.

    Raises:
        CancelledError: `cancel_event` was set.
        AudioError: The file cannot be read.
        UsageError: The model keeps no percentiles.

    Example:
        bright = measure_curves(distill.load("my.sda"), "voice.wav").curves["brightness"]
    """
    scale = steering_scale(model)
    if scale is None:
        raise UsageError(
            f"{model.path} keeps no percentiles of its corpus: train its prior again "
            "(`distill train-prior`)."
        )
    codec = model.model
    with cancellable(cancel_event), cancel_points():
        rows = measure(read_audio(sound, codec.sample_rate), codec.sample_rate, codec.frame_hop)
    percentiles = smooth(scale.table.place(rows), codec.frame_rate)
    curves = dict(zip(DESCRIPTORS, percentiles.T, strict=True))
    return MeasuredCurves(frame_rate=codec.frame_rate, curves=curves)


def find_sources(
    model: LoadedVQModel,
    sound: FilePath,
    progress: Progress = no_progress,
    cancel_event: threading.Event | None = None,
) -> CopyReport:
    """Find the recordings of a model's corpus that are nearest to a sound.

    Args:
        model: A model with a prior, which keeps the index of its corpus.
        sound: Sound file of any kind.
        progress: Takes the code frames encoded so far and the number of all.
        cancel_event: Ends the work with a `CancelledError` once it is set, by another thread.

    Raises:
        CancelledError: `cancel_event` was set.
        AudioError: The file cannot be read.
        UsageError: The model keeps no index.

    Example:
        nearest = find_sources(distill.load("my.sda"), "new.wav").passage
    """
    if model.prior is None or model.prior_facts.copy_index is None:
        raise UsageError(
            f"{model.path} keeps no index of its recordings: train its prior again "
            "(`distill train-prior`)."
        )
    with cancellable(cancel_event):
        grid = encoding_of(model, sound, progress).grid
        audio = decode_sound(model, grid)
        codes = torch.tensor(grid.codes)
        with cancel_points():
            meter = copy_meter(model)
            assert meter is not None, "it keeps an index"
            return meter.measure(codes, audio)
