"""A corpus as a face shows it."""

from dataclasses import asdict
from pathlib import Path

import pytest

import distill
from distill.library.corpora import Corpus, find_corpus, mute, set_weight
from distill.library.corpus_files import find_files
from distill.library.corpus_listing import keep_scan, kept_listing, list_files
from distill.library.workspace import Workspace, open_workspace


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
