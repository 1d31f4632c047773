"""Every sound resampled once and kept by content, so that training maps it instead of decoding it.

    <cache>/<sha256 of the file>-<rate>-<channels>.npy     float32 [C, N], mapped, never loaded
    <cache>/<sha256 of the file>-<rate>-<channels>.json    its measurements, or why it cannot be
    used <cache>/<sha256 of the file>-width.json                how wide the file is
    <cache>/index/<sha256 of the path>.json                size, time and content hash of a path

Everything is written under another name and renamed, and the measurements come last: what a killed
run leaves behind is never believed, and two runs at once do the work twice but agree.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from distill.audio.io import UnreadableAudioError, probe, read_blocks, resample_blocks
from distill.audio.level import FLOOR_DB, db
from distill.audio.stereo import mix_channels, side_level_db
from distill.data.measurements import SILENCE_DB, Measurements, SourceMeter
from distill.errors import OutputError
from distill.files import replace_atomically
from distill.settings import SAMPLE_RATE, cache_dir

# Raised whenever what is kept or how it is measured changes.
_VERSION = 2


class CachedSound(NamedTuple):
    """One sound in the cache; `path` exists only when `measurements.reason` is empty."""

    content_hash: str
    path: Path
    measurements: Measurements

    def audio(self) -> np.ndarray:
        """Memory map `[C, N]` float32 at SAMPLE_RATE."""
        return load_cached(self.path)


class Width(NamedTuple):
    """How wide a sound file is: its channels, the level of its side in dB (`side_level_db`), its
    length in s."""

    channels: int
    side_db: float
    duration_s: float


def load_cached(path: Path) -> np.ndarray:
    """Map a cached sound `[C, N]` float32; no samples are read until they are used."""
    audio: np.ndarray = np.load(path, mmap_mode="r")
    return audio


def cached_sound(path: Path, channels: int = 1) -> CachedSound:
    """Look a sound file up in the cache, decoding it into the cache the first time.

    A file that decodes but cannot be used comes back with `measurements.reason`. Raises
    UnreadableAudioError when the file cannot be opened, OutputError when the cache cannot be
    written.
    """
    digest = hash_of(path)
    target = cache_dir() / f"{digest}-{SAMPLE_RATE}-{channels}.npy"
    measurements = _known(target, channels)
    if measurements is None:
        measurements = _build(path, target, channels)
        _write_json(target.with_suffix(".json"), {"version": _VERSION, **asdict(measurements)})
    return CachedSound(digest, target, measurements)


def cached_width(path: Path) -> Width:
    """How wide a sound file is, measured at its own rate the first time.

    Raises UnreadableAudioError when the file cannot be read, OutputError when the cache cannot be
    written.
    """
    entry_path = cache_dir() / f"{hash_of(path)}-width.json"
    entry = _read_json(entry_path)
    if entry.pop("version", None) == _VERSION and entry.keys() == set(Width._fields):
        return Width(**entry)
    info = probe(path)
    side_db = side_level_db(read_blocks(path)) if info.channels > 1 else FLOOR_DB
    width = Width(info.channels, side_db, info.frames / info.sample_rate)
    _write_json(entry_path, {"version": _VERSION, **width._asdict()})
    return width


def hash_of(path: Path) -> str:
    """SHA-256 of a file's content; taken from the index while the path's size and time are
    unchanged.

    Raises UnreadableAudioError when the file cannot be opened, OutputError for the cache.
    """
    name = hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()
    entry_path = cache_dir() / "index" / f"{name}.json"
    try:
        status = os.stat(path)
        stamp = {"version": _VERSION, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
        entry = _read_json(entry_path)
        if {key: entry.get(key) for key in stamp} == stamp and isinstance(entry.get("hash"), str):
            return str(entry["hash"])
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableAudioError(path, f"cannot be opened ({error.strerror})") from error
    _write_json(entry_path, {**stamp, "hash": digest})
    return digest


def _known(target: Path, channels: int) -> Measurements | None:
    entry = _read_json(target.with_suffix(".json"))
    if entry.pop("version", None) != _VERSION:
        return None
    try:
        measurements = Measurements(**entry)
        expected = measurements.n_samples * channels * np.dtype(np.float32).itemsize
        if not measurements.reason and target.stat().st_size < expected:
            return None
    except (TypeError, OSError):
        return None
    return measurements


def _build(source: Path, target: Path, channels: int) -> Measurements:
    try:
        meter = SourceMeter(probe(source))
        blocks = resample_blocks(meter.watch(read_blocks(source)), meter.info.sample_rate)
        with _cache_file(target) as file:
            peak = _write_npy(file, (mix_channels(block, channels) for block in blocks), channels)
            reason = meter.problem()
            if not reason and db(peak) < SILENCE_DB:
                reason = f"silent once mixed to {'mono' if channels == 1 else 'stereo'} (its channels cancel)"
            if reason:
                raise UnreadableAudioError(source, reason)
    except UnreadableAudioError as error:
        return Measurements(reason=error.reason)
    return meter.result(load_cached(target))


def _write_npy(file: BinaryIO, blocks: Iterable[np.ndarray], channels: int) -> float:
    """Write blocks `[C, n]` as one array and return their peak; the length is filled in at the
    end."""
    # Column order, since it grows sample by sample; numpy pads headers so that a length can grow in
    # place.
    header = {"descr": "<f4", "fortran_order": True, "shape": (channels, 0)}
    np.lib.format.write_array_header_1_0(file, header)
    n_samples, peak = 0, 0.0
    for block in blocks:
        file.write(np.ascontiguousarray(block.T, "<f4").data)
        n_samples += block.shape[1]
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
    file.seek(0)
    np.lib.format.write_array_header_1_0(file, {**header, "shape": (channels, n_samples)})
    return peak


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with _cache_file(path) as file:
        file.write(json.dumps(content).encode())


@contextmanager
def _cache_file(path: Path) -> Iterator[BinaryIO]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_atomically(path) as file:
            yield file
    except (OSError, OutputError) as error:
        system = error if isinstance(error, OSError) else error.__cause__
        reason = getattr(system, "strerror", None) or system
        raise OutputError(
            f"Cannot write the sound cache in {cache_dir()}: {reason}; "
            "set DISTILL_CACHE to a folder with room that you may write to."
        ) from error
