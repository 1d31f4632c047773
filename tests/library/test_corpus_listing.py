"""A corpus as a face shows it."""

import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

import distill
from distill.files import plain_json
from distill.library.corpora import Corpus, find_corpus, mute, set_weight
from distill.library.corpus_files import find_files
from distill.library.corpus_listing import (
    PartialScan,
    forget_scans,
    keep_scan,
    kept_listing,
    list_files,
    present_listing,
)
from distill.library.workspace import Workspace, open_workspace
from distill.workflows.describe import file_facts


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def scan(corpus: Corpus) -> dict[str, object]:
    report = distill.scan_corpus(corpus.folder, curation=corpus.curation)
    return asdict(distill.describe.corpus_facts(report))


def test_a_listing_has_facts_and_choices(place: Workspace, corpus_dir: Path) -> None:
    corpus = find_corpus(place, corpus_dir)
    corpus = mute(place, corpus, find_files(corpus, ["low/pluck 0.wav"]))
    corpus = set_weight(place, corpus, find_files(corpus, ["high"]), 2)
    listing = list_files(corpus, scan(corpus))
    assert (listing.used, listing.muted, len(listing.files)) == (7, 1, 8)
    by_name = {file.name: file for file in listing.files}
    assert by_name["low/pluck 0.wav"].muted
    assert not by_name["low/pluck 0.wav"].used
    assert by_name["high/pluck 4.wav"].weight == 2
    assert by_name["high/pluck 4.wav"].duration_s > 0.5
    assert listing.absent == []


def test_files_that_are_away_keep_their_choices(place: Workspace, corpus_dir: Path) -> None:
    corpus = mute(place, find_corpus(place, corpus_dir), {"c" * 64: "away.wav"})
    assert list_files(corpus, scan(corpus)).absent == ["away.wav"]


def test_the_last_scan_is_kept_for_whoever_cannot_scan(place: Workspace, corpus_dir: Path) -> None:
    corpus = find_corpus(place, corpus_dir)
    assert kept_listing(place, corpus) is None
    facts = scan(corpus)
    keep_scan(place, corpus, facts)
    assert kept_listing(place, corpus) == list_files(corpus, facts)
    for path in place.cache.rglob("*.json"):
        for damage in (b"", b"[]", b'{"version": 9}', b'{"version": 1, "files": 3}'):
            path.write_bytes(damage)
            assert kept_listing(place, corpus) is None


def test_names_are_there_before_any_scan(place: Workspace, corpus_dir: Path) -> None:
    corpus = find_corpus(place, corpus_dir)
    listing = present_listing(place, corpus)
    names = [path.relative_to(corpus_dir).as_posix() for path in sorted(corpus_dir.rglob("*.wav"))]
    assert [file.name for file in listing.files] == names
    assert not any(file.is_measured or file.used for file in listing.files)
    assert listing.verdict == ""


def test_a_scan_at_work_gives_what_it_has_measured(
    place: Workspace, corpus_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "growing"
    shutil.copytree(corpus_dir, folder)
    corpus = find_corpus(place, folder)
    partial = PartialScan(place, corpus)
    report = distill.scan_corpus(
        folder, on_file=lambda file: partial.add(plain_json(asdict(file_facts(file))))
    )
    listing = present_listing(place, corpus)
    measured = [file for file in listing.files if file.is_measured]
    assert measured
    assert len(listing.files) == 8
    assert measured[0].hash == report.files[0].content_hash
    assert listing.verdict == ""
    keep_scan(place, corpus, asdict(distill.describe.corpus_facts(report)))
    shutil.copyfile(folder / "low/pluck 0.wav", folder / "new.wav")
    listing = present_listing(place, corpus)
    assert [file.name for file in listing.files if not file.is_measured] == ["new.wav"]
    assert (listing.verdict, listing.used) == ("go", 8)
    forget_scans(place, corpus.id)
    assert kept_listing(place, corpus) is None
