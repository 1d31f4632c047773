"""Measurements of a sound file: its own samples as they stream by, then the resampled sound."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from distill.audio.io import AudioInfo
from distill.audio.key import find_key
from distill.audio.level import FLOOR_DB, active_rms_db, db, integrated_loudness
from distill.audio.pulse import find_pulse
from distill.audio.stereo import energy_ratio_db, side_energies
from distill.data.fingerprint import fingerprint
from distill.settings import SAMPLE_RATE

SILENCE_DB = -90.0
"""Peak in dBFS below which a sound counts as silent: the last bit of 16."""

# Peak in dBFS above which samples cannot be meant. Float files that hold unscaled 16-bit integers
# lie near 90 dB; overs in music stay far below.
_ABSURD_DB = 60.0

# Seconds of a long sound, from its middle, in which tempo and key are looked for: a scan of hours
# need not take longer for them.
_LISTENED_S = 180

# Windows per second whose means show a DC offset: 50 ms each, a period of 20 Hz.
_MEAN_WINDOWS_PER_S = 20

MOST_CLIPPED = 200
"""Moments of clipping that are kept of a file, at most: a picture shows no more."""

# Seconds from one moment of clipping to the next that is kept: nearer ones look like one.
_CLIPPED_APART_S = 0.05

# Quantiles of those means: an offset shifts four fifths of them to one side.
_DC_QUANTILES = (0.2, 0.8)


@dataclass(frozen=True)
class Measurements:
    """Measurements of one sound: numbers, strings and lists, so that JSON can hold them.

    Attributes:
        reason: Why the sound cannot be used; empty when it can, and then the rest holds.
        sample_rate: Of the file, in Hz.
        channels: Of the file.
        frames: Samples per channel in the file.
        promised: Samples per channel that its header states.
        remark: Peculiarity of its container, in words; mostly empty.
        layout_remark: Peculiarity of its channel layout, in words; mostly empty.
        dead_side: "left" or "right" where that channel of two is silent and the other is not.
        side_db: Level of the side in dB, as `side_level_db` measures it.
        peak: Largest amplitude, linear.
        dc: DC offset, linear.
        clipped_runs: Runs of clipped samples.
        clipped_at_s: Where they begin, in seconds; of those close together, the first.
        n_samples: Samples per channel at `SAMPLE_RATE`.
        loudness: Integrated loudness in LUFS; None below the gate.
        rms_db: RMS of the active parts in dBFS.
        fingerprint: Text of `distill.data.fingerprint`.
        tempo: In beats per minute; None where it keeps no beat.
        key: Such as "A minor"; None where none stands out.
    """

    reason: str = ""
    sample_rate: int = 0
    channels: int = 0
    frames: int = 0
    promised: int = 0
    remark: str = ""
    layout_remark: str = ""
    dead_side: str = ""
    side_db: float = FLOOR_DB
    peak: float = 0.0
    dc: float = 0.0
    clipped_runs: int = 0
    clipped_at_s: list[float] = field(default_factory=list)
    n_samples: int = 0
    loudness: float | None = None
    rms_db: float = 0.0
    fingerprint: str = ""
    tempo: float | None = None
    key: str | None = None


class SourceMeter:
    """Meter for the samples of a file as they stream by: peak, DC, runs of clipped samples."""

    def __init__(self, info: AudioInfo) -> None:
        self.info = info
        self.frames = 0
        self.peak = 0.0
        self.clipped_runs = 0
        self.clipped_at_s: list[float] = []
        self._channel_peaks = np.zeros(info.channels)
        self._side_energy = 0.0
        self._total_energy = 0.0
        self._bits = {"PCM_U8": 8, "PCM_S8": 8}.get(info.subtype, 16)
        self._window_means: list[np.ndarray] = []

    def watch(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the `blocks` `[C, n]` of a stream and measure them on the way."""
        for block in blocks:
            self._watch_clipping(block)
            self.frames += block.shape[1]
            self._channel_peaks = np.maximum(self._channel_peaks, np.abs(block).max(axis=1))
            self.peak = float(self._channel_peaks.max())
            if len(block) > 1:
                side, total = side_energies(self.info.layout.fold(block))
                self._side_energy += side
                self._total_energy += total
            self._window_means.append(_window_means(block, self.info.sample_rate))
            yield block

    def _watch_clipping(self, block: np.ndarray) -> None:
        """Count the clipped runs of the next `block` `[C, n]`, and note where they are."""
        starts = find_clipped_runs(block, self._bits)
        self.clipped_runs += len(starts)
        for start in starts:
            if len(self.clipped_at_s) == MOST_CLIPPED:
                return
            moment = round((self.frames + int(start)) / self.info.sample_rate, 3)
            if not self.clipped_at_s or moment - self.clipped_at_s[-1] >= _CLIPPED_APART_S:
                self.clipped_at_s.append(moment)

    def dc(self) -> float:
        """Largest DC offset of a channel, linear.

        Four fifths of the means over 50 ms lie beyond it. The mean of the whole would take the
        slow swing of a drum for an offset.
        """
        means = np.concatenate(self._window_means, axis=1)
        low, high = np.quantile(means, _DC_QUANTILES, axis=1)
        return float(np.maximum(low, -high).max(initial=0.0))

    def dead_side(self) -> str:
        """Which channel of two is silent while the other is not; empty for none."""
        if len(self._channel_peaks) != 2:
            return ""
        left, right = (db(peak) < SILENCE_DB for peak in self._channel_peaks)
        if left == right:
            return ""
        return "left" if left else "right"

    def problem(self) -> str:
        """Why the source cannot be used, or an empty string."""
        if db(self.peak) < SILENCE_DB:
            return "silent"
        if db(self.peak) > _ABSURD_DB:
            return f"samples far beyond full scale (peak {db(self.peak):+.0f} dBFS)"
        return ""

    def result(self, mix: np.ndarray) -> Measurements:
        """All measurements, including those of the resampled sound `mix` `[C, N]`."""
        loudness = integrated_loudness(mix, SAMPLE_RATE)
        middle = _middle(mix)
        pulse = find_pulse(middle, SAMPLE_RATE)
        return Measurements(
            sample_rate=self.info.sample_rate,
            channels=self.info.channels,
            frames=self.frames,
            promised=self.info.frames,
            remark=self.info.remark,
            layout_remark=self.info.layout.remark,
            dead_side=self.dead_side(),
            side_db=energy_ratio_db(self._side_energy, self._total_energy),
            peak=self.peak,
            dc=self.dc(),
            clipped_runs=self.clipped_runs,
            clipped_at_s=self.clipped_at_s,
            n_samples=mix.shape[1],
            loudness=loudness if math.isfinite(loudness) else None,
            rms_db=active_rms_db(mix, SAMPLE_RATE),
            fingerprint=fingerprint(mix),
            tempo=pulse.tempo if pulse else None,
            key=find_key(middle, SAMPLE_RATE),
        )


def _middle(mix: np.ndarray) -> np.ndarray:
    """The middle of a long sound `[C, N]`, and the whole of others."""
    n = _LISTENED_S * SAMPLE_RATE
    start = max(0, mix.shape[1] - n) // 2
    return mix[:, start : start + n]


class PeakMeter:
    """Passes on the blocks `[C, n]` of a stream and measures their largest amplitude, linear."""

    def __init__(self, blocks: Iterable[np.ndarray]) -> None:
        self.peak = 0.0
        self._blocks = blocks

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self._blocks:
            self.peak = max(self.peak, float(np.abs(block).max(initial=0.0)))
            yield block


def find_clipped_runs(block: np.ndarray, bits: int = 16) -> np.ndarray:
    """Find clipped peaks: runs of 3 or more equal samples at full scale that end in a jump.

    A slow full-scale wave rests at its top as well, but leaves it by single quantisation steps.

    Args:
        block: Samples `[C, n]`.
        bits: Resolution of the file.

    Returns:
        First sample of each run, increasing; a run in two channels counts twice.
    """
    step = 2.0 ** (1 - bits)
    is_top = np.abs(block) >= 1.0 - 1.5 * step
    if not is_top.any():
        return np.zeros(0, np.int64)
    starts = [
        _clipped_starts(samples, at_top, step)
        for samples, at_top in zip(block, is_top, strict=True)
    ]
    return np.sort(np.concatenate(starts))


def _clipped_starts(samples: np.ndarray, at_top: np.ndarray, step: float) -> np.ndarray:
    """`find_clipped_runs` of one channel `[n]`; `at_top` `[n]` (bool) marks full scale."""
    is_equal = np.abs(np.diff(samples)) < step / 2
    is_flat = at_top[1:] & at_top[:-1] & is_equal
    # +1 where a run begins, -1 after its end.
    change = np.diff(np.concatenate([[False], is_flat, [False]]).astype(np.int8))
    first = np.flatnonzero(change == 1)
    last = np.flatnonzero(change == -1)
    before = samples[np.maximum(first - 1, 0)]
    after = samples[np.minimum(last + 1, len(samples) - 1)]
    jump = np.maximum(np.abs(samples[first] - before), np.abs(samples[last] - after))
    length = last - first
    # The largest drop beside a run of this length that a parabola cut at one step can have.
    smooth = step * (np.square(1 + 2 / length) + 0.5)
    return first[(length >= 2) & (jump > smooth)]


def _window_means(block: np.ndarray, sample_rate: int) -> np.ndarray:
    """Means `[C, windows]` of a block `[C, n]` over windows of 50 ms; a remainder is left out."""
    size = max(1, sample_rate // _MEAN_WINDOWS_PER_S)
    n_windows = block.shape[1] // size
    if not n_windows:
        return block.mean(axis=1, keepdims=True, dtype=np.float64)
    windows = block[:, : n_windows * size].reshape(len(block), n_windows, size)
    return windows.mean(axis=2, dtype=np.float64)
