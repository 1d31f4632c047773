"""The process of a job: exit codes, and a polite kill."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from distill.library import run_job
from distill.library.job_kinds import ScanArguments
from distill.library.job_orders import make_job_folder, new_order, write_order
from distill.library.job_run import JobRun
from distill.library.job_state import job_of
from distill.library.job_types import JobOrder, JobState
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def scan_of(workspace: Workspace, sounds: Path) -> JobOrder:
    order = new_order("scan", ScanArguments(sounds=str(sounds)))
    write_order(make_job_folder(workspace, order.id), order)
    return order


def test_a_job_that_is_done_ends_with_0(workspace: Workspace, corpus_dir: Path) -> None:
    order = scan_of(workspace, corpus_dir)
    assert run_job.main(workspace.jobs / order.id) == 0
    assert job_of(workspace, order).state == JobState.DONE


def test_a_job_that_fails_ends_with_1(workspace: Workspace, tmp_path: Path) -> None:
    order = scan_of(workspace, tmp_path / "gone")
    assert run_job.main(workspace.jobs / order.id) == 1
    job = job_of(workspace, order)
    assert (job.state, "neither a folder" in job.sentence) == (JobState.FAILED, True)


@pytest.mark.parametrize("job_id", ["nothing", "A b"])
def test_a_folder_that_is_no_job_ends_with_1(workspace: Workspace, job_id: str) -> None:
    assert run_job.main(workspace.jobs / job_id) == 1


def test_a_polite_kill_stops_the_job(
    workspace: Workspace, corpus_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = scan_of(workspace, corpus_dir)

    def be_killed(self: JobRun, done: int, total: int, name: str) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        assert self.cancel_event.wait(30)
        self.check()

    monkeypatch.setattr(JobRun, "show_scan", be_killed)
    assert run_job.main(workspace.jobs / order.id) == 0
    assert job_of(workspace, order).state == JobState.STOPPED
