"""Sound between the thread that draws it and the device that plays it.

A device asks for samples when it needs them, and waits for nobody. Where too few are there it is an
underrun: silence stands in, and from then on more is kept.
"""

import threading
from collections import deque

import numpy as np

RAMP_SAMPLES = 96
"""Samples (2 ms) over which sound falls into a gap and rises out of it."""

MOST_BUFFER_S = 2.0
"""Seconds that are kept, at most: later controls are no controls."""

GROWTH = 1.5
"""Factor by which more is kept after an underrun."""


class SoundBuffer:
    """Samples `[C, n]` in order, with a target of how many are kept.

    Args:
        channels: `C`.
        target: Samples to keep.
        most: Samples to keep at most, after underruns.

    Attributes:
        target: Samples to keep, more after each underrun.
        underruns: How often too few were there.
        is_drained: Set once the sound has ended and all of it is played.
    """

    def __init__(self, channels: int, target: int, most: int) -> None:
        self.target = target
        self.underruns = 0
        self.is_drained = threading.Event()
        self._channels = channels
        self._most = most
        self._blocks: deque[np.ndarray] = deque()
        self._filled = 0
        # Until the target is reached for the first time, and again after each underrun.
        self._is_filling = True
        self._has_ended = False
        # After a gap the sound rises again.
        self._rises = False
        self._changed = threading.Condition()

    @property
    def filled(self) -> int:
        """Samples that wait."""
        return self._filled

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until fewer than `target` samples wait; whether that is so after `timeout_s`."""
        with self._changed:
            return self._changed.wait_for(lambda: self._filled < self.target, timeout_s)

    def push(self, block: np.ndarray) -> None:
        """Add samples `[C, n]`."""
        with self._changed:
            self._blocks.append(block)
            self._filled += block.shape[1]
            if self._filled >= self.target:
                self._is_filling = False

    def end(self, fade: int, at_once: bool) -> None:
        """No more samples come: those that wait fade out.

        Args:
            fade: Samples of the fade.
            at_once: Whether it begins now, and nothing follows it. Else it lies at the end.
        """
        with self._changed:
            if self._filled:
                waiting = self._pop(self._filled)
                waiting = waiting[:, :fade] if at_once else waiting
                self._blocks.append(_fade_out(waiting, fade))
                self._filled = waiting.shape[1]
            self._has_ended = True
            self._is_filling = False
            if not self._filled:
                self.is_drained.set()

    def pull(self, n: int) -> np.ndarray:
        """The next `n` samples `[C, n]`, silence where there are none."""
        with self._changed:
            output = np.zeros((self._channels, n), np.float32)
            if self._is_filling:
                return output
            there = min(n, self._filled)
            if there:
                output[:, :there] = self._pop(there)
            if there < n:
                self._run_out(output[:, :there])
            self._changed.notify()
            return output

    def _run_out(self, rest: np.ndarray) -> None:
        """Note that too few samples were there: `rest` `[C, m]` are the last ones before a gap."""
        if self._has_ended:
            self.is_drained.set()
            return
        rest[:] = _fade_out(rest, RAMP_SAMPLES)
        self.underruns += 1
        self.target = min(self._most, round(GROWTH * self.target))
        self._is_filling = True
        self._rises = True

    def _pop(self, n: int) -> np.ndarray:
        """The first `n` samples of those that wait."""
        parts = []
        missing = n
        while missing:
            block = self._blocks.popleft()
            if block.shape[1] > missing:
                self._blocks.appendleft(block[:, missing:])
                block = block[:, :missing]
            parts.append(block)
            missing -= block.shape[1]
        self._filled -= n
        sound = np.concatenate(parts, axis=1)
        if self._rises:
            length = min(RAMP_SAMPLES, n)
            sound[:, :length] *= np.linspace(0, 1, length, dtype=np.float32)
            self._rises = False
        return sound


def _fade_out(sound: np.ndarray, samples: int) -> np.ndarray:
    """A copy of `sound` `[C, n]` that falls silent over its last `samples`."""
    faded = sound.copy()
    length = min(samples, sound.shape[1])
    faded[:, sound.shape[1] - length :] *= np.linspace(1, 0, length, dtype=np.float32)
    return faded
