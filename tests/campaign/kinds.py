"""All kinds of trials of the campaign."""

from types import ModuleType

from tests.campaign import (
    checkpoints,
    codes,
    crowd,
    disks,
    job_kills,
    kills,
    models,
    options,
    recipes,
    sounds,
    studio_kills,
)

MUTATED: tuple[ModuleType, ...] = (models, codes, sounds, recipes, checkpoints)
AROUND_FILES: tuple[ModuleType, ...] = (
    kills,
    job_kills,
    studio_kills,
    disks,
    crowd,
    options,
)
KINDS = MUTATED + AROUND_FILES
