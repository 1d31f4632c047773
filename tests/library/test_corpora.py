"""Choices about the files of corpora, kept in the workspace."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.data.curation import NO_CURATION, Curation
from distill.errors import DistillError, UsageError
from distill.library.corpora import (
    Corpus,
    FileChoices,
    change,
    corpus_id,
    curation_for,
    find_corpus,
    generated_share,
    list_corpora,
    mute,
    set_note,
    set_weight,
    tag,
)
from distill.library.workspace import Workspace, check_id, open_workspace

A = "a" * 64
B = "b" * 64


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "My sounds, 2026"
    path.mkdir()
    return path


@pytest.fixture
def corpus(place: Workspace, folder: Path) -> Corpus:
    return find_corpus(place, folder)


def test_choices_outlive_the_process_and_never_touch_the_folder(
    place: Workspace, folder: Path, corpus: Corpus
) -> None:
    (folder / "a.wav").write_bytes(b"sound")
    mute(place, corpus, {A: "a.wav"})
    set_weight(place, corpus, {B: "b.wav"}, 2)
    tag(place, corpus, {A: "a.wav", B: "b.wav"}, add=["voice", "low"])
    set_note(place, corpus, {A: "a.wav"}, "hum from 0:12")
    again = find_corpus(open_workspace(place.root), folder)
    assert again.files == {
        A: FileChoices(name="a.wav", muted=True, tags=("voice", "low"), note="hum from 0:12"),
        B: FileChoices(name="b.wav", weight=2.0, tags=("voice", "low")),
    }
    curation = again.curation
    assert curation.muted == {A}
    assert curation.weights == {B: 2.0}
    assert [path.name for path in folder.iterdir()] == ["a.wav"]


def test_what_is_taken_back_leaves_nothing(place: Workspace, corpus: Corpus) -> None:
    mute(place, corpus, {A: "a.wav"})
    set_weight(place, corpus, {A: "a.wav"}, 3)
    mute(place, corpus, {A: "a.wav"}, muted=False)
    tag(place, corpus, {A: "a.wav"}, add=["x"])
    tag(place, corpus, {A: "a.wav"}, remove=["x"])
    changed = set_weight(place, corpus, {A: "a.wav"}, 1)
    assert changed.files == {}
    assert changed.curation == NO_CURATION


def test_ids_follow_from_the_path_and_say_the_name(place: Workspace, folder: Path) -> None:
    first = corpus_id(place, folder)
    assert check_id(first) == first
    assert first.startswith("my-sounds-2026-")
    (folder / "inside").mkdir()
    assert corpus_id(place, folder / "inside" / "..") == first
    assert corpus_id(place, folder / "inside") != first


def test_a_workspace_that_moves_keeps_the_choices_about_its_own_sounds(
    place: Workspace, tmp_path: Path
) -> None:
    own = place.sounds / "takes"
    own.mkdir(parents=True)
    corpus = find_corpus(place, own)
    assert corpus.is_owned
    mute(place, corpus, {A: "a.wav"})
    place.root.rename(tmp_path / "elsewhere")
    moved = open_workspace(tmp_path / "elsewhere")
    assert find_corpus(moved, moved.sounds / "takes").curation.muted == {A}
    assert find_corpus(moved, corpus.id).folder == moved.sounds / "takes"


def test_a_corpus_is_found_by_its_id_when_its_folder_is_gone(
    place: Workspace, folder: Path, corpus: Corpus
) -> None:
    mute(place, corpus, {A: "a.wav"})
    folder.rmdir()
    assert find_corpus(place, corpus.id).curation.muted == {A}
    found, remarks = list_corpora(place)
    assert [item.id for item in found] == [corpus.id]
    assert remarks == []


@pytest.mark.parametrize("name", ["nothing-there", "../a", "", "x" * 5000, "a\0b"])
def test_what_is_no_corpus_is_refused_in_a_sentence(place: Workspace, name: str) -> None:
    with pytest.raises(UsageError, match="is neither a folder nor the id of a corpus"):
        find_corpus(place, name)


def test_looking_makes_no_workspace(folder: Path, tmp_path: Path) -> None:
    assert curation_for(folder, tmp_path / "none") == NO_CURATION
    assert not (tmp_path / "none").exists()
    assert curation_for(tmp_path / "no folder") == NO_CURATION


@pytest.mark.parametrize("weight", [0, 0.09, 10.1, float("nan"), float("inf")])
def test_weights_beyond_the_bounds_are_refused_and_change_nothing(
    place: Workspace, corpus: Corpus, weight: float
) -> None:
    with pytest.raises(UsageError, match="--weight must lie between"):
        set_weight(place, corpus, {A: "a.wav"}, weight)
    assert not list(place.hidden.glob("corpora/*"))


def test_texts_have_bounds(place: Workspace, corpus: Corpus) -> None:
    for texts in (["x" * 61], [" "]):
        with pytest.raises(UsageError, match="tag"):
            tag(place, corpus, {A: "a"}, add=texts)
    with pytest.raises(UsageError, match="more than 20 tags"):
        tag(place, corpus, {A: "a"}, add=[str(i) for i in range(21)])
    with pytest.raises(UsageError, match="note"):
        set_note(place, corpus, {A: "a"}, "x" * 2001)


def test_entries_of_a_later_version_of_the_same_form_stay(place: Workspace, corpus: Corpus) -> None:
    mute(place, corpus, {A: "a.wav"})
    path = place.corpora / f"{corpus.id}.json"
    entries = json.loads(path.read_text())
    entries["colour"] = "red"
    entries["files"][A]["mood"] = 7
    path.write_text(json.dumps(entries))
    set_weight(place, corpus, {A: "a.wav"}, 2)
    entries = json.loads(path.read_text())
    assert entries["colour"] == "red"
    assert entries["files"][A]["mood"] == 7
    assert entries["files"][A]["weight"] == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 1}',
        b'{"version": 1, "folder": "x", "files": {"zz": {}}}',
        b'{"version": 1, "folder": "x", "files": {"' + b"a" * 64 + b'": {"weight": 99}}}',
        b'{"version": 1, "folder": "x", "files": {"'
        + b"a" * 64
        + b'": {"weight": 1'
        + b"0" * 400
        + b"}}}",
        b'{"version": 1, "folder": "x", "files": {"' + b"a" * 64 + b'": 3}}',
        b'{"version": 99, "folder": "x", "files": {}}',
    ],
)
def test_damaged_records_are_told_in_a_sentence(
    place: Workspace, folder: Path, corpus: Corpus, content: bytes
) -> None:
    mute(place, corpus, {A: "a.wav"})
    path = place.corpora / f"{corpus.id}.json"
    path.write_bytes(content)
    with pytest.raises(DistillError, match=r"damaged|newer"):
        find_corpus(place, folder)
    with pytest.raises(DistillError, match=r"damaged|newer"):
        mute(place, corpus, {A: "a.wav"})
    assert path.read_bytes() == content
    found, remarks = list_corpora(place)
    assert found == []
    assert len(remarks) == 1


def test_choices_made_at_the_same_time_all_count(place: Workspace, corpus: Corpus) -> None:
    keys = [f"{i:064x}" for i in range(24)]
    threads = [
        threading.Thread(target=mute, args=(place, corpus, {key: f"{key}.wav"})) for key in keys
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert find_corpus(place, corpus.id).curation.muted == set(keys)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    st.builds(
        FileChoices,
        name=TEXT,
        muted=st.booleans(),
        weight=st.floats(0.1, 10),
        tags=st.lists(TEXT, max_size=4).map(tuple),
        note=TEXT,
        generated=st.booleans(),
    )
)
def test_choices_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, choices: FileChoices
) -> None:
    place = open_workspace(tmp_path_factory.getbasetemp() / "choices")
    folder = place.root / "sounds of mine"
    folder.mkdir(exist_ok=True)
    corpus = find_corpus(place, folder)
    change(place, corpus, {A: choices.name}, lambda key, present: replace(choices))
    read = find_corpus(place, folder).files
    assert read == ({} if choices.is_empty else {A: choices})


def test_generated_sound_counts_by_weight() -> None:
    curation = Curation(weights={A: 3.0}, generated=frozenset([A]))
    assert generated_share(curation, [A, B]) == 0.75
    assert generated_share(curation, []) == 0.0
