"""A training in a terminal waits for others, and says so."""

import io
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from distill.cli.terminal_job import print_started, terminal_job
from distill.library.job_here import begin_here
from distill.library.job_kinds import TrainArguments
from distill.library.jobs import list_jobs, stop
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=80)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def arguments(name: str) -> TrainArguments:
    return TrainArguments(sounds="/voices", output=f"/{name}.sda")


def test_a_second_training_waits_and_says_so(workspace: Workspace, console: Console) -> None:
    first = begin_here(workspace.root, "train", arguments("first"))
    order: list[str] = []
    is_training = threading.Event()

    def train_first() -> None:
        with first:
            first.take_turn()
            is_training.set()
            while "Waiting" not in text(console):
                time.sleep(0.01)
            order.append("first")

    thread = threading.Thread(target=train_first)
    thread.start()
    is_training.wait()
    with terminal_job(console, workspace.root, "train", arguments("second")):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert "Waiting for another training of this workspace" in text(console)


def test_a_waiting_training_can_be_stopped(workspace: Workspace, console: Console) -> None:
    with begin_here(workspace.root, "train", arguments("first")) as first:
        first.take_turn()

        def stop_second() -> None:
            (second,) = [job for job in list_jobs(workspace) if "second" in job.title]
            stop(workspace, second.id)

        timer = threading.Timer(0.5, stop_second)
        timer.start()
        with (
            pytest.raises(KeyboardInterrupt),
            terminal_job(console, workspace.root, "train", arguments("second")),
        ):
            raise AssertionError("its turn never comes")
        timer.join()
    states = {job.title: job.state for job in list_jobs(workspace)}
    assert states["voices → second.sda"] == "stopped"


def test_what_was_started_is_told_how_to_watch(workspace: Workspace, console: Console) -> None:
    with begin_here(workspace.root, "train", arguments("first")) as first:
        first.conclude(True, "Done.")
    (job,) = list_jobs(workspace)
    print_started(console, job, as_json=False)
    assert f"distill jobs watch {job.id}" in text(console)


def test_a_training_without_a_lock_for_its_turn_runs(
    workspace: Workspace, console: Console
) -> None:
    (workspace.hidden / "training.lock").mkdir()
    with terminal_job(console, workspace.root, "train", arguments("first")) as run:
        run.conclude(True, "All went well.")
    (job,) = list_jobs(workspace)
    assert job.sentence == "All went well."
