"""Channel layouts: the loudspeaker of each channel, and the fold of 3 to 8 channels to stereo.

Gains are those of ITU-R BS.775-4, annex 4: centre and surround channels at -3 dB, a single rear
channel at -6 dB on both sides, and no LFE. Channels of unknown layout go evenly into the middle.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

MOST_SPEAKERS = 8
"""Channels up to which a layout is known; more are mixed evenly."""

UNKNOWN_LAYOUT = "channels of unknown layout, mixed evenly"
"""Remark on a file whose channels have no known loudspeakers: ambisonics, stems, odd counts."""

ASSUMED_LAYOUT = "channels of no stated layout"
"""Beginning of the remark on a file that is read in the common order for its channel count."""

MASK_SPEAKERS = (
    *("L", "R", "C", "LFE", "Lb", "Rb", "Lc", "Rc", "Cs", "Ls", "Rs"),
    *("Tc", "Tfl", "Tfc", "Tfr", "Tbl", "Tbc", "Tbr"),
)
"""Speakers of the bits of a channel mask, the lowest bit first (WAVE_FORMAT_EXTENSIBLE)."""

_LESS_3_DB = math.sqrt(0.5)
_LESS_6_DB = 0.5

# Gains of each speaker into left and right: front, sides and back, height.
_GAINS = {
    "L": (1.0, 0.0),
    "R": (0.0, 1.0),
    "C": (_LESS_3_DB, _LESS_3_DB),
    "LFE": (0.0, 0.0),
    "Lc": (1.0, 0.0),
    "Rc": (0.0, 1.0),
    "Lw": (1.0, 0.0),
    "Rw": (0.0, 1.0),
    "Ls": (_LESS_3_DB, 0.0),
    "Rs": (0.0, _LESS_3_DB),
    "Lb": (_LESS_3_DB, 0.0),
    "Rb": (0.0, _LESS_3_DB),
    "Cs": (_LESS_6_DB, _LESS_6_DB),
    "Tfl": (_LESS_3_DB, 0.0),
    "Tfr": (0.0, _LESS_3_DB),
    "Tbl": (_LESS_3_DB, 0.0),
    "Tbr": (0.0, _LESS_3_DB),
    "Tc": (_LESS_6_DB, _LESS_6_DB),
    "Tfc": (_LESS_6_DB, _LESS_6_DB),
    "Tbc": (_LESS_6_DB, _LESS_6_DB),
}

# Orders of players for files that state none: those on which they agree.
_COMMON_ORDERS = {
    4: ("quadraphonic", "L R Lb Rb"),
    6: ("5.1", "L R C LFE Lb Rb"),
    8: ("7.1", "L R C LFE Lb Rb Ls Rs"),
}

# Level in dB of the folded sound, relative to its loudest channel, below which it counts as lost.
_LOST_DB = -60.0


@dataclass(frozen=True)
class ChannelLayout:
    """The loudspeakers of the channels of a file.

    Attributes:
        channels: `C`.
        speakers: One name a channel, those of `MASK_SPEAKERS`, "Lw" and "Rw"; empty if unknown.
        remark: A few words for people where the layout is unknown or assumed.
    """

    channels: int
    speakers: tuple[str, ...] = ()
    remark: str = ""

    @cached_property
    def gains(self) -> np.ndarray:
        """Gains `[2, C]` of the channels into left and right."""
        if self.speakers:
            return np.array([_GAINS[speaker] for speaker in self.speakers], np.float32).T
        return np.full((2, self.channels), 1 / self.channels, np.float32)

    def fold(self, block: np.ndarray) -> np.ndarray:
        """Fold `block` `[C, n]` to `[2, n]`; one or two channels stay as they are."""
        if self.channels <= 2:
            return block
        stereo: np.ndarray = self.gains @ block.astype(np.float32, copy=False)
        return stereo

    def unfold(self, stereo: np.ndarray) -> np.ndarray:
        """Channels `[C, n]` that fold to `stereo` `[2, n]` as nearly as can be."""
        channels: np.ndarray = np.linalg.pinv(self.gains) @ stereo
        return channels.astype(np.float32, copy=False)

    def convert(self, block: np.ndarray, layout: "ChannelLayout") -> np.ndarray:
        """A `block` `[C, n]` of another `layout` as channels of this one."""
        if layout == self:
            return block
        fold = layout.fold(block)
        if self.channels == 1:
            return fold.mean(axis=0, keepdims=True)
        stereo = fold[[0, -1]]
        return stereo if self.channels == 2 else self.unfold(stereo)


def layout_of(channels: int, order: str) -> ChannelLayout:
    """The layout with the speakers in `order`, named in one text; unknown where they do not fit."""
    speakers = tuple(order.split())
    if channels <= 2:
        return ChannelLayout(channels)
    if channels > MOST_SPEAKERS or len(speakers) != channels or not _GAINS.keys() >= set(speakers):
        return unknown_layout(channels)
    return ChannelLayout(channels, speakers)


def mask_layout(channels: int, mask: int) -> ChannelLayout:
    """The layout of a channel `mask`: one bit a speaker, channels in the order of the bits."""
    if mask >> len(MASK_SPEAKERS):
        return unknown_layout(channels)
    speakers = [name for bit, name in enumerate(MASK_SPEAKERS) if mask >> bit & 1]
    return layout_of(channels, " ".join(speakers))


def unknown_layout(channels: int) -> ChannelLayout:
    """The layout of channels without known loudspeakers."""
    return ChannelLayout(channels, remark=UNKNOWN_LAYOUT if channels > 2 else "")


def common_layout(channels: int) -> ChannelLayout:
    """The layout that players take where a file states none."""
    if channels <= 2 or channels not in _COMMON_ORDERS:
        return unknown_layout(channels)
    name, order = _COMMON_ORDERS[channels]
    remark = f"{ASSUMED_LAYOUT}, read as {name}"
    return ChannelLayout(channels, tuple(order.split()), remark)


class FoldMeter:
    """Measures what a fold would do to a sound, block by block.

    Args:
        layout: Of the sound.
    """

    def __init__(self, layout: ChannelLayout) -> None:
        self._layout = layout
        self._channel_peaks = np.zeros(layout.channels)
        self._folded_peak = 0.0

    def add(self, block: np.ndarray) -> None:
        """Measure a `block` `[C, n]`."""
        peaks = np.abs(block).max(axis=1, initial=0.0)
        self._channel_peaks = np.maximum(self._channel_peaks, peaks)
        stereo = self._layout.fold(block)
        self._folded_peak = max(self._folded_peak, float(np.abs(stereo).max(initial=0.0)))

    @property
    def gain(self) -> float:
        """Linear gain that keeps the folded sound below full scale, or below its own peak."""
        highest = max(1.0, float(self._channel_peaks.max()))
        return min(1.0, highest / max(self._folded_peak, 1e-9))

    @property
    def loss(self) -> str:
        """Why nothing is left of the sound after folding, in words; mostly empty."""
        loudest = float(self._channel_peaks.max())
        if self._folded_peak > loudest * 10 ** (_LOST_DB / 20) or not loudest:
            return ""
        is_audible = np.abs(self._layout.gains).max(axis=0) > 0
        # Twice, since one channel alone may be folded at -6 dB.
        left_out = self._channel_peaks[is_audible].max(initial=0.0) <= 2 * self._folded_peak
        cause = "only its LFE channel sounds" if left_out else "its channels cancel"
        return f"silent once folded to stereo ({cause})"


def fold_blocks(
    blocks: Iterable[np.ndarray], layout: ChannelLayout, gain: float = 1.0
) -> Iterator[np.ndarray]:
    """Fold a stream of blocks `[C, n]` to at most two channels, times `gain` where that is done."""
    for block in blocks:
        yield layout.fold(block) * np.float32(gain) if layout.channels > 2 else block


def fold_sound(audio: np.ndarray) -> np.ndarray:
    """Fold `audio` `[C, N]` of no stated layout to at most two channels, within full scale."""
    layout = common_layout(len(audio))
    if layout.channels <= 2:
        return audio
    meter = FoldMeter(layout)
    meter.add(audio)
    return layout.fold(audio) * np.float32(meter.gain)
