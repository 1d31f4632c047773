"""Judging a folder of sounds: flags for each file, a verdict and advice for the whole."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from distill.audio.level import db
from distill.data.fingerprint import same_sounds
from distill.data.measurements import Measurements

CLIPPING = "clipping"
DC_OFFSET = "DC offset"
NEARLY_SILENT = "nearly silent"
CUT_SHORT = "cut short"
NEAR_DUPLICATE = "near-duplicate of"
QUIETER, LOUDER = "much quieter than the rest", "much louder than the rest"
SAME_CONTENT = "same content as"

# One or two clipped peaks are the sound of many a drum hit, and nobody hears them.
_CLIPPED_RUNS = 3
_DC = 0.02
# A shorter sound may well be one half of a slow swing.
_DC_SHORTEST_S = 0.2
_NEARLY_SILENT_DB = -50.0
_LEVEL_DB = 20.0
_LEVEL_FEWEST = 4
_TOO_LITTLE_S, _LITTLE_S = 2.0, 60.0

_ADVICE = {
    CLIPPING: ("clips", "clip", "if you have a take recorded lower, use that"),
    DC_OFFSET: ("has a DC offset", "have a DC offset", "a high-pass filter at 20 Hz removes it"),
    NEARLY_SILENT: (
        "is nearly silent",
        "are nearly silent",
        "raise the level or leave such files out",
    ),
    CUT_SHORT: ("is cut short", "are cut short", "copy or export such files again"),
    NEAR_DUPLICATE: (
        "is nearly the same as another",
        "are nearly the same as others",
        "keep one of each, or the model will favour those sounds",
    ),
    QUIETER: (
        "is much quieter than the rest",
        "are much quieter than the rest",
        "unless meant, raise the level",
    ),
    LOUDER: (
        "is much louder than the rest",
        "are much louder than the rest",
        "unless meant, lower the level",
    ),
}


@dataclass(frozen=True)
class FileReport:
    """What becomes of one sound file.

    `reason` says why it is skipped (empty when used), `flags` what is odd about it in plain words.
    `duration_s` in seconds, `sample_rate` in Hz and `channels` as in the file, `peak_db` in dBFS,
    `loudness` in LUFS (-inf below the gate); all 0 or lowest when the file cannot be read.
    """

    name: str
    used: bool
    reason: str = ""
    flags: tuple[str, ...] = ()
    duration_s: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    peak_db: float = db(0.0)
    loudness: float = -np.inf


def report_file(name: str, measurements: Measurements, reason: str = "") -> FileReport:
    """Report one sound by itself; `reason` when it is skipped for something other than its own
    sound."""
    m = measurements
    reason = reason or m.reason
    return FileReport(
        name=name,
        used=not reason,
        reason=reason,
        flags=() if reason else _own_flags(m),
        duration_s=m.frames / m.sample_rate if m.sample_rate else 0.0,
        sample_rate=m.sample_rate,
        channels=m.channels,
        peak_db=db(m.peak),
        loudness=-np.inf if m.loudness is None else m.loudness,
    )


def compare_files(
    files: Sequence[FileReport], measured: Sequence[Measurements]
) -> list[FileReport]:
    """Add the flags that come from setting the used files side by side: level, near-duplicates."""
    used = [index for index, file in enumerate(files) if file.used]
    matches = same_sounds(
        [measured[index].fingerprint for index in used],
        [measured[index].n_samples for index in used],
    )
    levels = _level_flags(np.array([measured[index].rms_db for index in used]))
    compared = list(files)
    for index, match, level in zip(used, matches, levels, strict=True):
        twin = () if match is None else (f"{NEAR_DUPLICATE} {files[used[match]].name}",)
        compared[index] = replace(files[index], flags=(*files[index].flags, *level, *twin))
    return compared


def judge(files: Sequence[FileReport], total_s: float) -> tuple[str, list[str]]:
    """Verdict, "go" or "fix", and advice in plain sentences, what matters most first."""
    skipped = [file.reason for file in files if file.reason]
    broken = [reason for reason in skipped if not reason.startswith(SAME_CONTENT)]
    advice = []
    if total_s < _TOO_LITTLE_S:
        advice.append(
            f"There is too little sound to learn from ({total_s:.2g} s): add more recordings."
        )
    if 2 * len(broken) > len(files):
        advice.append("More than half of the files cannot be used: is this the right folder?")
    verdict = "fix" if advice else "go"
    if _TOO_LITTLE_S <= total_s < _LITTLE_S:
        advice.append(f"There is only {total_s:.0f} s of sound: a few minutes give a richer model.")
    if broken:
        advice.append(
            f"{_count(len(broken), 'was', 'were')} skipped ({tally(broken)}): replace or remove."
        )
    if copies := len(skipped) - len(broken):
        advice.append(f"{_count(copies, 'is a copy', 'are copies')} of another and left out.")
    return verdict, advice + [
        _flag_advice(flag, files) for flag in _ADVICE if _flagged(flag, files)
    ]


def tally(reasons: Sequence[str]) -> str:
    """Count reasons, without what stands in brackets: "2 silent, 1 empty", the most frequent
    first."""
    short = Counter(reason.partition(" (")[0] for reason in reasons)
    return ", ".join(f"{count} {reason}" for reason, count in short.most_common())


def _own_flags(m: Measurements) -> tuple[str, ...]:
    found = {
        CLIPPING: m.clipped_runs >= _CLIPPED_RUNS,
        DC_OFFSET: m.dc >= _DC and m.frames >= _DC_SHORTEST_S * m.sample_rate,
        NEARLY_SILENT: db(m.peak) < _NEARLY_SILENT_DB,
        CUT_SHORT: m.frames < 0.9 * m.promised,
    }
    return tuple(flag for flag, present in found.items() if present)


def _level_flags(levels: np.ndarray) -> list[tuple[str, ...]]:
    if len(levels) < _LEVEL_FEWEST:
        return [()] * len(levels)
    flags: list[tuple[str, ...]] = []
    for difference in levels - np.median(levels):
        word = QUIETER if difference < 0 else LOUDER
        flags.append((f"{word} ({difference:+.0f} dB)",) if abs(difference) >= _LEVEL_DB else ())
    return flags


def _flagged(flag: str, files: Sequence[FileReport]) -> int:
    return sum(any(own.startswith(flag) for own in file.flags) for file in files)


def _flag_advice(flag: str, files: Sequence[FileReport]) -> str:
    one, several, hint = _ADVICE[flag]
    return f"{_count(_flagged(flag, files), one, several)}: {hint}."


def _count(count: int, one: str, several: str) -> str:
    return f"1 file {one}" if count == 1 else f"{count} files {several}"
