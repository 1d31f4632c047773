"""Quality check of a folder of sounds: flags for each file, a verdict and advice for the whole."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from distill.audio.channels import ASSUMED_LAYOUT, UNKNOWN_LAYOUT
from distill.audio.level import db
from distill.audio.parts import SEVERAL_RECORDINGS, WRONG_LENGTH
from distill.audio.stereo import mono_loss_db
from distill.data.curation import MUTED
from distill.data.fingerprint import Begin, OpenSound, Outcome, same_sounds
from distill.data.measurements import Measurements

CLIPPING = "clipping"
DC_OFFSET = "DC offset"
NEARLY_SILENT = "nearly silent"
CUT_SHORT = "cut short"
NEAR_DUPLICATE = "near-duplicate of"
QUIETER = "much quieter than the rest"
LOUDER = "much louder than the rest"
SAME_CONTENT = "same content as"

# Clipped peaks from which a file is flagged: one or two are common in drum hits and inaudible.
_CLIPPED_RUNS = 3

# Offset, relative to full scale, from which a file is flagged: -34 dBFS.
_DC = 0.02

# Length in seconds from which an offset counts: a shorter sound may be half of a slow swing.
_DC_SHORTEST_S = 0.2

# Peak in dBFS below which a file is flagged as nearly silent.
_NEARLY_SILENT_DB = -50.0

# Share of the length in its header below which a file is flagged as cut short.
_CUT_SHORT_SHARE = 0.9

# Distance in dB from the median level of the corpus from which a file is flagged.
_LEVEL_DB = 20.0

# Energy in dB that mono keeps, below which left and right count as inverse.
_INVERSE_DB = -20.0

# Number of files from which levels are compared: the median of fewer says little.
_LEVEL_FEWEST = 4

# Seconds of sound below which the verdict is "fix".
_TOO_LITTLE_S = 2.0

# Seconds of sound below which more is advised.
_LITTLE_S = 60.0

# Ratio of two tempos up to which they are near each other: a DJ's pitch fader reaches as far.
_NEAR_TEMPO = 1.06

_ADVICE = {
    # For each flag: verb phrase for one file, for several, and the advice.
    CLIPPING: ("clips", "clip", "if you have a take recorded lower, use that"),
    DC_OFFSET: ("has a DC offset", "have a DC offset", "a high-pass filter at 20 Hz removes it"),
    NEARLY_SILENT: (
        "is nearly silent",
        "are nearly silent",
        "raise the level or leave such files out",
    ),
    CUT_SHORT: ("is cut short", "are cut short", "copy or export such files again"),
    WRONG_LENGTH: (
        "has a wrong length in its header",
        "have a wrong length in their headers",
        "all sound is read; listen to the end, and save such files again",
    ),
    SEVERAL_RECORDINGS: (
        "holds several recordings one after the other",
        "hold several recordings one after the other",
        "they are read as one sound",
    ),
    UNKNOWN_LAYOUT: (
        "has channels of unknown layout",
        "have channels of unknown layout",
        "all channels are mixed evenly; export ambisonics as stereo, and stems as files of their "
        "own",
    ),
    ASSUMED_LAYOUT: (
        "has several channels and does not say for which loudspeakers",
        "have several channels and do not say for which loudspeakers",
        "the common order is taken; if they are ambisonics or stems, export them as stereo",
    ),
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
    """Report on one sound file. All values are 0 or lowest when the file cannot be read.

    Attributes:
        name: Path below the folder of the corpus, with slashes.
        used: Whether the corpus uses it.
        reason: Why it is skipped; empty when it is used.
        flags: Peculiarities in plain words.
        clipped_at_s: Where samples clip, in seconds.
        duration_s: Length in seconds.
        sample_rate: Of the file, in Hz.
        channels: Of the file.
        peak_db: Peak in dBFS.
        loudness: Integrated loudness in LUFS; -inf below the gate.
        tempo: In beats per minute (BPM); None where it keeps no beat.
        key: Such as "A minor"; None where none stands out.
        content_hash: SHA-256 of the file; empty when it cannot be read.
    """

    name: str
    used: bool
    reason: str = ""
    flags: tuple[str, ...] = ()
    clipped_at_s: tuple[float, ...] = ()
    duration_s: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    peak_db: float = db(0.0)
    loudness: float = -np.inf
    tempo: float | None = None
    key: str | None = None
    content_hash: str = ""

    @property
    def advice(self) -> tuple[str, ...]:
        """Advice on each of the flags, in their order; empty texts where there is none."""
        return tuple(_advice_on(flag) for flag in self.flags)


@dataclass(frozen=True)
class TempoRange:
    """Tempos of several sounds, in beats per minute (BPM).

    Attributes:
        files: Number of the sounds that keep a beat.
        slowest: Slowest tempo.
        fastest: Fastest tempo.
        usual: Tempo that at least half of them are near; None where there is none.
    """

    files: int
    slowest: float
    fastest: float
    usual: float | None


def tempo_range(tempos: Sequence[float]) -> TempoRange | None:
    """The range of the `tempos` in BPM; None where there are none."""
    if not tempos:
        return None
    values = np.sort(np.round(tempos, 3))
    ratios = np.maximum(values[:, None] / values, values / values[:, None])
    near = (ratios <= _NEAR_TEMPO).sum(1)
    centre = int(near.argmax())
    # The median of those near it, so that one sound does not name the tempo of all.
    usual = float(np.median(values[ratios[centre] <= _NEAR_TEMPO]))
    return TempoRange(
        files=len(values),
        slowest=float(values[0]),
        fastest=float(values[-1]),
        usual=usual if 2 * near[centre] >= len(values) > 1 else None,
    )


def tempo_sentence(tempos: TempoRange, n_files: int, noun: str = "file") -> str:
    """What a person wants to know of the tempos: "12 of 17 files keep a beat, 90 to 148 BPM."

    Args:
        tempos: The tempos.
        n_files: Number of all sounds.
        noun: Word for one of them.
    """
    nouns = noun if n_files == 1 else f"{noun}s"
    verb = "keeps" if tempos.files == 1 else "keep"
    slowest = f"{tempos.slowest:.0f}"
    fastest = f"{tempos.fastest:.0f}"
    text = f"{tempos.files} of {n_files} {nouns} {verb} a beat, "
    if slowest == fastest:
        return f"{text}at {slowest} BPM"
    text += f"{slowest} to {fastest} BPM"
    return text if tempos.usual is None else f"{text}, most near {tempos.usual:.0f}"


def report_file(
    name: str, measurements: Measurements, reason: str = "", content_hash: str = ""
) -> FileReport:
    """Report on one sound by itself.

    Args:
        name: Path below the folder of the corpus.
        measurements: Measurements of the sound.
        reason: Why it is skipped, if not for its own sound.
        content_hash: SHA-256 of the file.
    """
    reason = reason or measurements.reason
    sample_rate = measurements.sample_rate
    loudness = measurements.loudness
    return FileReport(
        name=name,
        used=not reason,
        reason=reason,
        flags=() if reason else _own_flags(measurements),
        clipped_at_s=tuple(measurements.clipped_at_s),
        duration_s=measurements.frames / sample_rate if sample_rate else 0.0,
        sample_rate=sample_rate,
        channels=measurements.channels,
        peak_db=db(measurements.peak),
        loudness=-np.inf if loudness is None else loudness,
        tempo=measurements.tempo,
        key=measurements.key,
        content_hash=content_hash,
    )


def compare_files(
    files: Sequence[FileReport],
    measurements: Sequence[Measurements],
    open_sound: OpenSound,
    outcome: Outcome = lambda index, earlier, compare: compare(),
    begin: Begin = lambda likely: None,
) -> list[FileReport]:
    """Add the flags that come from comparing the used files: level, near-duplicates.

    Args:
        files: Reports on the files.
        measurements: Measurements of the same files, in the same order.
        open_sound: Gives the samples of one of these files by its index.
        outcome: May know which of these files are the same.
        begin: Told, before the first comparison, what will be compared.
    """
    fingerprints = [
        # An empty one is like no other.
        measured.fingerprint if file.used else ""
        for file, measured in zip(files, measurements, strict=True)
    ]
    matches = same_sounds(fingerprints, open_sound, outcome, begin)
    used = [index for index, file in enumerate(files) if file.used]
    level_flags = _level_flags(np.array([measurements[index].rms_db for index in used]))
    reports = list(files)
    for index, flags in zip(used, level_flags, strict=True):
        match = matches[index]
        if match is not None:
            flags = (*flags, f"{NEAR_DUPLICATE} {files[match].name}")
        report = files[index]
        reports[index] = replace(report, flags=(*report.flags, *flags))
    return reports


def judge(files: Sequence[FileReport], total_s: float) -> tuple[str, list[str]]:
    """Judge a corpus.

    Args:
        files: Reports on all files.
        total_s: Seconds of usable sound.

    Returns:
        The verdict, "go" or "fix", and advice in plain sentences, the most important first.
    """
    reasons = [file.reason for file in files if file.reason and file.reason != MUTED]
    n_muted = sum(file.reason == MUTED for file in files)
    faults = [reason for reason in reasons if not reason.startswith(SAME_CONTENT)]
    advice = []
    if total_s < _TOO_LITTLE_S:
        advice.append(
            f"There is too little sound to learn from ({total_s:.2g} s): add more recordings."
        )
    if 2 * len(faults) > len(files) - n_muted:
        advice.append("More than half of the files cannot be used: is this the right folder?")
    verdict = "fix" if advice else "go"
    if _TOO_LITTLE_S <= total_s < _LITTLE_S:
        advice.append(f"There is only {total_s:.0f} s of sound: a few minutes give a richer model.")
    if faults:
        advice.append(
            f"{_count(len(faults), 'was', 'were')} skipped ({tally(faults)}): replace or remove."
        )
    if copies := len(reasons) - len(faults):
        advice.append(f"{_count(copies, 'is a copy', 'are copies')} of another and left out.")
    if n_muted:
        advice.append(f"{_count(n_muted, 'is', 'are')} muted and left out ('distill corpus list').")
    for flag in _ADVICE:
        if count := _count_flag(flag, files):
            advice.append(_flag_advice(flag, count))
    return verdict, advice


def stereo_advice(measurements: Sequence[Measurements]) -> list[str]:
    """Advice where all files of two channels have the same fault: a dead channel, or inverse ones.

    Args:
        measurements: Measurements of all files.
    """
    stereo = [sound for sound in measurements if not sound.reason and sound.channels == 2]
    if not stereo:
        return []
    whole = "all files" if len(stereo) == len(measurements) else "all files with two channels"
    dead_sides = {sound.dead_side for sound in stereo}
    if dead_sides in ({"left"}, {"right"}):
        (side,) = dead_sides
        return [
            f"The {side} channel is silent in {whole}: if a cable or an input was dead, leave that "
            "channel out, or train in mono."
        ]
    if all(mono_loss_db(sound.side_db) < _INVERSE_DB for sound in stereo):
        return [
            f"Left and right cancel in mono in {whole}: unless meant, one channel is inverted "
            "(a miswired cable); invert it back."
        ]
    return []


def tally(reasons: Sequence[str]) -> str:
    """Count reasons, the most frequent first: "2 silent, 1 empty". Text in brackets is dropped."""
    short = Counter(reason.partition(" (")[0] for reason in reasons)
    return ", ".join(f"{count} {reason}" for reason, count in short.most_common())


def _own_flags(measurements: Measurements) -> tuple[str, ...]:
    """Flags of a sound by itself."""
    frames = measurements.frames
    is_long_enough = frames >= _DC_SHORTEST_S * measurements.sample_rate
    flags = []
    if measurements.clipped_runs >= _CLIPPED_RUNS:
        flags.append(CLIPPING)
    if measurements.dc >= _DC and is_long_enough:
        flags.append(DC_OFFSET)
    if db(measurements.peak) < _NEARLY_SILENT_DB:
        flags.append(NEARLY_SILENT)
    if frames < _CUT_SHORT_SHARE * measurements.promised:
        flags.append(CUT_SHORT)
    remarks = (measurements.remark, measurements.layout_remark)
    flags.extend(remark for remark in remarks if remark)
    return tuple(flags)


def _level_flags(levels: np.ndarray) -> list[tuple[str, ...]]:
    """Flags of each of the `levels` `[files]` in dB, compared with the median of all."""
    if len(levels) < _LEVEL_FEWEST:
        return [()] * len(levels)
    flags: list[tuple[str, ...]] = []
    for difference in levels - np.median(levels):
        if abs(difference) < _LEVEL_DB:
            flags.append(())
        else:
            name = QUIETER if difference < 0 else LOUDER
            flags.append((f"{name} ({difference:+.0f} dB)",))
    return flags


def _count_flag(flag: str, files: Sequence[FileReport]) -> int:
    """Number of files that have a flag; some flags go on with a name or a number."""
    return sum(any(text.startswith(flag) for text in file.flags) for file in files)


def _advice_on(flag: str) -> str:
    return next((hint for start, (_, _, hint) in _ADVICE.items() if flag.startswith(start)), "")


def _flag_advice(flag: str, count: int) -> str:
    singular, plural, hint = _ADVICE[flag]
    return f"{_count(count, singular, plural)}: {hint}."


def _count(count: int, singular: str, plural: str) -> str:
    return f"1 file {singular}" if count == 1 else f"{count} files {plural}"
