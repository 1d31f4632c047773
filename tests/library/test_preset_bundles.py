from pathlib import Path
from typing import Any

import pytest

from distill.errors import OutputError, UsageError
from distill.library.preset import ModelMention
from distill.library.preset_bundles import export_presets, import_presets
from distill.library.presets import list_presets, load_preset, save_preset
from distill.library.workspace import Workspace, open_workspace

WARM = {"brightness": 20, "temperature": 0.8}
VOICES = ModelMention(id="0a" * 16, name="voices")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def titles(workspace: Workspace, *conditions: Any) -> list[str]:
    return [preset.title for preset in list_presets(workspace, *conditions).presets]


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
