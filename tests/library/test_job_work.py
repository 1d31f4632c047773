"""Work goes on where it was, also after a kill between the last save and the last event."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distill.library.job_kinds import (
    ScanArguments,
    TrainArguments,
    TrainPriorArguments,
    plain_arguments,
)
from distill.library.job_log import Event
from distill.library.job_orders import new_order
from distill.library.job_run import JobInterrupted, JobRun
from distill.library.job_state import job_of
from distill.library.job_types import JobOrder, JobState
from distill.library.job_work import scan, train, train_prior
from distill.library.jobs import watch
from distill.library.workspace import Workspace, open_workspace
from distill.models.persistence import load_model_v2
from distill.training.metrics import PriorEpochMetrics, StepMetrics
from distill.training.paths import checkpoint_path

ENCODING = "PreparationMetrics"
"""Type of the events of sounds that are encoded."""

NEVER = type(None)
"""A type that no event has."""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


@pytest.fixture
def arguments(corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]) -> TrainArguments:
    return TrainArguments(
        sounds=str(corpus_dir), output=str(tmp_path / "my.sda"), settings={"steps": 6, **tiny}
    )


class StoppingRun(JobRun):
    """A run that is stopped after an event of a type."""

    stop_after: type = NEVER

    def write(self, event: Event) -> None:
        super().write(event)
        if isinstance(event, self.stop_after):
            self.cancel_event.set()


def work(
    workspace: Workspace,
    order: JobOrder,
    deed: Callable[[JobRun, Any], None],
    arguments: Any,
    is_resumed: bool = False,
    stop_after: type = NEVER,
) -> JobState:
    run = StoppingRun(workspace, order, is_resumed=is_resumed)
    run.stop_after = stop_after
    with run:
        run.take_turn()
        deed(run, arguments)
    return job_of(workspace, order).state


def forget_events(workspace: Workspace, order: JobOrder, kind: str) -> None:
    """As if the process had been killed before it wrote the last event of that type."""
    path = workspace.jobs / order.id / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if f'"{kind}"'.encode() in line)
    path.write_bytes(b"".join(lines[:last]))


def test_a_stopped_codec_goes_on_to_its_prior(
    workspace: Workspace, arguments: TrainArguments, tiny_prior: dict[str, Any]
) -> None:
    arguments = TrainArguments(**{**vars(arguments), "prior": {**tiny_prior, "max_epochs": 1}})
    order = new_order("train", arguments)
    first = work(workspace, order, train, arguments, stop_after=StepMetrics)
    assert first == JobState.STOPPED
    assert work(workspace, order, train, arguments, is_resumed=True) == JobState.DONE
    loaded = load_model_v2(Path(arguments.output))
    assert loaded.metadata["training"]["steps_done"] == 6
    assert loaded.prior is not None


def test_a_finished_codec_is_not_trained_again(
    workspace: Workspace, arguments: TrainArguments
) -> None:
    order = new_order("train", arguments)
    assert work(workspace, order, train, arguments) == JobState.DONE
    model = Path(arguments.output).read_bytes()
    forget_events(workspace, order, "ModelSaved")
    assert job_of(workspace, order).state == JobState.CUT_OFF
    assert work(workspace, order, train, arguments, is_resumed=True) == JobState.DONE
    assert Path(arguments.output).read_bytes() == model


def test_a_stopped_prior_keeps_its_checkpoint_and_goes_on(
    workspace: Workspace,
    codec_only: Path,
    corpus_dir: Path,
    tmp_path: Path,
    tiny_prior: dict[str, Any],
) -> None:
    model = tmp_path / "my.sda"
    model.write_bytes(codec_only.read_bytes())
    arguments = TrainPriorArguments(model=str(model), sounds=str(corpus_dir), settings=tiny_prior)
    order = new_order("train-prior", arguments)
    first = work(workspace, order, train_prior, arguments, stop_after=PriorEpochMetrics)
    assert first == JobState.STOPPED
    told = [event.data for event in watch(workspace, order.id) if event.type == ENCODING]
    assert (told[0]["progress"], told[-1]["progress"]) == (0.0, pytest.approx(1.0))
    assert load_model_v2(model).prior is not None
    assert checkpoint_path(model, "prior").exists()

    assert work(workspace, order, train_prior, arguments, is_resumed=True) == JobState.DONE
    assert not checkpoint_path(model, "prior").exists()
    metadata = load_model_v2(model).prior_metadata
    assert metadata is not None
    assert metadata["epochs_trained"] == tiny_prior["max_epochs"]

    # Killed between the last save and the last event: nothing is left to do.
    whole = model.read_bytes()
    forget_events(workspace, order, "PriorTrainingCompleteEvent")
    assert work(workspace, order, train_prior, arguments, is_resumed=True) == JobState.DONE
    assert model.read_bytes() == whole


def test_a_scan_stops_between_files(workspace: Workspace, corpus_dir: Path) -> None:
    arguments = ScanArguments(sounds=str(corpus_dir))
    order = new_order("scan", arguments)
    run = JobRun(workspace, order)
    run.cancel_event = threading.Event()
    run.cancel_event.set()
    with pytest.raises(JobInterrupted), run:
        scan(run, arguments)
    assert job_of(workspace, order).state == JobState.STOPPED
    assert work(workspace, order, scan, arguments, is_resumed=True) == JobState.DONE
    assert plain_arguments(arguments) == order.arguments
