"""A preset among the options of `generate`: whatever is given beside it wins. Free of torch."""

from collections.abc import Mapping
from typing import Any

from distill.errors import UsageError
from distill.inference.modes.request import ModeSettings
from distill.inference.modes.traits import TRAITS, ModeTraits
from distill.library.preset import Preset, is_set

BEATS = ("tempo", "swing", "form")
"""Settings that do not go with `free_time`."""


def with_preset(preset: Preset, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `make_request` with those of a preset where none is given.

    Settings of the preset that do not go with what is given are left out: its mode and the numbers
    of that beside another mode, its length beside another length.

    Args:
        preset: The preset.
        options: Options by name; None, False and empty ones are not given.

    Raises:
        UsageError: The preset's mode needs a sound file, and none is given.
    """
    result = dict(options)
    names = {name for name, value in options.items() if is_set(value)}
    mode = _mode(preset, names)
    if mode.option and mode.argument not in names:
        if mode.takes_source:
            raise UsageError(
                f"The preset '{preset.title}' starts from a sound: name it with {mode.option}."
            )
        result[mode.argument] = True
    unfit = _unfit(mode, names)
    # Without a prompt, none is chosen.
    if options.get("lead_in") == 0:
        unfit.add("like")
    for name in preset.settings.keys() - names - unfit:
        value = preset.settings[name]
        result[name] = dict(value) if name == "tags" else value
    return result


def _mode(preset: Preset, names: set[str]) -> ModeTraits:
    """The mode that is asked for, else that of the preset."""
    for mode in TRAITS.values():
        if mode.option and mode.argument in names:
            return mode
    return TRAITS[preset.settings.get("way", ModeSettings.kind)]


def _unfit(mode: ModeTraits, names: set[str]) -> set[str]:
    """Settings of the preset that do not go with what is given."""
    unfit = {"way"}
    unfit |= {name for name in ("amount", "start", "stop") if name not in mode.settings}
    if mode.lasts_as_source or names & {"duration", "bars"}:
        unfit |= {"duration", "bars"}
    if mode.takes_source:
        unfit |= {"like", "lead_in"}
    if "free_time" in names:
        unfit |= set(BEATS)
    if names & set(BEATS):
        unfit.add("free_time")
    return unfit
