from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill.errors import UsageError
from distill.library.preset_files import LONGEST_NAME, check_name
from distill.library.presets import delete_preset, load_preset, save_preset
from distill.library.workspace import Workspace, open_workspace

WARM = {"brightness": 20, "temperature": 0.8}
NO_NAMES = ["", " ", "..", "../x", "a/../b", "/a", "a/", "a//b", ".hidden", "a.", "con", "NUL.x"]
NO_NAMES += ["a:b", "a\\b", "a\nb", "a\x00", "\u202eb", "a?", "a" * (LONGEST_NAME + 1), "ü" * 51]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


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
