"""A folder that was moved keeps what was chosen about its files, and the files that were added."""

import shutil
from pathlib import Path

import pytest

from distill.errors import CorpusError, DistillError, UsageError
from distill.library.corpora import (
    Corpus,
    curation_for,
    find_corpus,
    list_corpora,
    mute,
    set_weight,
)
from distill.library.corpus_files import add_files, find_files
from distill.library.corpus_listing import keep_scan, scan_path
from distill.library.corpus_move import move_corpus
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


@pytest.fixture
def old(place: Workspace, corpus_dir: Path, tmp_path: Path) -> Corpus:
    """A corpus with a muted, a weighted and an added file."""
    folder = Path(shutil.copytree(corpus_dir / "low", tmp_path / "mine"))
    corpus = find_corpus(place, folder)
    mute(place, corpus, find_files(corpus, ["pluck 0.wav"]))
    set_weight(place, corpus, find_files(corpus, ["pluck 1.wav"]), 3)
    corpus = add_files(place, corpus, [corpus_dir / "high" / "pluck 7.wav"]).corpus
    keep_scan(place, corpus, {})
    return corpus


@pytest.mark.parametrize("by_id", [True, False])
def test_choices_and_added_files_go_along(
    place: Workspace, old: Corpus, tmp_path: Path, by_id: bool
) -> None:
    folder = old.folder.rename(tmp_path / "elsewhere")
    assert not curation_for(folder, place.root).muted
    moved = move_corpus(place, old.id if by_id else old.folder, folder)
    assert moved.files == old.files
    (added,) = moved.added
    assert added.is_file()
    assert curation_for(folder, place.root) == moved.curation
    assert list_corpora(place) == ([moved], [])
    assert not scan_path(place, old.id).exists()
    assert not old.added[0].parent.exists()


def test_choices_of_the_new_folder_win_and_none_is_lost(
    place: Workspace, old: Corpus, corpus_dir: Path, tmp_path: Path
) -> None:
    new = find_corpus(place, old.folder.rename(tmp_path / "elsewhere"))
    chosen = find_files(new, ["pluck 1.wav"])
    set_weight(place, new, chosen, 5)
    # A file of the same name, with other content.
    namesake = shutil.copy(corpus_dir / "high" / "pluck 6.wav", tmp_path / "pluck 7.wav")
    add_files(place, new, [namesake])
    moved = move_corpus(place, old.id, new.folder)
    assert len(moved.added) == 2
    (key,) = chosen
    assert moved.files == old.files | moved.files
    assert moved.files[key].weight == 5
    assert moved.curation.muted == old.curation.muted


def test_bad_input_is_refused_and_changes_nothing(
    place: Workspace, old: Corpus, corpus_dir: Path
) -> None:
    cases: list[tuple[str, Path, type[DistillError], str]] = [
        ("nothing-00000000", old.folder, UsageError, "Nothing was chosen about"),
        ("../" * 30, old.folder, UsageError, "Nothing was chosen about"),
        (old.id, old.folder / "no", CorpusError, "There is no folder"),
        (old.id, old.folder / "pluck 0.wav", CorpusError, "is a file"),
        (old.id, old.folder, UsageError, "already"),
        (old.id, corpus_dir / "high", UsageError, "None of the files with choices"),
    ]
    for text, folder, error, sentence in cases:
        with pytest.raises(error, match=sentence):
            move_corpus(place, text, folder)
    assert list_corpora(place)[0][0].files == old.files
