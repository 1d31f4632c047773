"""What a hit must keep: when it starts, how it fades, and the silence before and after it.

Mono sounds `[N]` at 48 kHz. `dB re peak` is relative to the highest 1 ms RMS of the source.
"""

import math
from collections.abc import Iterable

import numpy as np

from distill.settings import SAMPLE_RATE

MS = SAMPLE_RATE // 1000
LEAD_MS, FOLLOW_MS = 100, 500
ONSET_DB, ENVELOPE_DB = -20.0, -40.0
ENVELOPE_MS = 10
BEFORE_MS = (20, 2)
SILENT_BEFORE_DB = -60.0
FAINTEST_DB = -120.0
# Half a step of 24 bits: what is below becomes 0 in a file.
DIGITAL_SILENCE = 2.0**-24

LARGEST = {"onset_ms": 2.0, "envelope_db": 1.0, "before_db": -50.0, "silent_after_ms": 50.0}
"""What each figure may be at most. No code can say where within its frame a sound ends, hence 50
ms."""


def pad_with_silence(sound: np.ndarray) -> np.ndarray:
    """`[C, N]` with 100 ms of silence in front and 500 ms behind."""
    return np.pad(sound, ((0, 0), (LEAD_MS * MS, FOLLOW_MS * MS)))


def figures_of(
    source: np.ndarray, decoded: np.ndarray, padded_source: np.ndarray, padded_decoded: np.ndarray
) -> dict[str, float]:
    """The figures named in `LARGEST`: onset and envelope of the sound as it is, silence of the
    padded one.

    `before_db` is NaN where the source is not silent before its onset.
    """
    return {
        "onset_ms": abs(onset(decoded) - onset(source)) / MS,
        "envelope_db": envelope_deviation_db(source, decoded),
        "before_db": before_onset_db(padded_source, padded_decoded),
        "silent_after_ms": silent_after_ms(padded_source, padded_decoded),
    }


def summary(rows: Iterable[dict[str, float]]) -> dict[str, dict[str, float]]:
    """For each figure, and for `all` together: the share of files that meet it; for each its median
    and worst."""
    rows = list(rows)
    table = {}
    for name in LARGEST:
        values = [row[name] for row in rows if not math.isnan(row[name])]
        table[name] = {
            "meet": share(meets(row, name) for row in rows),
            "median": float(np.median(values)) if values else math.nan,
            "worst": max(values, default=math.nan),
        }
    table["all"] = {"meet": share(all(meets(row, name) for name in LARGEST) for row in rows)}
    return table


def meets(row: dict[str, float], name: str) -> bool:
    """Whether a figure is small enough; one that does not apply to the sound is."""
    return math.isnan(row[name]) or row[name] <= LARGEST[name]


def share(met: Iterable[bool]) -> float:
    return float(np.mean(list(met)))


# --- the figures ----------------------------------------------------------------------------------


def running_rms(sound: np.ndarray) -> np.ndarray:
    """RMS `[N]` of the 1 ms that ends at each sample; silence before the first."""
    energy = np.concatenate([np.zeros(MS), np.cumsum(np.square(sound, dtype=np.float64))])
    return np.sqrt(np.maximum(energy[MS:] - energy[:-MS], 0) / MS)


def onset(sound: np.ndarray) -> int:
    """Sample at which the 1 ms RMS first passes -20 dB of its peak."""
    rms = running_rms(sound)
    return int(np.argmax(rms >= rms.max() * 10 ** (ONSET_DB / 20)))


def envelope_deviation_db(source: np.ndarray, decoded: np.ndarray) -> float:
    """Median difference of the 10 ms RMS envelopes where the source's is within 40 dB of its
    peak."""
    a, b = _envelope_db(source), _envelope_db(decoded)
    heard = a >= a.max() + ENVELOPE_DB
    return float(np.median(np.abs(a - b)[heard]))


def _envelope_db(sound: np.ndarray) -> np.ndarray:
    size = ENVELOPE_MS * MS
    blocks = np.pad(sound, (0, -len(sound) % size)).reshape(-1, size)
    power = np.square(blocks, dtype=np.float64).mean(1)
    return 10 * np.log10(np.maximum(power, 10 ** (FAINTEST_DB / 10)))


def before_onset_db(source: np.ndarray, decoded: np.ndarray) -> float:
    """RMS of `decoded` from 20 to 2 ms before the source's onset, re peak; NaN where the source is
    not silent."""
    at, peak = onset(source), running_rms(source).max()
    stretch = slice(at - BEFORE_MS[0] * MS, at - BEFORE_MS[1] * MS)
    if stretch.start < 0 or _level_db(source[stretch], peak) > SILENT_BEFORE_DB:
        return math.nan
    return _level_db(decoded[stretch], peak)


def _level_db(sound: np.ndarray, peak: float) -> float:
    power = float(np.mean(np.square(sound, dtype=np.float64))) / peak**2
    return 10 * math.log10(max(power, 10 ** (FAINTEST_DB / 10)))


def silent_after_ms(source: np.ndarray, decoded: np.ndarray) -> float:
    """How long after the source's last sample that is not 0 `decoded` goes on, until it is 0 to its
    end."""
    last = [
        np.flatnonzero(np.abs(sound) >= DIGITAL_SILENCE)[-1:].sum() for sound in (source, decoded)
    ]
    return float(max(0, last[1] - last[0])) / MS
