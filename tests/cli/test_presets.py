import json
from pathlib import Path

import pytest

from distill.library.presets import load_preset
from distill.library.workspace import Workspace, open_workspace
from tests.library.makers import keep


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("DISTILL_WORKSPACE", str(tmp_path / "studio"))
    return open_workspace()


def test_presets(run, workspace: Workspace, tmp_path: Path) -> None:
    assert "No presets yet." in run("presets", "list").stderr
    result = run("presets", "save", "drums/warm", "--set", "brightness=0:20,5:90")
    assert result.stderr == "drums/warm: brightness 0:20,5:90\n"
    keep(workspace, tmp_path / "a.wav")
    words = ["--from", "last", "--set", "temperature=0.7", "--set", "tags=low:0.5,high"]
    assert run("presets", "save", "like that", "--for-model", *words).exit_code == 0
    saved = load_preset(workspace, "like that")
    assert saved.settings["temperature"] == 0.7
    assert saved.settings["tags"] == [["low", 0.5], ["high", 1.0]]
    assert saved.model is not None
    assert saved.model.name == "plucks"
    listed = json.loads(run("presets", "list", "--json").stdout)
    assert [preset["name"] for preset in listed["presets"]] == ["warm", "like that"]
    assert "brightness: 0:20,5:90" in run("presets", "show", "warm").stderr
    assert run("presets", "export", "-o", "all.json").stderr == "all.json: 2 presets.\n"
    assert "--overwrite" in run("presets", "export", "-o", "all.json").stderr
    deleted = run("presets", "delete", "warm")
    assert deleted.exit_code == 0, deleted.stderr
    assert "drums/warm" in run("presets", "import", "all.json").stderr
    assert run("presets", "import", "all.json").stderr == "All of them are there already.\n"
    assert run("presets", "restore", "preset-000000000000").exit_code == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["show", "none"], "There is no preset 'none'"),
        (["save", "../x", "--set", "pitch=1"], "cannot be the name of a preset"),
        (["save", "x"], "Which settings?"),
        (["save", "x", "--set", "pitch"], "--set takes name=value"),
        (["save", "x", "--set", "seed=3"], "no setting 'seed'"),
        (["save", "x", "--set", "temperature=hot"], "'temperature' is of no use"),
        (["save", "x", "--for-model", "--set", "pitch=1"], "--for-model means"),
        (["import", "none.json"], "cannot be read"),
    ],
)
def test_one_sentence(run, workspace: Workspace, words: list[str], sentence: str) -> None:
    result = run("presets", *words)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_generate_takes_a_preset(run, trained: Path, workspace: Workspace) -> None:
    run("presets", "save", "short", "--set", "duration=0.4", "--set", "temperature=0.5")
    options = ["-o", "a.wav", "--seed", "3", "--threads", "1", "--json"]
    result = run("generate", trained, "--preset", "short", "--temperature", "0.9", *options)
    (facts,) = json.loads(result.stdout)["files"]
    assert facts["duration_s"] == pytest.approx(0.4)
    assert facts["sampling"]["temperature"] == 0.9
    again = run("generate", trained, "--preset", "short", "--again", "a.wav", "-o", "b.wav")
    assert "leave out --preset" in again.stderr
    none = run("generate", trained, "--preset", "none", "-o", "b.wav")
    assert "There is no preset 'none'" in none.stderr
    (workspace.presets / "bad.json").write_text('{"version": 1, "settings": {"top_p": 7}}')
    bad = run("generate", trained, "--preset", "bad", "-o", "b.wav")
    assert "--top-p must be above 0" in bad.stderr
    assert bad.exit_code == 2
