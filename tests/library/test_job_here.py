"""A training in a terminal is a job; going on with a model goes on with its job."""

from pathlib import Path

import pytest

from distill.errors import OutputError, UsageError
from distill.library.job_here import begin_here
from distill.library.job_kinds import TrainArguments
from distill.library.jobs import list_jobs
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def arguments(tmp_path: Path) -> TrainArguments:
    return TrainArguments(sounds=str(tmp_path), output=str(tmp_path / "my.sda"))


def test_going_on_with_a_model_goes_on_with_its_job(workspace: Workspace, tmp_path: Path) -> None:
    with begin_here(workspace.root, "train", arguments(tmp_path)) as first:
        first.conclude(False, "Stopped.")
    (first.folder / "stop").touch()
    with begin_here(workspace.root, "train", arguments(tmp_path), is_resumed=True) as second:
        assert second.is_resumed
        assert not (second.folder / "stop").exists()
    assert [job.id for job in list_jobs(workspace)] == [first.order.id]


def test_a_model_without_a_job_gets_one(workspace: Workspace, tmp_path: Path) -> None:
    with begin_here(workspace.root, "train", arguments(tmp_path), is_resumed=True) as run:
        assert not run.is_resumed
    # That one is done: going on begins another.
    with begin_here(workspace.root, "train", arguments(tmp_path), is_resumed=True):
        pass
    assert len(list_jobs(workspace)) == 2


def test_a_workspace_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="no folder"):
        begin_here(tmp_path / "file", "train", arguments(tmp_path))
    with pytest.raises(OutputError, match="cannot be used"):
        begin_here(tmp_path / "file" / "studio", "train", arguments(tmp_path))
