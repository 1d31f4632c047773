"""Which jobs can be gone on with."""

from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.library import jobs
from distill.library.job_here import begin_here
from distill.library.job_kinds import TrainArguments
from distill.library.job_orders import make_job_folder, new_order, write_order
from distill.library.job_resuming import check_resumable, latest_of_model
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def test_a_model_belongs_to_the_last_job_that_trained_it(
    workspace: Workspace, tmp_path: Path
) -> None:
    arguments = TrainArguments(sounds=str(tmp_path), output=str(tmp_path / "my.sda"))
    ids = []
    for _ in range(2):
        order = new_order("train", arguments)
        ids.append(order.id)
        write_order(make_job_folder(workspace, order.id), order)
    earlier, later = sorted(ids)
    with pytest.raises(UsageError, match=rf"distill jobs resume {later}"):
        jobs.resume(workspace, earlier)


def test_the_last_job_of_a_model_is_found_by_its_path(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert latest_of_model(workspace, "train", "my.sda") is None
    order = new_order("train", TrainArguments(sounds="/s", output=str(tmp_path / "my.sda")))
    write_order(make_job_folder(workspace, order.id), order)
    assert latest_of_model(workspace, "train", "my.sda") == order
    assert latest_of_model(workspace, "train-prior", "my.sda") is None
    assert latest_of_model(workspace, "train", "other.sda") is None


def test_a_job_that_runs_or_is_done_has_nothing_to_go_on_with(
    workspace: Workspace, tmp_path: Path
) -> None:
    arguments = TrainArguments(sounds=str(tmp_path), output=str(tmp_path / "my.sda"))
    with begin_here(workspace.root, "train", arguments) as run:
        with pytest.raises(UsageError, match=r"runs already"):
            check_resumable(workspace, run.order)
        run.conclude(True, "Done.")
    with pytest.raises(UsageError, match=r"nothing is left to do"):
        check_resumable(workspace, run.order)
    assert latest_of_model(workspace, "train", tmp_path / "my.sda") is None
