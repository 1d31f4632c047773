"""Trainings of a workspace come in the order of their start; dead ones are passed over."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from distill.errors import OutputError
from distill.library import job_queue
from distill.library.job_orders import make_job_folder
from distill.library.job_queue import (
    is_alive,
    is_training,
    jobs_ahead,
    leave,
    queue_up,
    take_turn,
)
from distill.library.locks import take_lock
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def live_job(workspace: Workspace, job_id: str) -> object:
    lock = take_lock(make_job_folder(workspace, job_id) / "lock")
    assert lock is not None
    return lock


def test_who_comes_first_is_first(workspace: Workspace) -> None:
    # Ids do not decide.
    ids = ["c", "a", "b"]
    locks = [live_job(workspace, job_id) for job_id in ids]
    tickets = [queue_up(workspace, job_id) for job_id in ids]
    assert [jobs_ahead(workspace, job_id) for job_id in ids] == [[], ["c"], ["c", "a"]]
    # A second ticket changes nothing.
    assert queue_up(workspace, "c") == tickets[0]
    assert take_turn(workspace, "a") is None
    turn = take_turn(workspace, "c")
    assert turn is not None
    assert is_training(workspace)
    leave(tickets[0])
    # Its ticket is gone, but it still trains.
    assert jobs_ahead(workspace, "a") == []
    assert take_turn(workspace, "a") is None
    turn.release()
    assert not is_training(workspace)
    assert take_turn(workspace, "a") is not None
    assert len(locks) == 3


def test_the_dead_do_not_hold_up_the_living(workspace: Workspace) -> None:
    make_job_folder(workspace, "dead")
    ticket = queue_up(workspace, "dead")
    lock = live_job(workspace, "living")
    queue_up(workspace, "living")
    assert jobs_ahead(workspace, "living") == []
    assert not ticket.exists()
    assert lock is not None


def test_a_job_that_is_being_started_lives(workspace: Workspace) -> None:
    folder = make_job_folder(workspace, "new")
    assert not is_alive(folder)
    starting = take_lock(folder / "starting")
    assert starting is not None
    assert is_alive(folder)
    starting.release()
    assert not is_alive(folder)


def test_ids_that_end_alike_have_tickets_of_their_own(workspace: Workspace) -> None:
    locks = [live_job(workspace, job_id) for job_id in ("x-a", "a")]
    assert queue_up(workspace, "x-a") != queue_up(workspace, "a")
    assert jobs_ahead(workspace, "a") == ["x-a"]
    assert len(locks) == 2


def test_other_files_in_the_queue_are_no_jobs(workspace: Workspace) -> None:
    lock = live_job(workspace, "a")
    queue_up(workspace, "a").parent.joinpath("Thumbs.db").write_text("x")
    assert jobs_ahead(workspace, "a") == []
    assert lock is not None


def test_a_queue_that_cannot_be_written_is_named(workspace: Workspace) -> None:
    (workspace.hidden / "queue").write_text("a file")
    with pytest.raises(OutputError, match="queue"):
        queue_up(workspace, "a")


def test_a_dead_job_that_begins_again_meanwhile_keeps_its_place(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_job_folder(workspace, "again")
    ticket = queue_up(workspace, "again")
    lock = live_job(workspace, "other")
    queue_up(workspace, "other")
    begun: list[object] = []

    def look(place: Path) -> bool:
        is_there = is_alive(place)
        if place == folder and not begun:
            # Right after this look it is started, and finds the ticket of its earlier run.
            begun.append(take_lock(folder / "starting"))
            assert queue_up(workspace, "again") == ticket
        return is_there

    monkeypatch.setattr(job_queue, "is_alive", look)
    assert jobs_ahead(workspace, "other") == ["again"]
    assert ticket.exists()
    assert jobs_ahead(workspace, "again") == []
    assert lock is not None


def test_trainings_that_start_at_one_moment_all_have_a_place(workspace: Workspace) -> None:
    ids = [f"job-{number}" for number in range(8)]
    locks = [live_job(workspace, job_id) for job_id in ids]
    gate = threading.Barrier(len(ids))

    def begin(job_id: str) -> int:
        gate.wait()
        queue_up(workspace, job_id)
        return len(jobs_ahead(workspace, job_id))

    with ThreadPoolExecutor(len(ids)) as pool:
        # Whoever has a ticket knows its place for good: none comes before it later.
        places = list(pool.map(begin, ids))
    assert sorted(places) == list(range(len(ids)))
    assert len(locks) == len(ids)
