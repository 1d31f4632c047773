"""Prior training: a `CodePrior` learns the codes of a folder of sounds; the codec is frozen."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from distill.cancellation import CancelledError
from distill.data.corpus import scan_corpus
from distill.data.curation import NO_CURATION, Curation
from distill.data.dataset import Split, make_manifest, split_by_manifest
from distill.device import free_threads, prepare
from distill.files import FilePath
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.models.prior_metadata import PriorMetadata
from distill.training.codec.corpus import muted_files
from distill.training.corpus_facts import measure_corpus_facts
from distill.training.many_processes import open_world
from distill.training.paths import checkpoint_path
from distill.training.prior.best import BestCallback
from distill.training.prior.epoch import train_prior_epoch, validate_prior_epoch
from distill.training.prior.metadata import complete_event
from distill.training.prior.preparation import PreparationCallback
from distill.training.prior.progress import PriorProgress
from distill.training.prior.run import EpochCallback, PriorRun, StepCallback
from distill.training.prior.setup import count_files, prepare_prior
from distill.training.prior.verdict import check_memorization
from distill.training.prior_config import PriorConfig
from distill.training.threads import thread_trials
from distill.training.world import World

__all__ = [
    "BestCallback",
    "EpochCallback",
    "PreparationCallback",
    "StepCallback",
    "check_memorization",
    "train_prior",
    "train_prior_epoch",
    "validate_prior_epoch",
]

log = logging.getLogger(__name__)


def train_prior(
    model_path: FilePath,
    dataset_dir: FilePath,
    prior_config: PriorConfig,
    callback: EpochCallback | None = None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    step_callback: StepCallback | None = None,
    adapt_threads: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
    curation: Curation = NO_CURATION,
    learns_on: bool = False,
    best_callback: BestCallback | None = None,
    preparation_callback: PreparationCallback | None = None,
    world: World | None = None,
) -> dict[str, Any]:
    """Train a prior on the codes of the sounds in `dataset_dir`; writes no model file.

    A checkpoint beside the model keeps the best weights; a killed run continues from there.

    Args:
        model_path: Model file (`.sda`) whose codec encodes the sounds.
        dataset_dir: Folder of sounds; better the one that the codec was trained on.
        prior_config: Settings.
        callback: Gets the metrics of every epoch.
        cancel_event: Once set, training stops after the current step.
        device: `auto`, `cpu`, `cuda` or `mps`.
        step_callback: Gets the metrics of every step.
        adapt_threads: Whether to find the fastest number of threads by trials, beside other
            programs: then a run is not repeatable to the bit.
        progress: Gets files done, files in all, and the name of a file while the corpus is read.
        curation: What a person has chosen about the sounds.
        learns_on: Whether training begins with the weights of the prior in the file; the settings
            have its size then.
        best_callback: Gets each epoch that is better than all before, and can make a model of it.
            The weights of the training are the same with it and without.
        preparation_callback: Gets the progress of encoding and measuring the sounds. Codes that the
            cache holds are not made again.
        world: The processes that train together; None for those that `torchrun` started, or for
            this one alone. The first one calls all callbacks.

    Returns:
        - `prior_model`: the network at its best weights; None before the first validation.
        - `prior_config`, `prior_metadata`: plain dicts that `save_prior_to_model` takes.
        - `history`: number and losses of each epoch; `level_losses`: those of the best one's
          levels, on held-out sounds. All are in nats a code.
        - `warnings`; `file_count`, distinct sounds; `unknown_files`, those new to the codec.
        - `checkpoint`: its path; the caller deletes it once the prior is saved.
        - `copying`: how much generated sounds repeat the corpus; or None.
        - `complete`: a `PriorTrainingCompleteEvent`.

    Raises:
        UsageError: Settings make no sense.
        ModelFileError: `model_path` is no usable model.
        CorpusError: `dataset_dir` holds no usable sounds.
        DivergedError: Training diverged before there were any good weights.

    Example:
        >>> result = train_prior("my.sda", "sounds", PriorConfig())
        >>> result["complete"].best_perplexity
    """
    prior_config.check()
    world = world or open_world(device)
    threads = prepare(_threads(prior_config, adapt_threads, world))
    loaded = load_model_v2(model_path, device=world.device)
    corpus = world.each_machine_does(
        lambda: scan_corpus(dataset_dir, loaded.model.channels, progress, curation)
    )
    manifest = loaded.metadata.get("corpus") or make_manifest(corpus.clips)
    split = split_by_manifest(corpus.clips, manifest)
    if split.fresh:
        log.warning(
            "None of the codec's held-out recordings is in this folder: "
            "recordings it was trained on are held out instead."
        )

    cancel_event = cancel_event or threading.Event()
    corpus_facts = measure_corpus_facts(corpus)
    try:
        setup = prepare_prior(
            loaded,
            split,
            prior_config,
            corpus_facts,
            cancel_event,
            muted=muted_files(corpus),
            learns_on=learns_on,
            callback=preparation_callback,
            world=world,
        )
    except CancelledError:
        return _no_result(loaded, split)
    # Several processes compute alike only with as many threads each.
    adapt_threads = adapt_threads and world.size == 1
    trials = thread_trials(threads, adapt_threads, loaded.model.rvq.codebooks.device)
    run = PriorRun(setup, cancel_event, step_callback, trials, best_callback)
    run.resume_if_possible()
    run.run(callback or (lambda metrics: None))
    return run.result()


def _no_result(loaded: LoadedVQModel, split: Split) -> dict[str, Any]:
    """The result of a training that was stopped before its first step."""
    return {
        "prior_model": None,
        "prior_config": {},
        "prior_metadata": PriorMetadata().to_dict(),
        "history": [],
        "level_losses": [],
        "warnings": [],
        "unknown_files": split.unknown,
        "file_count": count_files(split),
        "checkpoint": str(checkpoint_path(loaded.path, "prior")),
        "copying": None,
        "complete": complete_event(PriorProgress(), None, True),
    }


def _threads(config: PriorConfig, adapts: bool, world: World) -> int | None:
    """Threads to begin with; None for one a core, where trials follow or processes share them."""
    if config.threads is not None or adapts or world.size > 1:
        return config.threads
    return free_threads()
