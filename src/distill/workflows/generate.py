"""Generation for Python and the command line: lists, files and regenerated sounds."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from distill.audio.delivery import AS_IS, Delivery
from distill.cancellation import cancellable, cancellable_items
from distill.device import using_threads
from distill.files import FilePath
from distill.inference.generate import Generated
from distill.inference.generate import generate as generate_sounds
from distill.inference.modes.request import Request
from distill.inference.modes.traits import SOURCE_OPTIONS
from distill.inference.sampling.settings import Sampling
from distill.models.persistence import LoadedVQModel
from distill.progress import Progress, no_progress
from distill.workflows.codes import check_delivery
from distill.workflows.paths import output_paths
from distill.workflows.request import EarlierSound, make_request

Control = float | str | Sequence[float] | Sequence[Sequence[float]] | np.ndarray | None
"""A steered descriptor: a percentile, or a curve of percentiles; see `generate`."""

Tags = Sequence[str] | Mapping[str, float] | None
"""Folders of the corpus, or folders with weights."""

Second = str | tuple[FilePath | LoadedVQModel, float] | None
"""A second model and its share; see `generate`."""


def generate(
    model: LoadedVQModel,
    duration: float | None = None,
    seed: int = Request.seed,
    temperature: float = Sampling.temperature,
    top_k: int = Sampling.top_k,
    top_p: float = Sampling.top_p,
    count: int = Request.count,
    progress: Progress = no_progress,
    max_copy: float | None = None,
    like: str = Sampling.like,
    nearness: float = Sampling.nearness,
    tempo: float | None = None,
    swing: float = Sampling.swing,
    free_time: bool = Sampling.free_time,
    form: str = Sampling.form,
    form_variation: float = Sampling.form_variation,
    lead_in: float | None = None,
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
    tags: Tags = None,
    guidance: float | None = None,
    bars: float | None = None,
    blend: Second = None,
    cancel_event: threading.Event | None = None,
) -> list[Generated]:
    """Generate new sounds.

    At most one of `continue_from`, `one_shot`, `loop`, `variation_of` and `infill` chooses another
    mode than new sounds from a prompt.

    Args:
        model: A model with a prior, as `load` gives it.
        duration: Seconds of new sound; by default 10. Variations and infills last as long as their
            source.
        seed: Seed of the first sound, then `seed + 1` and so on. The same seed gives the same
            sound.
        temperature: Above 1 wilder, below 1 tamer, 0 the best event each time.
        top_k: Draw from the k best events only; 0 is off.
        top_p: Draw from the smallest set of events with this probability; 1 is off.
        count: Number of sounds.
        progress: Takes the number of frames drawn so far and the number of all frames.
        max_copy: Draw again, a few times at most, while more than this percentage repeats
            passages of the corpus.
        like: The prompt is a recording with this in its name or folder.
        nearness: 1 draws long stretches as recorded, 0 blends every event with another. In between,
            single events as recorded stand in a new order, beside blends.
        tempo: Beats per minute; by default that of the prompt.
        swing: How late the second half of a beat comes: 0 for even, 1 for triplets.
        free_time: Events come as the recordings have them, without a common beat.
        form: Capital letters, one a bar, such as `AABA`: a bar comes back with its letter.
        form_variation: Share of its events that change where a bar comes back, 0 to 1.
        lead_in: Seconds of the prompt, which is not played; by default 4, and 0 for no prompt. A
            source is its own prompt.
        continue_from: A sound file of any kind: the result is that file and its continuation.
        one_shot: The sound ends by itself, after `duration` at the latest.
        loop: The end flows into the start; about as long as `duration`.
        variation_of: A sound file; a share `amount` of it is redrawn.
        amount: That share, 0 to 1; by default 0.3.
        infill: A sound file; its part from `start` to `stop` is redrawn.
        start: Begin of that part, in seconds.
        stop: End of that part, in seconds.
        loudness: Percentile of the corpus, 0 to 100; 50 is its median. A number for all of the
            sound, an array spread evenly over `duration`, or points `[n, 2]` of seconds and
            percentiles.
        brightness: The same for brightness.
        noisiness: The same for noisiness.
        pitch: The same for pitch.
        onsets: The same for onsets a second.
        tags: Folders of the corpus to sound like, several with weights
            (`{"drums": 0.7, "voice": 0.3}`).
        guidance: How strictly steering is followed, 0 to 20; by default 1.
        bars: Bars of new sound, in place of `duration`: they follow from the tempo.
        blend: A second model and its share, 0 to 1: `("other.sda", 0.4)`, `"other.sda:0.4"`, or a
            model in place of its file. Of versions of one model, decoder, prior and events are
            blended. Any other renders what `model` draws, as far as its share goes.
        cancel_event: Ends the work with a `CancelledError` once it is set, by another thread.

    Raises:
        CancelledError: `cancel_event` was set.
        NoPriorError: The model has no prior yet.
        ModelFileError: The second model cannot be used.
        AudioError: A sound file cannot be read.
        UsageError: An argument is out of range, or does not go with another.

    Example:
        model = distill.load("my.sda")
        for sound in distill.generate(model, duration=12, count=2, brightness=80):
            sound.save(f"{sound.recipe.seed}.wav")
    """
    with cancellable(cancel_event):
        # A source is read here.
        request = make_request(
            duration=duration,
            seed=seed,
            count=count,
            max_copy=max_copy,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            like=like,
            nearness=nearness,
            tempo=tempo,
            swing=swing,
            free_time=free_time,
            form=form,
            form_variation=form_variation,
            lead_in=lead_in,
            continue_from=continue_from,
            one_shot=one_shot,
            loop=loop,
            variation_of=variation_of,
            amount=amount,
            infill=infill,
            start=start,
            stop=stop,
            loudness=loudness,
            brightness=brightness,
            noisiness=noisiness,
            pitch=pitch,
            onsets=onsets,
            tags=tags,
            guidance=guidance,
            bars=bars,
            blend=blend,
        )
    return list(cancellable_items(cancel_event, generate_sounds(model, request, progress)))


def generate_again(
    model: LoadedVQModel,
    sound: FilePath,
    duration: float | None = None,
    *,
    blend: Second | Path | LoadedVQModel = None,
    progress: Progress = no_progress,
    cancel_event: threading.Event | None = None,
    **sources: FilePath | None,
) -> Generated:
    """Regenerate a sound file exactly, on as many threads as it was made with.

    Args:
        model: The model that made it.
        sound: A file that Distill generated.
        duration: Seconds of another version, which begins alike.
        blend: The second model of a blend, if it lies neither beside the sound nor in this folder;
            or another share of it, as for `generate`.
        progress: Takes the number of frames drawn so far and the number of all frames.
        cancel_event: Ends the work with a `CancelledError` once it is set, by another thread.
        sources: The sound that it was made from, if any, under the argument of `generate` that
            named it: `continue_from`, `variation_of` or `infill`.

    Raises:
        CancelledError: `cancel_event` was set.
        AudioError: The file does not say how it was made, or cannot be read.
        CodebookMismatchError: Another model made it.
        UsageError: It was made from another sound, or in another mode; or its second model is not
            there.

    Example:
        longer = distill.generate_again(distill.load("my.sda"), "new.wav", duration=60)
    """
    if unknown := sources.keys() - set(SOURCE_OPTIONS):
        raise TypeError(f"generate_again takes no {', '.join(sorted(unknown))}")
    with cancellable(cancel_event):
        earlier = EarlierSound.read(sound)
        delivery = earlier.delivery()
        options: dict[str, Any] = {"duration": duration, "blend": blend, **sources}
        request = make_request(earlier, **options)
        # Threads decide the order of sums, and with it the last bits.
        with using_threads(earlier.recipe.threads):
            earlier.recipe.check_model(model, sound)
            (new_sound,) = generate_sounds(model, request, progress)
    return new_sound.delivered(delivery)


@dataclass(frozen=True)
class WrittenSound:
    """A generated sound and the file that it was written to."""

    path: Path
    sound: Generated


def generate_files(
    loaded: LoadedVQModel,
    output: FilePath,
    request: Request,
    progress: Progress = no_progress,
    cancel_event: threading.Event | None = None,
    delivery: Delivery = AS_IS,
) -> Iterator[WrittenSound]:
    """Generate the sounds of `request` and write each as soon as it is ready.

    Args:
        loaded: A model with a prior.
        output: Name of the file; numbered if there are several sounds. Files that exist are
            replaced, but for the model.
        request: What to generate.
        progress: Takes the number of frames drawn so far and the number of all frames.
        cancel_event: Ends the work with a `CancelledError` once it is set, by another thread.
            Sounds that were written stay.
        delivery: The form of the files.

    Raises:
        CancelledError: `cancel_event` was set.
        OutputError: The files cannot be written there.
        NoPriorError: The model has no prior yet.
        UsageError: A setting is out of range, or the format does not have that form.
    """
    # Before anything is drawn: a name that cannot be written must not cost minutes.
    second = request.blend.path if request.blend else None
    paths = output_paths(output, request.count, [loaded.path, second], delivery=delivery)
    check_delivery(loaded, delivery)
    sounds = (sound.delivered(delivery) for sound in generate_sounds(loaded, request, progress))
    files = (
        WrittenSound(sound.save(path), sound) for path, sound in zip(paths, sounds, strict=True)
    )
    return cancellable_items(cancel_event, files)
