"""A folder of sounds, scanned: which files are used, what they hold, and whether to go on."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from distill.audio.io import AUDIO_EXTENSIONS, UnreadableAudioError
from distill.data.cache import CachedSound, Width, cached_sound, cached_width, load_cached
from distill.data.doctor import SAME_CONTENT, FileReport, compare_files, judge, report_file, tally
from distill.data.layout import MONO, Layout, choose_layout, fixed_layout
from distill.data.measurements import Measurements
from distill.errors import CorpusError
from distill.settings import SAMPLE_RATE

# Sounds to a musician, but not to libsndfile.
_FOREIGN_EXTENSIONS = frozenset(
    (".m4a", ".aac", ".mp4", ".wma", ".ape", ".wv", ".ac3", ".dsf", ".dff", ".mp2")
)


@dataclass(frozen=True)
class Clip:
    """One usable sound in the cache: `[channels, n_samples]` at SAMPLE_RATE.

    `name` is the path below the corpus folder, with slashes. `loudness` in LUFS (-inf below the
    gate), `rms_db` the RMS of the active parts in dBFS.
    """

    name: str
    content_hash: str
    n_samples: int
    channels: int
    cache_path: Path
    loudness: float
    rms_db: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / SAMPLE_RATE

    def audio(self) -> np.ndarray:
        """Memory map `[C, N]` float32, read-only; nothing is read until it is used."""
        return load_cached(self.cache_path)


@dataclass(frozen=True)
class CorpusReport:
    """A scanned folder: one report a sound file, the usable clips, "go" or "fix" with advice.

    `other_files` counts files that are not sounds by their ending. `layout` says whether a codec
    should learn mono or stereo; the clips have its channels.
    """

    root: Path
    files: tuple[FileReport, ...]
    clips: tuple[Clip, ...]
    verdict: str
    advice: tuple[str, ...]
    other_files: int = 0
    layout: Layout = MONO

    @property
    def total_s(self) -> float:
        """Seconds of usable sound."""
        return sum(clip.duration_s for clip in self.clips)


@dataclass
class _Listing:
    sounds: list[Path] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    closed: list[OSError] = field(default_factory=list)


def collect_audio_files(dataset_dir: str | os.PathLike[str]) -> list[Path]:
    """List the sound files of a folder and all folders in it, sorted by path.

    Hidden files and folders are left out, and what macOS puts into archives. Links are followed.
    Raises CorpusError when the folder does not exist, is a file, or holds no sound file.
    """
    return _list_folder(dataset_dir).sounds


def scan_corpus(
    dataset_dir: str | os.PathLike[str],
    channels: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> CorpusReport:
    """Measure every sound file of a folder and resample it into the cache, where it is not there
    yet.

    The clips have 1 or 2 `channels`; None looks how wide the files are. `progress(done, total,
    name)` is called before each file and once at the end, with an empty name. A file is never
    skipped for being short. Raises CorpusError when the folder cannot be used or nothing in it can,
    OutputError when the cache cannot be written.
    """
    listing = _list_folder(dataset_dir)
    layout = choose_layout(_widths(listing.sounds)) if channels is None else fixed_layout(channels)
    root, total = Path(dataset_dir), len(listing.sounds)
    reports: list[FileReport] = []
    measured: list[Measurements] = []
    clips: list[Clip] = []
    first_names: dict[str, str] = {}
    for done, path in enumerate(listing.sounds):
        name = _plain_name(path.relative_to(root).as_posix())
        if progress:
            progress(done, total, name)
        sound = _look_at(path, layout.channels)
        twin = first_names.get(sound.content_hash)
        reports.append(
            report_file(name, sound.measurements, f"{SAME_CONTENT} {twin}" if twin else "")
        )
        measured.append(sound.measurements)
        if reports[-1].used:
            first_names[sound.content_hash] = name
            clips.append(_clip(name, sound, layout.channels))
    if progress:
        progress(total, total, "")
    return _conclude(root, listing, compare_files(reports, measured), clips, layout)


def _widths(paths: Sequence[Path]) -> list[Width]:
    """How wide the readable ones are."""
    widths = []
    for path in paths:
        with suppress(UnreadableAudioError):
            widths.append(cached_width(path))
    return widths


def _conclude(
    root: Path, listing: _Listing, files: list[FileReport], clips: list[Clip], layout: Layout
) -> CorpusReport:
    if not clips:
        reasons = tally([file.reason for file in files])
        raise CorpusError(f"Nothing usable in {root}: every sound file is skipped ({reasons}).")
    verdict, advice = judge(files, sum(clip.duration_s for clip in clips))
    advice += [
        f"The folder {error.filename} cannot be opened: {error.strerror}."
        for error in listing.closed
    ]
    if foreign := sorted(listing.others.keys() & _FOREIGN_EXTENSIONS):
        count = sum(listing.others[ending] for ending in foreign)
        advice.append(
            f"Not read: {count} {', '.join(foreign)} (convert to WAV or FLAC to use them)."
        )
    return CorpusReport(
        root, tuple(files), tuple(clips), verdict, tuple(advice), listing.others.total(), layout
    )


def _look_at(path: Path, channels: int) -> CachedSound:
    try:
        return cached_sound(path, channels)
    except UnreadableAudioError as error:
        return CachedSound("", Path(), Measurements(reason=error.reason))


def _clip(name: str, sound: CachedSound, channels: int) -> Clip:
    m = sound.measurements
    loudness = -np.inf if m.loudness is None else m.loudness
    return Clip(name, sound.content_hash, m.n_samples, channels, sound.path, loudness, m.rms_db)


def _plain_name(name: str) -> str:
    # File names can hold bytes that are no text; such a name could be neither printed nor kept in
    # JSON.
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _list_folder(folder: str | os.PathLike[str]) -> _Listing:
    if not os.path.exists(folder):
        raise CorpusError(f"There is no folder {folder}; name the folder that holds your sounds.")
    if not os.path.isdir(folder):
        raise CorpusError(f"{folder} is a file; name the folder that holds your sounds.")
    listing = _Listing()
    for path in _walk(Path(folder), listing.closed):
        ending = path.suffix.lower()
        if ending in AUDIO_EXTENSIONS:
            listing.sounds.append(path)
        else:
            listing.others[ending] += 1
    if not listing.sounds:
        raise CorpusError(_nothing_found(folder, listing))
    listing.sounds.sort()
    return listing


def _walk(root: Path, closed: list[OSError]) -> Iterator[Path]:
    """Files below `root` that are not hidden; each folder once, even when links form a circle."""
    seen: set[str] = set()
    for folder, folders, names in os.walk(root, onerror=closed.append, followlinks=True):
        place = os.path.realpath(folder)
        folders[:] = [] if place in seen else [name for name in folders if not _hidden(name)]
        if place in seen:
            continue
        seen.add(place)
        yield from (
            Path(folder, name) for name in names if not _hidden(name) and _is_file(folder, name)
        )


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _is_file(folder: str, name: str) -> bool:
    # A broken link stays in the list, so that it is reported; a pipe would block whoever opens it.
    path = os.path.join(folder, name)
    return os.path.isfile(path) or (os.path.islink(path) and not os.path.exists(path))


def _nothing_found(folder: str | os.PathLike[str], listing: _Listing) -> str:
    if listing.closed:
        return f"No sound files in {folder}: it cannot be opened ({listing.closed[0].strerror})."
    return f"No sound files in {folder}: Distill reads WAV, AIFF, FLAC, Ogg, Opus and MP3."
