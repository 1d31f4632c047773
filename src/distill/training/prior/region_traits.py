"""Measures of each sound beside its codes: descriptors of its frames, and its pulse.

Both take a minute for an hour of sound, and depend on no codec but for the length of a frame: they
are kept in the cache.
"""

import hashlib

import numpy as np

from distill.audio.descriptors import measure
from distill.audio.pulse import Pulse, find_pulse
from distill.data.dataset import ClipRegion
from distill.data.region_arrays import RegionArrays
from distill.training.prior.encoding import trim_inaudible_tail

# Raised whenever a descriptor or the pulse is measured otherwise.
_VERSION = 1

# Names in the cache.
_DESCRIPTORS = "descriptors"
_PULSE = "pulse"
_BEATS = "beats"


class RegionTraits:
    """Measures regions of sounds, or takes what was measured from the cache.

    Args:
        sample_rate: In Hz.
        hop: Samples of a code frame.
        channels: Channels of the sounds.
    """

    def __init__(self, sample_rate: int, hop: int, channels: int) -> None:
        self.sample_rate = sample_rate
        self.hop = hop
        facts = repr((_VERSION, sample_rate, hop, channels)).encode()
        self._cache = RegionArrays("traits", hashlib.sha256(facts).hexdigest())

    def descriptors_and_pulse(self, region: ClipRegion) -> tuple[np.ndarray, Pulse | None]:
        """Descriptors `[T, 5]` of a region, and its pulse in seconds from its start.

        The pulse is None where it has none.

        Raises:
            OutputError: If the cache cannot be written.
        """
        stored = self._cache.load(region)
        if _DESCRIPTORS not in stored or _PULSE not in stored:
            stored = self._pulse_arrays(region) | {_DESCRIPTORS: self._descriptors(region)}
            self._cache.save(region, stored)
        return stored[_DESCRIPTORS], _pulse_of(stored)

    def _descriptors(self, region: ClipRegion) -> np.ndarray:
        audio = trim_inaudible_tail(region.audio(), self.sample_rate)
        return measure(audio, self.sample_rate, self.hop)

    def _pulse_arrays(self, region: ClipRegion) -> dict[str, np.ndarray]:
        """The pulse as arrays; an empty one where there is none."""
        pulse = find_pulse(region.audio(), self.sample_rate)
        if pulse is None:
            return {_PULSE: np.zeros(0)}
        numbers = (pulse.tempo, pulse.bar_beats, pulse.first_downbeat, pulse.confidence)
        return {_PULSE: np.array(numbers, np.float64), _BEATS: pulse.beats}


def _pulse_of(stored: dict[str, np.ndarray]) -> Pulse | None:
    if not len(stored[_PULSE]):
        return None
    tempo, bar_beats, first_downbeat, confidence = stored[_PULSE].tolist()
    return Pulse(
        tempo=tempo,
        beats=stored[_BEATS],
        bar_beats=int(bar_beats),
        first_downbeat=int(first_downbeat),
        confidence=confidence,
    )
