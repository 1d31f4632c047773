"""Curation: the choices that a person has made about the files of a corpus.

Files are told apart by their content: files of equal content share choices, and a file that moves
keeps them. Free of torch and numpy, so that a server can hand curations on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distill.bounds import check_bound

MUTED = "muted"
"""Reason for which a scan skips a muted file."""

USUAL_WEIGHT = 1.0
"""Weight of a file without one."""


@dataclass(frozen=True)
class Curation:
    """Choices about the files of a corpus, by content hash (SHA-256 of the file).

    Attributes:
        muted: Files that are left out of everything.
        weights: How often a file is heard, relative to others; 1 where there is no entry.
        tags: Tags beside that of the folder, by which generated sound can be steered.
        generated: Files that a model made.
        added: Sound files that belong to the corpus and lie outside its folder.

    Raises:
        UsageError: A weight is out of bounds.
    """

    muted: frozenset[str] = frozenset()
    weights: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    generated: frozenset[str] = frozenset()
    added: Sequence[Path] = ()

    def __post_init__(self) -> None:
        for weight in self.weights.values():
            check_bound("--weight", weight)

    def weight_of(self, content_hash: str) -> float:
        """The weight of a file."""
        return self.weights.get(content_hash, USUAL_WEIGHT)


NO_CURATION = Curation()
"""No choices: every file is used, and heard as often as any other."""


def curation_of(manifest: Sequence[Mapping[str, Any]], muted: Sequence[str]) -> Curation:
    """The curation that a training began with, from its manifest.

    Args:
        manifest: Entries of the files, as `data.dataset.make_manifest` makes them.
        muted: Content hashes of the muted files.
    """
    return Curation(
        muted=frozenset(muted),
        weights={entry["hash"]: entry["weight"] for entry in manifest if "weight" in entry},
        tags={entry["hash"]: tuple(entry["tags"]) for entry in manifest if "tags" in entry},
        generated=frozenset(entry["hash"] for entry in manifest if entry.get("generated")),
    )
