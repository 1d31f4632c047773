"""Library: figures of a hit, its onset, its envelope, and the silence before and after it.

Sounds are mono `[N]` at 48 kHz. "dB re peak" is relative to the highest 1 ms RMS of the source.
"""

import math
from collections.abc import Iterable

import numpy as np

from benchmarks.common import Bound
from distill.settings import SAMPLE_RATE

MS = SAMPLE_RATE // 1000
"""Samples of a millisecond."""

LEAD_MS = 100
"""Milliseconds of silence in front of a padded sound."""

FOLLOW_MS = 500
"""Milliseconds of silence behind it: longer than a decoder rings."""

ONSET_DB = -20.0
"""Level re peak in dB at which a hit begins; a faint lead-in does not count."""

ENVELOPE_DB = -40.0
"""Level re peak in dB down to which envelopes are compared."""

ENVELOPE_MS = 10
"""Milliseconds of a step of the envelope."""

BEFORE_FROM_MS = 20
"""Milliseconds before the onset from which a pre-echo is measured."""

BEFORE_TO_MS = 2
"""Milliseconds before the onset up to which it is measured: nearer ones are masked."""

SILENT_BEFORE_DB = -60.0
"""Level re peak in dB above which the source is not silent before its onset."""

FAINTEST_DB = -120.0
"""The lowest level in dB, so that silence has a logarithm."""

DIGITAL_SILENCE = 2.0**-24
"""Half a step of 24 bits: smaller samples become 0 in a file."""

BOUNDS = {
    "onset_ms": Bound(2.0),
    "envelope_db": Bound(1.0),
    "before_db": Bound(-50.0),
    # Codes cannot say where within its frame a sound ends.
    "silent_after_ms": Bound(50.0),
}
"""Upper bounds of the figures."""

Figures = dict[str, float]


def pad_with_silence(sound: np.ndarray) -> np.ndarray:
    """`sound` `[C, N]` with 100 ms of silence in front and 500 ms behind."""
    return np.pad(sound, ((0, 0), (LEAD_MS * MS, FOLLOW_MS * MS)))


def figures_of(
    source: np.ndarray,
    output: np.ndarray,
    whole_source: np.ndarray,
    whole_output: np.ndarray,
) -> Figures:
    """The figures that `BOUNDS` names.

    Args:
        source: The source `[N]`, for onset and envelope.
        output: The decoded sound `[N]`.
        whole_source: The source with silence around it, for the silence.
        whole_output: The sound decoded from that.

    Returns:
        The figures; `before_db` is NaN where the source is not silent before its onset.
    """
    return {
        "onset_ms": abs(onset(output) - onset(source)) / MS,
        "envelope_db": envelope_deviation_db(source, output),
        "before_db": before_onset_db(whole_source, whole_output),
        "silent_after_ms": silent_after_ms(whole_source, whole_output),
    }


def summary(rows: Iterable[Figures]) -> dict[str, Figures]:
    """For each figure and for `all`: the share of files that `meet` the bound; median and worst."""
    rows = list(rows)
    table = {}
    for name in BOUNDS:
        values = [row[name] for row in rows if not math.isnan(row[name])]
        table[name] = {
            "meet": share(meets(row, name) for row in rows),
            "median": float(np.median(values)) if values else math.nan,
            "worst": max(values, default=math.nan),
        }
    table["all"] = {"meet": share(all(meets(row, name) for name in BOUNDS) for row in rows)}
    return table


def meets(row: Figures, name: str) -> bool:
    """Whether a figure keeps its bound; a NaN, which does not apply to the sound, does."""
    return math.isnan(row[name]) or BOUNDS[name].is_met(row[name])


def share(flags: Iterable[bool]) -> float:
    """Share of the flags that are true."""
    return float(np.mean(list(flags)))


# --- the figures ----------------------------------------------------------------------------------


def running_rms(sound: np.ndarray) -> np.ndarray:
    """RMS `[N]` of the 1 ms that ends at each sample of `sound` `[N]`; silence before the first."""
    energy = np.concatenate([np.zeros(MS), np.cumsum(np.square(sound, dtype=np.float64))])
    return np.sqrt(np.maximum(energy[MS:] - energy[:-MS], 0) / MS)


def onset(sound: np.ndarray) -> int:
    """Sample at which the 1 ms RMS of `sound` `[N]` first passes -20 dB of its peak."""
    rms = running_rms(sound)
    return int(np.argmax(rms >= rms.max() * 10 ** (ONSET_DB / 20)))


def envelope_deviation_db(source: np.ndarray, output: np.ndarray) -> float:
    """Median difference of the 10 ms envelopes in dB, where the source is within 40 dB of its peak.

    Args:
        source: The source `[N]`.
        output: The decoded sound `[N]`.
    """
    source_db = _envelope_db(source)
    decoded_db = _envelope_db(output)
    is_audible = source_db >= source_db.max() + ENVELOPE_DB
    return float(np.median(np.abs(source_db - decoded_db)[is_audible]))


def _envelope_db(sound: np.ndarray) -> np.ndarray:
    size = ENVELOPE_MS * MS
    blocks = np.pad(sound, (0, -len(sound) % size)).reshape(-1, size)
    power = np.square(blocks, dtype=np.float64).mean(1)
    return 10 * np.log10(np.maximum(power, 10 ** (FAINTEST_DB / 10)))


def before_onset_db(source: np.ndarray, output: np.ndarray) -> float:
    """RMS of `output` `[N]` from 20 to 2 ms before the onset of `source` `[N]`, in dB re peak.

    NaN where the source is not silent there.
    """
    start = onset(source)
    peak = running_rms(source).max()
    stretch = slice(start - BEFORE_FROM_MS * MS, start - BEFORE_TO_MS * MS)
    if stretch.start < 0 or _level_db(source[stretch], peak) > SILENT_BEFORE_DB:
        return math.nan
    return _level_db(output[stretch], peak)


def _level_db(sound: np.ndarray, peak: float) -> float:
    power = float(np.mean(np.square(sound, dtype=np.float64))) / peak**2
    return 10 * math.log10(max(power, 10 ** (FAINTEST_DB / 10)))


def silent_after_ms(source: np.ndarray, output: np.ndarray) -> float:
    """Milliseconds by which `output` `[N]` sounds longer than `source` `[N]`."""
    return float(max(0, _last_sample(output) - _last_sample(source))) / MS


def _last_sample(sound: np.ndarray) -> int:
    """The last sample that is not digital silence; 0 for none."""
    sounding = np.flatnonzero(np.abs(sound) >= DIGITAL_SILENCE)
    return int(sounding[-1]) if len(sounding) else 0
