"""What `distill train` was asked for."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.process import Priority
from distill.ranks import own_place
from distill.training.paths import checkpoint_path

if TYPE_CHECKING:
    from distill.library.job_types import Job
    from distill.training.metrics import TrainingCompleteEvent


@dataclass(frozen=True)
class TrainingRequest:
    """A training, as the options say; `settings` without value are left to training."""

    dataset_dir: Path | None
    output: Path
    settings: dict[str, Any]
    device: str
    model_name: str | None
    discard_prior: bool
    overwrite: bool
    is_resumed: bool
    then_prior: bool
    priority: Priority
    parent: Path | None
    ignore_choices: bool
    log: str = ""

    def check(self) -> None:
        """Refuse what cannot work before hours of sound are decoded."""
        from distill.data.folder import check_corpus_folder
        from distill.device import pick_device
        from distill.training.checkpoint import load_checkpoint
        from distill.workflows.train import check_training
        from distill.workflows.versions import check_continuation

        pick_device(self.device)
        if self.is_restarted:
            return
        if not self.is_resumed:
            check_training(self.output, self.discard_prior, self.settings, self.overwrite)
        elif not os.path.exists(checkpoint_path(self.output)):
            # It says so, and no name is too long for this look.
            load_checkpoint(checkpoint_path(self.output))
        if self.parent is not None:
            check_continuation(self.parent, self.output, self.settings)
        if self.dataset_dir is not None:
            check_corpus_folder(self.dataset_dir)

    @property
    def is_restarted(self) -> bool:
        """Whether `torchrun` has started it anew, to go on from its checkpoint."""
        if own_place().size == 1:
            return False
        from distill.training.many_processes import open_world

        return open_world(self.device).is_restarted and checkpoint_path(self.output).exists()

    def work(self) -> "Callable[..., TrainingCompleteEvent]":
        """The training: a function of the sounds, `callback` and `cancel_event`."""
        from distill.workflows.train import resume, train
        from distill.workflows.versions import continue_model

        common: dict[str, Any] = {"device": self.device, "discard_prior": self.discard_prior}
        if self.is_resumed:
            return lambda _, **how: resume(self.output, sounds=self.dataset_dir, **common, **how)
        verb: Any = train if self.parent is None else partial(continue_model, self.parent)
        return partial(
            verb,
            output=self.output,
            model_name=self.model_name,
            overwrite=self.overwrite,
            **common,
            **self.settings,
        )

    def arguments(self) -> dict[str, Any]:
        """Arguments of the job."""
        sounds = self.dataset_dir
        return {
            "sounds": str(sounds.absolute()) if sounds else "",
            "output": str(self.output.absolute()),
            "settings": {name: v for name, v in self.settings.items() if v is not None},
            "prior": {} if self.then_prior else None,
            "device": self.device,
            "model_name": self.model_name,
            "discard_prior": self.discard_prior,
            "overwrite": self.overwrite,
            "resume": self.is_resumed,
            "priority": self.priority,
            "parent": str(self.parent.absolute()) if self.parent else "",
            "ignore_choices": self.ignore_choices,
            "log": self.log,
        }

    def channels(self) -> int | None:
        """Channels that the sounds are scanned with: those of the model that goes on."""
        from distill.workflows.versions import check_continuation

        if self.parent is None:
            count: int | None = self.settings["channels"]
            return count
        settings = check_continuation(self.parent, self.output, self.settings)
        return int(settings["channels"])

    def start(self, workspace: Path | None) -> "Job":
        """Start it in the background."""
        from distill.library.job_resuming import latest_of_model
        from distill.library.jobs import resume, start
        from distill.library.workspace import open_workspace

        place = open_workspace(workspace)
        earlier = latest_of_model(place, "train", self.output) if self.is_resumed else None
        if earlier is not None:
            return resume(place, earlier.id, self.dataset_dir)
        return start(place, "train", **self.arguments())
