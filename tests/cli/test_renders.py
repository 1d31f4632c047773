import json
from pathlib import Path

import pytest

from distill.library.renders import find_renders, load_render
from distill.library.workspace import Workspace, open_workspace
from tests.library.makers import keep


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("DISTILL_WORKSPACE", str(tmp_path / "studio"))
    return open_workspace()


def test_a_history(run, workspace: Workspace, tmp_path: Path) -> None:
    assert "No sounds yet." in run("renders", "list").stderr
    first = keep(workspace, tmp_path / "kick.wav", seed=1)
    second = keep(workspace, tmp_path / "rain.wav", seed=2)
    result = run("renders", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "kick" in result.stderr
    assert "1 of 2; --limit 0 shows all." in run("renders", "list", "--limit", "1").stderr
    listed = json.loads(run("renders", "list", "rain", "--json").stdout)
    assert [row["id"] for row in listed["renders"]] == [second.id]
    assert listed["renders"][0]["title"] == "rain"
    assert listed["total"] == 1
    assert "No sound fits." in run("renders", "list", "--seed", "9").stderr

    assert "kick ★." in run("renders", "star", "kick").stderr
    run("renders", "rename", first.id, "Boom")
    run("renders", "note", "Boom", "for the end")
    changed = load_render(workspace, first.id)
    assert (changed.name, changed.notes, changed.starred) == ("Boom", "for the end", True)
    shown = run("renders", "show", "Boom")
    assert "as it was written" in shown.stderr
    assert json.loads(run("renders", "show", "Boom", "--json").stdout)["starred"] is True
    assert run("renders", "star", "Boom", "--off", "--json").exit_code == 0

    deleted = run("renders", "delete", "last")
    assert f"`distill renders restore {second.id}` brings it back." in deleted.stderr
    assert not second.path.exists()
    assert run("renders", "restore", second.id).exit_code == 0
    assert second.path.exists()
    deleted = run("renders", "delete", second.id, "--for-good")
    assert "brings it back" not in deleted.stderr
    assert "no deleted render" in run("renders", "restore", second.id).stderr


@pytest.mark.parametrize("columns", ["80", "109", "110", "200"])
def test_ids_are_shown_whole(
    run, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    name = "a long name of a sound that was made late at night.wav"
    render = keep(workspace, tmp_path / name, seed=4_000_000_000)
    lines = run("renders", "list").stderr.splitlines()
    assert sum(render.id in line for line in lines) == 1
    assert all(len(line) <= int(columns) for line in lines)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["show", "none"], "There is no render 'none'"),
        (["show", "../../etc/passwd"], "There is no render"),
        (["restore", "../a"], "is no id"),
        (["restore", "20260101-000000-abcdef"], "no deleted render"),
        (["list", "--since", "yesterday"], "--since takes a day"),
        (["again", "last"], "There is no render 'last'"),
        (["vary", "last"], "There is no render 'last'"),
    ],
)
def test_one_sentence(run, workspace: Workspace, words: list[str], sentence: str) -> None:
    result = run("renders", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_generate_writes_a_history(run, trained: Path, workspace: Workspace) -> None:
    short = ["--duration", "0.4", "--threads", "1", "--seed", "7"]
    result = run("generate", trained, "-o", "new.wav", "--json", *short)
    (facts,) = json.loads(result.stdout)["files"]
    (row,) = find_renders(workspace).rows
    assert facts["render"] == row.id
    assert Path(facts["codes"]).exists()
    assert run("decode", trained, facts["codes"], "-o", "decoded.wav").exit_code == 0
    edited = run("edit", "reverse", facts["codes"], "-o", "edited.json")
    assert edited.exit_code == 0, edited.stderr
    again = run("renders", "again", "last", "--json")
    assert again.exit_code == 0, again.stderr
    (made,) = json.loads(again.stdout)["files"]
    assert Path(made["path"]).read_bytes() == Path("new.wav").read_bytes()
    longer = run("renders", "longer", row.id, "--duration", "0.6")
    assert longer.exit_code == 0, longer.stderr
    varied = run("renders", "vary", row.id, "--amount", "0.5", "--seed", "3", "--json")
    assert varied.exit_code == 0, varied.stderr
    assert find_renders(workspace).total == 4


def test_a_workspace_that_cannot_be_used_costs_a_remark(run, trained: Path) -> None:
    Path("file").write_text("no folder")
    result = run(
        "generate", trained, "-o", "new.wav", "--duration", "0.3", "--workspace", "file", "--json"
    )
    assert result.exit_code == 0
    assert json.loads(result.stdout)["files"][0]["render"] is None
    assert Path("new.wav").exists()
