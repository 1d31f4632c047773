"""Metadata of a prior: the part of the corpus that a file keeps, and how training went."""

import datetime
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from torch import Tensor

from distill.data.dataset import Split, choices_about
from distill.inference.copies.index import CorpusSound, build_copy_index, with_earlier_sounds
from distill.inference.events.cut import cut_into_events
from distill.models.persistence import LoadedVQModel
from distill.models.prior_metadata import PriorMetadata, Recording
from distill.training.metrics import PriorTrainingCompleteEvent
from distill.training.prior.data import PriorCodes
from distill.training.prior.encoding import SHIFTS
from distill.training.prior.material import Material
from distill.training.prior.progress import PriorProgress
from distill.training.prior.setup import PriorSetup
from distill.training.prior.verdict import Copying, PriorVerdict
from distill.training.prior_config import PriorConfig

# Seconds of sound whose codes the file keeps, in all, and of each recording at least: an hour of
# codes is a few megabytes.
RECORDINGS_S = 3600.0
SHORTEST_RECORDING_S = 8.0


def longest_sound(split: Split, codes: PriorCodes) -> int | None:
    """Frames of the longest sound that was learned to its end; None where all were cut off."""
    lengths = []
    for region, versions in zip(split.train, codes.train, strict=True):
        if region.stop == region.clip.n_samples:
            lengths.append(len(versions[0]))
    return max(lengths, default=None)


def collect_recordings(loaded: LoadedVQModel, material: Material) -> list[Recording]:
    """Beginnings of all sounds of the material, as prompts and for unit selection.

    Args:
        loaded: Model with the codec.
        material: Its pulses are kept whole.
    """
    seconds = max(RECORDINGS_S / max(len(material.regions), 1), SHORTEST_RECORDING_S)
    max_frames = round(seconds * loaded.model.frame_rate)
    recordings = []
    parts = zip(material.regions, material.codes, material.pulses, strict=True)
    for i, (region, versions, pulse) in enumerate(parts):
        is_learned_to_end = region.stop == region.clip.n_samples
        # A copy: a part of a tensor keeps all of it in memory, and in the file.
        own = versions[0][:max_frames].clone()
        recordings.append(
            Recording(
                name=region.clip.name,
                codes=own,
                whole=is_learned_to_end and len(versions[0]) <= max_frames,
                traits=material.attributes.of(i, 0, slice(0, max_frames)).half(),
                # A later beginning may take one frame more.
                shifted=tuple(codes[: max_frames + 1].clone() for codes in versions[1:SHIFTS]),
                pulse=pulse,
                cut=cut_into_events(loaded.model, own) if len(own) else None,
                weight=region.clip.weight,
            )
        )
    return recordings


def index_corpus(
    loaded: LoadedVQModel,
    material: Material,
    held_out: Sequence[Tensor],
    offsets: Sequence[int],
    learns_on: bool = False,
) -> dict[str, Any]:
    """The index that the copy meter needs to find copies of the material.

    Args:
        loaded: Model with the codec.
        material: Its regions are indexed.
        held_out: Codes `[T, Q]` of all held-out regions, for the zero point.
        offsets: Samples by which the frame grid moves in each encoding.
        learns_on: Whether the model's prior goes on, so that sounds count which it heard before.
    """
    rate = loaded.model.sample_rate
    leads_s = [offset / rate for offset in offsets]
    sounds = [
        CorpusSound(
            name=region.clip.name,
            start_s=region.start / rate,
            codes=versions,
            leads_s=leads_s,
        )
        for region, versions in zip(material.regions, material.codes, strict=True)
    ]
    learned = material.learned
    # Torch takes small whole numbers for masks, not for indices.
    new = [codes.long() for codes in held_out]
    index = build_copy_index(loaded.model, sounds[:learned], new, sounds[learned:])
    earlier = loaded.prior_facts.copy_index if learns_on else None
    return index if earlier is None else with_earlier_sounds(index, earlier)


def training_settings(config: PriorConfig, parent_hash: str | None = None) -> dict[str, Any]:
    """Settings of a training, as the file keeps them: those that are set.

    `learns_on_from` is the hash of the weights of the model whose prior it began with.
    """
    settings = {name: value for name, value in asdict(config).items() if value is not None}
    if parent_hash:
        settings["learns_on_from"] = parent_hash
    return settings


def curated_files(split: Split) -> list[dict[str, Any]]:
    """Training sounds about which a person has chosen something, as the file keeps them."""
    files = []
    for region in split.train:
        if choices := choices_about(region.clip):
            entry = {"name": region.clip.name, "hash": region.clip.content_hash}
            files.append(entry | choices)
    return sorted(files, key=lambda entry: str(entry["hash"]))


def _curation(setup: PriorSetup) -> dict[str, Any] | None:
    """What a person has chosen about the corpus; None where that is nothing."""
    files = curated_files(setup.split)
    muted = [dict(entry) for entry in setup.muted]
    return {"muted": muted, "files": files} if muted or files else None


def utc_now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def corpus_part(setup: PriorSetup, copy_index: dict[str, Any]) -> PriorMetadata:
    """The part of the corpus that generation needs, and nothing else.

    Args:
        setup: The material of the corpus.
        copy_index: Result of `index_corpus`.
    """
    return PriorMetadata(
        longest_sound_frames=longest_sound(setup.split, setup.codes),
        copy_index=copy_index,
        recordings=collect_recordings(setup.loaded, setup.material),
        pulse_known=True,
    )


def prior_metadata(
    corpus: PriorMetadata,
    setup: PriorSetup,
    progress: PriorProgress,
    verdict: PriorVerdict | None,
    copying: Copying | None,
) -> PriorMetadata:
    """The metadata of a prior's file.

    Args:
        corpus: Result of `corpus_part`; all defaults where there are no weights to save.
        setup: Codec, settings and corpus.
        progress: How training went.
        verdict: At the end of training; None where it was stopped before the first epoch's end.
        copying: Result of the copy meter; None where it was not measured.
    """
    return replace(
        corpus,
        epochs_trained=progress.epoch,
        final_perplexity=progress.final_perplexity,
        best_perplexity=progress.best_perplexity,
        training_date=utc_now(),
        codebook_hash=setup.loaded.model.codebook_hash(),
        training=training_settings(setup.config, setup.parent_hash),
        curation=_curation(setup),
        loss_curves=progress.history,
        level_losses=progress.best_level_losses,
        warnings=progress.warnings,
        unknown_files=setup.split.unknown,
        file_count=setup.file_count,
        steering=setup.material.attributes.steering,
        verdict=verdict.sentence if verdict else None,
        verdict_kind=verdict.kind.value if verdict else None,
        copying=asdict(copying) if copying else None,
    )


def complete_event(
    progress: PriorProgress, verdict: PriorVerdict | None, is_interrupted: bool
) -> PriorTrainingCompleteEvent:
    """The last event of a training; `is_interrupted` where it was stopped by hand."""
    return PriorTrainingCompleteEvent(
        epochs_trained=progress.epoch,
        final_perplexity=progress.final_perplexity,
        best_perplexity=progress.best_perplexity,
        elapsed_s=progress.elapsed_s,
        interrupted=is_interrupted,
        warnings=tuple(progress.warnings),
        verdict=verdict.sentence if verdict else "",
        verdict_kind=verdict.kind if verdict else None,
    )
