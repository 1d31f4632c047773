"""From the options of a user to a `Request`: the mode, its source, and defaults."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from distill.audio.delivery import AS_IS, Delivery
from distill.audio.io import read_audio
from distill.audio.level import db
from distill.audio.remarks import remarks_on
from distill.audio.sofa import file_digest
from distill.errors import UsageError
from distill.files import FilePath
from distill.inference.blending.settings import EXAMPLE, Blend, read_blend
from distill.inference.modes.registry import complete
from distill.inference.modes.request import (
    SEEDS,
    SETTING_OPTIONS,
    ModeSettings,
    Request,
    Source,
)
from distill.inference.modes.traits import TRAITS, ModeTraits, traits_of
from distill.inference.recipe import Recipe, read_recipe
from distill.inference.sampling.curves import Steering, steer
from distill.inference.sampling.settings import Sampling
from distill.settings import SAMPLE_RATE
from distill.workflows.hub import fetch, is_address, write_address
from distill.workflows.load import find_second_model

MODE_OPTIONS = (
    *(traits.argument for traits in TRAITS.values() if traits.option),
    *SETTING_OPTIONS,
)
"""Options that choose a mode, and the numbers of modes."""

SAMPLING_OPTIONS = tuple(field.name for field in fields(Sampling))
"""Options that decide how codes are drawn."""

STEERING_OPTIONS = tuple(field.name for field in fields(Steering))
"""Descriptors, tags and guidance."""


class EarlierSound(NamedTuple):
    """A generated sound file, and the recipe that it carries."""

    path: FilePath
    recipe: Recipe

    @classmethod
    def read(cls, path: FilePath) -> "EarlierSound":
        """The sound in the file `path`. `AudioError` if it carries no recipe."""
        return cls(path=path, recipe=read_recipe(path))

    def delivery(self, wanted: Delivery = AS_IS, sofa: FilePath | None = None) -> Delivery:
        """`wanted`, in the form of this sound wherever that says nothing.

        Args:
            wanted: The form that is asked for.
            sofa: Where the SOFA file of a binaural sound was when it was made, if that is known.

        Raises:
            UsageError: That file is not there, nor beside the sound, nor in the current folder.
        """
        own = self.recipe.delivery
        if wanted.binaural is None and own.binaural is not None:
            own = replace(own, binaural=_find_sofa(own, self.path, sofa))
        return wanted.over(own)


def _find_sofa(delivery: Delivery, sound: FilePath, known: FilePath | None) -> Path:
    """The SOFA file that a sound names, known by its hash. `UsageError` if it is nowhere."""
    # A name may be anything: that of a file alone, never a path.
    name = Path(delivery.binaural or "").name
    folders = dict.fromkeys((Path(sound).resolve().parent, Path.cwd()))
    places = [Path(known)] if known else []
    for path in [*places, *(folder / name for folder in folders)]:
        if path.is_file() and file_digest(path) == delivery.binaural_hash:
            return path
    raise UsageError(
        f"{sound} was made binaural with '{name}', which lies neither beside it nor in this "
        "folder: name that with --binaural, and its place with --azimuth and --elevation."
    )


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
    remarks = remarks_on(path)
    peak = float(np.abs(audio).max(initial=0.0))
    if peak > 1.0:
        # Rounded down, so that no limiter finds anything to do.
        audio = audio * np.float32((1.0 - 1e-6) / peak)
        remarks = (
            *remarks,
            f"'{name}' peaks at {db(peak):+.1f} dBFS, above what a file of 24 bit can hold: "
            f"all of it is lowered by {db(peak):.1f} dB.",
        )
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Source(name=name, digest=digest, audio=audio, remarks=remarks)


def choose_mode(options: Mapping[str, Any]) -> Choice:
    """The mode that the arguments of `distill.generate` ask for, and the source that it names.

    Args:
        options: `ModeTraits.argument` of a mode → a sound file for modes that take a source, True
            for others; and the numbers of `ModeSettings`. None and False ask for nothing.

    Raises:
        AudioError: The sound file cannot be read.
        UsageError: Two modes are asked for, or a number that the mode does not take.
    """
    modes = [m for m in TRAITS.values() if options.get(m.argument) not in (None, False)]
    if len(modes) > 1:
        names = " and ".join(mode.option for mode in modes)
        raise UsageError(f"{names} do not go together: choose one of them.")
    # Without an option, the default mode.
    mode = modes[0] if modes else traits_of(ModeSettings())
    numbers: dict[str, Any] = {name: options.get(name) for name in SETTING_OPTIONS}
    _check_numbers(mode, numbers)
    source = read_source(options[mode.argument]) if mode.takes_source else None
    return Choice(mode=ModeSettings(kind=mode.kind, **numbers), source=source)


def _check_numbers(mode: ModeTraits, numbers: Mapping[str, float | None]) -> None:
    """`UsageError` for a number that another mode takes."""
    for name, value in numbers.items():
        if value is None or name in mode.settings:
            continue
        owners = [other.option for other in TRAITS.values() if name in other.settings]
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
    choice = choose_mode(options)
    path = earlier.path
    way = earlier.recipe.way
    # The default kind means that no mode was named.
    is_named = choice.mode.kind != ModeSettings.kind
    if is_named and choice.mode.kind != way.kind:
        option = traits_of(choice.mode).option
        raise UsageError(f"{path} was not made with {option}: leave that out.")
    if way.source and not choice.source:
        raise UsageError(
            f"{path} was made from '{way.source}', which it does not hold: "
            f"name that again with {traits_of(way).option}."
        )
    if choice.source and choice.source.digest != way.source_hash:
        raise UsageError(
            f"'{choice.source.name}' is not the sound that {path} was made from "
            f"('{way.source}'), or has changed since: name that one."
        )
    # Another amount or gap makes another version of the same sound.
    numbers = _pick(options, SETTING_OPTIONS)
    return Choice(mode=replace(way, **numbers), source=choice.source)


def make_request(
    earlier: EarlierSound | None = None,
    *,
    duration: float | None = None,
    seed: int | None = None,
    count: int = Request.count,
    bars: float | None = None,
    max_copy: float | None = None,
    blend: Any = None,
    **options: Any,
) -> Request:
    """The request that the options of a user make; None where an option is not given.

    It then is as in the `earlier` sound, else the default; the default seed is a new one.

    Args:
        earlier: The sound to regenerate, or to make a longer or other version of.
        duration: Seconds.
        seed: Of the first sound.
        count: Number of sounds.
        bars: Bars, in place of seconds.
        max_copy: Percentage of repeated passages above which a sound is drawn again.
        blend: A second model and its share, in any form that `read_blend` takes.
        options: The other arguments of `distill.generate`, by name: modes and their numbers, fields
            of `Sampling`, and those of `Steering` as `steer` takes them.

    Raises:
        AudioError: A sound file cannot be read.
        UsageError: An option is out of range, or does not go with another.
        TypeError: There is no such option.

    Example:
        request = make_request(loop=True, duration=4.0, temperature=0.9, brightness="80")
    """
    if earlier and (count != 1 or max_copy is not None):
        raise UsageError("--again makes one sound as it was: leave out --number and --max-copy.")
    _check_names(options)
    mode_options = _pick(options, MODE_OPTIONS)
    sampling = _pick(options, SAMPLING_OPTIONS)
    steering = _pick(options, STEERING_OPTIONS)
    choice = choose_again(earlier, mode_options) if earlier else choose_mode(mode_options)
    second = choose_blend(earlier, _second_model(blend), duration)
    _check_mode_options(traits_of(choice.mode), earlier, duration, sampling)
    _check_bars(traits_of(choice.mode), earlier, duration, bars)
    base = _base(earlier)
    request = complete(
        replace(
            base,
            duration=base.duration if duration is None else duration,
            seed=base.seed if seed is None else seed,
            count=count,
            bars=bars,
            sampling=replace(base.sampling, **sampling),
            mode=choice.mode,
            source=choice.source,
            max_copy=max_copy,
            blend=second,
        )
    )
    # Curves given as plain arrays spread over the duration, which is known only now. That of bars
    # is not: only the model knows the tempo.
    seconds = request.duration if bars is None else 0.0
    request = replace(request, steering=steer(base.steering, seconds, **steering))
    # Only the same sound begins at the same level; any other is measured.
    is_same = (request.seed, request.sampling, request.steering, _share(request)) == (
        base.seed,
        base.sampling,
        base.steering,
        _share(base),
    )
    return request if is_same else replace(request, gain=None)


def choose_blend(
    earlier: EarlierSound | None, blend: Blend | None, duration: float | None = None
) -> Blend | None:
    """The blend that is asked for; that of an earlier sound keeps its model, and its share too
    unless there is another.

    Args:
        earlier: The sound to regenerate.
        blend: What is asked for; None for nothing.
        duration: Seconds that are asked for; None for those of the earlier sound.

    Raises:
        UsageError: The share is missing, the second model is not there, or a longer version would
            not begin alike.
    """
    record = earlier.recipe.blend if earlier else None
    if earlier is None or record is None:
        if blend and blend.share is None:
            raise UsageError(f"{EXAMPLE}.")
        return blend
    if duration is not None and not record.versions:
        raise UsageError(
            f"{earlier.path} was rendered as a whole by '{record.name}', so that a longer version "
            "does not begin alike: generate another sound of that length."
        )
    if blend is None:
        path = find_second_model(record, earlier.path)
        address = record.name if is_address(record.name) else ""
        return Blend(path=path, share=record.share, wanted_hash=record.hash, address=address)
    share = record.share if blend.share is None else blend.share
    return replace(blend, share=share, wanted_hash=record.hash)


def _second_model(value: Any) -> Blend | None:
    """The blend that a user writes, whose model may lie at the hub: `hf://USER/NAME:0.4`."""
    blend = read_blend(value)
    if blend is None or not is_address(blend.path):
        return blend
    return replace(blend, path=fetch(blend.path), address=write_address(blend.path))


def _share(request: Request) -> float:
    """Share of the second model; 0 without one."""
    return (request.blend.share or 0.0) if request.blend else 0.0


def _check_bars(
    mode: ModeTraits, earlier: EarlierSound | None, duration: float | None, bars: float | None
) -> None:
    """`UsageError` for bars beside another length."""
    if bars is None:
        return
    if duration is not None:
        raise UsageError("--bars and --duration both say how long: leave one of them out.")
    if mode.lasts_as_source or earlier:
        option = mode.option if mode.lasts_as_source else "--again"
        raise UsageError(f"With {option} the length is known: leave out --bars.")


def _check_names(options: Iterable[str]) -> None:
    """`TypeError` for an option that nothing here knows, as for any unknown argument."""
    unknown = set(options).difference(MODE_OPTIONS, SAMPLING_OPTIONS, STEERING_OPTIONS)
    if unknown:
        raise TypeError(f"there is no option {', '.join(sorted(unknown))}")


def _pick(options: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The options of these names that are given, in the order of the names."""
    return {name: options[name] for name in names if options.get(name) is not None}


def _base(earlier: EarlierSound | None) -> Request:
    """Settings where no option is given: the earlier sound, or defaults and a new seed."""
    if earlier is None:
        return Request(seed=secrets.randbelow(SEEDS))
    recipe = earlier.recipe
    record = recipe.blend
    return Request(
        duration=recipe.duration,
        seed=recipe.seed,
        sampling=recipe.sampling,
        steering=recipe.steering,
        blend=Blend(path=Path(record.name), share=record.share) if record else None,
        gain=recipe.gain,
    )


def _check_mode_options(
    mode: ModeTraits,
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
