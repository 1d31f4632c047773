"""The files of a corpus as the last scan found them, with what a person has chosen about each.

A scan decodes sounds, which a server does not do itself. So its facts are kept in the workspace's
cache, and can be made again.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill.files import make_folder, parse_json, replace_atomically
from distill.library.corpora import Corpus, FileChoices, generated_share
from distill.library.workspace import Workspace
from distill.training.config import default_minutes

VERSION = 2
"""Version of the facts of a scan."""


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


@dataclass(frozen=True)
class CorpusListing:
    """A corpus as a face shows it.

    Attributes:
        id: Its id.
        folder: Its folder.
        verdict: "go", or "fix" if something should be mended first.
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
    path = scan_path(workspace, corpus.id)
    make_folder(path.parent)
    with replace_atomically(path) as file:
        file.write(json.dumps({"version": VERSION, **scan}).encode("ascii"))


def kept_listing(workspace: Workspace, corpus: Corpus) -> CorpusListing | None:
    """The files of a corpus as the last scan found them; None before one, or where it is lost."""
    # Whatever is wrong with them, they can be made again.
    with suppress(OSError, ValueError, KeyError, TypeError):
        scan = parse_json(scan_path(workspace, corpus.id).read_bytes())
        return list_files(corpus, scan) if scan["version"] == VERSION else None
    return None


def scan_path(workspace: Workspace, corpus: str) -> Path:
    """File of the facts of the last scan of a corpus."""
    return workspace.cache / "scans" / f"{corpus}.json"
