"""Training of codec and prior. Torch is loaded on first use of what needs it."""

from importlib import import_module
from typing import Any

_HOME = {
    "VQVAEConfig": "config",
    "get_adaptive_vqvae_config": "config",
    "train_vqvae": "loop",
    "resume_vqvae": "loop",
    "PriorConfig": "prior_config",
    "get_adaptive_prior_config": "prior_config",
    "train_prior": "prior_loop",
    "train_prior_epoch": "prior_loop",
    "validate_prior_epoch": "prior_loop",
    "check_memorization": "prior_loop",
    "LevelHealth": "metrics",
    "StepMetrics": "metrics",
    "ValidationMetrics": "metrics",
    "ModelSaved": "metrics",
    "TrainingCompleteEvent": "metrics",
    "PriorStepMetrics": "metrics",
    "PriorEpochMetrics": "metrics",
    "PriorTrainingCompleteEvent": "metrics",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
