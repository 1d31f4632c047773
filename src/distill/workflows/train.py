"""Training of a codec, and of a prior over its codes.

Example:
    distill.train("sounds", "my.sda", minutes=20)
    distill.train_prior("my.sda", "sounds")
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from distill.claims import training_claimed
from distill.data.corpus import CorpusReport, collect_audio_files, scan_corpus
from distill.data.curation import NO_CURATION, Curation
from distill.errors import NoPriorError, OutputError, UsageError
from distill.files import FilePath, check_place, check_space
from distill.models.persistence import read_header, save_prior_to_model
from distill.training.checkpoint import discard_checkpoint
from distill.training.codec.run import ValidationCallback
from distill.training.config import get_adaptive_vqvae_config
from distill.training.loop import (
    Callback,
    check_output,
    resume_vqvae,
    train_vqvae,
    training_size,
)
from distill.training.many_processes import open_world
from distill.training.metrics import TrainingCompleteEvent
from distill.training.paths import checkpoint_path
from distill.training.prior_config import PriorConfig, get_adaptive_prior_config
from distill.training.prior_loop import (
    BestCallback,
    EpochCallback,
    PreparationCallback,
    StepCallback,
)
from distill.training.prior_loop import train_prior as run_prior_training
from distill.training.world import World
from distill.workflows.callbacks import CallbackGuard
from distill.workflows.training_log import TrainingLog

PRIOR_SIZE = {
    "--hidden-size": "hidden_size",
    "--layers": "num_layers",
    "--heads": "num_heads",
}
"""Settings that the weights of a prior depend on, by option."""

ScanProgress = Callable[[int, int, str], None]
"""Called for each sound file of a scan: number of files done, number of all, name."""


def train(
    sounds: FilePath | CorpusReport,
    output: FilePath,
    *,
    callback: Callback = lambda event: None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    model_name: str | None = None,
    discard_prior: bool = False,
    overwrite: bool = False,
    progress: ScanProgress | None = None,
    curation: Curation = NO_CURATION,
    on_validation: ValidationCallback | None = None,
    **settings: Any,
) -> TrainingCompleteEvent:
    """Train a codec on a folder of sounds.

    In a script that `torchrun` starts, its processes train together; the first one writes the file
    and calls `callback`.

    Args:
        sounds: Folder of sounds, or a scan of it (`distill.scan_corpus`).
        output: Model file to write (`.sda`).
        callback: Called with each event: steps, validations, saved files. If it raises, training
            stops and saves, and its error is raised then.
        cancel_event: Stops training, and saves, when it is set.
        device: `auto`, `cpu`, `cuda` or `mps`.
        model_name: Name in the file; None: that of the file.
        discard_prior: Whether to overwrite a model file that holds a prior.
        overwrite: Whether to overwrite a model without a prior, or an interrupted training.
        progress: Called for each sound file of the scan.
        curation: What a person has chosen about the files of a folder; a scan has its own.
        on_validation: Called after each validation with a record that lets held-out sounds be heard
            (`TensorBoardLog.hear` takes it). If it raises, as `callback`.
        **settings: Fields of `VQVAEConfig` (`minutes`, `steps`, `num_quantizers`, …). The others
            are chosen to suit the corpus.

    Returns:
        The end of training: losses, use of the codes, verdict, path of the file.

    Raises:
        CorpusError: If the folder holds no usable sound.
        UsageError: If a setting makes no sense.
        OutputError: If the model file cannot be written, exists (unless `overwrite`), or is being
            trained by another run.
        PriorPresentError: If it holds a prior, unless `discard_prior`.

    Example:
        done = distill.train("sounds", "my.sda", minutes=20)
        print(done.verdict)
    """
    world = open_world(device)
    if is_cut_off(world, output):
        return resume(
            output,
            sounds=sounds.root if isinstance(sounds, CorpusReport) else sounds,
            callback=callback,
            cancel_event=cancel_event,
            device=device,
            progress=progress,
            discard_prior=discard_prior,
            on_validation=on_validation,
        )
    # Refuse what cannot work before hours of sound are decoded.
    if world.is_first:
        check_training(output, discard_prior, settings, overwrite)
    channels = settings.get("channels")
    own_claim = training_claimed(checkpoint_path(Path(output)), output)
    log = TrainingLog(output, begins_anew=True)
    with own_claim, CallbackGuard(cancel_event) as guard, log:
        corpus = world.each_machine_does(
            lambda: scan_unless_done(sounds, channels, progress, curation)
        )
        config = get_adaptive_vqvae_config(len(corpus.clips), corpus.total_s, **settings)
        return train_vqvae(
            corpus,
            output=Path(output),
            config=config,
            callback=log.also(guard.wrap(callback)),
            cancel_event=guard.cancel_event,
            device=device,
            model_name=model_name,
            discard_prior=discard_prior,
            overwrite=overwrite,
            world=world,
            on_validation=guard.wrap(on_validation) if on_validation else None,
        )


def is_cut_off(world: World, output: FilePath) -> bool:
    """Whether `torchrun` has started this training anew, and its checkpoint is there."""
    if not world.is_restarted:
        return False
    return world.first_says(checkpoint_path(Path(output)).exists())


def scan_unless_done(
    sounds: FilePath | CorpusReport,
    channels: int | None,
    progress: ScanProgress | None,
    curation: Curation,
) -> CorpusReport:
    """The scan of a folder, or the one that is there."""
    if isinstance(sounds, CorpusReport):
        return sounds
    return scan_corpus(sounds, channels, progress, curation)


def check_training(
    output: FilePath, discard_prior: bool, settings: dict[str, Any], overwrite: bool = False
) -> None:
    """Raise for bad outputs and settings, before hours of sound are decoded; see `train`."""
    check_output(Path(output), discard_prior, overwrite)
    # Settings are checked alike for any number of files.
    config = get_adaptive_vqvae_config(1, **settings)
    check_space(output, training_size(config))


def resume(
    output: FilePath,
    *,
    sounds: FilePath | None = None,
    callback: Callback = lambda event: None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    progress: ScanProgress | None = None,
    discard_prior: bool = False,
    on_validation: ValidationCallback | None = None,
) -> TrainingCompleteEvent:
    """Go on with an interrupted training, from the checkpoint beside the model file.

    Args:
        output: Model file of the interrupted training.
        sounds: Folder of sounds, if it has moved since.
        callback: As in `train`.
        cancel_event: As in `train`.
        device: As in `train`.
        progress: As in `train`.
        discard_prior: As in `train`.
        on_validation: As in `train`.

    Raises:
        CheckpointError: If there is no checkpoint, or it does not fit.
        OutputError: If another run is training this model.
    """
    folder = Path(sounds) if sounds is not None else None
    own_claim = training_claimed(checkpoint_path(Path(output)), output)
    with own_claim, CallbackGuard(cancel_event) as guard, TrainingLog(output) as log:
        return resume_vqvae(
            Path(output),
            callback=log.also(guard.wrap(callback)),
            cancel_event=guard.cancel_event,
            dataset_dir=folder,
            device=device,
            progress=progress,
            discard_prior=discard_prior,
            on_validation=guard.wrap(on_validation) if on_validation else None,
        )


def prior_settings(sounds: FilePath, **overrides: Any) -> tuple[PriorConfig, int]:
    """Settings that suit a folder of sounds, and the number of sound files in it.

    Args:
        sounds: Folder of sounds.
        **overrides: Fields of `PriorConfig`; those that are None do not count.

    Raises:
        UsageError: If a setting makes no sense.
    """
    count = len(collect_audio_files(Path(sounds)))
    settings = {name: value for name, value in overrides.items() if value is not None}
    config = replace(get_adaptive_prior_config(count), **settings)
    config.check()
    return config, count


def prior_size(
    model_path: FilePath, learns_on: bool | None, overrides: dict[str, Any]
) -> dict[str, Any]:
    """Fields of `PriorConfig` that a prior keeps when it learns on; none for a new prior.

    Args:
        model_path: Model file.
        learns_on: Whether its prior learns on. None: if the model goes on from another.
        overrides: Fields of `PriorConfig` that a user has set; None stands for "not given".

    Raises:
        ModelFileError: If the model file cannot be used; `NoPriorError` if it holds no prior to
            learn on.
        UsageError: If another size is asked for.
    """
    header = read_header(model_path)
    has_prior = header.get("has_prior") is True
    if learns_on and not has_prior:
        raise NoPriorError(f"{model_path} has no prior that could learn on: leave out --learn-on.")
    if learns_on is None:
        learns_on = has_prior and header["metadata"].get("parent") is not None
    if not learns_on:
        return {}
    size = {name: header["prior_config"][name] for name in PRIOR_SIZE.values()}
    for option, name in PRIOR_SIZE.items():
        if overrides.get(name) not in (None, size[name]):
            raise UsageError(
                f"{option} stays {size[name]} in a prior that learns on: leave it out, or train it "
                "afresh (--afresh)."
            )
    return size


def train_prior(
    model_path: FilePath,
    sounds: FilePath,
    *,
    callback: EpochCallback | None = None,
    step_callback: StepCallback | None = None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    progress: ScanProgress | None = None,
    keep_checkpoint: bool = False,
    curation: Curation = NO_CURATION,
    learns_on: bool | None = None,
    best_callback: BestCallback | None = None,
    preparation_callback: PreparationCallback | None = None,
    **overrides: Any,
) -> dict[str, Any]:
    """Train a prior and add it to the model file, in place of any prior there.

    In a script that `torchrun` starts, its processes train together, as in `train`.

    Args:
        model_path: Model file with the codec.
        sounds: Folder of sounds.
        callback: Called with the metrics of each epoch. If it raises, training stops, the best
            weights go into the file, and its error is raised then; the next call goes on.
        step_callback: Called with the metrics of each step.
        cancel_event: Stops training, and keeps the best weights, when it is set.
        device: `auto`, `cpu`, `cuda` or `mps`.
        progress: Called for each sound file of the scan.
        keep_checkpoint: Whether a training that was stopped leaves its checkpoint, so that the next
            call goes on from there.
        curation: What a person has chosen about the sounds.
        learns_on: Whether training begins with the weights of the prior in the file. Default: in a
            model that goes on from another.
        best_callback: Called after each epoch that is better than all before. It can make a model
            of that epoch, as to hear it; the weights of the training stay as without it.
        preparation_callback: Called while the sounds are encoded and measured, before the first
            step.
        **overrides: Fields of `PriorConfig` (`max_epochs`, `minutes`, …).

    Returns:
        The result of `distill.training.train_prior`. Its `prior_model` is None, and the file
        unchanged, if training was stopped before the first validation.

    Raises:
        CorpusError: If the folder holds no usable sound.
        ModelFileError: If the model file cannot be used.
        OutputError: If another run is training a prior for it.
        OutputError: If its folder cannot be written, or has too little room.
        UsageError: If a setting makes no sense.

    Example:
        result = distill.train_prior("my.sda", "sounds", minutes=10)
        print(result["complete"].verdict)
    """
    world = open_world(device)
    size = prior_size(model_path, learns_on, overrides)
    config, _ = prior_settings(sounds, **(overrides | size))
    # With a number of epochs or threads, a run is repeatable.
    adapts = overrides.get("max_epochs") is None and overrides.get("threads") is None
    if world.is_first:
        _check_prior_place(Path(model_path), config)
    own_claim = training_claimed(checkpoint_path(Path(model_path), "prior"), model_path)
    with own_claim, CallbackGuard(cancel_event) as guard, TrainingLog(model_path) as log:
        result = run_prior_training(
            model_path,
            sounds,
            config,
            callback=log.also(guard.wrap(callback) if callback else None),
            cancel_event=guard.cancel_event,
            step_callback=log.also(guard.wrap(step_callback) if step_callback else None),
            device=device,
            adapt_threads=adapts,
            progress=progress,
            curation=curation,
            learns_on=bool(size),
            best_callback=guard.wrap(best_callback) if best_callback else None,
            preparation_callback=guard.wrap(preparation_callback) if preparation_callback else None,
            world=world,
        )
        if world.is_first:
            log.write(result["complete"])
        prior = result["prior_model"]
        if prior is not None and world.is_first:
            _save_prior(Path(model_path), result)
            # The best weights are in the model file now. After an error, the next run goes on.
            is_kept = keep_checkpoint and result["complete"].interrupted
            if guard.error is None and not is_kept:
                discard_checkpoint(Path(result["checkpoint"]))
    return result


def _save_prior(model_path: Path, result: dict[str, Any]) -> None:
    """Add the prior of `result` to the model file; `OutputError` says what is kept if it cannot."""
    try:
        save_prior_to_model(
            model_path, result["prior_model"], result["prior_config"], result["prior_metadata"]
        )
    except OutputError as error:
        is_kept = Path(result["checkpoint"]).exists()
        outlook = (
            "goes on from its checkpoint" if is_kept else "begins afresh: no checkpoint is saved"
        )
        raise OutputError(
            f"{error} The model is as it was: make room and train the prior again, which {outlook}."
        ) from error


def _check_prior_place(model_path: Path, config: PriorConfig) -> None:
    """Check that the model and a checkpoint can be written, before sounds are encoded."""
    # A file that is no model is refused first.
    read_header(model_path)
    check_place(model_path)
    check_place(checkpoint_path(model_path, "prior"))
    # Weights of attention (4 squares of the width) and of the layers between (8), 4 bytes each.
    weights = 4 * 12 * config.num_layers * config.hidden_size**2
    # A checkpoint holds weights, best weights, their average and two moments of Adam. An old and a
    # new one lie beside the model for a moment.
    check_space(model_path, model_path.stat().st_size + 11 * weights)
