"""A model of the library: facts of its file, and what a person noted of it. Free of torch."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distill.library.model_health import ModelHealth, judge_health
from distill.library.workspace import ID

LONGEST_ID = 50
"""Characters of an id in a file, at most, that becomes the id of a model: 32 are usual."""

COLUMNS = ("outline_facts",)
"""Columns of a model in the index: its facts as JSON. Other facts take another name, so that an
earlier index is made anew."""


@dataclass(frozen=True)
class Parent:
    """The version that a model goes on from.

    Attributes:
        id: Its id in the library, and in the metadata of its file.
        name: Its name at that time.
        version: Its version.
        hash: SHA-256 of its weights at that time.
    """

    id: str
    name: str
    version: int
    hash: str


@dataclass(frozen=True)
class CorpusFile:
    """A file that a model learned from.

    Attributes:
        name: Its path in the corpus.
        hash: SHA-256 of the file.
        weight: How often it was heard beside others.
        muted: Whether it was left out.
    """

    name: str
    hash: str
    weight: float = 1.0
    muted: bool = False


@dataclass(frozen=True)
class CorpusChange:
    """What differs in the corpus of a version from that of its parent, by content.

    Attributes:
        added: Names of files that are heard now.
        removed: Names of files that are heard no more, muted ones included.
        weighted: Names of files and their new weights.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    weighted: tuple[tuple[str, float], ...] = ()

    @property
    def text(self) -> str:
        """In short: `+10, −1, voice.wav ×2`."""
        parts = [f"+{len(self.added)}"] if self.added else []
        if self.removed:
            parts.append(f"−{len(self.removed)}")
        parts += [f"{name} ×{weight:g}" for name, weight in self.weighted[:2]]
        if len(self.weighted) > 2:
            parts.append(f"{len(self.weighted) - 2} more weights")
        return ", ".join(parts) or "the same corpus"


@dataclass(frozen=True)
class Model:
    """A model file in the library.

    Attributes:
        id: Its id: that in its metadata, or one of its own where that is taken or missing.
        path: The file.
        name: The name that a person gave it; else that in the file, or of the file.
        notes: Notes of a person.
        model_id: The id in its metadata.
        created: Start of its training, UTC.
        version: Its version, from 1 on.
        parent: The version that it goes on from; None for a first one.
        family: Hash of its codebooks: versions have the same, and can read each other's codes.
        health: Use of its codebooks.
        verdict: Sentence on its training.
        verdict_kind: Its kind.
        minutes: Length of its training; None if unknown.
        has_prior: Whether it can generate.
        prior_verdict: Sentence on the training of its prior; None without one.
        sample_rate: In Hz.
        channels: Of decoded sounds.
        levels: Number of quantiser levels.
        codebook_size: Entries of a codebook.
        corpus_files: Number of files that it learned from.
        corpus_s: Their length in seconds.
        bytes: Size of the file.
        tags: Tags that it can be steered by.
        change: What its corpus has that its parent's had not; None without a parent in the library.
    """

    id: str
    path: Path
    name: str
    notes: str
    model_id: str
    created: str
    version: int
    parent: Parent | None
    family: str
    health: ModelHealth
    verdict: str
    verdict_kind: str
    minutes: float | None
    has_prior: bool
    prior_verdict: str | None
    sample_rate: int
    channels: int
    levels: int
    codebook_size: int
    corpus_files: int
    corpus_s: float
    bytes: int
    tags: tuple[str, ...] = ()
    change: CorpusChange | None = None
    corpus: tuple[CorpusFile, ...] = field(default=(), repr=False)


def facts_of(outline: Mapping[str, Any]) -> dict[str, Any]:
    """What the index keeps of a header.

    Args:
        outline: As `models.header.read_outline` gives it.
    """
    metadata = outline["metadata"]
    config = outline["vqvae_config"]
    prior = outline["prior_metadata"] if outline.get("has_prior") is True else {}
    training = metadata.get("training") or {}
    seconds = training.get("elapsed_s")
    return {
        "model_id": metadata.get("id") or "",
        "name": metadata.get("name") or "",
        "created": metadata.get("created") or "",
        "version": metadata.get("version", 1),
        "parent": metadata.get("parent"),
        "family": metadata.get("codebook_hash") or "",
        "level_health": [
            {key: level[key] for key in ("name", "utilisation", "perplexity")}
            for level in metadata.get("level_health", [])
        ],
        "verdict": metadata.get("verdict") or "",
        "verdict_kind": metadata.get("verdict_kind") or "",
        "minutes": seconds / 60 if isinstance(seconds, int | float) else None,
        "has_prior": outline.get("has_prior") is True,
        "prior_verdict": prior.get("verdict"),
        "sample_rate": config["sample_rate"],
        "channels": metadata.get("output_channels") or config["channels"],
        "levels": config["num_quantizers"],
        "codebook_size": config["codebook_size"],
        "corpus": _corpus(metadata),
        "tags": list((prior.get("steering") or {}).get("tags", ())),
        "corpus_s": sum(entry.get("duration_s", 0) for entry in metadata.get("corpus", [])),
    }


def _corpus(metadata: Mapping[str, Any]) -> list[list[Any]]:
    """Name, hash, weight and whether it is muted, for each file of a corpus."""
    files = [
        [entry.get("name", ""), entry.get("hash", ""), entry.get("weight", 1.0), False]
        for entry in metadata.get("corpus", [])
    ]
    muted = metadata.get("muted")
    for entry in muted if isinstance(muted, list) else ():
        if isinstance(entry, dict):
            files.append([str(entry.get("name", "")), str(entry.get("hash", "")), 1.0, True])
    return files


def model_of(path: Path, file: str, size: int, facts: Mapping[str, Any]) -> Model:
    """The model in a file, without what depends on others or on a person.

    Args:
        path: The file.
        file: Its name in the folder of models, which gives it an id where it states none.
        size: Its bytes.
        facts: As `facts_of` gives them.
    """
    model_id = facts["model_id"]
    is_id = len(model_id) <= LONGEST_ID and ID.fullmatch(model_id) is not None
    corpus = tuple(
        CorpusFile(name=name, hash=digest, weight=weight, muted=muted)
        for name, digest, weight, muted in facts["corpus"]
    )
    return Model(
        id=model_id if is_id else file_id(file),
        path=path,
        name=facts["name"] or path.stem,
        notes="",
        model_id=model_id,
        created=facts["created"],
        version=_version(facts["version"]),
        parent=_parent(facts["parent"]),
        family=facts["family"],
        health=judge_health(facts["level_health"]),
        verdict=facts["verdict"],
        verdict_kind=facts["verdict_kind"],
        minutes=facts["minutes"],
        has_prior=facts["has_prior"],
        prior_verdict=facts["prior_verdict"],
        sample_rate=facts["sample_rate"],
        channels=facts["channels"],
        levels=facts["levels"],
        codebook_size=facts["codebook_size"],
        corpus_files=sum(not entry.muted for entry in corpus),
        corpus_s=facts["corpus_s"],
        bytes=size,
        tags=tuple(facts["tags"]),
        corpus=corpus,
    )


def file_id(file: str) -> str:
    """An id for a file that has none of its own, by its name in the folder of models."""
    return f"file-{hashlib.sha256(file.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _version(value: Any) -> int:
    return value if type(value) is int and value >= 1 else 1


def _parent(entries: Any) -> Parent | None:
    if not isinstance(entries, dict):
        return None
    return Parent(
        id=str(entries.get("id", "")),
        name=str(entries.get("name", "")),
        version=_version(entries.get("version")),
        hash=str(entries.get("hash", "")),
    )


def corpus_change(parent: Sequence[CorpusFile], version: Sequence[CorpusFile]) -> CorpusChange:
    """What the corpus of a version has that its parent's had not. Files are compared by content."""
    before = {file.hash: file for file in parent if not file.muted}
    after = {file.hash: file for file in version if not file.muted}
    return CorpusChange(
        added=tuple(after[digest].name for digest in after.keys() - before.keys()),
        removed=tuple(before[digest].name for digest in before.keys() - after.keys()),
        weighted=tuple(
            (after[digest].name, after[digest].weight)
            for digest in before
            if digest in after and after[digest].weight != before[digest].weight
        ),
    )


def read_facts(text: str) -> dict[str, Any]:
    """The facts that the index keeps as JSON."""
    facts: dict[str, Any] = json.loads(text)
    return facts
