import json
from pathlib import Path

import pytest

from distill.errors import OutputError, UsageError
from distill.library.workspace import Workspace, check_id, new_id, open_workspace, workspace_root


def test_a_workspace_is_made_where_there_is_none(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "a" / "studio")
    assert workspace.root == tmp_path / "a" / "studio"
    assert json.loads((workspace.hidden / "workspace.json").read_text()) == {"version": 1}
    assert open_workspace(workspace.root) == workspace


def test_the_environment_names_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISTILL_WORKSPACE", str(tmp_path / "mine"))
    assert open_workspace().root == tmp_path / "mine"
    monkeypatch.delenv("DISTILL_WORKSPACE")
    assert workspace_root() == Path.home() / "Distill"


def test_a_newer_workspace_is_left_alone(tmp_path: Path) -> None:
    mark = open_workspace(tmp_path).hidden / "workspace.json"
    mark.write_text('{"version": 2}')
    with pytest.raises(UsageError, match="newer Distill"):
        open_workspace(tmp_path)
    assert mark.read_text() == '{"version": 2}'


DAMAGED_MARKS = [
    "",
    "[]",
    "{}",
    '{"version": "x"}',
    '{"version": 1e999}',
    '{"version": 1.5}',
    '{"version": true}',
    '{"version": NaN}',
    "\x00",
]


@pytest.mark.parametrize("text", DAMAGED_MARKS)
def test_a_damaged_mark_is_named(tmp_path: Path, text: str) -> None:
    mark = open_workspace(tmp_path).hidden / "workspace.json"
    mark.write_text(text)
    with pytest.raises(UsageError, match="damaged"):
        open_workspace(tmp_path)


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(UsageError, match="no folder"):
        open_workspace(file)
    with pytest.raises(OutputError, match="cannot be used"):
        open_workspace(file / "inside")
    assert file.read_text() == "x"


def test_a_workspace_is_not_made_to_look_for_things(tmp_path: Path) -> None:
    assert open_workspace(tmp_path / "none", make=False).root == tmp_path / "none"
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_nobody_has_is_named() -> None:
    with pytest.raises(UsageError, match="No home folder"):
        workspace_root("~no-such-user-at-all/studio")


def test_ids_have_their_form_and_differ() -> None:
    ids = [new_id() for _ in range(200)]
    assert len(set(ids)) == 200
    assert [check_id(text) for text in ids] == ids


@pytest.mark.parametrize("text", ["", "..", "a/b", "a\\b", "C:", "-a", "a-", "A", "a" * 65, "a\n"])
def test_a_path_is_no_id(text: str) -> None:
    with pytest.raises(UsageError, match="no id"):
        check_id(text)


def test_folders_lie_in_the_workspace(tmp_path: Path) -> None:
    workspace = Workspace(root=tmp_path)
    folders = [workspace.models, workspace.renders, workspace.jobs, workspace.corpora]
    assert all(folder.is_relative_to(tmp_path) for folder in folders)
