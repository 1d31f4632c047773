"""Actions as commands: each line is one that the command line takes."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

from distill.cli import app
from distill.library.commands import (
    command,
    comparison_commands,
    corpus_commands,
    file_commands,
    generate_command,
    job_command,
    model_commands,
    preset_command,
    render_commands,
)
from distill.library.corpora import find_corpus
from distill.library.generation_requests import Generate
from distill.library.models import add_model, list_models
from distill.library.workspace import Workspace, open_workspace
from tests.library.makers import keep


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def parsed(line: str) -> dict[str, object]:
    """The arguments that the command line reads from a line; a line that it refuses fails."""
    name, *words = shlex.split(line)
    assert name == "distill"
    verb: Any = typer.main.get_command(app)
    while hasattr(verb, "commands"):
        verb = verb.commands[words.pop(0)]
    params: dict[str, object] = verb.make_context(name, words).params
    return params


def test_a_line_names_another_workspace_alone(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command(workspace, "jobs", "list").endswith(f"--workspace {workspace.root}")
    monkeypatch.setenv("DISTILL_WORKSPACE", str(workspace.root))
    assert command(workspace, "jobs", "list") == "distill jobs list"
    assert command(workspace, "renders", "rename", "a b") == "distill renders rename 'a b'"


def test_settings_of_generate_are_read_as_they_are_meant(
    workspace: Workspace, tmp_path: Path
) -> None:
    model = tmp_path / "my model.sda"
    source = tmp_path / "voice.wav"
    for path in (model, source):
        path.touch()
    settings = {
        "duration": 12.5,
        "top_k": 3,
        "free_time": True,
        "one_shot": False,
        "variation_of": str(source),
        "amount": 0.4,
        "brightness": [[0.0, 20.0], [5.0, 90.0]],
        "pitch": [[0.0, 70.0]],
        "tags": {"drums": 0.7, "voice": 0.3},
        "blend": [str(model), 0.4],
        "count": 4,
        "seed": 7,
    }
    values = parsed(generate_command(workspace, Generate(model=model, settings=settings)))
    assert values["model_path"] == str(model)
    assert (values["duration"], values["top_k"], values["free_time"]) == (12.5, 3, True)
    assert (values["variation_of"], values["amount"]) == (str(source), 0.4)
    assert (values["brightness"], values["pitch"]) == ("0:20,5:90", "70")
    assert values["tag"] == ("drums:0.7", "voice:0.3")
    assert (values["blend"], values["count"], values["seed"]) == ((f"{model}:0.4",), 4, 7)
    assert not values["one_shot"]


def test_trainings_are_read_as_they_are_meant(workspace: Workspace, tmp_path: Path) -> None:
    arguments = {
        "sounds": str(tmp_path),
        "settings": {"minutes": 5.0, "channels": 1, "early_stop": False},
        "prior": {},
        "device": "auto",
        "model_name": "voices",
        "parent": "",
    }
    values = parsed(job_command(workspace, "train", arguments))
    assert (values["minutes"], values["channels"], values["no_early_stop"]) == (5.0, 1, True)
    assert (values["then_prior"], values["model_name"]) == (True, "voices")
    prior = {"model": "my.sda", "sounds": str(tmp_path), "settings": {"max_epochs": 3}}
    assert parsed(job_command(workspace, "train-prior", prior))["epochs"] == 3
    assert parsed(job_command(workspace, "scan", arguments))["dataset_dir"] == str(tmp_path)


def test_every_line_of_a_record_is_one(workspace: Workspace, trained: Path, tmp_path: Path) -> None:
    render = keep(workspace, workspace.renders / "a.wav")
    corpus = find_corpus(workspace, tmp_path)
    add_model(workspace, trained)
    (model,) = list_models(workspace).models
    groups = (
        render_commands(workspace, render),
        render_commands(workspace, replace(render, starred=True)),
        corpus_commands(workspace, corpus),
        file_commands(workspace, corpus, "low/a b.wav"),
        model_commands(workspace, model),
        comparison_commands(workspace, "20261129-101112-abcdef"),
        {"save": preset_command(workspace, "slow/warm", {"duration": 5.0, "tags": {"low": 1.0}})},
    )
    for lines in groups:
        for line in lines.values():
            parsed(line)
