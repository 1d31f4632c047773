"""Jobs in processes of their own: they go on without us, stop when asked, and survive kills."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from distill.errors import CorpusError, UsageError
from distill.library import jobs
from distill.library.job_kinds import TrainArguments
from distill.library.job_orders import make_job_folder, new_order, write_order
from distill.library.job_types import Job, JobEvent, JobState
from distill.library.workspace import Workspace, open_workspace
from distill.models.persistence import load_model_v2

LIMIT_S = 300.0
"""Longest wait for an event: a fault then ends the test."""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace; what runs in it at the end is stopped."""
    opened = open_workspace(tmp_path / "studio")
    yield opened
    for job in jobs.list_jobs(opened):
        if job.state.is_alive:
            jobs.stop(opened, job.id)
            wait_for_end(opened, job)


def wait_for_end(workspace: Workspace, job: Job) -> Job:
    late = threading.Event()
    timer = threading.Timer(LIMIT_S, late.set)
    timer.start()
    for _ in jobs.watch(workspace, job.id, cancel_event=late):
        pass
    timer.cancel()
    assert not late.is_set()
    return jobs.get(workspace, job.id)


def wait_for_event(
    workspace: Workspace, job: Job, is_it: Callable[[JobEvent], bool], after: int = 0
) -> JobEvent:
    for event in jobs.watch(workspace, job.id, after):
        if is_it(event):
            return event
    raise AssertionError(jobs.get(workspace, job.id))


def is_step(event: JobEvent) -> bool:
    return event.type == "StepMetrics"


def process_of(workspace: Workspace, job: Job) -> int:
    """Number of the process of a job."""
    folder = str(workspace.jobs / job.id)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if folder.encode() in words and b"distill.library.run_job" in words:
            return int(entry.name)
    raise AssertionError(f"no process of {job.id}")


def test_a_scan_runs_by_itself_and_two_watchers_see_the_same(
    workspace: Workspace, corpus_dir: Path
) -> None:
    job = jobs.start(workspace, "scan", sounds=corpus_dir)
    assert job.state.is_alive
    seen: list[list[JobEvent]] = [[], []]
    threads = [
        threading.Thread(target=lambda events=events: events.extend(jobs.watch(workspace, job.id)))
        for events in seen
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert seen[0] == seen[1]
    assert [event.type for event in seen[0]][-2:] == ["ScanComplete", "JobDone"]
    done = jobs.get(workspace, job.id)
    assert (done.state, done.sentence) == (
        JobState.DONE,
        "8 sounds can be used. Verdict: go.",
    )
    report = json.loads((workspace.jobs / job.id / "report.json").read_text())
    assert (report["used"], len(report["files"])) == (8, 8)
    # Watching a job that has ended shows what there was.
    assert list(jobs.watch(workspace, job.id, after=seen[0][-2].n)) == seen[0][-1:]
    with pytest.raises(UsageError, match=r"ended already"):
        jobs.stop(workspace, job.id)
    with pytest.raises(UsageError, match=r"nothing is left to do"):
        jobs.resume(workspace, job.id)


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_stopped_killed_and_gone_on_with_it_ends_as_an_unbroken_run(
    workspace: Workspace, corpus_dir: Path, codec_only: Path, tiny: dict[str, Any]
) -> None:
    # As in `codec_only`.
    job = jobs.start(workspace, "train", sounds=corpus_dir, settings={"steps": 20, **tiny})
    wait_for_event(workspace, job, is_step)
    assert jobs.get(workspace, job.id).state == JobState.RUNNING
    jobs.stop(workspace, job.id)
    stopped = wait_for_end(workspace, job)
    assert stopped.state == JobState.STOPPED
    assert stopped.sentence.startswith("Stopped after ")

    resumed = jobs.resume(workspace, job.id)
    assert resumed.state.is_alive
    with pytest.raises(UsageError, match=r"runs already|being started"):
        jobs.resume(workspace, job.id)
    wait_for_event(workspace, job, is_step, after=stopped.last_event)
    os.kill(process_of(workspace, job), signal.SIGKILL)
    killed = wait_for_end(workspace, job)
    assert (killed.state, killed.stage) == (JobState.CUT_OFF, "codec")
    assert killed.sentence.startswith("Cut off at ")

    jobs.resume(workspace, job.id)
    done = wait_for_end(workspace, job)
    assert done.state == JobState.DONE
    ours = load_model_v2(Path(job.arguments["output"]))
    theirs = load_model_v2(codec_only)
    assert ours.metadata["training"]["steps_done"] == 20
    assert ours.model.codebook_hash() == theirs.model.codebook_hash()
    numbers = [event.n for event in jobs.watch(workspace, job.id)]
    assert numbers == sorted(set(numbers))
    curves = jobs.curves(workspace, job.id)
    assert curves["StepMetrics"][-1].data["step"] == 20


def test_a_prior_follows_and_the_next_training_waits(
    workspace: Workspace, corpus_dir: Path, tiny: dict[str, Any], tiny_prior: dict[str, Any]
) -> None:
    first = jobs.start(
        workspace,
        "train",
        sounds=corpus_dir,
        settings={"steps": 4, **tiny},
        prior={**tiny_prior, "max_epochs": 1},
    )
    second = jobs.start(workspace, "train", sounds=corpus_dir, settings={"steps": 2, **tiny})
    assert Path(first.arguments["output"]) != Path(second.arguments["output"])
    waiting = jobs.get(workspace, second.id)
    assert (waiting.state, waiting.sentence) == (JobState.WAITING, "Waits for 1 training.")
    assert wait_for_end(workspace, first).state == JobState.DONE
    types = [event.type for event in jobs.watch(workspace, first.id)]
    assert types.index("TrainingCompleteEvent") < types.index("PriorEpochMetrics")
    assert types[-2:] == ["PriorTrainingCompleteEvent", "JobDone"]
    assert load_model_v2(Path(first.arguments["output"])).prior is not None
    # It begins by itself, once the first has ended.
    assert wait_for_end(workspace, second).state == JobState.DONE
    began = next(e for e in jobs.watch(workspace, second.id) if e.type == "JobRunning")
    assert began.t >= jobs.get(workspace, first.id).changed
    assert [job.id for job in jobs.list_jobs(workspace)] == [second.id, first.id]


def test_a_failure_is_kept_in_a_sentence_and_can_be_tried_again(
    workspace: Workspace, trained: Path, corpus_dir: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model.sda"
    model.write_bytes(trained.read_bytes())
    job = jobs.start(
        workspace, "train", sounds=corpus_dir, output=model, overwrite=True, settings={"steps": 1}
    )
    failed = wait_for_end(workspace, job)
    assert failed.state == JobState.FAILED
    assert "holds a trained prior" in failed.sentence
    assert model.read_bytes() == trained.read_bytes()


def test_a_corpus_that_is_gone_is_said_before_going_on(
    workspace: Workspace, tmp_path: Path
) -> None:
    arguments = TrainArguments(sounds=str(tmp_path / "gone"), output=str(tmp_path / "my.sda"))
    order = new_order("train", arguments)
    write_order(make_job_folder(workspace, order.id), order)
    with pytest.raises(CorpusError, match=r"no folder .*gone"):
        jobs.resume(workspace, order.id)
    with pytest.raises(CorpusError, match=r"no folder .*elsewhere"):
        jobs.resume(workspace, order.id, sounds=tmp_path / "elsewhere")
    assert jobs.get(workspace, order.id).state == JobState.CUT_OFF


@pytest.mark.parametrize("job_id", ["nothing", "../../etc/passwd", "/", "A b"])
def test_ids_that_name_no_job(workspace: Workspace, job_id: str) -> None:
    for deed in (jobs.get, jobs.stop, jobs.resume, jobs.curves):
        with pytest.raises(UsageError, match=r"no job|no id"):
            deed(workspace, job_id)
    with pytest.raises(UsageError, match=r"no job|no id"):
        next(jobs.watch(workspace, job_id))


def test_damaged_jobs_are_left_out_with_a_remark(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    assert jobs.list_jobs(workspace) == []
    order = new_order("train", TrainArguments(sounds="/sounds", output="/my.sda"))
    write_order(make_job_folder(workspace, order.id), order)
    (make_job_folder(workspace, "torn") / "job.json").write_text('{"version": 1, "id"')
    make_job_folder(workspace, "empty")
    assert [job.id for job in jobs.list_jobs(workspace)] == [order.id]
    assert ["torn" in record.message for record in caplog.records] == [True]


def test_a_job_of_a_kind_from_the_future_is_shown(workspace: Workspace) -> None:
    order = new_order("train", TrainArguments(sounds="/sounds", output="/my.sda"))
    folder = make_job_folder(workspace, order.id)
    write_order(folder, order)
    text = (folder / "job.json").read_text().replace('"train"', '"dance"')
    (folder / "job.json").write_text(text)
    (job,) = jobs.list_jobs(workspace)
    assert (job.kind, job.state) == ("dance", JobState.CUT_OFF)
    with pytest.raises(UsageError, match=r"no kind of job 'dance'"):
        jobs.resume(workspace, order.id)


def test_a_watcher_that_is_told_to_end_ends(workspace: Workspace) -> None:
    order = new_order("train", TrainArguments(sounds="/sounds", output="/my.sda"))
    write_order(make_job_folder(workspace, order.id), order)
    ended = threading.Event()
    ended.set()
    began = time.monotonic()
    assert list(jobs.watch(workspace, order.id, cancel_event=ended)) == []
    assert time.monotonic() - began < LIMIT_S
