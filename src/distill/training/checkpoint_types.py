"""Types of the entries of checkpoints, checked when one is read; see `models/plain_types.py`.

Shapes of weights are checked by the networks and optimisers that take them.
"""

from distill.models.metadata_types import CHANGES, PARENT
from distill.models.plain_types import Array, maybe

PARAMETER_GROUP = {"params": [int], "lr": float}

OPTIMIZER = {"state": {}, "param_groups": [PARAMETER_GROUP]}

AVERAGE = {"step": int, "weights": {}}

BUDGET = {
    "steps": maybe(int),
    "seconds": maybe(float),
    "falls_from": float,
    "highest": float,
}

CODEC_CONFIG = {
    "codebook_size": int,
    "num_quantizers": int,
    "batch_size": maybe(int),
    "crop_frames": int,
    "learning_rate": float,
    "minutes": maybe(float),
    "epochs": maybe(int),
    "steps": maybe(int),
    "seed": int,
    "threads": maybe(int),
    "channels": maybe(int),
    "hidden_size": int,
    "early_stop": bool,
}

CODEC_TRAINER = {
    "config": CODEC_CONFIG,
    "half_precision": bool,
    "arguments?": {},
    "model": {},
    "optimizer": {"muon": OPTIMIZER, "adamw": OPTIMIZER},
    "step": int,
    "elapsed_s": float,
    "heard_s": float,
    "batch_size": int,
    "budget": BUDGET,
    "average": AVERAGE,
    "codebooks_ready": bool,
    "first_distance": float,
    "usage": [Array(2, whole=True)],
}

CODEC_CURVE_POINT = {
    "step": int,
    "progress": float,
    "elapsed_s": float,
    "train_loss": float,
    "own_loss?": maybe(float),
    "val_loss?": maybe(float),
}

CORPUS_ENTRY = {
    "name": str,
    "hash": str,
    "duration_s": float,
    "n_samples": int,
    "train_until": int,
    "weight?": float,
    "tags?": [str],
    "generated?": bool,
}

CODEC_CHECKPOINT = {
    "trainer": CODEC_TRAINER,
    "identity": {
        "name": str,
        "id": str,
        "created": str,
        "output_channels": int,
        "version?": int,
        "parent?": PARENT,
        "changes?": CHANGES,
    },
    "manifest": [CORPUS_ENTRY],
    "muted?": [{"name": str, "hash": str}],
    "added?": [str],
    "parent_path?": maybe(str),
    "curves": [CODEC_CURVE_POINT],
    "recent": [float],
    "dataset_dir": str,
}
"""A checkpoint of `distill train`."""

PRIOR_EPOCH = {
    "epoch": int,
    "train_loss": float,
    "own_loss": float,
    "val_loss": float,
    "level_losses": [float],
}

PRIOR_STATE = {
    "epoch": int,
    "step": int,
    "elapsed_s": float,
    "since_best": int,
    "epoch_losses?": [float],
    "best_loss": float,
    "best_weights": maybe({}),
    "history": [PRIOR_EPOCH],
    "warnings": [str],
    "weights": {},
    "optimizer": OPTIMIZER,
    "average": AVERAGE,
    "random": {"cpu": Array(1, whole=True), "cuda?": Array(1, whole=True)},
}

PRIOR_CHECKPOINT = {"fits": {}, "state": PRIOR_STATE}
"""A checkpoint of `distill train-prior`."""
