import json
from pathlib import Path

import pytest

from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("DISTILL_WORKSPACE", str(tmp_path / "studio"))
    return open_workspace()


def test_a_library(run, trained: Path, workspace: Workspace) -> None:
    assert "No models yet" in run("models", "list").stderr
    added = run("models", "add", trained, "--name", "Plucks", "--json")
    model = json.loads(added.stdout)
    assert Path(model["path"]) == workspace.models / "plucks.sda"
    result = run("models", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Plucks" in result.stderr
    listed = json.loads(run("models", "list", "--json").stdout)
    assert [entry["id"] for entry in listed["models"]] == [model["id"]]
    assert listed["models"][0]["health"]["colour"] in ("good", "warn", "bad")
    assert run("models", "rename", "Plucks", "Best").exit_code == 0
    assert run("models", "note", "Best", "keep").exit_code == 0
    shown = run("models", "show", "Best").stderr
    assert "keep" in shown
    assert "in use, perplexity" in shown
    assert len(json.loads(run("models", "show", "Best", "--json").stdout)["corpus"]) == 8
    assert run("models", "delete", "Best").exit_code == 0
    assert "No models yet" in run("models", "list").stderr
    assert run("models", "restore", model["id"]).exit_code == 0
    assert "No model fits." in run("models", "list", "other").stderr


@pytest.mark.parametrize(
    ("words", "sentence", "code"),
    [
        (["show", "none"], "There is no model 'none'", 2),
        (["delete", "../../etc"], "There is no model", 2),
        (["restore", "../../etc"], "is no id", 2),
        (["add", "none.sda"], "There is no model file at none.sda", 1),
    ],
)
def test_one_sentence(
    run, workspace: Workspace, words: list[str], sentence: str, code: int
) -> None:
    result = run("models", *words)
    assert result.exit_code == code
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
