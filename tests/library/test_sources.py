"""Files, generated sounds and documents, by the words that a person has for them."""

from pathlib import Path

import pytest

from distill.errors import CodesFileError, UsageError
from distill.inference.codes.file import load_codes
from distill.library.documents import create_document, list_documents
from distill.library.editing import Editor
from distill.library.renders import change_render
from distill.library.sources import find_codes, find_grid, find_sound, sound_paths
from distill.library.workspace import Workspace, open_workspace
from tests.library.makers import grid, keep


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def test_files_come_before_renders(place: Workspace, tmp_path: Path) -> None:
    render = keep(place, tmp_path / "rain.wav")
    (tmp_path / "b.json").touch()
    change_render(place, render.id, name=str(tmp_path / "b.json"))
    for name in (tmp_path, tmp_path / "b.json"):
        assert find_sound(place, str(name)).path == name
        assert find_codes(place, str(name)).path == name
    # A text with the ending of codes is a codes file, there or not.
    assert find_codes(place, "none.json").path == Path("none.json")


def test_renders_are_meant_by_id_name_and_last(place: Workspace, tmp_path: Path) -> None:
    render = keep(place, tmp_path / "rain.wav")
    change_render(place, render.id, name="Storm")
    for name in (render.id, "Storm", "last"):
        sound, codes = find_sound(place, name), find_codes(place, name)
        assert (sound.path, sound.name) == (tmp_path / "rain.wav", "Storm")
        assert (codes.path, codes.name) == (render.codes, "Storm")
    assert sound_paths(place, ["Storm", str(tmp_path)]) == [tmp_path / "rain.wav", tmp_path]
    last = render.id[-1]
    for name in ("none.wav", "20261129-041007-abcdef", "", f"{last}\0b"):
        for find in (find_sound, find_codes):
            with pytest.raises(UsageError, match="no generated sound of that name"):
                find(place, name)


def test_codes_are_those_of_a_file_or_of_a_document_as_it_is_now(
    place: Workspace, tmp_path: Path
) -> None:
    document = create_document(place, grid(), name="dialogue")
    edited = Editor(place).edit(document.id, "reverse").grid
    assert edited != grid()
    for name in (document.id, "dialogue"):
        assert find_grid(name, place.root) == edited
    render = keep(place, tmp_path / "rain.wav")
    assert render.codes is not None
    assert find_grid(render.codes, place.root) == load_codes(render.codes)
    for name in ("none.json", "none", "a\0b"):
        with pytest.raises(CodesFileError, match="no codes file"):
            find_grid(name, place.root)
    assert len(list_documents(place).documents) == 1
