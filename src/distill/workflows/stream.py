"""Endless new sound for Python, and steering while it runs."""

import threading
from collections.abc import Iterator

import numpy as np

from distill.cancellation import cancellable, cancellable_items
from distill.inference.blending.pair import Pair, open_versions
from distill.inference.modes.request import Request
from distill.inference.modes.stream import StreamBlock, stream_sound
from distill.inference.sampling.curves import Steering
from distill.inference.sampling.live_steering import LiveSteering
from distill.inference.sampling.settings import Sampling
from distill.models.persistence import LoadedVQModel
from distill.workflows.generate import Control, Second, Tags
from distill.workflows.request import make_request


class Stream(Iterator[np.ndarray]):
    """New sound without end: an iterator over blocks `[C, n]`, as `distill.stream` gives it.

    Args:
        blocks: The blocks with their codes.
        live: Steering that can be changed.

    Example:
        stream = distill.stream(distill.load("my.sda"))
        for sound, codes in stream.blocks():
            play(sound)
            stream.steer(brightness=70)
    """

    def __init__(self, blocks: Iterator[StreamBlock], live: LiveSteering) -> None:
        self._blocks = blocks
        self._live = live

    def __next__(self) -> np.ndarray:
        return next(self._blocks).sound

    def blocks(self) -> Iterator[StreamBlock]:
        """The same blocks, each as `sound` `[C, n]` with its `codes` `[t, Q]`."""
        return self._blocks

    @property
    def steering(self) -> Steering:
        """Curves and tags that are followed."""
        return self._live.steering

    def steer(self, **changes: Control | Tags) -> None:
        """Steer another way from the next event on; any thread may call it.

        Args:
            changes: `loudness`, `brightness`, `noisiness`, `pitch`, `onsets`, `tags` and
                `guidance`, each as for `distill.stream`. None frees it; what is not named stays.
                Seconds of a curve count from the beginning of the stream.

        Raises:
            UsageError: A value is out of range, or the model cannot be steered so. Then all stays
                as it was.

        Example:
            stream.steer(brightness=70, tags={"drums": 1.0}, pitch=None)
        """
        self._live.change(**changes)


def stream(
    model: LoadedVQModel,
    seed: int = Request.seed,
    *,
    temperature: float = Sampling.temperature,
    top_k: int = Sampling.top_k,
    top_p: float = Sampling.top_p,
    lead_in: float = Sampling.lead_in,
    like: str = Sampling.like,
    nearness: float = Sampling.nearness,
    tempo: float | None = None,
    swing: float = Sampling.swing,
    free_time: bool = Sampling.free_time,
    form: str = Sampling.form,
    form_variation: float = Sampling.form_variation,
    tags: Tags = None,
    guidance: float | None = None,
    loudness: Control = None,
    brightness: Control = None,
    noisiness: Control = None,
    pitch: Control = None,
    onsets: Control = None,
    blend: Second = None,
    cancel_event: threading.Event | None = None,
) -> Stream:
    """New sound without end, as it is drawn: blocks `[C, n]` of a quarter of a second.

    It has the level that the codec decodes. Memory does not grow. `Stream.blocks` gives the codes
    of each block, and `Stream.steer` steers while it runs.

    Args:
        model: A model with a prior, as `load` gives it.
        seed: The same seed gives the same sound.
        temperature: As for `generate`, and so are all settings up to `form_variation`.
        top_k: As above.
        top_p: As above.
        lead_in: As above.
        like: As above.
        nearness: As above.
        tempo: As above.
        swing: As above.
        free_time: As above.
        form: As above.
        form_variation: As above.
        tags: As for `generate`.
        guidance: As for `generate`.
        loudness: Percentile of the corpus: a number, or points `[n, 2]` of seconds and percentiles.
            The value of the last point stays.
        brightness: The same for brightness.
        noisiness: The same for noisiness.
        pitch: The same for pitch.
        onsets: The same for onsets a second.
        blend: As for `generate`, with another version of the model.
        cancel_event: Ends the stream with a `CancelledError` once it is set, by another thread.

    Raises:
        CancelledError: `cancel_event` was set.
        NoPriorError: The model has no prior yet.
        ModelFileError: The second model cannot be used.
        UsageError: An argument is out of range, or the second model is no version of the first.

    Example:
        for block in distill.stream(distill.load("my.sda"), seed=3):
            play(block)
    """
    request = make_request(
        # Without an end, a plain array has nothing to spread over.
        duration=0.0,
        seed=seed,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        lead_in=lead_in,
        like=like,
        nearness=nearness,
        tempo=tempo,
        swing=swing,
        free_time=free_time,
        form=form,
        form_variation=form_variation,
        tags=tags,
        guidance=guidance,
        loudness=loudness,
        brightness=brightness,
        noisiness=noisiness,
        pitch=pitch,
        onsets=onsets,
        blend=blend,
    )
    with cancellable(cancel_event):
        model.require_prior()
        pair = open_versions(model, request.blend) if request.blend else Pair.of_one(model)
        live = LiveSteering(pair.model, request.steering or Steering())
        blocks = stream_sound(pair.model, request, live, pair.prior)
    return Stream(cancellable_items(cancel_event, blocks), live)
