"""Steering of a stream that runs: curves, tags and dials that any thread may change."""

import math
import threading
from dataclasses import replace
from typing import Any, NamedTuple

from distill.inference.sampling.curves import Steering, change_steering
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.steering import steering_targets
from distill.models.attribute_classifier import Targets
from distill.models.persistence import LoadedVQModel


class Aims(NamedTuple):
    """What a draw follows at the moment.

    Attributes:
        targets: Attributes that steer it; None where all are free.
        keeps_level: Whether events keep their own level, as steered loudness needs it.
        sampling: How codes are drawn; None for as the draw began.
        reseed: Number of the last new seed, and the seed; None where there was none.
        wait: Frames after which an event that sounds follows a change; None waits for its end.
        steering: Curves and tags that the targets were made of.
    """

    targets: Targets | None
    keeps_level: bool
    sampling: Sampling | None = None
    reseed: tuple[int, int] | None = None
    wait: int | None = None
    steering: Steering = Steering()

    def is_like(self, other: "Aims") -> bool:
        """Whether all is as it was: what was changed and taken back leaves nothing."""
        own = (self.steering, self.sampling, self.reseed)
        return own == (other.steering, other.sampling, other.reseed)


class LiveSteering:
    """Steering that changes while a stream is drawn, by any thread.

    A draw reads `aims` before each frame. They are replaced as a whole, never changed.

    Args:
        loaded: The model.
        steering: What is followed from the beginning.
        wait: Code frames after which an event that sounds follows a change. None waits for its
            end, and no event is changed.

    Raises:
        UsageError: The prior cannot be steered so.
    """

    def __init__(self, loaded: LoadedVQModel, steering: Steering, wait: int | None = None) -> None:
        self._model = loaded
        self._wait = wait
        # Two changes at once must both last.
        self._lock = threading.Lock()
        self._sampling: Sampling | None = None
        self._reseed: tuple[int, int] | None = None
        self.steering = steering
        self.aims = self._aims_of(steering)

    def change(self, **changes: Any) -> None:
        """Follow `changes` from the next event on, as `change_steering` takes them.

        Raises:
            UsageError: They are out of range, or the prior cannot be steered so. Then all stays as
                it was.
        """
        with self._lock:
            steering = change_steering(self.steering, **changes)
            self.aims = self._aims_of(steering)
            self.steering = steering

    def turn(self, sampling: Sampling, **dials: Any) -> None:
        """Draw by other dials from the next event on.

        Args:
            sampling: What the draw began with.
            dials: Fields of `Sampling` that decide on events, such as `temperature`.

        Raises:
            UsageError: A value is out of range. Then all stays as it was.
        """
        with self._lock:
            self._sampling = replace(self._sampling or sampling, **dials)
            self.aims = self._aims_of(self.steering)

    def reseed(self, seed: int) -> None:
        """Draw by other random numbers from the next event on, those of `seed`."""
        with self._lock:
            number = self._reseed[0] + 1 if self._reseed else 0
            self._reseed = (number, seed)
            self.aims = self._aims_of(self.steering)

    def _aims_of(self, steering: Steering) -> Aims:
        # One frame more than the curves have: its value holds from then on.
        frames = 1 + math.ceil(steering.last_change_s * self._model.model.frame_rate)
        return Aims(
            targets=steering_targets(steering, self._model, frames),
            keeps_level=steering.sets_loudness,
            sampling=self._sampling,
            reseed=self._reseed,
            wait=self._wait,
            steering=steering,
        )
