import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from distill.errors import ModelFileError, UsageError
from distill.library.model import Model
from distill.library.model_families import family_tree
from distill.library.models import (
    add_model,
    change_model,
    delete_model,
    find_model_file,
    list_models,
    load_model,
    restore_model,
)
from distill.library.workspace import Workspace, open_workspace
from distill.models.sda_file import plain_copy, read_contents, write_contents
from distill.training.paths import log_path
from tests.library.makers import keep

FILES = [{"name": name, "hash": name, "duration_s": 2.0} for name in "abcd"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def put(workspace: Workspace, source: Path, file: str, **metadata: Any) -> Path:
    """A model file in the library, with other metadata than `source`."""
    contents = plain_copy(read_contents(source), "contents")
    contents["metadata"] |= metadata
    path = workspace.models / file
    path.parent.mkdir(parents=True, exist_ok=True)
    write_contents(path, contents)
    return path


def names(models: list[Model]) -> list[str]:
    return [model.name for model in models]


def test_a_model_is_added_and_listed(workspace: Workspace, trained: Path) -> None:
    added = add_model(workspace, trained, "My plucks")
    assert added.path == workspace.models / "plucks.sda"
    assert added.path.read_bytes() == trained.read_bytes()
    assert names(list_models(workspace).models) == ["My plucks"]
    assert added.has_prior
    assert added.corpus_files == 8
    assert added.health.word in ("healthy", "some codes idle", "most codes idle")
    assert load_model(workspace, added.id) == added
    with pytest.raises(UsageError, match="is in the library already, as 'My plucks'"):
        add_model(workspace, trained)


def test_a_damaged_file_is_not_added(workspace: Workspace, trained: Path, tmp_path: Path) -> None:
    content = bytearray(trained.read_bytes())
    # In the middle lie weights: the header alone would not tell.
    content[len(content) // 2] ^= 0xFF
    path = tmp_path / "damaged.sda"
    path.write_bytes(content)
    for broken in (path, tmp_path, tmp_path / "none.sda"):
        with pytest.raises(ModelFileError):
            add_model(workspace, broken)
    assert list_models(workspace).models == []


def test_files_that_cannot_be_used_are_named(workspace: Workspace, codec_only: Path) -> None:
    put(workspace, codec_only, "good.sda")
    (workspace.models / "bad.sda").write_bytes(b"no model")
    (workspace.models / "notes.txt").write_text("no model either")
    found = list_models(workspace)
    assert len(found.models) == 1
    assert len(found.problems) == 1
    assert "bad.sda" in found.problems[0]


def test_versions_stand_below_their_parents(workspace: Workspace, codec_only: Path) -> None:
    def parent(model_id: str, version: int) -> dict[str, Any]:
        return {"id": model_id, "name": "rain", "version": version, "hash": "00" * 32}

    put(workspace, codec_only, "1.sda", id="aa", name="rain", created="1", corpus=FILES)
    put(
        workspace,
        codec_only,
        "2.sda",
        id="bb",
        name="rain 2",
        created="2",
        version=2,
        corpus=[*FILES[1:], {"name": "e", "hash": "e"}, {"name": "f", "hash": "f"}],
        parent=parent("aa", 1),
    )
    put(workspace, codec_only, "3.sda", id="cc", name="rain 3", version=3, parent=parent("bb", 2))
    put(workspace, codec_only, "0.sda", id="dd", name="other", created="0")
    put(workspace, codec_only, "9.sda", id="ee", name="lost", parent=parent("zz", 4), created="9")
    put(workspace, codec_only, "r.sda", id="ff", name="ring", parent=parent("ff", 1), created="8")
    models = list_models(workspace).models
    tree = {model.name: depth for model, depth in family_tree(models)}
    assert tree == {"other": 0, "rain": 0, "rain 2": 1, "rain 3": 2, "lost": 0, "ring": 0}
    order = names(models)
    assert order.index("rain") + 1 == order.index("rain 2") == order.index("rain 3") - 1
    second = load_model(workspace, "bb")
    assert second.change is not None
    assert second.change.text == "+2, −1"
    assert second.parent is not None
    assert (second.version, second.parent.id, second.parent.version) == (2, "aa", 1)
    assert len({model.family for model in models}) == 1
    assert load_model(workspace, "lost").change is None


def test_copies_of_a_file_have_ids_of_their_own(workspace: Workspace, codec_only: Path) -> None:
    put(workspace, codec_only, "a.sda", id="same")
    put(workspace, codec_only, "deeper/b.sda", id="same")
    put(workspace, codec_only, "c.sda", id="../../etc")
    put(workspace, codec_only, "d.sda", id=None)
    models = list_models(workspace).models
    assert len({model.id for model in models}) == 4
    assert load_model(workspace, "same").path.name == "a.sda"
    other = load_model(workspace, "b.sda")
    changed = change_model(workspace, other.id, name="copy")
    assert names([changed, load_model(workspace, "same")]) == ["copy", "codec"]
    change_model(workspace, "same", name="Best")
    assert sorted(names(list_models(workspace).models)) == ["Best", "codec", "codec", "copy"]


def test_a_copy_takes_neither_id_nor_notes_of_the_original(
    workspace: Workspace, codec_only: Path
) -> None:
    path = put(workspace, codec_only, "rain.sda", id="same")
    # It sorts before the original, as do the copies of most systems.
    shutil.copy(path, workspace.models / "rain copy.sda")
    assert load_model(workspace, "same").path == path
    change_model(workspace, "same", notes="keep")
    shutil.copy(path, workspace.models / "a.sda")
    assert load_model(workspace, "same").path == path
    assert [model.notes for model in list_models(workspace, "keep").models] == ["keep"]
    for copy in ("a.sda", "rain copy.sda"):
        assert load_model(workspace, copy).notes == ""
        (workspace.models / copy).unlink()
    # A file that alone has the id is the original, whatever its name is now.
    renamed = path.rename(workspace.models / "storm.sda")
    assert (load_model(workspace, "same").path, load_model(workspace, "same").notes) == (
        renamed,
        "keep",
    )


def test_the_first_that_was_known_keeps_the_id_whatever_copies_are_called(
    workspace: Workspace, codec_only: Path
) -> None:
    original = put(workspace, codec_only, "rain original.sda", id="same")
    assert load_model(workspace, "same").path == original
    shutil.copy2(original, workspace.models / "a.sda")
    assert load_model(workspace, "same").path == original
    workspace.index.unlink()
    assert load_model(workspace, "same").path == original


def test_notes_of_a_copy_stay_when_it_is_renamed_or_moved(
    workspace: Workspace, codec_only: Path
) -> None:
    original = put(workspace, codec_only, "rain.sda", id="same")
    copy = Path(shutil.copy(original, workspace.models / "rain copy.sda"))
    change_model(workspace, load_model(workspace, "rain copy").id, notes="darker")
    own_id = load_model(workspace, "rain copy").id
    (workspace.models / "tries").mkdir()
    copy.rename(workspace.models / "tries" / "storm.sda")
    moved = load_model(workspace, own_id)
    assert (moved.path.name, moved.notes) == ("storm.sda", "darker")
    assert load_model(workspace, "same").notes == ""
    # Both at once, too.
    moved.path.rename(workspace.models / "hail.sda")
    original.rename(workspace.models / "snow.sda")
    found = {model.id: model.path.name for model in list_models(workspace).models}
    assert found == {own_id: "hail.sda", "same": "snow.sda"}


def test_names_and_notes_stay_when_the_file_changes(workspace: Workspace, codec_only: Path) -> None:
    path = put(workspace, codec_only, "a.sda", id="aa", verdict="first")
    content = path.read_bytes()
    change_model(workspace, "aa", name="Best", notes="Für später")
    assert path.read_bytes() == content
    record = workspace.model_records / "aa.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"colour": "red"}))
    put(workspace, codec_only, "a.sda", id="aa", verdict="second, longer")
    model = change_model(workspace, "aa", notes="now")
    assert (model.name, model.notes, model.verdict) == ("Best", "now", "second, longer")
    assert json.loads(record.read_text())["colour"] == "red"
    assert names(list_models(workspace, "best NOW").models) == ["Best"]
    assert list_models(workspace, "best later").models == []
    record.write_text("{")
    assert load_model(workspace, "aa").name == "codec"


def test_what_a_person_calls_it(workspace: Workspace, codec_only: Path) -> None:
    put(workspace, codec_only, "a.sda", id="aabb", name="rain")
    put(workspace, codec_only, "b.sda", id="aacc", name="rain")
    assert load_model(workspace, "aab").path.name == "a.sda"
    assert load_model(workspace, "b").id == "aacc"
    for text in ("rain", "aa"):
        with pytest.raises(UsageError, match="one of several models"):
            load_model(workspace, text)
    for text in ("", "none", "../a"):
        with pytest.raises(UsageError, match="There is no model"):
            load_model(workspace, text)


def test_a_model_goes_to_the_bin_and_comes_back(workspace: Workspace, codec_only: Path) -> None:
    path = put(workspace, codec_only, "a.sda", id="aa")
    log_path(path).write_text("{}\n")
    model = change_model(workspace, "aa", notes="keep me")
    delete_model(workspace, "aa")
    assert not path.exists()
    assert not log_path(path).exists()
    assert list_models(workspace).models == []
    assert restore_model(workspace, "aa") == model
    assert log_path(path).read_text() == "{}\n"


def test_a_copy_comes_back_though_the_original_is_gone(
    workspace: Workspace, codec_only: Path
) -> None:
    original = put(workspace, codec_only, "rain.sda", id="same")
    path = Path(shutil.copy(original, workspace.models / "rain copy.sda"))
    deleted = delete_model(workspace, "rain copy")
    original.unlink()
    assert deleted.id != "same"
    model = restore_model(workspace, deleted.id)
    assert (model.id, model.path) == (deleted.id, path)


def test_the_model_of_a_render_is_found(
    workspace: Workspace, codec_only: Path, tmp_path: Path
) -> None:
    inside = put(workspace, codec_only, "a.sda", id="0a" * 16)
    outside = shutil.copy(inside, tmp_path / "outside.sda")
    render = keep(workspace, tmp_path / "a.wav", model_path=Path(outside))
    assert find_model_file(workspace, render) == outside
    Path(outside).unlink()
    assert find_model_file(workspace, render) == inside
    inside.unlink()
    with pytest.raises(UsageError, match=r"The model that made a .* name it with --model"):
        find_model_file(workspace, render)


def test_the_index_may_be_deleted(workspace: Workspace, codec_only: Path) -> None:
    put(workspace, codec_only, "a.sda", id="aa")
    change_model(workspace, "aa", notes="n")
    before = list_models(workspace)
    workspace.index.unlink()
    assert list_models(workspace) == before
