"""Which way to generate: what was asked for, and the sound files that it takes."""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from distill.audio.io import read_audio
from distill.device import using_threads
from distill.errors import UsageError
from distill.inference.generate import Generated
from distill.inference.generate import generate as generate_sounds
from distill.inference.modes.request import KINDS, Playing, Source
from distill.inference.modes.stream import stream_sound
from distill.inference.recipe import Recipe, read_recipe
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.steering import Steering, steer
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE
from distill.workflows.paths import FilePath, output_paths


def read_source(path: FilePath, sample_rate: int = SAMPLE_RATE) -> Source:
    """The sound file at `path`, of any kind. Raises `AudioError`."""
    audio = read_audio(path, sample_rate)
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Source(Path(path).name, digest, audio)


def choose_playing(
    continue_from: FilePath | None = None,
    one_shot: bool = False,
    loop: bool = False,
    variation_of: FilePath | None = None,
    amount: float | None = None,
    infill: FilePath | None = None,
    start: float | None = None,
    stop: float | None = None,
) -> Playing:
    """The way that was asked for: going on from a sound file, a sound that ends by itself, a loop,
    a variation of a sound file of which `amount` is made anew, a sound file made anew from `start`
    to `stop`, or just new sound.

    Raises `AudioError`, and `UsageError` for more than one.
    """
    if amount is not None and variation_of is None:
        raise UsageError(
            "--amount says how much of a sound is to change: name the sound with --variation-of."
        )
    if infill is None and not (start is None and stop is None):
        raise UsageError(
            "--from and --to say which stretch of a sound to make anew: name the sound with --infill."
        )
    asked = {
        "continue": continue_from is not None,
        "one-shot": one_shot,
        "loop": loop,
        "variation": variation_of is not None,
        "infill": infill is not None,
    }
    if sum(asked.values()) > 1:
        options = [KINDS[kind] for kind, is_asked in asked.items() if is_asked]
        raise UsageError(f"{' and '.join(options)} do not go together: choose one of them.")
    if continue_from is not None:
        return Playing.of("continue", read_source(continue_from))
    if variation_of is not None:
        return Playing.of("variation", read_source(variation_of), amount=amount)
    if infill is not None:
        return Playing.of("infill", read_source(infill), start=start, stop=stop)
    return Playing.of(next((kind for kind, is_asked in asked.items() if is_asked), "new"))


Control = float | Sequence[float] | Sequence[Sequence[float]] | np.ndarray | None
"""What a descriptor of a sound is to be: see `generate`."""


def generate(
    model: LoadedVQModel,
    duration: float = 10.0,
    seed: int = 0,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 0.97,
    count: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    max_copy: float | None = None,
    like: str = "",
    free_levels: int = Sampling.free_levels,
    closeness: float = Sampling.closeness,
    lead_in: float = 4.0,
    continue_from: FilePath | None = None,
    one_shot: bool = False,
    loop: bool = False,
    variation_of: FilePath | None = None,
    amount: float | None = None,
    infill: FilePath | None = None,
    start: float | None = None,
    stop: float | None = None,
    loudness: Control = None,
    brightness: Control = None,
    noisiness: Control = None,
    pitch: Control = None,
    onsets: Control = None,
    tags: Sequence[str] | Mapping[str, float] | None = None,
    guidance: float | None = None,
) -> list[Generated]:
    """`count` new sounds of `duration` seconds, from the seeds `seed`, `seed + 1`, …

    One that copies more than `max_copy` percent of the corpus is drawn again, a few times at most.
    The prior begins from `lead_in` seconds, not played, of a recording with `like` in its name. It
    draws `free_levels` levels of codes, coarsest first; the finer ones come together from frames of
    the recordings: the more are free, the wilder it gets. `closeness`, 0 to 1, is how much it moves
    on as the recordings do.

    `continue_from` is a sound file of any kind to go on from, for `duration` seconds more, instead
    of that recording. A `one_shot` ends by itself, `duration` is the longest that it may be. The
    end of a `loop` flows into its start; it is about as long as `duration`. `variation_of` is a
    sound file of which `amount` (0 to 1, by default 0.3) is made anew, as long as it is, whatever
    the `duration`; `infill` one that is made anew from `start` to `stop` seconds only, with both
    sides heard.

    `loudness`, `brightness`, `noisiness`, `pitch` and `onsets` are percentiles of the corpus, 0 to
    100: a number, an array spread evenly over the `duration`, or `[n, 2]` of seconds and
    percentiles. `tags` are folders of the corpus, several with weights (`{"drums": 0.7, "voice":
    0.3}`). `guidance` says how strictly all this is followed (1).
    """
    sampling = Sampling(temperature, top_k, top_p, lead_in, like, free_levels, closeness)
    playing = choose_playing(
        continue_from, one_shot, loop, variation_of, amount, infill, start, stop
    )
    duration = playing.own_duration or duration
    steering = steer(
        None,
        duration,
        tags,
        guidance,
        loudness=loudness,
        brightness=brightness,
        noisiness=noisiness,
        pitch=pitch,
        onsets=onsets,
    )
    sounds = generate_sounds(
        model,
        duration,
        seed,
        sampling,
        count,
        progress,
        max_copy,
        playing=playing,
        steering=steering,
    )
    return list(sounds)


def stream(
    model: LoadedVQModel,
    seed: int = 0,
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = Sampling.top_p,
    lead_in: float = Sampling.lead_in,
    like: str = "",
    free_levels: int = Sampling.free_levels,
    closeness: float = Sampling.closeness,
    tags: Sequence[str] | Mapping[str, float] | None = None,
    guidance: float | None = None,
    **descriptors: Control,
) -> Iterator[np.ndarray]:
    """New sound without end, as it is drawn: blocks `[C, n]` of a quarter of a second, to be played
    at once.

    At the level that the prior gives it. `descriptors` (`brightness`, …), `tags` and `guidance` as
    `generate` takes them, but for arrays over a duration, which there is not; what a curve ends
    with goes on. Raises `NoPriorError` and `UsageError`.
    """
    steering = steer(None, 0.0, tags, guidance, **descriptors)
    sampling = Sampling(temperature, top_k, top_p, lead_in, like, free_levels, closeness)
    return stream_sound(model, seed, sampling, steering)


@dataclass(frozen=True)
class GenerateSettings:
    """What to generate; `gain` is that of an earlier sound which this one is to begin like."""

    duration: float
    seed: int
    sampling: Sampling
    gain: float | None = None
    playing: Playing = field(default_factory=Playing)
    steering: Steering = field(default_factory=Steering)


def generate_settings(
    earlier: Recipe | None = None,
    duration: float | None = None,
    seed: int | None = None,
    playing: Playing | None = None,
    steering: dict[str, Any] | None = None,
    **sampling: Any,
) -> GenerateSettings:
    """Settings as given; what is None is as in the `earlier` sound, or else the default, and the
    seed a new one.

    `playing` for an `earlier` sound is what its `Playing.again` gives; `steering` is what `steer`
    takes.
    """
    playing = (playing or Playing()).settled()
    if playing.source and sampling.get("lead_in") is not None:
        raise UsageError(
            f"With {playing.way.option} the prior hears that sound first: leave out --lead-in."
        )
    if playing.own_duration:
        if duration is not None:
            raise UsageError(
                f"With {playing.way.option} the length is that of the sound named: leave out --duration."
            )
        duration = playing.own_duration
    if earlier and playing.way.kind == "loop" and duration is not None:
        raise UsageError("A loop has no longer version that begins like it: leave out --duration.")
    given = {name: value for name, value in sampling.items() if value is not None}
    if earlier is None:
        duration = 10.0 if duration is None else duration
        seed = secrets.randbelow(2**31) if seed is None else seed
        asked = steer(None, duration, **steering or {})
        return GenerateSettings(duration, seed, Sampling(**given), playing=playing, steering=asked)
    duration = earlier.duration if duration is None else duration
    seed = earlier.seed if seed is None else seed
    chosen, asked = (
        replace(earlier.sampling, **given),
        steer(earlier.steering, duration, **steering or {}),
    )
    same = (seed, chosen, asked) == (earlier.seed, earlier.sampling, earlier.steering)
    return GenerateSettings(duration, seed, chosen, earlier.gain if same else None, playing, asked)


def generate_again(
    model: LoadedVQModel,
    sound: FilePath,
    duration: float | None = None,
    *,
    continue_from: FilePath | None = None,
    variation_of: FilePath | None = None,
    infill: FilePath | None = None,
) -> Generated:
    """The sound that the file `sound`, which `model` generated, says how to make; or one of another
    `duration` that begins like it. On as many threads as it was made with.

    What it was made from is to be given again. `AudioError` when it says nothing,
    `CodebookMismatchError` when another model made it, `UsageError` when it was made from another
    sound.
    """
    recipe = read_recipe(sound)
    playing = choose_playing(continue_from, variation_of=variation_of, infill=infill).again(
        recipe.way, sound
    )
    wanted = generate_settings(recipe, duration, playing=playing)
    with using_threads(recipe.threads):
        recipe.check_model(model, sound)
        (again,) = generate_sounds(
            model,
            wanted.duration,
            wanted.seed,
            wanted.sampling,
            gain=wanted.gain,
            playing=wanted.playing,
            steering=wanted.steering,
        )
    return again


@dataclass(frozen=True)
class Written:
    """A generated sound and the file that it was written to."""

    path: Path
    sound: Generated


def generate_files(
    model: LoadedVQModel,
    output: FilePath,
    settings: GenerateSettings,
    count: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    max_copy: float | None = None,
) -> Iterator[Written]:
    """Generate as `generate` does, and write each sound, as its name ends, as soon as it is
    ready."""
    paths = output_paths(output, count)
    s = settings
    sounds = generate_sounds(
        model,
        s.duration,
        s.seed,
        s.sampling,
        count,
        progress,
        max_copy,
        s.gain,
        s.playing,
        s.steering,
    )
    return (Written(sound.save(path), sound) for path, sound in zip(paths, sounds, strict=True))
