"""Fingerprints of sounds, and the search for the same sound saved twice.

A fingerprint holds the mean spectrum of a sound and where it sounds. It tells which few sounds are
worth a comparison; whether they are the same, only the sounds themselves can tell.
"""

import base64
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from distill.data.alignment import HIGHEST_HZ, LOWEST_HZ, Part, mean_channel, same_recording
from distill.settings import SAMPLE_RATE

# Samples of a spectrum: 85 ms, which tells notes a semitone apart from 200 Hz upwards.
_WINDOW = 4096

# Samples from one frame to the next.
_HOP = _WINDOW // 2

# Frames of a long sound: five minutes' worth, with gaps beyond.
_MOST_FRAMES = 7_000

# Bands of a spectrum: sixths of an octave.
_BANDS = 46

# Range of levels in a spectrum, in dB below the loudest band: noise of copies lies below.
_RANGE_DB = 32.0

# Resolution of a level in dB: with the range, 128 steps of a byte.
_STEP_DB = 0.25

# Energy of a frame, relative to the loudest, below which it counts as silence: -30 dB.
_SILENT = 1e-3

# Mean distance in dB of two spectra above which the sounds are not compared.
_ALIKE_DB = 8.0

# Nearest sounds by spectrum that are compared.
_CANDIDATES = 6

# Sounds whose distances from all others are measured at once: 5 MB for 10,000 others.
_BLOCK = 64

# Least length of a copy relative to its original, silence at the ends left out.
_LEAST_LENGTH = 0.45

# Difference in length in samples, 0.12 s, up to which short sounds are compared all the same: the
# silence at their ends is measured in frames.
_LENGTH_SLACK = SAMPLE_RATE * 12 // 100

OpenSound = Callable[[int], np.ndarray]
"""Gives the samples `[C, N]` at `SAMPLE_RATE` of the sound of an index."""

Outcome = Callable[[int, int, Callable[[], bool]], bool]
"""Whether the sounds of two indices are the same: known from before, or by calling the function."""

Begin = Callable[[Sequence[Sequence[int]]], None]
"""Told, for each sound, which earlier ones it will be compared with, the nearest first."""


class _Outline(NamedTuple):
    """Contents of a fingerprint.

    Attributes:
        start: First sample that sounds.
        stop: End of what sounds, in samples.
        loudest: The sample round which it is loudest.
        levels: Steps of each band `[_BANDS]`.
    """

    start: int
    stop: int
    loudest: int
    levels: np.ndarray

    @property
    def length(self) -> int:
        """Samples that sound."""
        return self.stop - self.start

    def part(self, audio: np.ndarray) -> Part:
        """The part of `audio` `[C, N]` that sounds."""
        return Part(
            audio=audio[:, self.start : self.stop],
            loudest=self.loudest - self.start,
            start=self.start,
        )


def fingerprint(audio: np.ndarray) -> str:
    """Fingerprint of `audio` `[C, N]` at `SAMPLE_RATE`, as text.

    Empty if there is no energy between 40 Hz and 8 kHz.
    """
    N = audio.shape[1]
    hop = max(_HOP, N // _MOST_FRAMES)
    positions = np.arange(0, N + hop, hop)
    energies = _band_energies(audio, positions)
    frame_energies = energies.sum(axis=1)
    loudest = frame_energies.max()
    if loudest <= 0.0:
        return ""
    is_active = frame_energies > _SILENT * loudest
    active = positions[is_active]
    start = max(0, active[0] - _HOP)
    stop = min(N, active[-1] + _HOP)
    spectrum = np.square(np.sqrt(energies[is_active]).sum(axis=0))
    # Relative to the loudest band, so that gain drops out.
    level = 10.0 * np.log10(np.maximum(spectrum / spectrum.max(), 1e-30))
    steps = np.rint(np.maximum(level + _RANGE_DB, 0.0) / _STEP_DB)
    places = np.array([start, stop, positions[frame_energies.argmax()]], "<u8")
    content = places.tobytes() + steps.astype(np.uint8).tobytes()
    return base64.b64encode(content).decode("ascii")


def _read(text: str) -> _Outline:
    """The contents of a fingerprint; an empty one has no length."""
    if not text:
        return _Outline(start=0, stop=0, loudest=0, levels=np.zeros(_BANDS))
    content = base64.b64decode(text)
    start, stop, loudest = map(int, np.frombuffer(content[:24], "<u8"))
    levels = np.frombuffer(content[24:], np.uint8).astype(np.float64)
    return _Outline(start=start, stop=stop, loudest=loudest, levels=levels)


def same_sounds(
    fingerprints: Sequence[str],
    open_sound: OpenSound,
    outcome: Outcome = lambda index, earlier, compare: compare(),
    begin: Begin = lambda likely: None,
) -> list[int | None]:
    """Find the sounds that are the same as an earlier one.

    Args:
        fingerprints: One of each sound.
        open_sound: Gives the samples of a sound by its index.
        outcome: May know which sounds are the same.
        begin: Called before the first comparison.

    Returns:
        For each sound, the index of the nearest earlier one that is the same, or None.
    """
    likely = _nearest_earlier([_read(text) for text in fingerprints])
    begin(likely)
    matches: list[int | None] = []

    def is_same(index: int, earlier: int) -> bool:
        first, second = ((fingerprints[i], open_sound(i)) for i in (index, earlier))
        return is_same_sound(first, second)

    for index, others in enumerate(likely):
        match = (i for i in others if outcome(index, i, partial(is_same, index, i)))
        matches.append(next(match, None))
    return matches


def is_same_sound(first: tuple[str, np.ndarray], second: tuple[str, np.ndarray]) -> bool:
    """Whether two sounds are the same, from their fingerprints and samples `[C, N]`."""
    own, other = (_read(text).part(audio) for text, audio in (first, second))
    return same_recording(own, other)


def _nearest_earlier(outlines: Sequence[_Outline]) -> list[list[int]]:
    """For each sound, the earlier ones that are worth a comparison; the nearest first.

    Sounds of about one length lie together once they are sorted by it: most pairs are never looked
    at. The spectra of the others are compared in blocks.
    """
    nearest: list[list[int]] = [[] for _ in outlines]
    lengths = np.array([outline.length for outline in outlines], np.float64)
    by_length = np.argsort(lengths, kind="stable")
    # Of a silent sound nothing can be said.
    by_length = by_length[lengths[by_length] > 0]
    if not len(by_length):
        return nearest
    levels = np.stack([outline.levels for outline in outlines])
    for start in range(0, len(by_length), _BLOCK):
        rows = by_length[start : start + _BLOCK]
        spans = _alike_spans(lengths[rows], lengths[by_length])
        others = by_length[spans[0].start : spans[-1].stop]
        others = others[others < rows.max()]
        distances = _mean_distances(levels[rows], levels[others])
        distances[others >= rows[:, None]] = np.inf
        spans = _alike_spans(lengths[rows], lengths[others])
        for row, distance, span in zip(rows, distances, spans, strict=True):
            nearest[row] = _nearest(others[span], distance[span])
    return nearest


def _alike_spans(lengths: np.ndarray, others: np.ndarray) -> list[slice]:
    """Which of `others`, lengths that increase, may be those of the same sounds as `lengths`."""
    least = np.minimum(lengths * _LEAST_LENGTH, lengths - _LENGTH_SLACK)
    most = np.maximum(lengths / _LEAST_LENGTH, lengths + _LENGTH_SLACK)
    starts = np.searchsorted(others, least, side="left")
    stops = np.searchsorted(others, most, side="right")
    return [slice(start, stop) for start, stop in zip(starts, stops, strict=True)]


def _nearest(others: np.ndarray, distances: np.ndarray) -> list[int]:
    """The nearest `_CANDIDATES` of the sounds `others` `[n]` that are near enough.

    Of those equally near, the earliest.
    """
    farthest = _ALIKE_DB
    if len(distances) > _CANDIDATES:
        farthest = min(farthest, np.partition(distances, _CANDIDATES - 1)[_CANDIDATES - 1])
    near = np.flatnonzero(distances <= farthest)
    order = np.lexsort((others[near], distances[near]))[:_CANDIDATES]
    nearest: list[int] = others[near[order]].tolist()
    return nearest


def _mean_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mean distances `[n, m]` in dB of levels in steps, `[n, _BANDS]` and `[m, _BANDS]`.

    The weight of a band is the larger of its two levels. Sums of whole numbers are exact, in any
    order.
    """
    differences = cdist(first, second, "cityblock")
    # The larger of two numbers is half of the sum of their sum and their difference.
    weights = (_sums(first, second) + differences) / 2
    # So their difference times the larger one is half of the sum of the difference of their squares
    # and the square of their difference.
    first_squares = np.square(first)
    second_squares = np.square(second)
    products = cdist(first_squares, second_squares, "cityblock")
    products += _sums(first_squares, second_squares) - 2.0 * (first @ second.T)
    steps = (products / 2).astype(np.float32) / np.maximum(weights, 1.0).astype(np.float32)
    distances: np.ndarray = _STEP_DB * steps
    return distances


def _sums(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Sums `[n, m]` of both `[n, _BANDS]` and `[m, _BANDS]` over the bands."""
    return first.sum(axis=1)[:, None] + second.sum(axis=1)


def _band_energies(audio: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Energies of bands of windows.

    Args:
        audio: Sound `[C, N]`.
        positions: Samples `[T]` on which the windows are centred.

    Returns:
        Energies `[T, _BANDS]`.
    """
    hz = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE)[:, None]
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, _BANDS + 1)
    is_inside = (hz >= edges[:-1]) & (hz < edges[1:])
    bands = is_inside.astype(np.float64)
    window = np.hanning(_WINDOW).astype(np.float32)
    parts = []
    for frames in _frames(audio, positions - _WINDOW // 2):
        power = np.square(np.abs(np.fft.rfft(frames * window)))
        parts.append(power @ bands)
    return np.concatenate(parts)


def _frames(audio: np.ndarray, starts: np.ndarray, batch: int = 128) -> Iterator[np.ndarray]:
    """Yield mono windows `[batch, _WINDOW]` that begin at `starts`; beyond the ends is silence."""
    N = audio.shape[1]
    for index in range(0, len(starts), batch):
        batch_starts = starts[index : index + batch]
        first = int(batch_starts[0])
        end = int(batch_starts[-1]) + _WINDOW
        piece = np.zeros(end - first, np.float32)
        # The part of the piece that lies inside the sound.
        start = max(first, 0)
        stop = min(end, N)
        if stop > start:
            piece[start - first : stop - first] = mean_channel(audio[:, start:stop])
        offsets = batch_starts - first
        yield piece[offsets[:, None] + np.arange(_WINDOW)]
