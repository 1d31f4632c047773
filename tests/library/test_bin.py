import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from distill.errors import OutputError, UsageError
from distill.library import bin as module
from distill.library.bin import (
    Deleted,
    clear_deleted,
    delete_files,
    list_deleted,
    restore_files,
)
from distill.library.models import list_models
from distill.library.presets import list_presets
from distill.library.renders import find_renders
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def files(folder: Path) -> tuple[Path, ...]:
    paths = (folder / "a.wav", folder / "b" / "codes.json.gz")
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    return paths


def deleted(*paths: Path, name: str = "one") -> Deleted:
    return Deleted(kind="render", id=name, name=name, deleted_at=time.time(), paths=paths)


def test_files_go_and_come_back(workspace: Workspace, tmp_path: Path) -> None:
    paths = files(tmp_path)
    delete_files(workspace, deleted(*paths))
    assert not any(path.exists() for path in paths)
    assert [entry.id for entry in list_deleted(workspace, "render")] == ["one"]
    assert list_deleted(workspace, "model") == []
    assert restore_files(workspace, "render", "one").paths == paths
    assert [path.read_text() for path in paths] == ["a.wav", "codes.json.gz"]
    with pytest.raises(UsageError, match="no deleted render one"):
        restore_files(workspace, "render", "one")


def test_files_come_back_in_a_workspace_that_has_moved(
    workspace: Workspace, tmp_path: Path
) -> None:
    inside = files(workspace.root)
    (outside,) = files(tmp_path / "elsewhere")[:1]
    delete_files(workspace, deleted(*inside, outside))
    moved = Workspace(root=workspace.root.rename(tmp_path / "moved"))
    restored = restore_files(moved, "render", "one").paths
    assert restored == (
        *(moved.root / path.relative_to(workspace.root) for path in inside),
        outside,
    )
    assert all(path.is_file() for path in restored)
    assert not workspace.root.exists()


def test_a_folder_goes_to_the_bin_as_a_whole_and_comes_back(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "whole"
    paths = files(folder)
    binned: list[Path] = []
    monkeypatch.setattr(
        module, "send2trash", lambda path: binned.append(path) or shutil.rmtree(path)
    )
    delete_files(workspace, replace(deleted(*paths), folder=folder))
    assert binned == [folder]
    restore_files(workspace, "render", "one")
    assert [path.read_text() for path in paths] == ["a.wav", "codes.json.gz"]


def test_files_lie_in_the_bin_of_the_system(workspace: Workspace, tmp_path: Path) -> None:
    plat_other = pytest.importorskip("send2trash.plat_other")
    path = tmp_path / "only here.wav"
    path.write_text("x")
    delete_files(workspace, deleted(path))
    found = Path(plat_other.HOMETRASH, "files")
    assert any(entry.name.startswith("only here") for entry in found.iterdir())


def test_files_that_are_gone_are_skipped(workspace: Workspace, tmp_path: Path) -> None:
    first, second = files(tmp_path)
    first.unlink()
    delete_files(workspace, deleted(first, second))
    restore_files(workspace, "render", "one")
    assert second.exists()
    assert not first.exists()


def test_the_folder_of_a_file_may_be_gone(workspace: Workspace, tmp_path: Path) -> None:
    first, second = files(tmp_path)
    delete_files(workspace, deleted(first, second))
    shutil.rmtree(second.parent)
    restore_files(workspace, "render", "one")
    assert second.read_text() == "codes.json.gz"


def test_nothing_is_written_over(workspace: Workspace, tmp_path: Path) -> None:
    first, second = files(tmp_path)
    delete_files(workspace, deleted(first, second))
    first.write_text("new")
    with pytest.raises(UsageError, match="Another file lies at"):
        restore_files(workspace, "render", "one")
    assert first.read_text() == "new"
    assert not second.exists()
    first.unlink()
    restore_files(workspace, "render", "one")
    assert first.read_text() == "a.wav"


def test_without_a_bin_nothing_is_deleted(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = files(tmp_path)
    send2trash = module.send2trash

    def only_the_first(path: Path) -> None:
        if path == paths[1]:
            raise PermissionError(13, "no bin on this disk")
        send2trash(path)

    monkeypatch.setattr(module, "send2trash", only_the_first)
    with pytest.raises(OutputError, match=r"no bin for .*--for-good"):
        delete_files(workspace, deleted(*paths))
    assert [path.read_text() for path in paths] == ["a.wav", "codes.json.gz"]
    assert list_deleted(workspace, "render") == []
    delete_files(workspace, deleted(*paths), for_good=True)
    assert not any(path.exists() for path in paths)


def test_nothing_is_kept_of_what_is_deleted_for_good(workspace: Workspace, tmp_path: Path) -> None:
    paths = files(tmp_path)
    delete_files(workspace, deleted(*paths), for_good=True)
    assert not any(path.exists() for path in paths)
    assert list((workspace.hidden / "deleted").iterdir()) == []
    with pytest.raises(UsageError, match="no deleted render one"):
        restore_files(workspace, "render", "one")


def test_a_file_that_cannot_be_deleted_for_good_leaves_all(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = files(tmp_path)
    unlink = os.unlink

    def not_the_last(path: Path, **options: Any) -> None:
        if path == paths[1]:
            raise PermissionError(13, "in use")
        unlink(path, **options)

    monkeypatch.setattr(module.os, "unlink", not_the_last)
    with pytest.raises(OutputError, match=r"Cannot delete .*in use"):
        delete_files(workspace, deleted(*paths), for_good=True)
    assert [path.read_text() for path in paths] == ["a.wav", "codes.json.gz"]


@pytest.mark.parametrize("listing", [find_renders, list_models, list_presets])
def test_a_listing_forgets_what_is_old(
    workspace: Workspace, tmp_path: Path, listing: Callable[[Workspace], object]
) -> None:
    delete_files(workspace, deleted(*files(tmp_path)))
    folder = workspace.hidden / "deleted" / "render-one"
    listing(workspace)
    assert folder.exists()
    long_ago = time.time() - module.UNDO_S - 1
    os.utime(folder, (long_ago, long_ago))
    listing(workspace)
    assert not folder.exists()


def test_a_process_that_is_killed_in_between_loses_nothing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = files(tmp_path)

    def killed(path: Path, for_good: bool) -> None:
        if path == paths[1]:
            raise KeyboardInterrupt
        path.unlink()

    monkeypatch.setattr(module, "_remove", killed)
    with pytest.raises(KeyboardInterrupt):
        delete_files(workspace, deleted(*paths))
    restore_files(workspace, "render", "one")
    assert [path.read_text() for path in paths] == ["a.wav", "codes.json.gz"]


def test_what_is_old_is_forgotten(workspace: Workspace, tmp_path: Path) -> None:
    first, second = files(tmp_path)
    delete_files(workspace, deleted(first, name="old"))
    long_ago = time.time() - module.UNDO_S - 1
    os.utime(workspace.hidden / "deleted" / "render-old", (long_ago, long_ago))
    delete_files(workspace, deleted(second, name="new"))
    assert [entry.id for entry in list_deleted(workspace, "render")] == ["new"]
    clear_deleted(workspace, older_than_s=-1)
    assert list_deleted(workspace, "render") == []


@pytest.mark.parametrize("content", ["", "[]", '{"version": 1}', '{"version": 9}', "{"])
def test_a_damaged_manifest_is_no_traceback(
    workspace: Workspace, tmp_path: Path, content: str
) -> None:
    delete_files(workspace, deleted(*files(tmp_path)))
    (workspace.hidden / "deleted" / "render-one" / module.MANIFEST).write_text(content)
    assert list_deleted(workspace, "render") == []
    with pytest.raises(UsageError, match="no deleted render"):
        restore_files(workspace, "render", "one")


def test_a_path_is_no_id(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="no id"):
        restore_files(workspace, "render", "../../etc")
