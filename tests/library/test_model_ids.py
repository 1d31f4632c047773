"""Ids of model files stay where the files are copied, renamed, replaced and forgotten."""

from pathlib import Path

import pytest

from distill.library import model_ids
from distill.library.model_ids import ModelFile, assign_ids
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def file(name: str, own_id: str = "same", stamp: tuple[int, int] = (1, 1)) -> ModelFile:
    return ModelFile(name=name, own_id=own_id, stamp=stamp)


def test_the_shortest_name_is_first_where_all_are_new(workspace: Workspace) -> None:
    files = [file("rain copy.sda"), file("rain.sda")]
    assert assign_ids(workspace, files, {})["rain.sda"] == "same"


def test_a_noted_file_is_first(workspace: Workspace) -> None:
    files = [file("rain copy.sda"), file("rain.sda")]
    assert assign_ids(workspace, files, {"same": "rain copy.sda"})["rain copy.sda"] == "same"


def test_a_file_that_is_trained_further_keeps_its_id(workspace: Workspace) -> None:
    files = [file("a.sda"), file("b.sda")]
    ids = assign_ids(workspace, files, {})
    later = [file("a.sda", stamp=(2, 2)), file("b.sda", stamp=(3, 3))]
    assert assign_ids(workspace, later, {}) == ids


def test_another_model_at_the_same_place_is_another_one(workspace: Workspace) -> None:
    copies = [file("a.sda"), file("b.sda")]
    assign_ids(workspace, copies, {})
    replaced = [file("a.sda"), file("b.sda", own_id="other")]
    assert assign_ids(workspace, replaced, {})["b.sda"] == "other"
    back = assign_ids(workspace, copies, {})
    assert back["a.sda"] == "same"
    assert back["b.sda"] not in ("same", "other")


def test_a_copy_beside_a_deleted_copy_takes_nothing_of_it(workspace: Workspace) -> None:
    ids = assign_ids(workspace, [file("a.sda"), file("b.sda")], {})
    after = assign_ids(workspace, [file("a.sda"), file("c.sda", stamp=(9, 9))], {})
    assert after["c.sda"] not in ids.values()
    # The deleted one comes back from the bin.
    assert assign_ids(workspace, [file("a.sda"), file("b.sda")], {}) == ids


def test_files_without_an_id_get_one_by_their_names(workspace: Workspace) -> None:
    ids = assign_ids(workspace, [file("a.sda", ""), file("b.sda", "../../etc")], {})
    assert len(set(ids.values())) == 2
    assert all(value.startswith("file-") for value in ids.values())


@pytest.mark.parametrize("content", [b"", b"[]", b'{"version": 1, "files": [{"id": 1}]}'])
def test_a_damaged_list_is_made_anew(workspace: Workspace, content: bytes) -> None:
    ids = assign_ids(workspace, [file("a.sda"), file("b.sda")], {})
    (workspace.hidden / "model-ids.json").write_bytes(content)
    assert assign_ids(workspace, [file("a.sda"), file("b.sda")], {}) == ids


def test_a_workspace_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "none", make=False)
    assert assign_ids(workspace, [file("a.sda")], {}) == {"a.sda": "same"}
    assert not (tmp_path / "none").exists()


def test_notes_of_files_that_are_gone_have_an_end(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_ids, "MOST_HOLDERS", 3)
    for number in range(5):
        assign_ids(workspace, [file("a.sda"), file(f"{number}.sda", f"m{number}", (number, 1))], {})
    content = (workspace.hidden / "model-ids.json").read_text()
    assert content.count("own_id") == 3
    assert "m4" in content
