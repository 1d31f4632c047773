"""The cache of pictures: by content, within a size."""

import os
from pathlib import Path

import pytest

from distill.errors import AudioError
from distill.library.picture_cache import content_hash, fetch, limit_size, picture_folder, store
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def test_the_hash_is_that_of_the_content(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = content_hash(workspace, path)
    assert content_hash(workspace, path) == first
    path.write_bytes(b"other")
    assert content_hash(workspace, path) != first
    path.write_bytes(b"one")
    os.utime(path, ns=(1, 1))
    assert content_hash(workspace, path) == first
    for memo in picture_folder(workspace).iterdir():
        memo.write_text("[")
    assert content_hash(workspace, path) == first
    with pytest.raises(AudioError, match=r"none: No such file"):
        content_hash(workspace, tmp_path / "none")


def test_what_was_not_used_for_longest_leaves_first(workspace: Workspace) -> None:
    folder = picture_folder(workspace)
    for age, name in enumerate("cba"):
        store(folder / name, bytes(100))
        os.utime(folder / name, (age, age))
    assert fetch(folder / "c") == bytes(100)
    assert limit_size(workspace, 300) == 0
    assert limit_size(workspace, 260) == 100
    assert sorted(path.name for path in folder.iterdir()) == ["a", "c"]
    assert fetch(folder / "b") is None
