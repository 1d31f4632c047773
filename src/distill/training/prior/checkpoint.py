"""The checkpoint of a prior training: when it is saved, and whether it fits."""

import logging
from pathlib import Path
from typing import Any

from distill.training.checkpoint import (
    PatientSaver,
    load_checkpoint,
    restoring,
    save_checkpoint,
)
from distill.training.checkpoint_types import PRIOR_CHECKPOINT
from distill.training.paths import checkpoint_path
from distill.training.prior.fingerprint import fingerprint
from distill.training.prior.setup import PriorSetup

log = logging.getLogger(__name__)

# Seconds between two checkpoints, and so the most that a killed run loses; a better epoch is saved
# at once.
CHECKPOINT_EVERY_S = 20.0


class PriorCheckpoint:
    """The checkpoint beside the model of a training.

    Args:
        setup: The parts of the training.
    """

    def __init__(self, setup: PriorSetup) -> None:
        self.path: Path = checkpoint_path(setup.loaded.path, "prior")
        self._setup = setup
        self._saver = PatientSaver()
        self._last_s = 0.0

    def is_due(self, elapsed_s: float) -> bool:
        """Whether the last one is too old after `elapsed_s` seconds of training."""
        return elapsed_s - self._last_s >= CHECKPOINT_EVERY_S

    def save(self, state: dict[str, Any]) -> None:
        """Save a state of the training; a full disk is said, and tried again later.

        Of several processes, the first one saves.
        """
        self.note(state)
        if not self._setup.world.is_first:
            return
        contents = {"fits": fingerprint(self._setup), "state": state}
        self._saver.attempt(lambda: save_checkpoint(self.path, contents))

    def note(self, state: dict[str, Any]) -> None:
        """Note when the checkpoint of a `state` was saved."""
        self._last_s = state["elapsed_s"]

    def load(self) -> dict[str, Any] | None:
        """The state of a killed run; None where there is none, or one of other settings.

        Raises:
            CheckpointError: The checkpoint is damaged.
        """
        if not self.path.exists():
            return None
        contents = load_checkpoint(self.path, PRIOR_CHECKPOINT)
        with restoring(self.path):
            is_ours = contents["fits"] == fingerprint(self._setup)
            state = dict(contents["state"])
        if not is_ours:
            model = self._setup.loaded.path
            log.warning("The checkpoint beside %s is of other settings: starting afresh.", model)
            return None
        return state
