"""Codec training, from a folder of sounds to a model file."""

import datetime
import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from distill.data.corpus import CorpusReport, scan_corpus
from distill.data.curation import curation_of
from distill.data.dataset import extend_manifest, make_manifest
from distill.device import free_threads, prepare
from distill.errors import (
    CheckpointError,
    ModelFileError,
    OutputError,
    PriorPresentError,
    UsageError,
)
from distill.files import check_place, check_space
from distill.models.persistence import (
    load_model_v2,
    read_header,
    save_prior_to_model,
)
from distill.models.vqvae import VQVAE
from distill.ranks import own_place
from distill.settings import SAMPLE_RATE
from distill.training.checkpoint import discard_checkpoint, load_checkpoint, restoring
from distill.training.checkpoint_types import CODEC_CHECKPOINT
from distill.training.codec.corpus import TrainingCorpus
from distill.training.codec.lineage import (
    crop_factors,
    fixed_settings,
    lineage_entries,
    next_codec,
)
from distill.training.codec.run import Callback, CodecRun, ValidationCallback
from distill.training.codec.trainer import CodecTrainer
from distill.training.config import VQVAEConfig
from distill.training.many_processes import open_world
from distill.training.metrics import TrainingCompleteEvent
from distill.training.out_of_memory import memory_in_a_sentence
from distill.training.paths import check_model_name, check_untrained, checkpoint_path
from distill.training.threads import thread_trials
from distill.training.world import World

log = logging.getLogger(__name__)

# Bytes of the weights of a codec of the usual width (mono; measured).
CODEC_BYTES = 22.5e6


@memory_in_a_sentence()
def train_vqvae(
    corpus: CorpusReport,
    output: Path,
    config: VQVAEConfig,
    callback: Callback = lambda event: None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    model_name: str | None = None,
    discard_prior: bool = False,
    overwrite: bool = False,
    world: World | None = None,
    on_validation: ValidationCallback | None = None,
) -> TrainingCompleteEvent:
    """Train a codec on `corpus`, and keep the model file up to date while it runs.

    Args:
        corpus: Scanned sounds.
        output: Model file (`.sda`).
        config: Settings of codec and training.
        callback: Gets every event.
        cancel_event: Once set, training stops after the current step. A checkpoint then lies
            beside the model, from which `resume_vqvae` continues.
        device: `auto`, `cpu`, `cuda` or `mps`.
        model_name: Name in the file; by default the file's own.
        discard_prior: Whether to overwrite a file that holds a prior.
        overwrite: Whether to overwrite a model without a prior, or an interrupted training.
        world: The processes that train together; None for those that `torchrun` started, or for
            this one alone.
        on_validation: Gets the codec after each validation, to be heard.

    Raises:
        OutputError: `output` cannot be written, is something else than a model, or exists and
            `overwrite` is false.
        PriorPresentError: `output` holds a prior, and `discard_prior` is false.
        DivergedError: Training diverged.
        MemoryUsedUpError: A single crop is too much for the memory.

    Example:
        >>> corpus = scan_corpus("sounds")
        >>> train_vqvae(corpus, Path("my.sda"), get_adaptive_vqvae_config(len(corpus.clips)))
    """
    world = world or open_world(device)
    if world.is_first:
        _prepare_files(output, discard_prior, overwrite, config)
    config = _settle(config, _channels(corpus, config.channels))
    identity = _new_identity(model_name or output.stem, corpus.layout.output_channels)
    sounds = TrainingCorpus.from_report(corpus, make_manifest(corpus.clips))
    trainer = CodecTrainer(config, sounds.split, SAMPLE_RATE, world.device, world=world)
    return _codec_run(
        trainer, sounds, output, identity, callback, cancel_event, on_validation=on_validation
    ).run()


@memory_in_a_sentence()
def continue_vqvae(
    corpus: CorpusReport,
    parent_path: Path,
    output: Path,
    config: VQVAEConfig,
    callback: Callback = lambda event: None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    model_name: str | None = None,
    discard_prior: bool = False,
    overwrite: bool = False,
    world: World | None = None,
    on_validation: ValidationCallback | None = None,
) -> TrainingCompleteEvent:
    """Train the next version of a model: analysis and codebooks stay, the decoder learns on.

    Args:
        corpus: Scanned sounds, with the channels of the earlier model.
        parent_path: Model file of the earlier version; stays as it is.
        output: Model file of the new version.
        config: Settings of the training, with the `fixed_settings` of the earlier model.
        callback: Gets every event.
        cancel_event: Once set, training stops after the current step; `resume_vqvae` goes on.
        device: `auto`, `cpu`, `cuda` or `mps`.
        model_name: Name in the file; by default the file's own.
        discard_prior: Whether to overwrite a file that holds a prior.
        overwrite: Whether to overwrite a model without a prior, or an interrupted training.
        world: As in `train_vqvae`.
        on_validation: As in `train_vqvae`.

    Returns:
        The end of training. The finished file holds the earlier model's prior, if it has one.

    Raises:
        ModelFileError: `parent_path` is no usable model.
        UsageError: `output` is the earlier model, or a setting differs from those of its codec.
        OutputError: As `train_vqvae`; `PriorPresentError` and `DivergedError` too.
    """
    world = world or open_world(device)
    if world.is_first:
        check_successor(parent_path, output)
        _prepare_files(output, discard_prior, overwrite, config)
    parent = load_model_v2(parent_path, world.device)
    fixed_settings(parent.model.config, asdict(config), parent_path)
    config = _settle(config, _channels(corpus, parent.model.channels))
    manifest = extend_manifest(corpus.clips, parent.metadata.get("corpus") or [])
    sounds = TrainingCorpus.from_report(corpus, manifest)
    identity = _new_identity(model_name or output.stem, parent.output_channels)
    identity |= lineage_entries(parent, manifest, sounds.muted)
    codec = next_codec(parent.model, sounds.split.train)
    factors = crop_factors(sounds.split.train, identity)
    trainer = CodecTrainer(config, sounds.split, SAMPLE_RATE, world.device, codec, factors, world)
    run = _codec_run(
        trainer, sounds, output, identity, callback, cancel_event, parent_path, on_validation
    )
    complete = run.run()
    _hand_on_prior(run, complete)
    return complete


def _prepare_files(output: Path, discard_prior: bool, overwrite: bool, config: VQVAEConfig) -> None:
    """Check that the files of a new training can be written, and clear those of an earlier one."""
    check_output(output, discard_prior, overwrite)
    check_space(output, training_size(config))
    if own_place().size > 1:
        # Should all processes be started anew before the first save, they must not go on from it.
        discard_checkpoint(checkpoint_path(output))


def _settle(config: VQVAEConfig, channels: int) -> VQVAEConfig:
    """`config` with the channels of the corpus, and the number of threads if that is fixed."""
    if config.adapts_threads:
        prepare(config.threads)
        return replace(config, channels=channels)
    # Processes that train together share the cores, and each has as many threads.
    is_alone = own_place().size == 1
    free = free_threads() if is_alone else None
    threads = prepare(free if config.threads is None else config.threads)
    # A resumed training is repeatable too.
    return replace(config, channels=channels, threads=threads)


def _codec_run(
    trainer: CodecTrainer,
    sounds: TrainingCorpus,
    output: Path,
    identity: dict[str, Any],
    callback: Callback,
    cancel_event: threading.Event | None,
    parent_path: Path | None = None,
    on_validation: ValidationCallback | None = None,
) -> CodecRun:
    """The run of a training, on as many threads as its settings say."""
    threads = prepare(trainer.config.threads)
    # Several processes compute alike only with as many threads each.
    adapts = trainer.config.adapts_threads and trainer.world.size == 1
    return CodecRun(
        trainer,
        sounds,
        identity=identity,
        output=output,
        callback=callback,
        on_validation=on_validation,
        cancel_event=cancel_event,
        threads=thread_trials(threads, adapts, trainer.device),
        parent_path=parent_path,
    )


def check_successor(parent_path: Path, output: Path) -> None:
    """Refuse to write a version over the model that it comes from.

    Raises:
        ModelFileError: `parent_path` is no usable model.
        UsageError: Both are one file.
    """
    read_header(parent_path)
    if output.exists() and output.samefile(parent_path):
        raise UsageError(
            f"'{output}' is the model to go on from, which stays as it is: choose another --output."
        )


def _hand_on_prior(run: CodecRun, complete: TrainingCompleteEvent) -> None:
    """Give the prior of the earlier version to the finished file: its codes are the same."""
    path = run.parent_path
    if path is None or not complete.finished or not run.world.is_first:
        return
    try:
        parent = load_model_v2(path)
    except ModelFileError as error:
        log.warning("%s The new version has no prior yet.", error)
        return
    if parent.prior is None or parent.model.codebook_hash() != run.trainer.codec.codebook_hash():
        return
    assert parent.prior_config is not None
    assert parent.prior_metadata is not None
    save_prior_to_model(run.output, parent.prior, parent.prior_config, parent.prior_metadata)


def _new_identity(name: str, output_channels: int) -> dict[str, Any]:
    """Facts of a model that are fixed when its training begins."""
    return {
        "name": name,
        "id": uuid.uuid4().hex,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "output_channels": output_channels,
    }


@memory_in_a_sentence()
def resume_vqvae(
    output: Path,
    callback: Callback = lambda event: None,
    cancel_event: threading.Event | None = None,
    dataset_dir: Path | None = None,
    device: str = "auto",
    progress: Callable[[int, int, str], None] | None = None,
    discard_prior: bool = False,
    world: World | None = None,
    on_validation: ValidationCallback | None = None,
) -> TrainingCompleteEvent:
    """Continue from the checkpoint beside `output`, with its settings and its corpus.

    Args:
        output: Model file (`.sda`) of the interrupted training.
        callback: Gets every event.
        cancel_event: Once set, training stops after the current step.
        dataset_dir: Folder of the sounds; by default where they were.
        device: `auto`, `cpu`, `cuda` or `mps`.
        progress: Gets files done, files in all, and the name of a file while the corpus is read.
        discard_prior: Whether to overwrite a prior that `output` got in the meantime.
        world: As in `train_vqvae`; the number of processes may be another than before.
        on_validation: As in `train_vqvae`.

    Raises:
        CheckpointError: There is no usable checkpoint, or the corpus has changed.
        PriorPresentError: `output` holds a prior, and `discard_prior` is false.
    """
    world = world or open_world(device)
    if world.is_first:
        check_output(output, discard_prior, overwrite=True)
    checkpoint = checkpoint_path(output)
    state = world.first_does(lambda: load_checkpoint(checkpoint, CODEC_CHECKPOINT))
    with restoring(checkpoint):
        config = VQVAEConfig(**state["trainer"]["config"])
    prepare(config.threads)
    # As the training began, whatever was chosen about the files since.
    muted = state.get("muted", [])
    curation = replace(
        curation_of(state["manifest"], [entry["hash"] for entry in muted]),
        added=[Path(path) for path in state.get("added", [])],
    )
    folder = dataset_dir or Path(state["dataset_dir"])
    corpus = world.each_machine_does(
        lambda: scan_corpus(folder, config.channels, progress, curation)
    )
    _check_same_corpus(corpus, state["manifest"], output)
    sounds = TrainingCorpus.from_report(corpus, state["manifest"])
    with restoring(checkpoint):
        codec = _codec_of(state)
    factors = crop_factors(sounds.split.train, state["identity"])
    trainer = CodecTrainer(config, sounds.split, SAMPLE_RATE, world.device, codec, factors, world)
    parent_path = Path(state["parent_path"]) if state.get("parent_path") else None
    identity = state["identity"]
    run = _codec_run(
        trainer, sounds, output, identity, callback, cancel_event, parent_path, on_validation
    )
    with restoring(checkpoint):
        run.restore(state)
    complete = run.run()
    _hand_on_prior(run, complete)
    return complete


def _codec_of(state: dict[str, Any]) -> VQVAE:
    """The codec of a checkpoint, as it was begun: an earlier version may have had other parts."""
    return VQVAE(**state["trainer"]["arguments"])


def check_output(output: Path, discard_prior: bool, overwrite: bool = False) -> None:
    """Refuse to overwrite a model, a prior, or a file that is no model.

    Args:
        output: Model file that training will write.
        discard_prior: Whether a file with a prior may be overwritten.
        overwrite: Whether a model without one, or an interrupted training, may be overwritten.

    Raises:
        OutputError: The name or the folder is wrong, the folder cannot be written, or the file may
            not be overwritten.
        PriorPresentError: The file holds a prior, and `discard_prior` is false.
    """
    check_model_name(output)
    # Found out now, not when hours of training are to be saved.
    check_place(output)
    check_place(checkpoint_path(output))
    has_prior = output.exists() and _has_prior(output)
    if has_prior and not discard_prior:
        raise PriorPresentError(
            f"'{output}' holds a trained prior, which a new codec would make useless: "
            "choose another --output, or give --discard-prior."
        )
    if has_prior or overwrite:
        return
    check_untrained(output)


def _has_prior(output: Path) -> bool:
    try:
        header = read_header(output)
    except ModelFileError as error:
        raise OutputError(
            f"'{output}' exists and is no usable Distill model: "
            "delete it, or choose another --output."
        ) from error
    return bool(header.get("has_prior"))


def training_size(config: VQVAEConfig) -> int:
    """Bytes on the disk that a training with `config` takes, about.

    A checkpoint holds the weights, two moments of Adam and an average of the weights. An old and a
    new one lie beside the model for a moment.
    """
    weights = CODEC_BYTES * (config.hidden_size / VQVAEConfig.hidden_size) ** 2
    return round(9 * weights)


def _channels(corpus: CorpusReport, option: int | None) -> int:
    """Channels of the codec: those that the corpus was scanned with."""
    channels = corpus.layout.channels
    if option not in (None, channels):
        raise UsageError(
            f"'{corpus.root}' was scanned with {channels} channels, not {option}: scan it again."
        )
    return channels


def _check_same_corpus(corpus: CorpusReport, manifest: list[dict[str, Any]], output: Path) -> None:
    before = {entry["hash"] for entry in manifest}
    present = {clip.content_hash for clip in corpus.clips}
    if before != present:
        n_new = len(present - before)
        missing = len(before - present)
        raise CheckpointError(
            f"'{corpus.root}' has changed since training of '{output}' began "
            f"({n_new} new, {missing} missing files): "
            "restore it, or train afresh without --resume."
        )
