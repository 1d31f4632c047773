import json
import os
from pathlib import Path
from typing import Any

import pytest

from distill.errors import UsageError
from distill.library.preset import ModelMention
from distill.library.presets import (
    delete_preset,
    find_preset_id,
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
