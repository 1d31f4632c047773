"""What a checkpoint of a prior training must have in common with the run that goes on from it."""

from dataclasses import asdict
from typing import Any

from distill.training.prior.metadata import curated_files
from distill.training.prior.setup import PriorSetup

# Settings that may differ when a run continues from a checkpoint.
_MAY_CHANGE = ("max_epochs", "minutes", "patience", "threads")


def fingerprint(setup: PriorSetup) -> dict[str, Any]:
    """All that must be the same for a checkpoint to fit: codec, network, settings, sounds."""
    settings = asdict(setup.config)
    for name in _MAY_CHANGE:
        del settings[name]
    facts: dict[str, Any] = {
        "codebook_hash": setup.loaded.model.codebook_hash(),
        "network": setup.arguments,
        "settings": settings,
        "sounds": sorted(region.clip.content_hash for region in setup.split.train),
    }
    if choices := curated_files(setup.split):
        facts["choices"] = choices
    if setup.parent_hash:
        facts["parent"] = setup.parent_hash
    return facts
