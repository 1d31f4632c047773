"""All modes of generation, by kind."""

from distill.inference.modes.base import Mode
from distill.inference.modes.continuation import Continuation
from distill.inference.modes.infill import Infill
from distill.inference.modes.loop import Loop
from distill.inference.modes.new import New
from distill.inference.modes.one_shot import OneShot
from distill.inference.modes.request import ModeSettings, Request
from distill.inference.modes.variation import Variation

MODES: dict[str, type[Mode]] = {
    mode.kind: mode for mode in (New, Continuation, OneShot, Loop, Variation, Infill)
}
"""The class of each mode."""


def mode_of(settings: ModeSettings) -> type[Mode]:
    """The class of the mode that `settings` name. `ValueError` for an unknown kind."""
    if settings.kind not in MODES:
        raise ValueError(f"there is no mode '{settings.kind}'")
    return MODES[settings.kind]


def complete(request: Request) -> Request:
    """`request` as its mode completes it, see `Mode.complete`."""
    return mode_of(request.mode).complete(request)
