"""The corpus of a codec training: its files, their split, and facts about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from distill.data.corpus import Clip, CorpusReport
from distill.data.dataset import Split, split_by_manifest
from distill.training.corpus_facts import CorpusFacts, measure_corpus_facts


@dataclass(frozen=True)
class TrainingCorpus:
    """Sounds of a training.

    Attributes:
        root: Folder of the sounds.
        clips: The files, in the order of `manifest`. A resumed run needs the same order, since
            random crops are drawn by index.
        manifest: One entry for each file: name, hash, durations, held-out part.
        split: Training and held-out regions.
        facts: Facts about the corpus that the verdicts need.
        muted: Name and hash of each file that is left out by hand.
        added: Files of the corpus that lie outside `root`.
    """

    root: Path
    clips: Sequence[Clip]
    manifest: Sequence[dict[str, Any]]
    split: Split
    facts: CorpusFacts
    muted: Sequence[dict[str, str]] = ()
    added: Sequence[str] = ()

    @classmethod
    def from_report(
        cls, report: CorpusReport, manifest: Sequence[dict[str, Any]]
    ) -> "TrainingCorpus":
        """The scanned corpus `report`, split as `manifest` says; reads 2 s of each file."""
        order = {entry["hash"]: i for i, entry in enumerate(manifest)}
        clips = sorted(report.clips, key=lambda clip: order[clip.content_hash])
        return cls(
            root=Path(report.root),
            clips=clips,
            manifest=manifest,
            split=split_by_manifest(clips, manifest),
            facts=measure_corpus_facts(report),
            muted=muted_files(report),
            added=[str(path) for path in report.added],
        )

    @property
    def loudness(self) -> float:
        """Median loudness of the files in LUFS."""
        return float(np.median([clip.loudness for clip in self.clips]))


def muted_files(report: CorpusReport) -> list[dict[str, str]]:
    """Name and hash of each file that is left out by hand, as model files keep them."""
    return [{"name": file.name, "hash": file.content_hash} for file in report.muted]


def rms_range(split: Split) -> list[float]:
    """Active levels of the quietest and of the loudest file of the training split, in dBFS."""
    levels = [region.clip.rms_db for region in split.train]
    return [min(levels), max(levels)]
