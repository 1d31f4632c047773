"""Scan of a folder of sounds: files, usable clips, mono or stereo, verdict and advice."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from distill.audio.io import UnreadableAudioError
from distill.bounds import check_bound
from distill.data.cache import (
    CachedSound,
    cached_sound,
    cached_width,
    expected_bytes,
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
from distill.data.housekeeping import check_room, clear_dead_runs, keep_within_limit
from distill.data.layout import MONO, Layout, choose_layout, fixed_layout
from distill.data.listing import FolderListing, list_folder, name_in_corpus
from distill.data.measurements import Measurements
from distill.data.pool import Pool
from distill.data.tasks import sound_tasks, width_tasks
from distill.errors import CorpusError
from distill.process import default_jobs
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
    jobs: int | None = None,
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
        jobs: Processes that work at the same time; the result does not depend on it. Default:
            `$DISTILL_JOBS`, else one a core, at most 8.

    Raises:
        CorpusError: If the folder, or every file in it, cannot be used.
        UsageError: If `jobs` is out of the bounds of `--jobs`.
        OutputError: If the cache cannot be written; `TooLittleRoomError` if its disk would be full.

    Example:
        report = scan_corpus("sounds")
        print(report.verdict, f"{report.total_s:.0f} s")
    """
    listing = _list_folder(dataset_dir)
    clear_dead_runs()
    # Settings that make no sense are refused before hours of sound are decoded.
    cache_limit()
    check_bound("--jobs", jobs)
    paths = [*listing.sounds, *curation.added]
    root = Path(dataset_dir)
    with Pool(default_jobs() if jobs is None else jobs) as pool:
        layout = fixed_layout(channels) if channels else _choose_layout(paths, curation, pool)
        loaded = _load_sounds(paths, layout.channels, pool)
        scan = _Scan(layout=layout, curation=curation)
        for number, path in enumerate(paths):
            name = name_in_corpus(path, root)
            if progress:
                progress(number, len(paths), name)
            report = scan.add(name, next(loaded))
            if on_file:
                on_file(report)
        keep_within_limit()
        if progress:
            progress(len(paths), len(paths), "")
        files = scan.compare(pool)
    audible = [
        sound.measurements for sound in scan.sounds if sound.content_hash not in curation.muted
    ]
    whole = _conclude(root, listing, files, scan.clips, layout, stereo_advice(audible))
    return replace(whole, added=tuple(curation.added))


def _choose_layout(paths: Sequence[Path], curation: Curation, pool: Pool) -> Layout:
    """The layout that suits the files which can be read and are not muted."""
    wait = pool.begin(width_tasks(paths))
    widths = []
    for path in paths:
        wait(path)
        with suppress(UnreadableAudioError):
            if not curation.muted or hash_of(path) not in curation.muted:
                widths.append(cached_width(path))
    return choose_layout(widths)


def _load_sounds(paths: Sequence[Path], channels: int, pool: Pool) -> Iterator[CachedSound]:
    """`cached_sound` of each path, with the reason in its measurements if it cannot be read."""
    tasks = sound_tasks(paths, channels)
    check_room(sum(expected_bytes(path, channels) for path in tasks))
    wait = pool.begin(tasks)
    for path in paths:
        wait(path)
        try:
            yield cached_sound(path, channels)
        except UnreadableAudioError as error:
            yield CachedSound(
                content_hash="",
                path=Path(),
                measurements=Measurements(reason=error.reason),
            )


@dataclass
class _Scan:
    """Findings of a scan so far.

    Attributes:
        layout: Mono or stereo.
        curation: Choices of a person about the files.
        reports: One for each file, in order.
        sounds: The sounds of these files.
        clips: Those that are used.
    """

    layout: Layout
    curation: Curation
    reports: list[FileReport] = field(default_factory=list)
    sounds: list[CachedSound] = field(default_factory=list)
    clips: list[Clip] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._first_names: dict[str, str] = {}

    def add(self, name: str, sound: CachedSound) -> FileReport:
        """Add the next file; returns the report on it by itself."""
        twin = self._first_names.get(sound.content_hash)
        reason = f"{SAME_CONTENT} {twin}" if twin else ""
        if sound.content_hash in self.curation.muted:
            reason = MUTED
        report = report_file(name, sound.measurements, reason, sound.content_hash)
        self.reports.append(report)
        self.sounds.append(sound)
        if report.used:
            self._first_names[sound.content_hash] = name
            self.clips.append(_clip(name, sound, self.layout.channels, self.curation))
        return report

    def compare(self, pool: Pool) -> list[FileReport]:
        """The reports, with what comes from comparing all files."""
        comparisons = Comparisons(self.sounds, pool)
        files = compare_files(
            self.reports,
            [sound.measurements for sound in self.sounds],
            lambda index: self.sounds[index].audio(),
            comparisons.outcome,
            comparisons.begin,
        )
        comparisons.save()
        return files


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
