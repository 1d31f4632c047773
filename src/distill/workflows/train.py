"""Training of a codec and of a prior."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from distill.data.corpus import CorpusReport, collect_audio_files, scan_corpus
from distill.models.persistence import save_prior_to_model
from distill.training.config import get_adaptive_vqvae_config
from distill.training.loop import Callback, check_output, resume_vqvae, train_vqvae
from distill.training.metrics import TrainingCompleteEvent
from distill.training.prior_config import PriorConfig, get_adaptive_prior_config
from distill.training.prior_loop import EpochCallback, StepCallback
from distill.training.prior_loop import train_prior as run_prior_training
from distill.workflows.paths import FilePath

ScanProgress = Callable[[int, int, str], None]


def train(
    sounds: FilePath | CorpusReport,
    output: FilePath,
    *,
    callback: Callback = lambda event: None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    model_name: str | None = None,
    discard_prior: bool = False,
    progress: ScanProgress | None = None,
    **settings: Any,
) -> TrainingCompleteEvent:
    """Train a codec on the folder `sounds` (or on a scan of it) and write it to `output` (`.sda`).

    `settings` are fields of `VQVAEConfig` (`minutes`, `steps`, `num_quantizers`, …); what is not
    given is chosen from the corpus. Raises `CorpusError`, `UsageError`, `OutputError`,
    `PriorPresentError`.
    """
    check_training(output, discard_prior, settings)
    channels = settings.get("channels")
    corpus = sounds if isinstance(sounds, CorpusReport) else scan_corpus(sounds, channels, progress)
    config = get_adaptive_vqvae_config(len(corpus.clips), **settings)
    return train_vqvae(
        corpus, Path(output), config, callback, cancel_event, device, model_name, discard_prior
    )


def check_training(output: FilePath, discard_prior: bool, settings: dict[str, Any]) -> None:
    """Refuse outputs and settings that make no sense before hours of sound are decoded."""
    check_output(Path(output), discard_prior)
    get_adaptive_vqvae_config(1, **settings)


def resume(
    output: FilePath,
    *,
    sounds: FilePath | None = None,
    callback: Callback = lambda event: None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    progress: ScanProgress | None = None,
    discard_prior: bool = False,
) -> TrainingCompleteEvent:
    """Go on with the training of `output` from the checkpoint beside it. Raises
    `CheckpointError`."""
    folder = Path(sounds) if sounds is not None else None
    return resume_vqvae(
        Path(output), callback, cancel_event, folder, device, progress, discard_prior
    )


def prior_settings(sounds: FilePath, **overrides: Any) -> tuple[PriorConfig, int]:
    """Settings for a prior over the folder `sounds`, and its file count; overrides that are not
    None win."""
    count = len(collect_audio_files(Path(sounds)))
    chosen = {name: value for name, value in overrides.items() if value is not None}
    config = replace(get_adaptive_prior_config(count), **chosen)
    config.check()
    return config, count


def train_prior(
    model_path: FilePath,
    sounds: FilePath,
    *,
    callback: EpochCallback | None = None,
    step_callback: StepCallback | None = None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    **overrides: Any,
) -> dict[str, Any]:
    """Train a prior over `sounds` and put it into the model at `model_path`, in place of any prior
    there.

    Returns what `distill.training.train_prior` does; `prior_model` is None, and the file unchanged,
    when it was stopped before the first validation. `overrides` are fields of `PriorConfig`.
    """
    config, _ = prior_settings(sounds, **overrides)
    result = run_prior_training(
        model_path, sounds, config, callback, cancel_event, device, step_callback
    )
    if result["prior_model"] is not None:
        save_prior_to_model(
            model_path, result["prior_model"], result["prior_config"], result["prior_metadata"]
        )
        Path(result["checkpoint"]).unlink(missing_ok=True)
    return result
