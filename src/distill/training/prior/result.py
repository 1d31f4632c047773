"""The result that a training of a prior gives to its caller."""

from pathlib import Path
from typing import Any

from distill.models.prior_metadata import PriorMetadata
from distill.training.prior.metadata import complete_event, prior_metadata
from distill.training.prior.progress import PriorProgress
from distill.training.prior.setup import PriorSetup
from distill.training.prior.verdict import Copying, PriorVerdict


def training_result(
    setup: PriorSetup,
    progress: PriorProgress,
    corpus: PriorMetadata,
    verdict: PriorVerdict | None,
    copying: Copying | None,
    checkpoint: Path,
    is_interrupted: bool,
) -> dict[str, Any]:
    """The plain dict that `train_prior` returns.

    Args:
        setup: Parts of the training; its prior has its best weights.
        progress: Losses and warnings.
        corpus: The part of the corpus that generation needs.
        verdict: How the training went; None before the first validation.
        copying: How much it copies; None where that was not measured.
        checkpoint: Path of the checkpoint.
        is_interrupted: Whether it was stopped by hand.
    """
    has_weights = progress.best_weights is not None
    metadata = prior_metadata(corpus, setup, progress, verdict, copying)
    return {
        "prior_model": setup.prior.eval() if has_weights else None,
        "prior_config": setup.arguments,
        "prior_metadata": metadata.to_dict(),
        "history": progress.history,
        "level_losses": progress.best_level_losses,
        "warnings": list(progress.warnings),
        "unknown_files": setup.split.unknown,
        "file_count": setup.file_count,
        "checkpoint": str(checkpoint),
        "copying": metadata.copying,
        "complete": complete_event(progress, verdict, is_interrupted),
    }
