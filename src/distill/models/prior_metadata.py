"""Typed view of `prior_metadata`, the facts that a model file keeps beside the prior's weights.

The file holds plain dicts (tensors, numbers, strings, lists, dicts), and files of earlier versions
lack entries. This is the one module that knows the keys: it reads old files as well as new ones,
and writes new ones.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from distill.audio.pulse import Pulse

BULKY_KEYS = ("copy_index", "loss_curves", "recordings", "steering")
"""Entries too long to be printed; `brief` leaves them out."""


@dataclass(frozen=True)
class EventCut:
    """Events of a recording: where they begin and end.

    Attributes:
        edges: Begins of the `n` events and the end of the last, `[n + 1]` in frames (float64).
        steady: Whether `[n]` (bool) each is part of a steady sound.
        levels: Level `[n]` of each attack in dBFS (float32).
    """

    edges: Tensor
    steady: Tensor
    levels: Tensor

    def fits(self, frames: int) -> bool:
        """Whether these can be the events of a recording of so many frames."""
        n = len(self.steady)
        if n < 1 or self.edges.shape != (n + 1,) or self.levels.shape != (n,):
            return False
        is_inside = self.edges[0] == 0 and self.edges[-1] == frames
        return bool(is_inside and (self.edges.diff() > 0).all())

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "EventCut":
        """Read the entry `cut` of a recording."""
        return cls(edges=entry["edges"], steady=entry["steady"], levels=entry["levels"])

    def to_dict(self) -> dict[str, Any]:
        """The entry as a file keeps it."""
        return {"edges": self.edges, "steady": self.steady, "levels": self.levels}


@dataclass(frozen=True)
class Recording:
    """A recording of the corpus as the file keeps it, for prompts and unit selection.

    Tensors are shared with the file's dict, not copied.

    Attributes:
        name: Path of the sound file, relative to the corpus folder.
        codes: `[T, Q]` (uint8 or int16), from the beginning of the recording.
        whole: Whether `codes` reach to the end of the sound.
        traits: `[T, A]` (float16), descriptors and tag weights of each frame; None in files that
            were trained without steering.
        shifted: Further encodings `[T', Q]`, each with an equal part of a frame more of silence
            before the recording. With them an event can begin between two frames.
        pulse: Tempo and beats, all of them even where `codes` end sooner; None where there are
            none, and where `PriorMetadata.pulse_known` is false.
        cut: Its events; None in files of earlier versions.
        weight: How often it is drawn from, relative to others, as a person has chosen.
        origins: Which models of a blend have it: 0 for the first, 1 for the second. No entry of
            a file.
    """

    name: str
    codes: Tensor
    whole: bool
    traits: Tensor | None = None
    shifted: tuple[Tensor, ...] = ()
    pulse: Pulse | None = None
    cut: EventCut | None = None
    weight: float = 1.0
    origins: tuple[int, ...] = (0,)

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "Recording":
        """Read one entry of `recordings`."""
        return cls(
            name=entry["name"],
            codes=entry["codes"],
            whole=bool(entry["whole"]),
            traits=entry.get("traits"),
            shifted=tuple(entry.get("shifted") or ()),
            pulse=_read_pulse(entry["pulse"]) if "pulse" in entry else None,
            cut=EventCut.from_dict(entry["cut"]) if "cut" in entry else None,
            weight=float(entry.get("weight", 1.0)),
        )

    def to_dict(self) -> dict[str, Any]:
        """The entry as a file keeps it; without what there is none of."""
        entry: dict[str, Any] = {"name": self.name, "codes": self.codes, "whole": self.whole}
        if self.traits is not None:
            entry["traits"] = self.traits
        if self.shifted:
            entry["shifted"] = list(self.shifted)
        if self.pulse is not None:
            entry["pulse"] = _pulse_entry(self.pulse)
        if self.cut is not None:
            entry["cut"] = self.cut.to_dict()
        if self.weight != 1:
            entry["weight"] = self.weight
        return entry


def _read_pulse(entry: Mapping[str, Any]) -> Pulse:
    """Read the entry `pulse` of a recording."""
    return Pulse(
        tempo=float(entry["tempo"]),
        beats=entry["beats"].numpy().astype(np.float64),
        bar_beats=entry["bar_beats"],
        first_downbeat=entry["first_downbeat"],
        confidence=float(entry["confidence"]),
    )


def _pulse_entry(pulse: Pulse) -> dict[str, Any]:
    """A pulse as a file keeps it."""
    return {
        "tempo": pulse.tempo,
        "beats": torch.from_numpy(pulse.beats),
        "bar_beats": pulse.bar_beats,
        "first_downbeat": pulse.first_downbeat,
        "confidence": pulse.confidence,
    }


@dataclass(frozen=True)
class SteeringFacts:
    """The scale that the prior is steered by.

    Attributes:
        descriptors: Names of the descriptors, in the order of the rows of `percentiles`.
        percentiles: For each descriptor, its value at each percentile of the corpus.
        tags: Names of the tags.
    """

    descriptors: Sequence[str] = ()
    percentiles: Sequence[Sequence[float]] = ()
    tags: Sequence[str] = ()

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "SteeringFacts":
        """Read the entry `steering`."""
        return cls(
            descriptors=entry.get("descriptors", ()),
            percentiles=entry.get("percentiles", ()),
            tags=entry.get("tags", ()),
        )

    def to_dict(self) -> dict[str, Any]:
        """The entry as a file keeps it."""
        return {
            "descriptors": list(self.descriptors),
            "percentiles": [list(row) for row in self.percentiles],
            "tags": list(self.tags),
        }


@dataclass(frozen=True)
class PriorMetadata:
    """Facts about a prior, its training and its corpus.

    Attributes:
        epochs_trained: Epochs of training.
        final_perplexity: Held-out perplexity after the last epoch.
        best_perplexity: Held-out perplexity of the weights in the file.
        training_date: UTC, ISO 8601.
        codebook_hash: Hash of the codebooks of the codec that the prior belongs to.
        training: Settings of the training, those of `PriorConfig`.
        loss_curves: Losses of each epoch.
        level_losses: Held-out loss of each quantiser level, in nats a code.
        warnings: Sentences of warning, in the order they came.
        unknown_files: Sounds of the folder that the codec was not trained on.
        curation: Files that were `muted`, and `files` with a weight, tags, or made by a model;
            None where a person had chosen nothing.
        file_count: Distinct sounds of the corpus.
        steering: The scale that the prior is steered by; None where it cannot be.
        verdict: Sentence on how the training went.
        verdict_kind: Name of that verdict.
        copying: How much generated sounds copied the corpus during training.
        longest_sound_frames: Length of the longest sound that was learned to its end.
        copy_index: Made by `inference.copies.index.build_copy_index`; None where there is none, or
            one of an earlier version, which cannot be read any more.
        recordings: Beginnings of the recordings of the corpus, held-out files among them.
        pulse_known: Whether their pulse was looked for: in files of earlier versions it was not,
            so that no recording has one.
    """

    epochs_trained: int = 0
    final_perplexity: float = math.nan
    best_perplexity: float = math.nan
    training_date: str = ""
    codebook_hash: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    loss_curves: Sequence[Mapping[str, Any]] = ()
    level_losses: Sequence[float] = ()
    warnings: Sequence[str] = ()
    unknown_files: int = 0
    curation: Mapping[str, Any] | None = None
    file_count: int = 0
    steering: SteeringFacts | None = None
    verdict: str | None = None
    verdict_kind: str | None = None
    copying: Mapping[str, Any] | None = None
    longest_sound_frames: int | None = None
    copy_index: dict[str, Any] | None = None
    recordings: Sequence[Recording] = ()
    pulse_known: bool = False

    @classmethod
    def from_dict(cls, metadata: Mapping[str, Any]) -> "PriorMetadata":
        """Read a file's `prior_metadata`; whatever it lacks gets the default.

        Args:
            metadata: `LoadedVQModel.prior_metadata`, or an empty dict for a file without a prior.
        """
        steering = metadata.get("steering")
        longest = metadata.get("longest_sound_frames")
        copy_index = metadata.get("copy_index")
        is_readable = isinstance(copy_index, dict) and "passage_codes" in copy_index
        recordings = metadata.get("recordings") or ()
        return cls(
            epochs_trained=metadata.get("epochs_trained", 0),
            final_perplexity=metadata.get("final_perplexity", math.nan),
            best_perplexity=metadata.get("best_perplexity", math.nan),
            training_date=metadata.get("training_date", ""),
            codebook_hash=metadata.get("codebook_hash", ""),
            training=metadata.get("training") or {},
            loss_curves=metadata.get("loss_curves") or (),
            level_losses=metadata.get("level_losses") or (),
            warnings=metadata.get("warnings") or (),
            unknown_files=metadata.get("unknown_files", 0),
            curation=metadata.get("curation"),
            file_count=metadata.get("file_count", 0),
            steering=SteeringFacts.from_dict(steering) if steering else None,
            verdict=metadata.get("verdict"),
            verdict_kind=metadata.get("verdict_kind"),
            copying=metadata.get("copying"),
            longest_sound_frames=longest if isinstance(longest, int) else None,
            copy_index=copy_index if is_readable else None,
            recordings=tuple(Recording.from_dict(entry) for entry in recordings),
            pulse_known=metadata.get("pulse_known", False),
        )

    def to_dict(self) -> dict[str, Any]:
        """The plain dict that goes into a file, with all of `corpus_entries` and the rest."""
        return self.corpus_entries() | {
            "epochs_trained": self.epochs_trained,
            "final_perplexity": self.final_perplexity,
            "best_perplexity": self.best_perplexity,
            "training_date": self.training_date,
            "codebook_hash": self.codebook_hash,
            "training": dict(self.training),
            "loss_curves": list(self.loss_curves),
            "level_losses": list(self.level_losses),
            "warnings": list(self.warnings),
            "unknown_files": self.unknown_files,
            "curation": dict(self.curation) if self.curation else None,
            "file_count": self.file_count,
            "steering": self.steering.to_dict() if self.steering else None,
            "verdict": self.verdict,
            "verdict_kind": self.verdict_kind,
            "copying": dict(self.copying) if self.copying else None,
        }

    def corpus_entries(self) -> dict[str, Any]:
        """The entries that generation takes from the corpus; none before there are recordings."""
        if not self.recordings:
            return {}
        return {
            "longest_sound_frames": self.longest_sound_frames,
            "copy_index": self.copy_index,
            "recordings": [recording.to_dict() for recording in self.recordings],
            "pulse_known": self.pulse_known,
        }


def brief(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a file's `prior_metadata` that are short enough to be printed."""
    entries = {key: value for key, value in metadata.items() if key not in BULKY_KEYS}
    result: dict[str, Any] = without_tensors(entries)
    return result


def without_tensors(value: Any) -> Any:
    """`value` without the tensors in its dicts and lists, which no text can show."""
    if isinstance(value, dict):
        items = value.items()
        return {key: without_tensors(item) for key, item in items if not isinstance(item, Tensor)}
    if isinstance(value, list | tuple):
        return [without_tensors(item) for item in value if not isinstance(item, Tensor)]
    return value
