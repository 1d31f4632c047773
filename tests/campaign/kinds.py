"""All kinds of trials of the campaign."""

from types import ModuleType

from tests.campaign import checkpoints, codes, models, recipes, sounds

KINDS: tuple[ModuleType, ...] = (models, codes, sounds, recipes, checkpoints)
