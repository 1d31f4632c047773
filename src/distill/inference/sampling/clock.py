"""The clock of a sound: at which code frame a beat falls."""

import math
from dataclasses import dataclass

MOST_SWING = 1 / 6
"""Share of a beat by which the second half of it is late at full swing: triplets."""


@dataclass(frozen=True)
class Clock:
    """Turns beats into code frames, and back.

    Attributes:
        tempo: in beats per minute.
        swing: how late the second half of a beat comes, 0 to 1.
        frame_rate: code frames per second (Hz).
        origin: beat of the first frame.
    """

    tempo: float
    swing: float
    frame_rate: float
    origin: float = 0.0

    def frame(self, beat: float) -> float:
        """The frame (fractional) at which `beat` falls."""
        frames_per_beat = 60 / self.tempo * self.frame_rate
        return (self._swung(beat) - self._swung(self.origin)) * frames_per_beat

    def beat(self, frame: float) -> float:
        """The beat (fractional) at `frame`; the inverse of `frame`."""
        frames_per_beat = 60 / self.tempo * self.frame_rate
        time = frame / frames_per_beat + self._swung(self.origin)
        whole = math.floor(time)
        part = time - whole
        middle = 0.5 + MOST_SWING * self.swing
        if part < middle:
            return whole + part / (2 * middle)
        return whole + (1 + (part - middle) / (1 - middle)) / 2

    def _swung(self, beat: float) -> float:
        """The time of `beat` in even beats: the first half of a beat is longer, the second
        shorter."""
        whole = math.floor(beat)
        part = beat - whole
        middle = 0.5 + MOST_SWING * self.swing
        if part < 0.5:
            return whole + 2 * part * middle
        return whole + middle + (2 * part - 1) * (1 - middle)
