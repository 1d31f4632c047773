"""Files of a corpus: named, added, removed."""

import shutil
from pathlib import Path

import pytest

import distill
from distill.audio.write import write_sound
from distill.errors import DistillError, UsageError
from distill.library import bin as system_bin
from distill.library.corpora import Corpus, find_corpus, mute, set_weight
from distill.library.corpus_files import (
    add_files,
    content_hash,
    find_files,
    is_generated,
    remove_files,
    restore_sounds,
)
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


@pytest.fixture
def folder(corpus_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(corpus_dir, tmp_path / "mine"))


@pytest.fixture
def corpus(place: Workspace, folder: Path) -> Corpus:
    return find_corpus(place, folder)


@pytest.fixture
def binned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A bin: machines without a desktop may have none."""
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setattr(system_bin, "send2trash", lambda file: shutil.move(file, path))
    return path


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("low/pluck 0.wav", 1),
        ("low/../low/pluck 0.wav", 1),
        ("low", 4),
        ("*/pluck [01].wav", 2),
        ("*.wav", 8),
    ],
)
def test_files_are_found_by_name_folder_and_pattern(corpus: Corpus, name: str, count: int) -> None:
    assert len(find_files(corpus, [name])) == count


def test_files_are_found_by_hash(place: Workspace, corpus: Corpus, folder: Path) -> None:
    chosen = find_files(corpus, ["low/pluck 0.wav"])
    (key,) = chosen
    assert key == content_hash(folder / "low/pluck 0.wav")
    changed = mute(place, corpus, chosen)
    assert find_files(changed, [key[:8]]) == find_files(changed, [key]) == chosen


@pytest.mark.parametrize(
    "name", ["none.wav", "../bin", "/etc/passwd", "", ".", "lo", "a\0.wav", "a" * 300]
)
def test_what_is_no_file_of_the_corpus_is_refused(corpus: Corpus, name: str) -> None:
    with pytest.raises(UsageError, match=r"^There is no sound "):
        find_files(corpus, [name])


def test_files_added_to_a_persons_own_folder_lie_in_the_workspace(
    place: Workspace, corpus: Corpus, folder: Path, tmp_path: Path
) -> None:
    write_sound(tmp_path / "new.wav", distill.scan_corpus(folder).clips[0].audio() * 0.5)
    before = sorted(folder.rglob("*"))
    addition = add_files(place, corpus, [tmp_path / "new.wav", folder / "low/pluck 0.wav"])
    assert list(addition.files.values()) == ["new (added).wav"]
    assert addition.present == ("pluck 0.wav",)
    assert sorted(folder.rglob("*")) == before
    report = distill.scan_corpus(folder, curation=addition.corpus.curation)
    assert len(report.clips) == 9
    assert add_files(place, addition.corpus, [tmp_path / "new.wav"]).files == {}


def test_files_added_to_a_folder_of_the_workspace_lie_in_it(
    place: Workspace, folder: Path, binned: Path
) -> None:
    own = Path(shutil.copytree(folder / "low", place.sounds / "takes"))
    corpus = find_corpus(place, own)
    added = add_files(place, corpus, [folder / "high/pluck 5.wav"], weight=3).corpus
    assert (own / "pluck 5.wav").is_file()
    assert list(added.curation.weights.values()) == [3.0]
    chosen = find_files(added, ["pluck 5.wav", "pluck 1.wav"])
    removal = remove_files(place, added, chosen)
    after = removal.corpus
    assert removal.muted == {}
    assert sorted(path.name for path in own.iterdir()) == [f"pluck {i}.wav" for i in (0, 2, 3)]
    assert sorted(path.name for path in binned.iterdir()) == ["pluck 1.wav", "pluck 5.wav"]
    assert after.is_owned
    # Both at once, as they went.
    assert removal.deleted is not None
    assert removal.deleted.name == "pluck 5.wav and 1 more"
    restore_sounds(place, removal.deleted.id)
    assert len(list(own.iterdir())) == 5
    with pytest.raises(UsageError, match="no deleted sound"):
        restore_sounds(place, removal.deleted.id)


def test_a_persons_own_files_are_muted_and_never_deleted(
    place: Workspace, corpus: Corpus, folder: Path, tmp_path: Path, binned: Path
) -> None:
    write_sound(tmp_path / "new.wav", distill.scan_corpus(folder).clips[0].audio() * 0.5)
    added = add_files(place, corpus, [tmp_path / "new.wav"]).corpus
    chosen = find_files(added, ["new (added).wav", "low"])
    removal = remove_files(place, added, chosen)
    after, muted = removal.corpus, removal.muted
    assert len(list(folder.rglob("*.wav"))) == 8
    assert sorted(muted.values()) == [f"low/pluck {i}.wav" for i in range(4)]
    assert after.curation.muted == set(muted)
    assert after.added == ()
    assert [path.name for path in binned.iterdir()] == ["new.wav"]


def test_generated_sound_is_known_by_its_recipe_and_counts_half(
    place: Workspace, corpus: Corpus, trained: Path, tmp_path: Path
) -> None:
    sound = distill.generate(distill.load(trained), duration=1.0, seed=3)[0]
    sound.save(tmp_path / "made.wav")
    assert is_generated(tmp_path / "made.wav")
    assert not is_generated(corpus.folder / "low/pluck 0.wav")
    addition = add_files(place, corpus, [tmp_path / "made.wav"])
    assert addition.generated == 1
    (key,) = addition.files
    curation = addition.corpus.curation
    assert curation.generated == {key}
    assert curation.weights == {key: 0.5}
    # The weight can be set otherwise, and the mark stays.
    after = set_weight(place, addition.corpus, addition.files, 1).curation
    assert after.generated == {key}
    report = distill.scan_corpus(corpus.folder, curation=after)
    assert [clip.is_generated for clip in report.clips] == [False] * 8 + [True]


def test_bad_files_are_refused_before_anything_is_copied(
    place: Workspace, corpus: Corpus, folder: Path, tmp_path: Path
) -> None:
    good = tmp_path / "good.wav"
    write_sound(good, distill.scan_corpus(folder).clips[0].audio() * 0.5)
    (tmp_path / "text.txt").write_text("x")
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    for bad in ("text.txt", "broken.wav", "none.wav", "."):
        with pytest.raises(DistillError, match=r"\.$"):
            add_files(place, corpus, [good, tmp_path / bad])
    with pytest.raises(UsageError, match="--weight"):
        add_files(place, corpus, [good], weight=20)
    assert not list(place.corpora.rglob("*.wav"))
    assert find_corpus(place, folder).files == {}


def test_added_files_are_removed_when_the_folder_of_the_corpus_is_gone(
    place: Workspace, corpus: Corpus, folder: Path, tmp_path: Path, binned: Path
) -> None:
    write_sound(tmp_path / "new.wav", distill.scan_corpus(folder).clips[0].audio() * 0.5)
    added = add_files(place, corpus, [tmp_path / "new.wav"]).corpus
    shutil.rmtree(folder)
    removal = remove_files(place, added, find_files(added, ["new (added).wav"]))
    after = removal.corpus
    assert (after.id, after.added, removal.muted) == (corpus.id, (), {})
    # With its folder, it comes back where it was.
    assert removal.deleted is not None
    restore_sounds(place, removal.deleted.id)
    assert [path.name for path in find_corpus(place, corpus.id).added] == ["new.wav"]
    assert [path.name for path in binned.iterdir()] == ["new.wav"]


def test_an_unchosen_file_of_a_folder_of_the_workspace_is_removed(
    place: Workspace, folder: Path, binned: Path
) -> None:
    own = find_corpus(place, shutil.copytree(folder / "low", place.sounds / "takes"))
    after = remove_files(place, own, find_files(own, ["pluck 1.wav"])).corpus
    assert after.id == own.id
    assert [path.name for path in binned.iterdir()] == ["pluck 1.wav"]
