"""A process that cannot begin is said at once, and holds nobody up."""

import time
from pathlib import Path

import pytest

from distill.errors import OutputError, UsageError
from distill.library import job_launch, jobs
from distill.library.job_kinds import ScanArguments
from distill.library.job_orders import make_job_folder, new_order
from distill.library.job_types import JobState
from distill.library.locks import take_lock
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def test_a_process_that_cannot_begin_is_said_at_once(
    workspace: Workspace, corpus_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_launch, "RUNNER", "distill.no_such_module")
    with pytest.raises(OutputError, match=r"ended before it began: .*no_such_module"):
        jobs.start(workspace, "train", sounds=corpus_dir)
    (job,) = jobs.list_jobs(workspace)
    assert job.state == JobState.CUT_OFF


def test_two_do_not_start_one_job(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = new_order("scan", ScanArguments(sounds=str(tmp_path)))
    monkeypatch.setattr(job_launch, "STARTING_S", 0.0)
    starting = take_lock(make_job_folder(workspace, order.id) / "starting")
    assert starting is not None
    with pytest.raises(UsageError, match=r"being started already"):
        job_launch.launch(workspace, order)
    starting.release()


def test_a_look_at_a_job_does_not_keep_it_from_its_start(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    order = new_order("scan", ScanArguments(sounds=str(tmp_path)))
    with open(make_job_folder(workspace, order.id) / "starting", "wb") as look:
        # As `is_taken` does in every listing; it ends while the start waits for its next try.
        fcntl.flock(look, fcntl.LOCK_SH)
        monkeypatch.setattr(
            time, "sleep", lambda _: look.closed or fcntl.flock(look, fcntl.LOCK_UN)
        )
        monkeypatch.setattr(job_launch, "RUNNER", "distill.no_such_module")
        with pytest.raises(OutputError, match="ended before it began"):
            job_launch.launch(workspace, order)
