"""Training of codec and prior. Torch is loaded on first use of what needs it."""

from distill.exports import lazy_exports

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
    "check_memorization": "prior.verdict",
    "LevelHealth": "metrics",
    "StepMetrics": "metrics",
    "ValidationMetrics": "metrics",
    "BatchHalved": "metrics",
    "StoppingEarly": "metrics",
    "VerdictKind": "metrics",
    "PriorVerdictKind": "metrics",
    "ModelSaved": "metrics",
    "TrainingCompleteEvent": "metrics",
    "PriorStepMetrics": "metrics",
    "PriorEpochMetrics": "metrics",
    "PriorTrainingCompleteEvent": "metrics",
}

__all__ = sorted(_HOME)


__getattr__ = lazy_exports(__name__, _HOME)
