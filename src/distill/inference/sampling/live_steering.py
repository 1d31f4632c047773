"""Steering of a stream that runs: curves and tags that any thread may change."""

import math
import threading
from typing import Any, NamedTuple

from distill.inference.sampling.curves import Steering, change_steering
from distill.inference.sampling.steering import steering_targets
from distill.models.attribute_classifier import Targets
from distill.models.persistence import LoadedVQModel


class Aims(NamedTuple):
    """What a draw follows at the moment.

    Attributes:
        targets: Attributes that steer it; None where all are free.
        keeps_level: Whether events keep their own level, as steered loudness needs it.
    """

    targets: Targets | None
    keeps_level: bool


class LiveSteering:
    """Steering that changes while a stream is drawn, by any thread.

    A draw reads `aims` before each frame. They are replaced as a whole, never changed.

    Args:
        loaded: The model.
        steering: What is followed from the beginning.

    Raises:
        UsageError: The prior cannot be steered so.
    """

    def __init__(self, loaded: LoadedVQModel, steering: Steering) -> None:
        self._model = loaded
        # Two changes at once must both last.
        self._lock = threading.Lock()
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

    def _aims_of(self, steering: Steering) -> Aims:
        # One frame more than the curves have: its value holds from then on.
        frames = 1 + math.ceil(steering.last_change_s * self._model.model.frame_rate)
        return Aims(
            targets=steering_targets(steering, self._model, frames),
            keeps_level=steering.sets_loudness,
        )
