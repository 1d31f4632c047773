"""The files of a corpus as the last scan found them, with what a person has chosen about each.

A scan decodes sounds, which a server does not do itself. So its facts are kept in the workspace's
cache, and can be made again. A scan at work keeps those that it has; names are there at once.
"""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distill.data.curation import USUAL_WEIGHT
from distill.data.listing import list_folder, name_in_corpus
from distill.files import make_folder, parse_json, replace_atomically
from distill.library.corpora import Corpus, FileChoices, generated_share
from distill.library.workspace import Workspace
from distill.training.config import default_minutes

VERSION = 2
"""Version of the facts of a scan."""

KEEP_S = 0.5
"""Seconds between two times at which a scan keeps what it has."""

UNKNOWN: Mapping[str, Any] = {"verdict": "", "advice": (), "total_s": 0.0, "files": ()}
"""Facts before the first scan has ended."""


@dataclass(frozen=True)
class ListedFile:
    """A file of a corpus.

    Attributes:
        name: Path below the folder, with slashes.
        hash: SHA-256 of the file; empty when it cannot be read.
        used: Whether training uses it.
        reason: Why not; empty if it does.
        flags: Oddities, such as clipping.
        advice: Advice on each of the flags, in their order; empty texts where there is none.
        clipped_at_s: Where samples clip, in seconds.
        duration_s: Length in seconds.
        loudness: Integrated loudness in LUFS; None below the gate.
        tempo: In beats per minute (BPM); None where it keeps no beat.
        key: Such as "A minor"; None where none stands out.
        muted: Whether it is left out by hand.
        weight: How often it is heard, relative to others.
        tags: Tags that a person gave it.
        note: A text for people.
        generated: Whether a model made it.
        is_measured: Whether a scan has read it; before that only its name is known.
    """

    name: str
    hash: str
    used: bool
    reason: str
    flags: list[str]
    advice: list[str]
    clipped_at_s: list[float]
    duration_s: float
    loudness: float | None
    tempo: float | None
    key: str | None
    muted: bool
    weight: float
    tags: list[str]
    note: str
    generated: bool
    is_measured: bool = True


@dataclass(frozen=True)
class CorpusListing:
    """A corpus as a face shows it.

    Attributes:
        id: Its id.
        folder: Its folder.
        verdict: "go", or "fix" if something should be mended first; empty before the first scan.
        advice: Sentences, the most important first.
        total_s: Seconds of usable sound.
        default_minutes: Minutes of training that suit them.
        used: Number of files that are used.
        muted: Number of files that are left out by hand.
        generated_share: Share of what is heard that a model made, 0 to 1.
        files: The files.
        absent: Names of files with choices that the folder does not hold at present.
    """

    id: str
    folder: str
    verdict: str
    advice: list[str]
    total_s: float
    default_minutes: float
    used: int
    muted: int
    generated_share: float
    files: list[ListedFile]
    absent: list[str]


def list_files(corpus: Corpus, scan: Mapping[str, Any]) -> CorpusListing:
    """The files of a corpus.

    Args:
        corpus: The choices.
        scan: Facts of a scan: `asdict(distill.describe.corpus_facts(report))`.
    """
    files = [_list_file(entry, corpus) for entry in scan["files"]]
    present = {file.hash for file in files}
    used = [file.hash for file in files if file.used]
    absent = [choices.name for key, choices in corpus.files.items() if key not in present]
    return CorpusListing(
        id=corpus.id,
        folder=str(corpus.folder),
        verdict=scan["verdict"],
        advice=list(scan["advice"]),
        total_s=scan["total_s"],
        default_minutes=default_minutes(scan["total_s"]),
        used=len(used),
        muted=sum(file.muted for file in files),
        generated_share=round(generated_share(corpus.curation, used), 4),
        files=files,
        absent=sorted(absent),
    )


def _list_file(entry: Mapping[str, Any], corpus: Corpus) -> ListedFile:
    choices = corpus.files.get(entry["hash"], FileChoices())
    return ListedFile(
        name=entry["name"],
        hash=entry["hash"],
        used=entry["used"],
        reason=entry["reason"],
        flags=list(entry["flags"]),
        advice=list(entry["advice"]),
        clipped_at_s=list(entry["clipped_at_s"]),
        duration_s=entry["duration_s"],
        loudness=entry["loudness"],
        tempo=entry["tempo"],
        key=entry["key"],
        muted=choices.muted,
        weight=choices.weight,
        tags=list(choices.tags),
        note=choices.note,
        generated=choices.generated,
    )


def keep_scan(workspace: Workspace, corpus: Corpus, scan: Mapping[str, Any]) -> None:
    """Keep the facts of a scan, for whoever cannot scan.

    Raises:
        OutputError: They cannot be written.
    """
    _write(scan_path(workspace, corpus.id), scan)
    with suppress(OSError):
        _partial_path(workspace, corpus.id).unlink()


class PartialScan:
    """What a scan at work has measured, kept some times a second for whoever cannot scan.

    Args:
        workspace: The workspace.
        corpus: The corpus.
    """

    def __init__(self, workspace: Workspace, corpus: Corpus) -> None:
        self._path = _partial_path(workspace, corpus.id)
        self._files: list[Mapping[str, Any]] = []
        self._next = 0.0

    def add(self, facts: Mapping[str, Any]) -> None:
        """Add a file.

        Args:
            facts: Facts about it, as those of a whole scan are.

        Raises:
            OutputError: They cannot be written.
        """
        self._files.append(facts)
        if time.monotonic() >= self._next:
            _write(self._path, {"files": self._files})
            self._next = time.monotonic() + KEEP_S


def kept_listing(workspace: Workspace, corpus: Corpus) -> CorpusListing | None:
    """The files of a corpus as scans found them; None before one, or where it is lost.

    A scan at work counts for the files that it has measured.
    """
    # Whatever is wrong with them, they can be made again.
    with suppress(ValueError, KeyError, TypeError):
        whole = _read(scan_path(workspace, corpus.id))
        part = _read(_partial_path(workspace, corpus.id))
        if whole or part:
            facts = {**UNKNOWN, **(whole or {})}
            return list_files(corpus, {**facts, "files": _latest(facts, part or UNKNOWN)})
    return None


def present_listing(workspace: Workspace, corpus: Corpus) -> CorpusListing:
    """The files of a corpus as scans found them, and the names of those that none has read yet."""
    listing = kept_listing(workspace, corpus) or list_files(corpus, UNKNOWN)
    known = {file.name for file in listing.files}
    names = [name_in_corpus(path, corpus.folder) for path in listed_paths(corpus)]
    new = [_unread_file(name) for name in names if name not in known]
    return replace(listing, files=[*listing.files, *new])


def listed_paths(corpus: Corpus) -> list[Path]:
    """The files that a scan of a corpus would read."""
    return [*list_folder(corpus.folder).sounds, *corpus.added]


def _latest(*scans: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Facts about the files of scans, of each as the last scan has them."""
    return list({entry["name"]: entry for scan in scans for entry in scan["files"]}.values())


def _unread_file(name: str) -> ListedFile:
    return ListedFile(
        name=name,
        hash="",
        used=False,
        reason="",
        flags=[],
        advice=[],
        clipped_at_s=[],
        duration_s=0.0,
        loudness=None,
        tempo=None,
        key=None,
        muted=False,
        weight=USUAL_WEIGHT,
        tags=[],
        note="",
        generated=False,
        is_measured=False,
    )


def _write(path: Path, facts: Mapping[str, Any]) -> None:
    make_folder(path.parent)
    with replace_atomically(path) as file:
        file.write(json.dumps({"version": VERSION, **facts}).encode("ascii"))


def _read(path: Path) -> Mapping[str, Any] | None:
    """Facts that were kept; None where there are none of this version."""
    with suppress(OSError):
        facts = parse_json(path.read_bytes())
        return facts if facts["version"] == VERSION else None
    return None


def forget_scans(workspace: Workspace, corpus: str) -> None:
    """Remove what scans of a corpus have kept."""
    for path in (scan_path(workspace, corpus), _partial_path(workspace, corpus)):
        with suppress(OSError):
            path.unlink()


def scan_path(workspace: Workspace, corpus: str) -> Path:
    """File of the facts of the last scan of a corpus."""
    return workspace.cache / "scans" / f"{corpus}.json"


def _partial_path(workspace: Workspace, corpus: str) -> Path:
    return workspace.cache / "scans" / f"{corpus}-partial.json"
