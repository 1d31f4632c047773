"""Onset envelope of a recording: how much louder its mel bands become, frame by frame.

Finer in time than the onsets of `descriptors`, and without torch, so that `distill doctor` starts
quickly. Shapes: `C` channels, `N` samples, `T` frames, `M` mel bands, `F` frequency bins.
"""

from typing import NamedTuple

import numpy as np
from scipy.fft import rfft
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, uniform_filter1d
from scipy.signal.windows import hann

from distill.audio.blocks import pieces, windows

FRAMES_PER_S = 200
"""Frames of an envelope per second: 5 ms, finer than people hear two onsets apart (Moore 2012,
chapter 5: 2 to 3 ms at best)."""

BANDS = 32
"""Mel bands: about one per critical band."""

HIGHEST_HZ = 16_000.0
"""Frequency in Hz above which nothing counts: few recordings have onsets only there."""

LOW_HZ = 160.0
"""Frequency in Hz below which onsets count as low: bass drums and bass lines."""

RANGE_DB = 50.0
"""Level in dB below the peak of the recording under which a rise does not count: reverberation
and hiss."""

RISE_FRAMES = 2
"""Frames back to which a rise is measured: 10 ms, about as long as an attack."""

ONSET_DB = 3.0
"""Mean rise of the bands in dB from which a peak of the envelope is an onset."""

LOW_RANGE_DB = 30.0
"""The same for low bands: they have few bins, so that quiet noise rises and falls by much."""

CAP_DB = 30.0
"""Rise in dB above which onsets count the same: a hit out of silence is no stronger a beat."""

ALONE_S = 0.04
"""Seconds on either side of an onset without a higher one."""

_SMOOTHING_S = 0.01
"""Standard deviation of the smoothing in seconds: players are as exact as that."""

_MEAN_S = 0.5
"""Seconds over which the mean of the envelope is taken away: slow swells are no onsets."""

# Least amplitude, for logarithms.
_TINY = 1e-9

# Samples of a window, in frames: 20 ms.
_WINDOW_FRAMES = 4

# Frames measured at a time: bounds the memory that a long sound takes.
_PIECE_FRAMES = 2_000

# Seconds from the top of a peak of the rise to the attack. A window holds an attack before its
# centre reaches it; measured on clicks.
_LEAD_S = 0.0015


class OnsetEnvelope(NamedTuple):
    """Onsets of a recording, frame by frame.

    Attributes:
        rise_db: Mean rise of the bands in dB, `[T]`.
        low_db: The same below `LOW_HZ`, `[T]`.
        frame_s: Seconds from one frame to the next.
        first_s: Time of the first frame in seconds.
    """

    rise_db: np.ndarray
    low_db: np.ndarray
    frame_s: float
    first_s: float

    def times(self, frames: np.ndarray) -> np.ndarray:
        """Times in seconds of `frames`, which need not be whole."""
        return self.first_s + frames * self.frame_s

    def strength(self, rise_db: np.ndarray, is_loop: bool = False) -> np.ndarray:
        """A smoothed rise without its slow mean, `[T]`, at least 0.

        Args:
            rise_db: One of the two columns, `[T]`.
            is_loop: Whether the beginning follows the end.
        """
        rise = np.minimum(rise_db, CAP_DB)
        mode = "wrap" if is_loop else "nearest"
        smooth = gaussian_filter1d(rise, _SMOOTHING_S / self.frame_s, mode=mode)
        mean = uniform_filter1d(smooth, round(_MEAN_S / self.frame_s), mode=mode)
        return np.maximum(smooth - mean, 0.0)

    def onsets(self) -> np.ndarray:
        """Frames of the onsets, in order."""
        side = round(ALONE_S / self.frame_s)
        highest = maximum_filter1d(self.rise_db, 2 * side + 1, mode="nearest")
        return np.flatnonzero((self.rise_db == highest) & (self.rise_db >= ONSET_DB))


def onset_envelope(audio: np.ndarray, sample_rate: int) -> OnsetEnvelope:
    """Measure the onsets of a recording, in memory that hardly grows with its length.

    Half-wave rectified spectral flux (Dixon 2006, "Onset detection revisited", section 2.1) over
    log-mel bands, as in Böck et al. 2012.

    Args:
        audio: Samples `[C, N]`, full scale at 1.
        sample_rate: In Hz.
    """
    hop = max(1, round(sample_rate / FRAMES_PER_S))
    if not audio.shape[1]:
        return OnsetEnvelope(np.zeros(0), np.zeros(0), hop / sample_rate, 0.0)
    bank = _mel_bank(_WINDOW_FRAMES * hop, sample_rate)
    low_bands = _low_bands(sample_rate)
    peak = max((float(np.abs(piece).max(initial=0.0)) for piece in pieces(audio)), default=0.0)
    floor = np.square(max(peak, _TINY)) * 10 ** (-RANGE_DB / 10)
    low_floor_db = 20 * np.log10(max(peak, _TINY)) - LOW_RANGE_DB
    side = (_WINDOW_FRAMES - 1) * hop // 2
    before = _levels_before(audio, hop, bank, floor)
    rises = []
    for window in windows(pieces(audio), _PIECE_FRAMES * hop, side):
        level_db = _levels(window.sound, window.core, hop, bank, floor)
        delayed_db = np.concatenate((before, level_db))
        before = delayed_db[-RISE_FRAMES:]
        rise_db = np.maximum(level_db - delayed_db[:-RISE_FRAMES], 0.0)
        # A rise that ends below the higher floor is none.
        low_rise_db = np.maximum(delayed_db[:, :low_bands] - low_floor_db, 0.0)
        low_rise_db = np.maximum(low_rise_db[RISE_FRAMES:] - low_rise_db[:-RISE_FRAMES], 0.0)
        rises.append(np.stack((rise_db.mean(1), low_rise_db.mean(1))))
    rise_db, low_db = np.concatenate([np.zeros((2, 0)), *rises], axis=1)
    return OnsetEnvelope(
        rise_db=rise_db,
        low_db=low_db,
        frame_s=hop / sample_rate,
        first_s=hop / 2 / sample_rate + _LEAD_S,
    )


def _levels_before(audio: np.ndarray, hop: int, bank: np.ndarray, floor: float) -> np.ndarray:
    """Levels `[RISE_FRAMES, M]` in dB before the first frame: those of the end, as in a loop.

    So recordings that begin louder than they end have an onset at their beginning.
    """
    end = audio[:, -(RISE_FRAMES + 2 * _WINDOW_FRAMES) * hop :]
    end_db = _levels(end, slice(0, end.shape[1]), hop, bank, floor)
    silence_db = np.full((RISE_FRAMES, BANDS), 10 * np.log10(floor))
    # The windows of the last frames reach beyond the end.
    return np.concatenate((silence_db, end_db[: -_WINDOW_FRAMES // 2]))[-RISE_FRAMES:]


def _levels(sound: np.ndarray, core: slice, hop: int, bank: np.ndarray, floor: float) -> np.ndarray:
    """Levels `[T, M]` in dB of the frames whose hops begin in the `core` of `sound` `[C, n]`."""
    size = _WINDOW_FRAMES * hop
    side = (size - hop) // 2
    n_frames = -(-(core.stop - core.start) // hop)
    start = core.start - side
    stop = start + (n_frames - 1) * hop + size
    # Silence before the beginning and after the end of the recording.
    padding = (max(0, -start), max(0, stop - sound.shape[1]))
    whole = np.pad(sound[:, max(0, start) : stop], ((0, 0), padding)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(whole, size, axis=1)[:, ::hop]
    taper = hann(size, sym=False).astype(np.float32)
    spectra = rfft(frames * taper, axis=-1)
    # The mean over channels of their powers: opposite channels do not cancel.
    power = (np.square(spectra.real) + np.square(spectra.imag)).mean(0)
    level_db: np.ndarray = 10 * np.log10(power @ bank + floor)
    return level_db


def _mel_bank(size: int, sample_rate: int) -> np.ndarray:
    """Triangles `[F, M]` (HTK mel) under which a sine of amplitude 1 has a power of about 1."""
    peaks_and_ends = _mel_edges(sample_rate)
    hz = np.fft.rfftfreq(size, 1 / sample_rate)[:, None]
    low = peaks_and_ends[:-2]
    peak = peaks_and_ends[1:-1]
    high = peaks_and_ends[2:]
    triangles = np.minimum((hz - low) / (peak - low), (high - hz) / (high - peak))
    # A sine has half of its amplitude at a positive frequency, times the sum of the Hann window.
    scale = np.square(4 / size)
    return (np.maximum(triangles, 0.0) * scale).astype(np.float32)


def _mel_edges(sample_rate: int) -> np.ndarray:
    """Frequencies in Hz at which the triangles begin, peak and end, `[M + 2]`."""
    highest_hz = min(HIGHEST_HZ, sample_rate / 2)
    mel = np.linspace(0.0, 2595 * np.log10(1 + highest_hz / 700), BANDS + 2)
    return 700 * (10 ** (mel / 2595) - 1)


def _low_bands(sample_rate: int) -> int:
    """Number of the bands that peak below `LOW_HZ`."""
    return max(1, int((_mel_edges(sample_rate)[1:-1] < LOW_HZ).sum()))
