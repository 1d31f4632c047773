"""Sounds in the cache, found again by their content."""

from pathlib import Path

import pytest

from distill.library.heard import find_heard, heard_path, remember_heard
from distill.library.picture_cache import store
from distill.library.sound_files import find_known_sound
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def test_a_sound_is_found_by_its_content(workspace: Workspace) -> None:
    path = heard_path(workspace, ["a", 1])
    assert path != heard_path(workspace, ["a", 2])
    store(path, b"RIFF")
    digest = remember_heard(workspace, path, "dialogue")
    found = find_known_sound(workspace, digest)
    assert (found.path, found.name) == (path, "dialogue")
    path.write_bytes(b"RIFX")
    with pytest.raises(Exception, match="There is no sound"):
        find_known_sound(workspace, digest)


@pytest.mark.parametrize("record", [b"", b"[]", b"{}", b'{"file": "../x.wav", "name": "a"}'])
def test_a_damaged_record_leads_nowhere(workspace: Workspace, record: bytes) -> None:
    digest = "ab" * 32
    store(heard_path(workspace, []).with_name(f"{digest}-heard.json"), record)
    assert find_heard(workspace, digest) is None
