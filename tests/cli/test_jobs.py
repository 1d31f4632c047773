"""`distill jobs`: what the terminal shows of jobs, in plain words and as JSON."""

import json
from pathlib import Path

import pytest

from distill.errors import OutputError
from distill.library.job_here import begin_here
from distill.library.job_kinds import ScanArguments, TrainArguments
from distill.library.job_run import JobRun
from distill.library.jobs import list_jobs
from distill.library.workspace import Workspace, open_workspace
from distill.training.metrics import ModelSaved
from tests.library.records import step

TINY = ["--batch-size", "2", "--codebook-size", "16", "--rvq-levels", "2", "--threads", "1"]

TINY_PRIOR = {
    "max_epochs": 1,
    "minutes": None,
    "hidden_size": 32,
    "num_layers": 1,
    "num_heads": 2,
    "learning_rate": None,
    "threads": 1,
}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace of the test's own, which commands find by themselves."""
    monkeypatch.setenv("DISTILL_WORKSPACE", str(tmp_path / "studio"))
    return open_workspace()


def record(workspace: Workspace, finished: bool = True) -> JobRun:
    """A training that has ended."""
    arguments = TrainArguments(sounds="/voices", output="/my.sda")
    with begin_here(workspace.root, "train", arguments) as run:
        run.take_turn()
        run.write(step(25))
        run.write(ModelSaved(step=25, path="/my.sda"))
        run.conclude(finished, "As good as it gets.")
    return run


def test_no_jobs_are_no_error(run, workspace: Workspace) -> None:
    result = run("jobs", "list")
    assert (result.exit_code, result.stderr.count("\n")) == (0, 1)
    assert "no jobs yet" in result.stderr
    assert json.loads(run("jobs", "list", "--json").stdout) == {"jobs": []}
    nothing = run("jobs", "watch")
    assert nothing.exit_code == 2
    assert "There are no jobs" in nothing.stderr


def test_the_list_has_state_title_and_sentence(run, workspace: Workspace) -> None:
    done = record(workspace).order.id
    stopped = record(workspace, finished=False).order.id
    result = run("jobs", "list")
    assert result.stdout == ""
    assert f"{done}  done\n  train: voices → my.sda\n  As good as it gets.\n" in result.stderr
    assert f"{stopped}  stopped\n" in result.stderr
    assert f"Go on: distill jobs resume {stopped}\n" in result.stderr
    assert f"resume {done}" not in result.stderr
    listed = json.loads(run("jobs", "list", "--json").stdout)["jobs"]
    assert {(job["id"], job["state"]) for job in listed} == {(done, "done"), (stopped, "stopped")}
    assert listed[0]["arguments"]["sounds"] == "/voices"


def test_watching_what_has_ended_shows_it_and_its_end(run, workspace: Workspace) -> None:
    job_id = record(workspace).order.id
    result = run("jobs", "watch", job_id)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "step 25 | 1:15 left" in result.stderr
    assert "As good as it gets." in result.stderr
    lines = run("jobs", "watch", job_id, "--json").stdout.splitlines()
    assert [json.loads(line)["type"] for line in lines] == [
        "JobWaiting",
        "JobRunning",
        "StepMetrics",
        "ModelSaved",
        "JobDone",
    ]
    later = run("jobs", "watch", job_id, "--after", "3", "--json").stdout.splitlines()
    assert later == lines[3:]
    # Without an id: the newest.
    assert run("jobs", "watch", "--json").stdout.splitlines() == lines


def test_the_exit_code_of_watching_tells_the_end(run, workspace: Workspace) -> None:
    assert run("jobs", "watch", record(workspace, finished=False).order.id).exit_code == 130
    arguments = ScanArguments(sounds="/voices")
    with pytest.raises(OutputError), begin_here(workspace.root, "scan", arguments) as failing:
        raise OutputError("No room.")
    failed = run("jobs", "watch", failing.order.id)
    assert failed.exit_code == 1
    assert "No room." in failed.stderr


@pytest.mark.parametrize("command", ["watch", "stop", "resume"])
@pytest.mark.parametrize("job_id", ["nothing", "../../etc/passwd", "/", ""])
def test_unknown_ids_are_one_sentence(run, workspace: Workspace, command: str, job_id: str) -> None:
    result = run("jobs", command, job_id or "''")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


def test_a_job_that_is_done_cannot_be_stopped_or_gone_on_with(run, workspace: Workspace) -> None:
    job_id = record(workspace).order.id
    for command, words in (("stop", "has ended already: done"), ("resume", "nothing is left")):
        result = run("jobs", command, job_id)
        assert result.exit_code == 2
        assert words in result.stderr


def test_a_newer_workspace_is_refused(run, workspace: Workspace) -> None:
    (workspace.hidden / "workspace.json").write_text('{"version": 99}')
    for words in (["list"], ["watch", "a"], ["stop", "a"], ["resume", "a"]):
        result = run("jobs", *words)
        assert result.exit_code == 2
        assert "newer Distill" in result.stderr


# --- trainings ------------------------------------------------------------------------------------


def test_a_plain_training_is_a_job(run, workspace: Workspace, corpus_dir: Path) -> None:
    result = run("train", corpus_dir, "-o", "my.sda", "--steps", "2", *TINY)
    assert result.exit_code == 0
    (job,) = list_jobs(workspace)
    assert (job.kind, job.state, job.title) == ("train", "done", f"{corpus_dir.name} → my.sda")
    assert job.sentence == "Too early to tell: train longer."
    types = [
        json.loads(line)["type"] for line in run("jobs", "watch", "--json").stdout.splitlines()
    ]
    for name in ("ScanProgress", "StepMetrics", "ModelSaved", "TrainingCompleteEvent"):
        assert name in types
    assert types[-1] == "JobDone"


def test_a_training_that_is_refused_leaves_no_job(run, workspace: Workspace) -> None:
    assert run("train", "nowhere", "-o", "my.sda").exit_code == 2
    assert run("train", "--resume", "my.sda").exit_code == 1
    assert run("train-prior", "my.sda", "nowhere").exit_code != 0
    assert list_jobs(workspace) == []


def test_ctrl_c_stops_the_job_and_resume_goes_on_with_it(
    run, interrupt, workspace: Workspace, corpus_dir: Path
) -> None:
    arguments = ("train", corpus_dir, "-o", "my.sda", "--steps", "60", *TINY)
    code, _, _ = interrupt(*arguments, after="step ")
    assert code == 130
    (stopped,) = list_jobs(workspace)
    assert stopped.state == "stopped"
    assert stopped.sentence.endswith("all is saved.")
    assert run("train", "--resume", "my.sda").exit_code == 0
    (done,) = list_jobs(workspace)
    assert (done.id, done.state) == (stopped.id, "done")


def test_ctrl_c_before_the_first_step_stops_the_job(
    interrupt, workspace: Workspace, corpus_dir: Path
) -> None:
    arguments = ("train", corpus_dir, "-o", "my.sda", "--steps", "500", *TINY)
    assert interrupt(*arguments, after="8 of 8 files")[0] == 130
    assert [job.state for job in list_jobs(workspace)] == ["stopped"]


@pytest.mark.parametrize("fault", ["newer", "file", "jobs"])
def test_where_the_workspace_cannot_be_used_training_runs_with_one_remark(
    run, tmp_path: Path, corpus_dir: Path, fault: str
) -> None:
    studio = tmp_path / "studio"
    if fault == "file":
        studio.write_text("a file")
    else:
        hidden = open_workspace(studio).hidden
        if fault == "newer":
            (hidden / "workspace.json").write_text('{"version": 99}')
        else:
            (hidden / "jobs").write_text("a file")
    result = run(
        *("train", corpus_dir, "-o", "my.sda", "--steps", "2", "--workspace", studio), *TINY
    )
    assert result.exit_code == 0
    assert result.stderr.count("This training is not listed among the jobs. ") == 1
    assert (tmp_path / "my.sda").exists()


def test_a_detached_training_goes_on_by_itself(
    run, workspace: Workspace, corpus_dir: Path, tmp_path: Path
) -> None:
    command = ("train", corpus_dir, "-o", "my.sda", "--steps", "2", "--detach")
    started = run(*command, "--then-prior", *TINY)
    assert started.exit_code == 0
    (job,) = list_jobs(workspace)
    assert f"distill jobs watch {job.id}" in started.stderr
    assert f"distill jobs stop {job.id}" in started.stderr
    assert run("jobs", "stop", job.id).exit_code == 0
    (stopped,) = list_jobs(workspace)
    assert stopped.state == "stopped"
    resumed = json.loads(run("jobs", "resume", job.id, "--json").stdout)
    assert resumed["id"] == job.id
    assert run("jobs", "stop", job.id, "--json").exit_code == 0
    refused = run("train", corpus_dir, "-o", "my.wav", "--detach")
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)


def test_a_prior_follows_where_it_is_asked_for(
    run, workspace: Workspace, corpus_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One of full length would take minutes.
    monkeypatch.setattr("distill.cli.train_prior.NOT_GIVEN", TINY_PRIOR)
    command = ("train", corpus_dir, "-o", "my.sda", "--steps", "2", "--then-prior", "--json")
    result = run(*command, *TINY)
    assert result.exit_code == 0
    outcome = json.loads(result.stdout)
    assert outcome["prior"]["epochs_trained"] == 1
    (job,) = list_jobs(workspace)
    assert (job.state, job.arguments["prior"]) == ("done", {})
    types = [
        json.loads(line)["type"] for line in run("jobs", "watch", "--json").stdout.splitlines()
    ]
    assert types.count("TrainingCompleteEvent") == types.count("PriorTrainingCompleteEvent") == 1


def test_a_prior_training_is_a_job(
    run, workspace: Workspace, corpus_dir: Path, bare_model: Path, tiny_prior_options: list[str]
) -> None:
    result = run("train-prior", bare_model, corpus_dir, "-e", "1", *tiny_prior_options)
    assert result.exit_code == 0
    (job,) = list_jobs(workspace)
    assert (job.kind, job.state) == ("train-prior", "done")
    assert job.title == f"{corpus_dir.name} → bare.sda"
