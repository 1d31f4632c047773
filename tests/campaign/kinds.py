"""All kinds of trials of the campaign."""

from types import ModuleType

from tests.campaign import codes

KINDS: tuple[ModuleType, ...] = (codes,)
