"""Cache of resampled sounds, addressed by content: training maps them instead of decoding files.

    <cache>/<sha256 of the file>-<rate>-<channels>.npy   samples, float32 [C, N], memory-mapped
    <cache>/<sha256 of the file>-<rate>-<channels>.json  measurements, or the reason for skipping
    <cache>/<sha256 of the file>-<rate>-<channels>-same.json  sounds that it was compared with
    <cache>/<sha256 of the file>-width.json              stereo width of the file
    <cache>/index/<sha256 of the path>.json              size, time and content hash of a path
    <cache>/codes, <cache>/traits                        made from sounds (`data/region_arrays.py`)

Every file is written under another name and renamed, and the measurements come last: whatever a
killed run leaves behind is ignored, and removed by the next one. Two runs at the same time do the
work twice and agree. The time of the measurements is that of the last use.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from distill.audio.channels import fold_blocks
from distill.audio.io import UnreadableAudioError, fold_gain, probe, read_blocks
from distill.audio.level import FLOOR_DB, db
from distill.audio.resampling import resample_blocks
from distill.audio.stereo import mix_channels, side_level_db
from distill.data.alignment import COMPARISON_VERSION
from distill.data.measurements import SILENCE_DB, Measurements, PeakMeter, SourceMeter
from distill.errors import CacheError, OutputError
from distill.files import open_regular, parse_json, replace_atomically
from distill.settings import SAMPLE_RATE, cache_dir

# Version of the entries: raised whenever their contents or a measurement changes.
_VERSION = 8

# That of outcomes of comparisons: they depend on what is compared as well.
_OUTCOMES_VERSION = [_VERSION, COMPARISON_VERSION]


# Most outcomes of comparisons that are kept of a sound, the latest: a scan makes a few of each.
_MOST_OUTCOMES = 64


class CachedSound(NamedTuple):
    """One sound in the cache.

    Attributes:
        content_hash: SHA-256 of the sound file.
        path: The samples; exists only when `measurements.reason` is empty.
        measurements: Measurements, or the reason for skipping the sound.
    """

    content_hash: str
    path: Path
    measurements: Measurements

    def audio(self) -> np.ndarray:
        """Memory map of the samples, float32 `[C, N]` at `SAMPLE_RATE`."""
        return load_cached(self.path)


class Width(NamedTuple):
    """Stereo width of a sound file.

    Attributes:
        channels: Channels of the file.
        side_db: Level of the side in dB, as `side_level_db` measures it.
        duration_s: Length in seconds.
    """

    channels: int
    side_db: float
    duration_s: float


def load_cached(path: Path) -> np.ndarray:
    """Map the samples of a cached sound, float32 `[C, N]`; none is read until it is used.

    Raises:
        CacheError: If the cache has lost the sound, or a part of it, since it was scanned.
    """
    try:
        audio: np.ndarray = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise CacheError(
            f"The sound cache '{path.parent}' was emptied or damaged while its sounds were in use. "
            "All that was trained is saved: resume the training, or begin anew."
        ) from error
    return audio


def cached_sound(path: Path, channels: int = 1) -> CachedSound:
    """Look a sound file up in the cache; the first time, decode it into the cache.

    Args:
        path: Sound file.
        channels: 1 or 2, the channels of the cached samples.

    Returns:
        The cached sound. `measurements.reason` is set when the file decodes but cannot be used.

    Raises:
        UnreadableAudioError: If the file cannot be opened.
        OutputError: If the cache cannot be written.
    """
    digest = hash_of(path)
    target = cache_dir() / f"{digest}-{SAMPLE_RATE}-{channels}.npy"
    measurements = _load_measurements(target, channels)
    if measurements is None:
        measurements = _build(path, target, channels)
        entry = {"version": _VERSION, **asdict(measurements)}
        _write_json(target.with_suffix(".json"), entry)
    else:
        with suppress(OSError):
            os.utime(target.with_suffix(".json"))
    return CachedSound(content_hash=digest, path=target, measurements=measurements)


def cached_width(path: Path) -> Width:
    """Look up the stereo width of a sound file; the first time, measure it at the file's own rate.

    Raises:
        UnreadableAudioError: If the file cannot be read.
        OutputError: If the cache cannot be written.
    """
    entry_path = cache_dir() / f"{hash_of(path)}-width.json"
    entry = _read_json(entry_path)
    is_current = entry.pop("version", None) == _VERSION
    if is_current and entry.keys() == set(Width._fields):
        return Width(**entry)
    info = probe(path)
    side_db = FLOOR_DB
    # A mono file has no side: it need not be read.
    if info.channels > 1:
        side_db = side_level_db(fold_blocks(read_blocks(path), info.layout))
    width = Width(
        channels=info.channels, side_db=side_db, duration_s=info.frames / info.sample_rate
    )
    _write_json(entry_path, {"version": _VERSION, **width._asdict()})
    return width


def is_measured(path: Path, channels: int | None = None) -> bool:
    """Whether the cache seems to know a sound file, which is not read.

    Args:
        path: Sound file.
        channels: Channels of its cached samples; None asks for its stereo width.
    """
    with suppress(OSError):
        digest = _indexed_hash(path, _stamp(path))
        name = "width" if channels is None else f"{SAMPLE_RATE}-{channels}"
        return digest is not None and (cache_dir() / f"{digest}-{name}.json").exists()
    return False


def expected_bytes(path: Path, channels: int) -> float:
    """About how many bytes the samples of a sound file will take; 0 if it cannot be read.

    Args:
        path: Sound file.
        channels: 1 or 2, the channels of the cached samples.
    """
    try:
        if is_measured(path):
            duration_s = cached_width(path).duration_s
        else:
            info = probe(path)
            duration_s = info.frames / info.sample_rate
    except UnreadableAudioError:
        return 0.0
    return duration_s * SAMPLE_RATE * channels * np.dtype(np.float32).itemsize


def load_outcomes(sound: CachedSound) -> dict[str, bool]:
    """Whether a sound is the same as others that it was compared with, by their content hash."""
    entry = _read_json(_outcomes_path(sound))
    outcomes = entry.get("same")
    if entry.get("version") != _OUTCOMES_VERSION or not isinstance(outcomes, dict):
        return {}
    return {name: is_same for name, is_same in outcomes.items() if isinstance(is_same, bool)}


def save_outcomes(sound: CachedSound, outcomes: dict[str, bool]) -> None:
    """Keep the last `outcomes` of comparisons of a sound, which leave the cache with it.

    Raises:
        OutputError: If the cache cannot be written.
    """
    latest = dict(list(outcomes.items())[-_MOST_OUTCOMES:])
    _write_json(_outcomes_path(sound), {"version": _OUTCOMES_VERSION, "same": latest})


def _outcomes_path(sound: CachedSound) -> Path:
    return sound.path.with_name(f"{sound.path.stem}-same.json")


def hash_of(path: Path) -> str:
    """SHA-256 of a file's content; from the index while size and time of the path are unchanged.

    Raises:
        UnreadableAudioError: If the file cannot be opened.
        OutputError: If the cache cannot be written.
    """
    try:
        stamp = _stamp(path)
        if (known := _indexed_hash(path, stamp)) is not None:
            return known
        with open_regular(path) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableAudioError(path, f"cannot be opened ({error.strerror})") from error
    _write_json(_index_path(path), {**stamp, "hash": digest})
    return digest


def _index_path(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()
    return cache_dir() / "index" / f"{name}.json"


def _stamp(path: Path) -> dict[str, int]:
    """State of a file, which changes whenever the file does. `OSError` if there is no such file."""
    status = os.stat(path)
    return {"version": _VERSION, "size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _indexed_hash(path: Path, stamp: dict[str, int]) -> str | None:
    """The content hash of a path in the index; None unless it is that of the `stamp`."""
    entry = _read_json(_index_path(path))
    is_unchanged = all(entry.get(key) == value for key, value in stamp.items())
    digest = entry.get("hash")
    return digest if is_unchanged and isinstance(digest, str) else None


def _load_measurements(target: Path, channels: int) -> Measurements | None:
    """The measurements beside the samples at `target`; None unless both are whole and current."""
    entry = _read_json(target.with_suffix(".json"))
    if entry.pop("version", None) != _VERSION:
        return None
    try:
        measurements = Measurements(**entry)
        # A sound that is skipped has no samples.
        expected_bytes = measurements.n_samples * channels * np.dtype(np.float32).itemsize
        if not measurements.reason and target.stat().st_size < expected_bytes:
            return None
    except (TypeError, OSError):
        return None
    return measurements


def _build(source: Path, target: Path, channels: int) -> Measurements:
    """Decode `source` into `target` and measure it on the way, in one pass."""
    try:
        info = probe(source)
        gain = fold_gain(source, info)
        meter = SourceMeter(info)
        blocks = meter.watch(read_blocks(source))
        stereo = fold_blocks(blocks, info.layout, gain)
        at_rate = PeakMeter(resample_blocks(stereo, info.sample_rate))
        mix = PeakMeter(mix_channels(block, channels) for block in at_rate)
        with cache_file(target) as file:
            _write_npy(file, mix, channels)
            reason = meter.problem() or _lost_sound(at_rate.peak, mix.peak, channels)
            if reason:
                # Leaves the block with an error, so that no samples are kept.
                raise UnreadableAudioError(source, reason)
    except UnreadableAudioError as error:
        return Measurements(reason=error.reason)
    return meter.result(load_cached(target))


def _lost_sound(resampled_peak: float, mixed_peak: float, channels: int) -> str:
    """Where a sound that was not silent became so, or an empty string."""
    if db(resampled_peak) < SILENCE_DB:
        return f"silent below {SAMPLE_RATE // 2000} kHz (all of it lies above)"
    if db(mixed_peak) < SILENCE_DB:
        layout = "mono" if channels == 1 else "stereo"
        return f"silent once mixed to {layout} (its channels cancel)"
    return ""


def _write_npy(file: BinaryIO, blocks: Iterable[np.ndarray], channels: int) -> None:
    """Write a stream of blocks `[C, n]` as one array `[C, N]`."""
    # Column order, since the array grows sample by sample. The length is filled in at the end:
    # NumPy pads its headers so that a length can grow in place.
    header = {"descr": "<f4", "fortran_order": True, "shape": (channels, 0)}
    np.lib.format.write_array_header_1_0(file, header)
    n_samples = 0
    for block in blocks:
        columns = np.ascontiguousarray(block.T, "<f4")
        file.write(columns.data)
        n_samples += block.shape[1]
    file.seek(0)
    np.lib.format.write_array_header_1_0(file, {**header, "shape": (channels, n_samples)})


def _read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if the file is absent or damaged."""
    try:
        content = parse_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    # An entry that a power cut empties is not believed, and made anew.
    with cache_file(path, is_lasting=False) as file:
        file.write(json.dumps(content).encode())


@contextmanager
def cache_file(path: Path, is_lasting: bool = True) -> Iterator[BinaryIO]:
    """`replace_atomically` in the cache, with errors that name the cache."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_atomically(path, is_lasting) as file:
            yield file
    except (OSError, OutputError) as error:
        system = error if isinstance(error, OSError) else error.__cause__
        reason = getattr(system, "strerror", None) or system
        raise OutputError(
            f"Cannot write the sound cache in {cache_dir()}: {reason}; "
            "set DISTILL_CACHE to a folder with room that you may write to."
        ) from error
