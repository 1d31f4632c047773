"""Codec training, from a folder of sounds to a model file."""

import datetime
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from distill.data.corpus import CorpusReport, scan_corpus
from distill.data.dataset import make_manifest
from distill.device import pick_device, prepare
from distill.errors import (
    CheckpointError,
    ModelFileError,
    OutputError,
    PriorPresentError,
    UsageError,
)
from distill.files import check_place, check_space
from distill.models.persistence import read_header
from distill.settings import SAMPLE_RATE
from distill.training.checkpoint import load_checkpoint, restoring
from distill.training.checkpoint_types import CODEC_CHECKPOINT
from distill.training.codec.corpus import TrainingCorpus
from distill.training.codec.run import Callback, CodecRun
from distill.training.codec.trainer import CodecTrainer
from distill.training.config import VQVAEConfig
from distill.training.metrics import TrainingCompleteEvent
from distill.training.out_of_memory import memory_in_a_sentence
from distill.training.paths import check_model_name, check_untrained, checkpoint_path
from distill.training.threads import thread_trials

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
    check_output(output, discard_prior, overwrite)
    check_space(output, training_size(config))
    threads = prepare(config.threads)
    channels = _channels(corpus, config.channels)
    config = replace(config, channels=channels)
    if not config.adapts_threads:
        # A resumed training is repeatable too.
        config = replace(config, threads=threads)
    identity = {
        "name": model_name or output.stem,
        "id": uuid.uuid4().hex,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "output_channels": corpus.layout.output_channels,
    }
    sounds = TrainingCorpus.from_report(corpus, make_manifest(corpus.clips))
    trainer = CodecTrainer(config, sounds.split, SAMPLE_RATE, pick_device(device))
    run = CodecRun(
        trainer,
        sounds,
        identity=identity,
        output=output,
        callback=callback,
        cancel_event=cancel_event,
        threads=thread_trials(threads, config.adapts_threads, trainer.device),
    )
    return run.run()


@memory_in_a_sentence()
def resume_vqvae(
    output: Path,
    callback: Callback = lambda event: None,
    cancel_event: threading.Event | None = None,
    dataset_dir: Path | None = None,
    device: str = "auto",
    progress: Callable[[int, int, str], None] | None = None,
    discard_prior: bool = False,
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

    Raises:
        CheckpointError: There is no usable checkpoint, or the corpus has changed.
        PriorPresentError: `output` holds a prior, and `discard_prior` is false.
    """
    check_output(output, discard_prior, overwrite=True)
    checkpoint = checkpoint_path(output)
    state = load_checkpoint(checkpoint, CODEC_CHECKPOINT)
    with restoring(checkpoint):
        config = VQVAEConfig(**state["trainer"]["config"])
    threads = prepare(config.threads)
    corpus = scan_corpus(dataset_dir or Path(state["dataset_dir"]), config.channels, progress)
    _check_same_corpus(corpus, state["manifest"], output)
    sounds = TrainingCorpus.from_report(corpus, state["manifest"])
    trainer = CodecTrainer(config, sounds.split, SAMPLE_RATE, pick_device(device))
    run = CodecRun(
        trainer,
        sounds,
        identity=state["identity"],
        output=output,
        callback=callback,
        cancel_event=cancel_event,
        threads=thread_trials(threads, config.adapts_threads, trainer.device),
    )
    with restoring(checkpoint):
        run.restore(state)
    return run.run()


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


def _channels(corpus: CorpusReport, requested: int | None) -> int:
    """Channels of the codec: those that the corpus was scanned with."""
    channels = corpus.layout.channels
    if requested not in (None, channels):
        raise UsageError(
            f"'{corpus.root}' was scanned with {channels} channels, not {requested}: scan it again."
        )
    return channels


def _check_same_corpus(corpus: CorpusReport, manifest: list[dict[str, Any]], output: Path) -> None:
    before = {entry["hash"] for entry in manifest}
    present = {clip.content_hash for clip in corpus.clips}
    if before != present:
        added = len(present - before)
        missing = len(before - present)
        raise CheckpointError(
            f"'{corpus.root}' has changed since training of '{output}' began "
            f"({added} new, {missing} missing files): "
            "restore it, or train afresh without --resume."
        )
