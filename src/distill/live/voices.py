"""Single sounds that are struck over the stream, and their mix."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from distill.inference.generate import derived_seed
from distill.inference.modes.base import GenerationJob
from distill.inference.modes.one_shot import OneShot as OneShotMode
from distill.inference.modes.registry import complete
from distill.inference.modes.request import SEEDS, ModeSettings, Request
from distill.models.persistence import LoadedVQModel
from distill.progress import no_progress

LONGEST_S = 3.0
"""Seconds of a one-shot, at most: it is drawn while the stream plays."""

READY = 4
"""One-shots that are drawn ahead: each takes up to a second."""

MOST_VOICES = 16
"""One-shots that sound at once; the oldest gives way to one more."""

HIGHEST_VELOCITY = 127.0
"""Velocity at which a one-shot has its own level."""


class OneShot(NamedTuple):
    """A sound `audio` `[C, N]` that ends by itself, and the `seed` that it was drawn from."""

    seed: int
    audio: np.ndarray


def draw_one_shot(loaded: LoadedVQModel, request: Request, seed: int) -> OneShot:
    """Draw a one-shot by the settings of a stream.

    Args:
        loaded: A model with a prior.
        request: That of the stream.
        seed: The same seed gives the same sound.
    """
    own = replace(request, mode=ModeSettings(kind="one-shot"), duration=LONGEST_S)
    job = GenerationJob(loaded, complete(own))
    return OneShot(seed=seed, audio=OneShotMode(job).render_one(seed, no_progress).audio)


class OneShots:
    """One-shots drawn ahead by a thread of their own. Use as a context manager.

    Args:
        draw: Draws the one-shot of a seed.
        seed: Of the stream; theirs follow from it.
        ready: How many wait.
    """

    def __init__(self, draw: Callable[[int], OneShot], seed: int, ready: int = READY) -> None:
        self._draw = draw
        self._seed = seed
        self._ready = ready
        self._count = 0
        self._waiting: deque[OneShot] = deque()
        self._last: OneShot | None = None
        self._changed = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._fill, name="one-shots", daemon=True)

    def __enter__(self) -> "OneShots":
        # Before the stream begins there is time.
        while len(self._waiting) < self._ready:
            self._waiting.append(self._draw_next())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify()
        self._thread.join()

    def take(self) -> OneShot | None:
        """The next new one-shot; the last one once more where none is ready; None without any."""
        with self._changed:
            if self._waiting:
                self._last = self._waiting.popleft()
                self._changed.notify()
            return self._last

    def _draw_next(self) -> OneShot:
        # Short seeds, that a log keeps as numbers of any program.
        seed = derived_seed(self._seed, self._count) % SEEDS
        self._count += 1
        return self._draw(seed)

    def _fill(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_over or len(self._waiting) < self._ready)
                if self._is_over:
                    return
            sound = self._draw_next()
            with self._changed:
                self._waiting.append(sound)


class Voices:
    """The one-shots that sound."""

    def __init__(self) -> None:
        self._sounding: list[np.ndarray] = []

    def strike(self, sound: OneShot, velocity: float) -> None:
        """Begin a sound with the next block; its amplitude goes with the square of `velocity`."""
        gain = np.float32((velocity / HIGHEST_VELOCITY) ** 2)
        # A fade for the one that gives way would take longer than its place in the mix is worth.
        self._sounding = [*self._sounding, sound.audio * gain][-MOST_VOICES:]

    def mix(self, block: np.ndarray) -> np.ndarray:
        """`block` `[C, n]` with the sounds added, each of which goes on."""
        n = block.shape[1]
        mixed = block
        for sound in self._sounding:
            part = sound[:, :n]
            mixed = mixed.copy() if mixed is block else mixed
            mixed[:, : part.shape[1]] += part
        self._sounding = [sound[:, n:] for sound in self._sounding if sound.shape[1] > n]
        return mixed
