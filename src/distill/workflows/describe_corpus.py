"""Facts about a folder of sounds as typed records, as `describe` has them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING

from distill.data import doctor

if TYPE_CHECKING:
    from distill.data.corpus import CorpusReport
    from distill.data.doctor import FileReport, TempoRange


@dataclass(frozen=True)
class FileFacts:
    """One sound file of a corpus.

    Attributes:
        reason: Why it is not used; empty if it is.
        flags: Oddities, such as clipping.
        advice: Advice on each of the flags, in their order; empty texts where there is none.
        clipped_at_s: Where samples clip, in seconds.
        peak_db: Peak in dBFS.
        loudness: Integrated loudness in LUFS; None below the gate.
        tempo: In beats per minute (BPM); None where it keeps no beat.
        key: Such as "A minor"; None where none stands out.
        hash: SHA-256 of the file; empty when it cannot be read.
    """

    name: str
    used: bool
    reason: str
    flags: list[str]
    duration_s: float
    sample_rate: int
    channels: int
    peak_db: float
    loudness: float | None
    tempo: float | None
    key: str | None
    hash: str = ""
    advice: list[str] = field(default_factory=list)
    clipped_at_s: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class CorpusSummary:
    """A folder of sounds, as `distill doctor` sees it.

    Attributes:
        verdict: "go", or "fix" if something should be mended first.
        total_s: Seconds of usable sound.
        channels: Channels that a codec should learn.
        output_channels: Channels that it should decode to.
        layout: Why, in a sentence.
        tempo: Tempos of the used files; None where none keeps a beat.
        keys: How many of the used files are in each key, the most frequent first.
    """

    folder: str
    verdict: str
    advice: list[str]
    total_s: float
    channels: int
    output_channels: int
    layout: str
    tempo: TempoRange | None
    keys: dict[str, int]
    used: int
    skipped: int
    other_files: int
    files: list[FileFacts]


def corpus_facts(report: CorpusReport) -> CorpusSummary:
    """Facts about a scanned folder."""
    return CorpusSummary(
        folder=str(report.root),
        verdict=report.verdict,
        advice=list(report.advice),
        total_s=round(report.total_s, 3),
        channels=report.layout.channels,
        output_channels=report.layout.output_channels,
        layout=report.layout.reason,
        tempo=doctor.tempo_range(tempos_of(report)),
        keys=count_keys(report),
        used=len(report.clips),
        skipped=len(report.files) - len(report.clips),
        other_files=report.other_files,
        files=[file_facts(file) for file in report.files],
    )


def tempos_of(report: CorpusReport) -> list[float]:
    """Tempos in BPM of the used files that keep a beat."""
    return [file.tempo for file in report.files if file.used and file.tempo is not None]


def count_keys(report: CorpusReport) -> dict[str, int]:
    """How many of the used files are in each key, the most frequent first."""
    keys = Counter(file.key for file in report.files if file.used and file.key is not None)
    return dict(keys.most_common())


def file_facts(file: FileReport) -> FileFacts:
    """Facts about a file of a scanned folder."""
    return FileFacts(
        name=file.name,
        used=file.used,
        reason=file.reason,
        flags=list(file.flags),
        advice=list(file.advice),
        clipped_at_s=list(file.clipped_at_s),
        duration_s=round(file.duration_s, 4),
        sample_rate=file.sample_rate,
        channels=file.channels,
        peak_db=round(file.peak_db, 2),
        loudness=round(file.loudness, 2) if isfinite(file.loudness) else None,
        tempo=None if file.tempo is None else round(file.tempo, 3),
        key=file.key,
        hash=file.content_hash,
    )
