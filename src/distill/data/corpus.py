"""Scan of a folder of sounds: files, usable clips, mono or stereo, verdict and advice."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from distill.audio.io import UnreadableAudioError
from distill.data.cache import (
    CachedSound,
    Width,
    cached_sound,
    cached_width,
    hash_of,
    load_cached,
)
from distill.data.comparisons import Comparisons
from distill.data.curation import MUTED, NO_CURATION, USUAL_WEIGHT, Curation
from distill.data.doctor import (
    SAME_CONTENT,
    FileReport,
    compare_files,
    judge,
    report_file,
    stereo_advice,
    tally,
)
from distill.data.folder import check_corpus_folder
from distill.data.housekeeping import clear_dead_runs, keep_within_limit
from distill.data.layout import MONO, Layout, choose_layout, fixed_layout
from distill.data.listing import FolderListing, list_folder, name_in_corpus
from distill.data.measurements import Measurements
from distill.errors import CorpusError
from distill.settings import SAMPLE_RATE, cache_limit

# Endings of sounds that libsndfile cannot read: the scan says so.
_FOREIGN_EXTENSIONS = frozenset(
    (".m4a", ".aac", ".mp4", ".wma", ".ape", ".wv", ".ac3", ".dsf", ".dff", ".mp2")
)


@dataclass(frozen=True)
class Clip:
    """One usable sound in the cache: `[channels, n_samples]` at `SAMPLE_RATE`.

    Attributes:
        name: Path below the folder of the corpus, with slashes.
        content_hash: SHA-256 of the sound file.
        n_samples: Samples per channel.
        channels: 1 or 2.
        cache_path: File of the cached samples.
        loudness: Integrated loudness in LUFS; -inf below the gate.
        rms_db: RMS of the active parts in dBFS.
        weight: How often it is heard, relative to others.
        tags: Tags that a person gave it.
        is_generated: Whether a model made it.
    """

    name: str
    content_hash: str
    n_samples: int
    channels: int
    cache_path: Path
    loudness: float
    rms_db: float
    weight: float = USUAL_WEIGHT
    tags: tuple[str, ...] = ()
    is_generated: bool = False

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / SAMPLE_RATE

    def audio(self) -> np.ndarray:
        """Memory map of the samples, float32 `[C, N]`; none is read until it is used."""
        return load_cached(self.cache_path)


@dataclass(frozen=True)
class CorpusReport:
    """Result of a scan.

    Attributes:
        root: The folder.
        files: One report for each sound file.
        clips: The usable sounds.
        verdict: "go" or "fix".
        advice: Sentences for people, the most important first.
        other_files: Number of files that are not sounds, by their ending.
        layout: Mono or stereo; the clips have its channels.
        added: Files of the corpus that lie outside the folder.
    """

    root: Path
    files: tuple[FileReport, ...]
    clips: tuple[Clip, ...]
    verdict: str
    advice: tuple[str, ...]
    other_files: int = 0
    layout: Layout = MONO
    added: tuple[Path, ...] = ()

    @property
    def total_s(self) -> float:
        """Seconds of usable sound."""
        return sum(clip.duration_s for clip in self.clips)

    @property
    def muted(self) -> tuple[FileReport, ...]:
        """The files that are left out by hand."""
        return tuple(file for file in self.files if file.reason == MUTED)


def collect_audio_files(dataset_dir: str | os.PathLike[str]) -> list[Path]:
    """List the sound files of a folder and all folders in it, sorted by path.

    Links are followed. Hidden files and folders are left out, and those that macOS adds to
    archives.

    Raises:
        CorpusError: If the folder does not exist, is a file, or holds no sound file.
    """
    return _list_folder(dataset_dir).sounds


def scan_corpus(
    dataset_dir: str | os.PathLike[str],
    channels: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    curation: Curation = NO_CURATION,
    on_file: Callable[[FileReport], None] | None = None,
) -> CorpusReport:
    """Measure every sound file of a folder, and resample those that the cache does not hold yet.

    A file is never skipped for being short.

    Args:
        dataset_dir: The folder.
        channels: Channels of the clips, 1 or 2; None chooses by the width of the files.
        progress: Called as `progress(done, total, name)` before each file, and once at the end
            with an empty name.
        curation: What a person has chosen about the files.
        on_file: Called with the report on each file by itself, as soon as it is measured.

    Raises:
        CorpusError: If the folder, or every file in it, cannot be used.
        OutputError: If the cache cannot be written.

    Example:
        report = scan_corpus("sounds")
        print(report.verdict, f"{report.total_s:.0f} s")
    """
    listing = _list_folder(dataset_dir)
    clear_dead_runs()
    # A limit that makes no sense is refused before hours of sound are decoded.
    cache_limit()
    paths = [*listing.sounds, *curation.added]
    layout = fixed_layout(channels) if channels else choose_layout(_widths(paths, curation))
    root = Path(dataset_dir)
    total = len(paths)
    reports: list[FileReport] = []
    sounds: list[CachedSound] = []
    clips: list[Clip] = []
    first_names: dict[str, str] = {}
    for number, path in enumerate(paths):
        name = name_in_corpus(path, root)
        if progress:
            progress(number, total, name)
        sound = _load_sound(path, layout.channels)
        twin = first_names.get(sound.content_hash)
        reason = f"{SAME_CONTENT} {twin}" if twin else ""
        if sound.content_hash in curation.muted:
            reason = MUTED
        report = report_file(name, sound.measurements, reason, sound.content_hash)
        reports.append(report)
        sounds.append(sound)
        if on_file:
            on_file(report)
        if report.used:
            first_names[sound.content_hash] = name
            clips.append(_clip(name, sound, layout.channels, curation))
    keep_within_limit()
    if progress:
        progress(total, total, "")
    measurements = [sound.measurements for sound in sounds]
    audible = [sound.measurements for sound in sounds if sound.content_hash not in curation.muted]
    comparisons = Comparisons(sounds)
    files = compare_files(
        reports, measurements, lambda index: sounds[index].audio(), comparisons.outcome
    )
    comparisons.save()
    whole = _conclude(root, listing, files, clips, layout, stereo_advice(audible))
    return replace(whole, added=tuple(curation.added))


def _widths(paths: Sequence[Path], curation: Curation) -> list[Width]:
    """Widths of the files that can be read and are not muted."""
    widths = []
    for path in paths:
        with suppress(UnreadableAudioError):
            if not curation.muted or hash_of(path) not in curation.muted:
                widths.append(cached_width(path))
    return widths


def _conclude(
    root: Path,
    listing: FolderListing,
    files: list[FileReport],
    clips: list[Clip],
    layout: Layout,
    more_advice: list[str],
) -> CorpusReport:
    if files and all(file.reason == MUTED for file in files):
        raise CorpusError(
            f"Every sound file in {root} is muted: unmute some with 'distill corpus unmute'."
        )
    if not clips:
        reasons = tally([file.reason for file in files])
        raise CorpusError(f"Nothing usable in {root}: every sound file is skipped ({reasons}).")
    total_s = sum(clip.duration_s for clip in clips)
    verdict, advice = judge(files, total_s)
    advice += more_advice
    for error in listing.errors:
        advice.append(f"The folder {error.filename} cannot be opened: {error.strerror}.")
    foreign = sorted(listing.others.keys() & _FOREIGN_EXTENSIONS)
    if foreign:
        count = sum(listing.others[ending] for ending in foreign)
        advice.append(
            f"Not read: {count} {', '.join(foreign)} (convert to WAV or FLAC to use them)."
        )
    return CorpusReport(
        root=root,
        files=tuple(files),
        clips=tuple(clips),
        verdict=verdict,
        advice=tuple(advice),
        other_files=listing.others.total(),
        layout=layout,
    )


def _load_sound(path: Path, channels: int) -> CachedSound:
    """`cached_sound`, with the reason in its measurements if the file cannot be read."""
    try:
        return cached_sound(path, channels)
    except UnreadableAudioError as error:
        return CachedSound(
            content_hash="",
            path=Path(),
            measurements=Measurements(reason=error.reason),
        )


def _clip(name: str, sound: CachedSound, channels: int, curation: Curation) -> Clip:
    content_hash = sound.content_hash
    measurements = sound.measurements
    loudness = measurements.loudness
    return Clip(
        name=name,
        content_hash=content_hash,
        n_samples=measurements.n_samples,
        channels=channels,
        cache_path=sound.path,
        loudness=-np.inf if loudness is None else loudness,
        rms_db=measurements.rms_db,
        weight=curation.weight_of(content_hash),
        tags=tuple(curation.tags.get(content_hash, ())),
        is_generated=content_hash in curation.generated,
    )


def _list_folder(folder: str | os.PathLike[str]) -> FolderListing:
    check_corpus_folder(folder)
    listing = list_folder(folder)
    if not listing.sounds:
        raise CorpusError(_nothing_found(folder, listing))
    return listing


def _nothing_found(folder: str | os.PathLike[str], listing: FolderListing) -> str:
    if listing.errors:
        return f"No sound files in {folder}: it cannot be opened ({listing.errors[0].strerror})."
    return f"No sound files in {folder}: Distill reads WAV, AIFF, FLAC, Ogg, Opus and MP3."
