"""The file of a document: what it keeps, and damage of all kinds in one sentence."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.errors import UsageError
from distill.library.document_file import (
    FILE,
    SCRIPT,
    Document,
    DocumentEdit,
    read_document,
    write_document,
)

KEYS = st.text("0123456789abcdef", min_size=32, max_size=32)
FRAMES = st.integers(0, 1 << 30)
LINES = st.text(min_size=1).filter(lambda text: text.splitlines() == [text])
EDITS = st.builds(
    DocumentEdit,
    line=LINES,
    grid=KEYS,
    frames=FRAMES,
    changed=st.none() | st.tuples(FRAMES, FRAMES),
    kept_back=FRAMES,
    remark=st.text(),
    distance=st.none() | st.floats(0, 9),
    model=st.text(),
)
DOCUMENT = Document(
    id="20261129-101500-a1b2c3",
    name="dialogue",
    source="dialogue.wav",
    made="2026-11-29T10:15:00Z",
    model_id="m",
    codebook_hash="ab",
    frame_rate=46.875,
    first="0" * 32,
    first_frames=12,
)


@given(edits=st.lists(EDITS, max_size=4), share=st.floats(0, 1), name=st.text(), more=st.text())
def test_a_document_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    edits: list[DocumentEdit],
    share: float,
    name: str,
    more: str,
) -> None:
    folder = tmp_path_factory.getbasetemp() / DOCUMENT.id
    folder.mkdir(exist_ok=True)
    cursor = round(share * len(edits))
    document = replace(
        DOCUMENT, edits=tuple(edits), cursor=cursor, name=name, more={"colour": more}
    )
    write_document(folder, document)
    assert read_document(folder) == document


def test_the_script_runs_as_it_is(tmp_path: Path) -> None:
    edits = [DocumentEdit(line=line, grid="1" * 32, frames=9) for line in ("reverse", "cut")]
    write_document(tmp_path, replace(DOCUMENT, edits=tuple(edits), cursor=1))
    assert (tmp_path / SCRIPT).read_text() == "reverse\n"


GOOD_EDIT = {"line": "reverse", "grid": "1" * 32, "frames": 9}


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"version": "1"},
        {"version": 0},
        {"id": "../x"},
        {"id": 3},
        {"name": None},
        {"first": "../../x"},
        {"cursor": 1},
        {"cursor": -1},
        {"cursor": True},
        {"revision": 1.5},
        {"frame_rate": 0},
        {"frame_rate": float("nan")},
        {"edits": {}},
        {"edits": ["reverse"]},
        {"edits": [{}]},
        {"edits": [GOOD_EDIT | {"line": "a\nb"}]},
        {"edits": [GOOD_EDIT | {"line": ""}]},
        {"edits": [GOOD_EDIT | {"grid": "x"}]},
        {"edits": [GOOD_EDIT | {"changed": [1]}]},
        {"edits": [GOOD_EDIT | {"changed": [1, "a"]}]},
        {"edits": [GOOD_EDIT | {"changed": 3}]},
        {"edits": [GOOD_EDIT | {"distance": "far"}]},
        {"edits": [GOOD_EDIT | {"kept_back": -1}]},
    ],
)
def test_damage_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    write_document(tmp_path, DOCUMENT)
    content = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(content | change))
    with pytest.raises(UsageError, match="is no sound document"):
        read_document(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, "\x00", '{"version": 1}'])
def test_text_that_is_no_document(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UsageError, match="is no sound document"):
        read_document(tmp_path)


@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_changed_byte_is_no_traceback(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "changed"
    folder.mkdir(exist_ok=True)
    edit = DocumentEdit(line="reverse --to 2", grid="1" * 32, frames=9, changed=(0, 9))
    write_document(folder, replace(DOCUMENT, edits=(edit,), cursor=1))
    content = bytearray((folder / FILE).read_bytes())
    content[place % len(content)] = byte
    (folder / FILE).write_bytes(content)
    # A sentence, or a document with another text.
    with suppress(UsageError):
        read_document(folder)


def test_a_folder_without_a_document(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no document in"):
        read_document(tmp_path)
    (tmp_path / FILE).mkdir()
    with pytest.raises(UsageError, match=r"cannot be read \(Is a directory\)"):
        read_document(tmp_path)
