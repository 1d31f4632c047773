import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill.errors import OutputError, UsageError
from distill.library.preset import ModelMention
from distill.library.presets import (
    LONGEST_NAME,
    check_name,
    delete_preset,
    export_presets,
    find_preset_id,
    import_presets,
    list_presets,
    load_preset,
    restore_preset,
    save_preset,
)
from distill.library.records import RecordError
from distill.library.workspace import Workspace, open_workspace

WARM = {"brightness": 20, "temperature": 0.8}
VOICES = ModelMention(id="0a" * 16, name="voices")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def titles(workspace: Workspace, *conditions: Any) -> list[str]:
    return [preset.title for preset in list_presets(workspace, *conditions).presets]


def test_a_preset_comes_back(workspace: Workspace) -> None:
    saved = save_preset(workspace, "drums/Warm", WARM, model=VOICES, notes="for the end")
    assert saved.settings == {"temperature": 0.8, "brightness": [[0.0, 20.0]]}
    assert (workspace.presets / "drums" / "Warm.json").exists()
    for text in (saved.id, "drums/Warm", "Warm", "DRUMS/warm"):
        assert load_preset(workspace, text) == saved
        assert find_preset_id(workspace, text) == saved.id


def test_general_presets_and_those_of_a_model(workspace: Workspace) -> None:
    save_preset(workspace, "any", WARM)
    save_preset(workspace, "z/voices", {"tags": ["low"]}, model=VOICES, notes="Für später")
    assert titles(workspace) == ["any", "z/voices"]
    assert titles(workspace, "", VOICES.id) == ["any", "z/voices"]
    assert titles(workspace, "", "0b" * 16) == ["any"]
    assert titles(workspace, "FÜR low") == ["z/voices"]
    assert titles(workspace, "brightness") == ["any"]
    assert titles(workspace, "nothing of it") == []


def test_a_name_is_kept_from_being_written_over(workspace: Workspace) -> None:
    save_preset(workspace, "warm", WARM)
    path = workspace.presets / "warm.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"colour": "red"}))
    with pytest.raises(UsageError, match="There is a preset 'Warm' already"):
        save_preset(workspace, "Warm", {"pitch": 1})
    save_preset(workspace, "Warm", {"pitch": 1}, overwrite=True)
    assert load_preset(workspace, "warm").settings == {"pitch": [[0.0, 1.0]]}
    assert json.loads(path.read_text())["colour"] == "red"
    assert os.listdir(workspace.presets) == ["warm.json"]


NO_NAMES = ["", " ", "..", "../x", "a/../b", "/a", "a/", "a//b", ".hidden", "a.", "con", "NUL.x"]
NO_NAMES += ["a:b", "a\\b", "a\nb", "a\x00", "\u202eb", "a?", "a" * (LONGEST_NAME + 1), "ü" * 51]


@pytest.mark.parametrize("title", [*NO_NAMES, "a/b/c/d/e/f"])
def test_what_cannot_be_a_name(workspace: Workspace, title: str) -> None:
    with pytest.raises(UsageError, match=r"name|folders"):
        save_preset(workspace, title, WARM)
    assert list(workspace.root.rglob("*.json")) == [workspace.hidden / "workspace.json"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(name=st.text(max_size=120))
def test_any_name_is_refused_or_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    workspace = open_workspace(tmp_path / "names")
    try:
        plain = check_name(name)
    except UsageError:
        return
    assert check_name(plain) == plain
    saved = save_preset(workspace, plain, WARM, overwrite=True)
    assert load_preset(workspace, saved.id).settings == saved.settings
    assert load_preset(workspace, plain).id == saved.id
    paths = [path for path in workspace.root.rglob("*.json") if ".distill" not in path.parts]
    assert {path.parent for path in paths} == {workspace.presets}
    delete_preset(workspace, saved.id)


def test_names_of_several(workspace: Workspace) -> None:
    save_preset(workspace, "a/warm", WARM)
    save_preset(workspace, "b/warm", WARM)
    with pytest.raises(UsageError, match=r"one of several presets \(a/warm, b/warm\)"):
        load_preset(workspace, "warm")
    assert load_preset(workspace, "a/warm").folder == "a"
    for text in ("cold", "../a/warm", "", "preset-0"):
        with pytest.raises(UsageError, match="There is no preset"):
            load_preset(workspace, text)


@pytest.mark.parametrize(
    ("content", "error", "reason"),
    [
        ("{", RecordError, "damaged"),
        ('{"version": 9}', RecordError, "newer Distill"),
        ('{"version": 1}', UsageError, "cannot be used: its settings are no table"),
        ('{"version": 1, "settings": {"colour": 1}}', UsageError, "no setting 'colour'"),
        ('{"version": 1, "settings": {"temperature": 11}}', UsageError, "between 0 and 10"),
    ],
)
def test_a_bad_file_is_named_and_does_not_hide_others(
    workspace: Workspace, content: str, error: type[Exception], reason: str
) -> None:
    save_preset(workspace, "good", WARM)
    (workspace.presets / "bad.json").write_text(content)
    found = list_presets(workspace)
    assert [preset.name for preset in found.presets] == ["good"]
    assert len(found.problems) == 1
    assert reason in found.problems[0]
    with pytest.raises(error, match=reason):
        load_preset(workspace, "bad")
    delete_preset(workspace, find_preset_id(workspace, "bad"))
    assert list_presets(workspace).problems == []


def test_a_preset_goes_to_the_bin_and_comes_back(workspace: Workspace) -> None:
    saved = save_preset(workspace, "drums/warm", WARM)
    delete_preset(workspace, saved.id)
    assert titles(workspace) == []
    assert restore_preset(workspace, saved.id) == saved
    with pytest.raises(UsageError, match="There is no preset"):
        delete_preset(workspace, "preset-000000000000")
    with pytest.raises(UsageError, match="no id"):
        delete_preset(workspace, "../warm")


# --- bundles --------------------------------------------------------------------------------------


def test_presets_travel(workspace: Workspace, tmp_path: Path) -> None:
    save_preset(workspace, "drums/warm", WARM, model=VOICES, notes="n")
    save_preset(workspace, "cold", {"brightness": 90})
    path = export_presets(list_presets(workspace).presets, tmp_path / "all.json")
    other = open_workspace(tmp_path / "other")
    added = import_presets(other, path)
    assert list_presets(other) == list_presets(workspace)
    assert added == list_presets(other).presets
    assert import_presets(other, path) == []
    into = import_presets(other, path, folder="from Anna")
    assert [preset.title for preset in into] == ["from Anna/cold", "from Anna/drums/warm"]
    save_preset(other, "cold", {"brightness": 80}, overwrite=True)
    assert [preset.title for preset in import_presets(other, path)] == ["cold 2"]
    assert load_preset(other, "cold").settings == {"brightness": [[0.0, 80.0]]}
    assert len(import_presets(other, path, overwrite=True)) == 2
    assert load_preset(other, "cold").settings == {"brightness": [[0.0, 90.0]]}


def test_the_file_of_one_preset_is_a_bundle(workspace: Workspace, tmp_path: Path) -> None:
    save_preset(workspace, "warm", WARM)
    other = open_workspace(tmp_path / "other")
    (preset,) = import_presets(other, workspace.presets / "warm.json")
    assert preset == load_preset(workspace, "warm")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no presets"),
        ("{}", "no presets"),
        ('{"presets": [], "version": 1}', "no presets"),
        ('{"format": "distill.presets", "presets": {}, "version": 1}', "no presets"),
        ('{"format": "distill.presets", "presets": [], "version": 2}', "newer Distill"),
        ('{"format": "distill.presets", "presets": []}', "damaged"),
        ('{"format": "distill.presets", "version": 1, "presets": [{}]}', "without a name"),
        ('{"format": "distill.presets", "version": 1, "presets": [3]}', "no presets"),
        (
            '{"format": "distill.presets", "version": 1, "presets": [{"title": "../x"}]}',
            "cannot be the name",
        ),
        (
            '{"format": "distill.presets", "version": 1, "presets": '
            '[{"title": "a", "settings": {}}, {"title": "b", "settings": {"seed": 1}}]}',
            "no setting 'seed'",
        ),
    ],
)
def test_a_bad_bundle_adds_nothing(
    workspace: Workspace, tmp_path: Path, content: str, reason: str
) -> None:
    path = tmp_path / "bundle.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=reason):
        import_presets(workspace, path)
    assert titles(workspace) == []


def test_what_is_no_bundle_at_all(workspace: Workspace, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(UsageError, match="cannot be read"):
            import_presets(workspace, path)
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate((16 << 20) + 1)
    with pytest.raises(UsageError, match="larger than presets are"):
        import_presets(workspace, large)
    with pytest.raises(OutputError, match=r"end in \.json"):
        export_presets([], tmp_path / "all.wav")
