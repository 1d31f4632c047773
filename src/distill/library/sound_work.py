"""Work of the player process on sounds: measured, converted, drawn, heard as a model makes them.

Each function takes the worker and the order, and returns facts for the player.
"""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import numpy as np

from distill.audio.blocks import slice_blocks
from distill.audio.delivery import Delivery
from distill.audio.io import stream_audio
from distill.audio.level import heard_loudness_of
from distill.errors import UsageError
from distill.files import make_folder, plain_json, replace_atomically
from distill.library.peaks import sound_peaks
from distill.library.pictures import spectrogram
from distill.library.player_channel import Order
from distill.library.player_worker import Facts, Worker, request_of
from distill.library.preview_pictures import draw_preview
from distill.library.seed_sounds import draw_seeds
from distill.library.sound_requests import (
    PICTURE_ENDING,
    ConvertSound,
    DrawSound,
    FindSources,
    MeasureCurves,
    MeasureLoudness,
    Preview,
    PreviewSound,
)
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE
from distill.workflows.beside_corpus import find_sources, measure_curves
from distill.workflows.codes import decode, encoding_of
from distill.workflows.convert import convert_sound

PREVIEW_S = 8.0
"""Seconds of each sound of a preview: enough to judge, soon made."""


def measure_sound(worker: Worker, order: Order) -> Facts:
    """Measure a sound as percentiles."""
    request = request_of(order, MeasureCurves)
    result = measure_curves(worker.model(request.model, order), request.sound)
    curves = {name: _numbers(curve) for name, curve in result.curves.items()}
    return {"frame_rate": result.frame_rate, "curves": curves}


def _numbers(curve: np.ndarray) -> list[float | None]:
    """A curve as JSON can hold it: NaN as None."""
    return [None if np.isnan(value) else round(float(value), 2) for value in curve]


def measure_loudness(_worker: Worker, order: Order) -> Facts:
    """Measure the loudness of a stretch of a sound."""
    request = request_of(order, MeasureLoudness)
    start = round(request.start_s * SAMPLE_RATE)
    stop = sys.maxsize if request.stop_s is None else round(request.stop_s * SAMPLE_RATE)
    if not 0 <= start < stop:
        raise UsageError("A stretch of a sound begins at 0 s or later, and ends after its begin.")
    blocks = slice_blocks(stream_audio(request.sound, SAMPLE_RATE), start, stop)
    first = next(blocks, None)
    if first is None:
        raise UsageError(f"{request.sound} is shorter than {request.start_s:g} s.")
    return {"loudness_lufs": heard_loudness_of(chain([first], blocks), SAMPLE_RATE)}


def find_nearest(worker: Worker, order: Order) -> Facts:
    """Find the recordings nearest to a sound."""
    request = request_of(order, FindSources)
    report = find_sources(worker.model(request.model, order), request.sound, order.report)
    return asdict(report) | {"sentence": report.sentence}


def convert(_worker: Worker, order: Order) -> Facts:
    """Write a sound in another format."""
    request = request_of(order, ConvertSound)
    delivery = Delivery(**request.delivery)
    return {"path": convert_sound(request.sound, request.output, delivery)}


def draw_sound(worker: Worker, order: Order) -> Facts:
    """Draw a sound into the cache of pictures."""
    path = Path(request_of(order, DrawSound).sound)
    peaks = sound_peaks(worker.workspace, path)
    return {"peaks": len(peaks.values), **asdict(spectrogram(worker.workspace, path))}


# --- previews -------------------------------------------------------------------------------------


def make_previews(worker: Worker, order: Order) -> Facts:
    """Write how a model sounds, and tell of each file as soon as it is there."""
    request = request_of(order, Preview)
    if not request.sounds and not request.seeds:
        raise UsageError("A preview has recordings or seeds: there are none.")
    loaded = worker.model(request.model, order)
    folder = Path(request.folder)
    make_folder(folder)
    files: list[Facts] = []
    total = len(request.sounds) + len(request.seeds)
    for facts in _previews(loaded, folder, request):
        entry: Facts = plain_json(facts)
        worker.channel.send({"type": "written", "id": order.id, "facts": entry})
        files.append(entry)
        order.report(len(files), total)
    return {"model": request.model, "weights_hash": loaded.weights_hash, "files": files}


def _previews(loaded: LoadedVQModel, folder: Path, request: Preview) -> Iterator[Facts]:
    """Facts of each file, once it is written."""
    rate = loaded.model.sample_rate
    for number, sound in enumerate(request.sounds, 1):
        path = folder / f"{number}-{Path(sound.path).stem}.wav"
        recording = read_stretch(sound, rate, PREVIEW_S)
        decoded = decode(loaded, encoding_of(loaded, recording).grid, path)
        picture = path.with_suffix(PICTURE_ENDING)
        with replace_atomically(picture) as file:
            file.write(draw_preview(recording, decoded))
        yield {
            "path": path,
            "sound": asdict(sound),
            "picture": picture,
            "loudness_lufs": heard_loudness_of([decoded], rate),
            "recording_lufs": heard_loudness_of([recording], rate),
        }
    yield from draw_seeds(loaded, folder, request.seeds, PREVIEW_S)


def read_stretch(sound: PreviewSound, sample_rate: int, seconds: float) -> np.ndarray:
    """The first `seconds` `[C, N]` of a stretch of a recording, or all that there is.

    Raises:
        UsageError: The recording is shorter than it was.
    """
    start = round(sound.start_s * sample_rate)
    blocks = stream_audio(sound.path, sample_rate)
    pieces = list(slice_blocks(blocks, start, start + round(seconds * sample_rate)))
    if not pieces:
        raise UsageError(f"{sound.path} is shorter than {sound.start_s:g} s: it has changed.")
    return np.concatenate(pieces, axis=1)
