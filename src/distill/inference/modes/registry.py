"""The class of each mode of generation, by kind; `traits.py` says what they take, free of torch."""

from distill.inference.modes.base import Mode
from distill.inference.modes.continuation import Continuation
from distill.inference.modes.infill import Infill
from distill.inference.modes.loop import Loop
from distill.inference.modes.new import New
from distill.inference.modes.one_shot import OneShot
from distill.inference.modes.request import ModeSettings, Request
from distill.inference.modes.traits import traits_of
from distill.inference.modes.variation import Variation

MODES: dict[str, type[Mode]] = {
    mode.traits.kind: mode for mode in (New, Continuation, OneShot, Loop, Variation, Infill)
}
"""The class of each mode."""


def mode_of(settings: ModeSettings) -> type[Mode]:
    """The class of the mode that `settings` name. `ValueError` for an unknown kind."""
    return MODES[traits_of(settings).kind]


def complete(request: Request) -> Request:
    """`request` as its mode completes it, see `Mode.complete`."""
    return mode_of(request.mode).complete(request)
