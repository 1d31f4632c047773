"""What is measured of each sound: its source while it streams by, its resampled form afterwards."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from distill.audio.io import AudioInfo
from distill.audio.level import active_rms_db, db, integrated_loudness
from distill.data.fingerprint import fingerprint
from distill.settings import SAMPLE_RATE

SILENCE_DB = -90.0
"""Peak under which a sound counts as silent: the last bit of 16."""

# Float files that hold 16-bit integers unscaled lie near 90 dB; musical overs stay far below.
_ABSURD_DB = 60.0


@dataclass(frozen=True)
class Measurements:
    """Measurements of one sound; only numbers and strings, so that it can be kept as JSON.

    `reason` says why the sound cannot be used (empty when it can; then the rest holds). Amplitudes
    are linear. `loudness` is None for what lies below the gate; `n_samples` is the length at
    SAMPLE_RATE, `frames` the one in the file and `promised` that which its header states.
    """

    reason: str = ""
    sample_rate: int = 0
    channels: int = 0
    frames: int = 0
    promised: int = 0
    peak: float = 0.0
    dc: float = 0.0
    clipped_runs: int = 0
    n_samples: int = 0
    loudness: float | None = None
    rms_db: float = 0.0
    fingerprint: str = ""


class SourceMeter:
    """Watches a file's own samples go by: peak, DC, runs of clipped samples."""

    def __init__(self, info: AudioInfo) -> None:
        self.info = info
        self.frames = 0
        self.peak = 0.0
        self.clipped_runs = 0
        self._bits = {"PCM_U8": 8, "PCM_S8": 8}.get(info.subtype, 16)
        self._window_means: list[np.ndarray] = []

    def watch(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Pass blocks `[C, n]` through, measuring them."""
        for block in blocks:
            self.frames += block.shape[1]
            self.peak = max(self.peak, float(np.abs(block).max()))
            self.clipped_runs += count_clipped_runs(block, self._bits)
            self._window_means.append(_window_means(block, self.info.sample_rate))
            yield block

    def dc(self) -> float:
        """Largest offset of any channel: what four fifths of its 50 ms means lie beyond, on one
        side.

        The plain mean would take the slow swing of a drum for an offset.
        """
        low, high = np.quantile(np.concatenate(self._window_means, axis=1), (0.2, 0.8), axis=1)
        return float(np.maximum(low, -high).max(initial=0.0))

    def problem(self) -> str:
        """Why the source cannot be used, or an empty string."""
        if db(self.peak) < SILENCE_DB:
            return "silent"
        if db(self.peak) > _ABSURD_DB:
            return f"samples far beyond full scale (peak {db(self.peak):+.0f} dBFS)"
        return ""

    def result(self, mix: np.ndarray) -> Measurements:
        """All measurements, with those of the resampled sound `mix` `[C, N]`."""
        loudness = integrated_loudness(mix, SAMPLE_RATE)
        return Measurements(
            sample_rate=self.info.sample_rate,
            channels=self.info.channels,
            frames=self.frames,
            promised=self.info.frames,
            peak=self.peak,
            dc=self.dc(),
            clipped_runs=self.clipped_runs,
            n_samples=mix.shape[1],
            loudness=loudness if math.isfinite(loudness) else None,
            rms_db=active_rms_db(mix, SAMPLE_RATE),
            fingerprint=fingerprint(mix),
        )


def count_clipped_runs(block: np.ndarray, bits: int = 16) -> int:
    """Runs of 3 or more equal samples at full scale in `[C, n]` that end in a jump.

    A slow full-scale wave rests at its top as well, but leaves it by single quantisation steps.
    """
    step = 2.0 ** (1 - bits)
    top = np.abs(block) >= 1.0 - 1.5 * step
    if not top.any():
        return 0
    runs = 0
    for samples, at_top in zip(block, top, strict=True):
        flat = at_top[1:] & at_top[:-1] & (np.abs(np.diff(samples)) < step / 2)
        change = np.diff(np.concatenate([[False], flat, [False]]).astype(np.int8))
        first, last = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
        before = np.abs(samples[first] - samples[np.maximum(first - 1, 0)])
        after = np.abs(samples[last] - samples[np.minimum(last + 1, len(samples) - 1)])
        # The largest drop beside a run of this length that a parabola cut at one step can have.
        smooth = step * (np.square(1 + 2 / (last - first)) + 0.5)
        runs += int(((last - first >= 2) & (np.maximum(before, after) > smooth)).sum())
    return runs


def _window_means(block: np.ndarray, sample_rate: int) -> np.ndarray:
    size = max(1, sample_rate // 20)
    whole = block.shape[1] // size * size
    if not whole:
        return block.mean(axis=1, keepdims=True, dtype=np.float64)
    return block[:, :whole].reshape(len(block), -1, size).mean(axis=2, dtype=np.float64)
