from pathlib import Path

import pytest

from distill.library.models import change_model, delete_model
from distill.library.render_models import list_renders, with_present_name
from distill.library.render_table import RenderQuery
from distill.library.workspace import Workspace, open_workspace
from tests.library.makers import keep
from tests.library.test_models import put


@pytest.fixture
def workspace(tmp_path: Path, codec_only: Path) -> Workspace:
    workspace = open_workspace(tmp_path / "studio")
    put(workspace, codec_only, "rain.sda", id="rain", name="Rain")
    return workspace


def found(workspace: Workspace, **query: str) -> list[tuple[str, str]]:
    rows = list_renders(workspace, RenderQuery(**query)).rows
    return [(row.title, row.model_name) for row in rows]


def test_renders_go_by_the_present_name_of_their_model(workspace: Workspace) -> None:
    of_rain = keep(workspace, workspace.renders / "a.wav", 1, {"model_id": "rain"})
    keep(workspace, workspace.renders / "b.wav", 2, {"model_id": "elsewhere"})
    change_model(workspace, "rain", name="Thunder storm")
    assert found(workspace) == [("b", "plucks"), ("a", "Thunder storm")]
    assert with_present_name(workspace, of_rain).model_name == "Thunder storm"
    for query in ({"text": "thunder STORM"}, {"model": "Storm"}, {"model": "rain"}):
        assert found(workspace, **query) == [("a", "Thunder storm")]
    # The name in the recipe still finds it.
    assert len(found(workspace, text="plucks")) == 2
    assert found(workspace, text="hail") == []
    delete_model(workspace, "rain", for_good=True)
    assert found(workspace, text="a.wav") == [("a", "plucks")]


def test_a_copy_of_a_model_does_not_rename_what_the_model_made(
    workspace: Workspace, codec_only: Path
) -> None:
    keep(workspace, workspace.renders / "a.wav", 1, {"model_id": "rain"})
    assert found(workspace) == [("a", "Rain")]
    put(workspace, codec_only, "copy.sda", id="rain", name="Rain")
    change_model(workspace, "copy", name="Hail")
    assert found(workspace) == [("a", "Rain")]
