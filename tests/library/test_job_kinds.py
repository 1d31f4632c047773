"""Bad arguments are refused in a sentence, before anything is started."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from distill.errors import CorpusError, DistillError, ModelFileError, OutputError, UsageError
from distill.library.job_kinds import (
    KINDS,
    TrainArguments,
    kind_of,
    parse_arguments,
    plain_arguments,
)
from distill.library.job_orders import make_job_folder, new_order, write_order
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def checked(workspace: Workspace, kind: str, **arguments: Any) -> Any:
    return kind_of(kind).check(workspace, parse_arguments(kind, arguments))


@pytest.mark.parametrize("kind", KINDS)
def test_the_work_of_every_kind_is_there(kind: str) -> None:
    module, _, function = KINDS[kind].work.partition(":")
    assert callable(getattr(import_module(module), function))


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_survive_being_written(kind: str) -> None:
    name = KINDS[kind].model or "sounds"
    arguments = parse_arguments(kind, {"sounds": Path("a/sounds"), name: Path("b/my.sda")})
    assert parse_arguments(kind, plain_arguments(arguments)) == arguments
    assert "sounds" in KINDS[kind].title(arguments) or name == "sounds"


def test_paths_become_absolute_and_none_is_left_out(
    workspace: Workspace, corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(corpus_dir.parent)
    arguments = checked(
        workspace,
        "train",
        sounds=corpus_dir.name,
        output=tmp_path / "my.sda",
        settings={"minutes": 3, "steps": None},
        prior={},
    )
    assert arguments.sounds == str(corpus_dir)
    assert arguments.settings == {"minutes": 3}
    assert arguments.prior == {}
    assert KINDS["train"].title(arguments) == f"{corpus_dir.name} → my.sda"


def test_a_training_without_an_output_goes_into_the_workspace(
    workspace: Workspace, corpus_dir: Path
) -> None:
    first = Path(checked(workspace, "train", sounds=corpus_dir).output)
    assert first == workspace.models / f"{corpus_dir.name}.sda"
    first.write_text("taken")
    second = Path(checked(workspace, "train", sounds=corpus_dir).output)
    assert second.name == f"{corpus_dir.name}-2.sda"
    # One that waits has written nothing yet.
    order = new_order("train", TrainArguments(sounds="/sounds", output=str(second)))
    write_order(make_job_folder(workspace, order.id), order)
    (make_job_folder(workspace, "torn") / "job.json").write_text('{"arguments": []}')
    third = Path(checked(workspace, "train", sounds=corpus_dir).output)
    assert third.name == f"{corpus_dir.name}-3.sda"


@pytest.mark.parametrize(
    ("kind", "arguments", "error", "words"),
    [
        ("dance", {}, UsageError, "no kind of job 'dance'"),
        ("train", {}, UsageError, "sounds"),
        ("train", {"sounds": "nowhere"}, CorpusError, "no folder nowhere"),
        ("train", {"sounds": ".", "tempo": 1}, UsageError, "takes no 'tempo'"),
        ("train", {"sounds": ".", "output": "my.wav"}, OutputError, "end in .sda"),
        ("train", {"sounds": ".", "output": "no/my.sda"}, OutputError, "does not exist"),
        ("train", {"sounds": ".", "settings": {"minutes": -1}}, UsageError, "--minutes"),
        ("train", {"sounds": ".", "settings": {"minutes": "x"}}, UsageError, "wrong type"),
        ("train", {"sounds": ".", "settings": {"tempo": 1}}, UsageError, "no setting 'tempo'"),
        ("train", {"sounds": ".", "settings": {"check": 1}}, UsageError, "no setting 'check'"),
        ("train", {"sounds": ".", "prior": {"max_epochs": 0}}, UsageError, "--epochs"),
        ("train", {"sounds": ".", "output": "old.sda"}, OutputError, "trained model already"),
        ("train", {"sounds": ".", "output": "half.sda"}, OutputError, "interrupted training"),
        ("train-prior", {"sounds": ".", "model": "no.sda"}, ModelFileError, "no model file"),
        ("train-prior", {"sounds": "no", "model": "old.sda"}, CorpusError, "no folder"),
        ("scan", {"sounds": "old.sda"}, CorpusError, "is a file"),
        ("scan", {"sounds": ".", "channels": 3}, UsageError, "--channels"),
    ],
)
def test_bad_arguments(
    workspace: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    arguments: dict[str, Any],
    error: type[DistillError],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.sda").write_text("a model")
    (tmp_path / "half.sda.train.ckpt").write_text("a checkpoint")
    with pytest.raises(error, match=words) as raised:
        checked(workspace, kind, **arguments)
    assert "\n" not in str(raised.value)


def test_an_interrupted_training_needs_no_folder(workspace: Workspace, tmp_path: Path) -> None:
    arguments = checked(workspace, "train", sounds="", output=tmp_path / "my.sda", resume=True)
    assert KINDS["train"].title(arguments) == "my.sda"
