"""Versions: a finished model goes on with a corpus that has changed.

Example:
    distill.continue_model("voices.sda", "sounds", "voices-v2.sda")
    distill.train_prior("voices-v2.sda", "sounds")
"""

import threading
from pathlib import Path
from typing import Any

from distill.claims import training_claimed
from distill.data.corpus import CorpusReport
from distill.data.curation import NO_CURATION, Curation
from distill.files import FilePath
from distill.models.persistence import read_header
from distill.training.codec.lineage import fixed_settings, version_of
from distill.training.codec.run import ValidationCallback
from distill.training.config import get_adaptive_vqvae_config
from distill.training.loop import Callback, check_successor, continue_vqvae
from distill.training.many_processes import open_world
from distill.training.metrics import TrainingCompleteEvent
from distill.training.paths import checkpoint_path
from distill.workflows.callbacks import CallbackGuard
from distill.workflows.train import (
    ScanProgress,
    check_training,
    is_cut_off,
    resume,
    scan_unless_done,
)
from distill.workflows.training_log import TrainingLog


def continue_model(
    model_path: FilePath,
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
    """Train the next version of a finished model on a corpus that has changed.

    Its codes stay valid: the same sound has the same codes in both. The decoder learns the added
    sounds, and keeps the old ones as far as they are still in the folder. The new file has the
    prior of the old one; `train_prior` lets it learn on.

    Args:
        model_path: Model file to go on from; stays as it is.
        sounds: Folder of sounds, old and added, or a scan of it with the channels of the model.
        output: Model file of the new version (`.sda`).
        callback: As in `train`.
        cancel_event: As in `train`; `resume` goes on.
        device: As in `train`.
        model_name: Name in the file; None: that of the file.
        discard_prior: As in `train`.
        overwrite: As in `train`.
        progress: As in `train`.
        curation: As in `train`.
        on_validation: As in `train`.
        **settings: Fields of `VQVAEConfig`, but those that its codes depend on.

    Returns:
        The end of training, as `train`.

    Raises:
        ModelFileError: If the model file cannot be used.
        CorpusError: If the folder holds no usable sound.
        UsageError: If a setting makes no sense, or codes depend on it.
        OutputError: As `train`; also `PriorPresentError`.

    Example:
        distill.continue_model("voices.sda", "sounds", "voices-v2.sda", minutes=10)
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
    if world.is_first:
        check_training(output, discard_prior, settings, overwrite)
    fixed_values = check_continuation(model_path, output, settings)
    own_claim = training_claimed(checkpoint_path(Path(output)), output)
    log = TrainingLog(output, begins_anew=True)
    with own_claim, CallbackGuard(cancel_event) as guard, log:
        corpus = world.each_machine_does(
            lambda: scan_unless_done(sounds, fixed_values["channels"], progress, curation)
        )
        config = get_adaptive_vqvae_config(len(corpus.clips), **(settings | fixed_values))
        return continue_vqvae(
            corpus,
            Path(model_path),
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


def check_continuation(
    model_path: FilePath, output: FilePath, settings: dict[str, Any]
) -> dict[str, Any]:
    """Raise for a version that cannot be, before hours of sound are decoded; see `continue_model`.

    Returns:
        Fields of `VQVAEConfig` that the version has in common with the model before it.
    """
    check_successor(Path(model_path), Path(output))
    return fixed_settings(read_header(model_path)["vqvae_config"], settings, model_path)


def next_version_path(model_path: FilePath) -> Path:
    """Name of the next version of a model, in the current folder: `voices-v2.sda`.

    Raises:
        ModelFileError: If the model file cannot be used.
    """
    version = version_of(read_header(model_path)["metadata"])
    stem = Path(model_path).stem.removesuffix(f"-v{version}")
    return Path(f"{stem}-v{version + 1}.sda")
