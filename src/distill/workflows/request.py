"""From the options of a user to a `Request`: the mode, its source, and defaults."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from distill.audio.io import read_audio
from distill.audio.level import db
from distill.errors import UsageError
from distill.inference.modes.base import Mode
from distill.inference.modes.registry import MODES, complete, mode_of
from distill.inference.modes.request import SETTING_OPTIONS, ModeSettings, Request, Source
from distill.inference.recipe import Recipe, read_recipe
from distill.inference.sampling.steering import steer
from distill.settings import SAMPLE_RATE
from distill.workflows.paths import FilePath

SEEDS = 2**31
"""Seeds to choose from where none is given: short enough to copy by hand."""


class EarlierSound(NamedTuple):
    """A generated sound file, and the recipe that it carries."""

    path: FilePath
    recipe: Recipe

    @classmethod
    def read(cls, path: FilePath) -> "EarlierSound":
        """The sound in the file `path`. `AudioError` if it carries no recipe."""
        return cls(path, read_recipe(path))


class Choice(NamedTuple):
    """A mode with its settings, and the sound that it starts from, if any."""

    mode: ModeSettings
    source: Source | None


def read_source(path: FilePath) -> Source:
    """The sound file at `path`, of any kind, as a source. `AudioError` if it cannot be read.

    One above full scale is lowered as a whole: limiting would change only its peaks.
    """
    audio = read_audio(path, SAMPLE_RATE)
    name = Path(path).name
    remarks: tuple[str, ...] = ()
    peak = float(np.abs(audio).max(initial=0.0))
    if peak > 1.0:
        # Rounded down, so that no limiter finds anything to do.
        audio = audio * np.float32((1.0 - 1e-6) / peak)
        remarks = (
            f"'{name}' peaks at {db(peak):+.1f} dBFS, above what a file of 24 bit can hold: "
            f"all of it is lowered by {db(peak):.1f} dB.",
        )
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Source(name, digest, audio, remarks)


def choose_mode(options: Mapping[str, Any]) -> Choice:
    """The mode that the arguments of `distill.generate` ask for, and the source that it names.

    Args:
        options: `Mode.argument` of a mode → a sound file for modes that take a source, True for
            others; and the numbers of `ModeSettings`. None and False ask for nothing.

    Raises:
        AudioError: The sound file cannot be read.
        UsageError: Two modes are asked for, or a number that the mode does not take.
    """
    chosen = [m for m in MODES.values() if options.get(m.argument()) not in (None, False)]
    if len(chosen) > 1:
        names = " and ".join(mode.option for mode in chosen)
        raise UsageError(f"{names} do not go together: choose one of them.")
    # Without an option, the default mode.
    mode = chosen[0] if chosen else mode_of(ModeSettings())
    numbers: dict[str, Any] = {name: options.get(name) for name in SETTING_OPTIONS}
    _check_numbers(mode, numbers)
    source = read_source(options[mode.argument()]) if mode.takes_source else None
    return Choice(ModeSettings(kind=mode.kind, **numbers), source)


def _check_numbers(mode: type[Mode], numbers: Mapping[str, float | None]) -> None:
    """`UsageError` for a number that another mode takes."""
    for name, value in numbers.items():
        if value is None or name in mode.settings:
            continue
        owners = [other.option for other in MODES.values() if name in other.settings]
        option = SETTING_OPTIONS[name]
        raise UsageError(
            f"{option} goes with {' or '.join(owners)} only: name a sound there, "
            f"or leave out {option}."
        )


def choose_again(earlier: EarlierSound, options: Mapping[str, Any]) -> Choice:
    """The mode and source of an earlier sound, with the numbers that are given again.

    A file does not hold the sound that it was made from: that has to be named again.

    Args:
        earlier: The sound to regenerate.
        options: As for `choose_mode`; a mode, if any, is that of the earlier sound.

    Raises:
        AudioError: The sound file cannot be read.
        UsageError: Another mode or source is named, or none where one is needed.
    """
    chosen = choose_mode(options)
    path = earlier.path
    way = earlier.recipe.way
    # The default kind means that no mode was named.
    is_named = chosen.mode.kind != ModeSettings.kind
    if is_named and chosen.mode.kind != way.kind:
        option = mode_of(chosen.mode).option
        raise UsageError(f"{path} was not made with {option}: leave that out.")
    if way.source and not chosen.source:
        raise UsageError(
            f"{path} was made from '{way.source}', which it does not hold: "
            f"name that again with {mode_of(way).option}."
        )
    if chosen.source and chosen.source.digest != way.source_hash:
        raise UsageError(
            f"'{chosen.source.name}' is not the sound that {path} was made from "
            f"('{way.source}'), or has changed since: name that one."
        )
    # Another amount or gap makes another version of the same sound.
    numbers = {name: getattr(chosen.mode, name) for name in SETTING_OPTIONS}
    return Choice(replace(way, **_given(numbers)), chosen.source)


def make_request(
    earlier: EarlierSound | None = None,
    *,
    mode: Mapping[str, Any],
    duration: float | None = None,
    seed: int | None = None,
    count: int = Request.count,
    max_copy: float | None = None,
    sampling: Mapping[str, Any] | None = None,
    steering: Mapping[str, Any] | None = None,
) -> Request:
    """A request from options, each None where it is not given.

    It then is as in the `earlier` sound, else the default; the default seed is a new one.

    Args:
        earlier: The sound to regenerate, or to make a longer or other version of.
        mode: As for `choose_mode`.
        duration: Seconds.
        seed: Of the first sound.
        count: Number of sounds.
        max_copy: Percentage above which a sound is drawn again.
        sampling: Fields of `Sampling`.
        steering: Arguments of `steer`.

    Raises:
        AudioError: A sound file cannot be read.
        UsageError: An option is out of range, or does not go with another.
    """
    if earlier and (count != 1 or max_copy is not None):
        raise UsageError("--again makes one sound as it was: leave out --number and --max-copy.")
    choice = choose_again(earlier, mode) if earlier else choose_mode(mode)
    given = _given(sampling or {})
    _check_mode_options(mode_of(choice.mode), earlier, duration, given)
    base = _base(earlier)
    request = complete(
        replace(
            base,
            duration=base.duration if duration is None else duration,
            seed=base.seed if seed is None else seed,
            count=count,
            sampling=replace(base.sampling, **given),
            mode=choice.mode,
            source=choice.source,
            max_copy=max_copy,
        )
    )
    # Curves given as plain arrays spread over the duration, which is known only now.
    request = replace(request, steering=steer(base.steering, request.duration, **(steering or {})))
    # Only the same sound begins at the same level; any other is measured.
    is_same = (request.seed, request.sampling, request.steering) == (
        base.seed,
        base.sampling,
        base.steering,
    )
    return request if is_same else replace(request, gain=None)


def _base(earlier: EarlierSound | None) -> Request:
    """What holds where no option is given: the earlier sound, or defaults and a new seed."""
    if earlier is None:
        return Request(seed=secrets.randbelow(SEEDS))
    recipe = earlier.recipe
    return Request(
        duration=recipe.duration,
        seed=recipe.seed,
        sampling=recipe.sampling,
        steering=recipe.steering,
        gain=recipe.gain,
    )


def _check_mode_options(
    mode: type[Mode],
    earlier: EarlierSound | None,
    duration: float | None,
    sampling: Mapping[str, Any],
) -> None:
    """`UsageError` for options that the mode has no use for."""
    if mode.takes_source and "lead_in" in sampling:
        raise UsageError(f"With {mode.option} the prior hears that sound: leave out --lead-in.")
    if duration is None:
        return
    if mode.lasts_as_source:
        raise UsageError(
            f"With {mode.option} the length is that of the sound named: leave out --duration."
        )
    if earlier and not mode.longer_begins_alike:
        raise UsageError(
            f"With {mode.option} a longer version does not begin alike: leave out --duration."
        )


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are not None."""
    return {name: value for name, value in options.items() if value is not None}
