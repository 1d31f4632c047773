from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.library.render_places import free_place, place_beside_record, record_path
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def test_a_free_place_replaces_nothing(workspace: Workspace) -> None:
    first = free_place(workspace, "new.wav")
    first.write_text("taken")
    second = free_place(workspace, "new.wav")
    assert first.parent == second.parent
    assert first.parent.parent == workspace.renders
    assert (first.name, second.name) == ("new.wav", "new-2.wav")


def test_records_lie_in_a_folder_for_each_day(workspace: Workspace) -> None:
    render_id = "20260101-120000-abcdef"
    record = record_path(workspace, render_id)
    assert record == workspace.render_records / "20260101" / f"{render_id}.json"
    assert place_beside_record(workspace, render_id).parent == record.parent
    with pytest.raises(UsageError):
        record_path(workspace, "../secret")
