"""The sound that plays: drawn, decoded, mixed and limited a block at a time.

Controls are taken before each block, and count from there on. So the sound depends on them and on
the seed alone, however fast it is drawn. It has one clock: the number of the frame that is drawn
next.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from distill.audio.fades import fade_in
from distill.audio.finish import remove_dc_blocks
from distill.audio.limiter import limit_blocks
from distill.audio.stereo import mix_channels
from distill.errors import UsageError
from distill.inference.modes.base import GenerationJob
from distill.inference.modes.stream import draw_live
from distill.inference.sampling.context import check_time
from distill.inference.sampling.live_steering import LiveSteering
from distill.live.controls import LOWEST_LEVEL_DB, Control
from distill.live.decoding import FrameDecoder
from distill.live.settings import STEERING_WAIT_FRAMES, LiveSettings
from distill.live.voices import OneShot, Voices
from distill.models.persistence import LoadedVQModel
from distill.settings import check_seed

BLOCK_FRAMES = 2
"""Code frames that are drawn and decoded at once (43 ms): a control waits for the next ones. Frame
by frame the decoder would take nearly twice as long, since it reads all its weights each time."""

LIMITER_FRAMES = 1
"""Code frames that are limited at once: so the limiter has enough to look ahead in each block."""

DIALS = ("temperature", "nearness")
"""Controls that are fields of `Sampling`."""


class LiveBlock(NamedTuple):
    """A block of the sound.

    Attributes:
        frame: Frames that were drawn by then, more than have sounded.
        sound: Samples `[C, n]`.
        codes: Codes `[t, Q]` of the frames that sound in it.
        remarks: Sentences on controls that could not be followed.
    """

    frame: int
    sound: np.ndarray
    codes: np.ndarray
    remarks: tuple[str, ...]


class Hands(NamedTuple):
    """What plays the engine.

    Attributes:
        controls: Gives the controls that count from a frame on.
        one_shot: Gives the sound of a note, by its seed if a log names one. None for silence.
        note: Told of each control that was followed, with its frame: what a log keeps.
    """

    controls: Callable[[int], Iterable[Control]]
    one_shot: Callable[[int | None], OneShot | None]
    note: Callable[[int, Control], None]


class LiveEngine:
    """Blocks of a sound without end.

    Args:
        loaded: A model with a prior.
        settings: What it begins with.
        hands: What plays it.

    Raises:
        NoPriorError: The model has no prior.
        UsageError: A setting is out of range, or the model cannot follow it.

    Example:
        for block in LiveEngine(loaded, settings, hands).blocks():
            play(block.sound)
    """

    def __init__(self, loaded: LoadedVQModel, settings: LiveSettings, hands: Hands) -> None:
        check_seed(settings.seed)
        check_time(loaded, settings.sampling)
        self._loaded = loaded
        self._settings = settings
        self._hands = hands
        self._codec = loaded.model
        self._live = LiveSteering(loaded, settings.steering, STEERING_WAIT_FRAMES)
        self._frames = draw_live(GenerationJob(loaded, settings.request), self._live)
        self._decoder = FrameDecoder(loaded.model, settings.latency, BLOCK_FRAMES)
        self._voices = Voices()
        self._gain = _amplitude(settings.level)
        self._last_gain = self._gain
        self._remarks: list[str] = []
        # Codes that are drawn, but not yet heard.
        self._ahead: deque[np.ndarray] = deque()
        self._frame = 0

    @property
    def delay_s(self) -> float:
        """Seconds from a control to its sound, at most, if an event begins: the block before it,
        the look-ahead of the decoder, and that of the limiter."""
        frames = BLOCK_FRAMES + self._decoder.delay + LIMITER_FRAMES
        return frames / self._codec.frame_rate

    @property
    def wait_s(self) -> float:
        """Seconds after which an event that sounds follows a control, at most."""
        return STEERING_WAIT_FRAMES / self._codec.frame_rate

    def blocks(self) -> Iterator[LiveBlock]:
        """The blocks, each drawn when it is asked for."""
        rate = self._codec.sample_rate
        size = LIMITER_FRAMES * self._codec.frame_hop
        level = remove_dc_blocks(self._decoded(), rate)
        mixed = (self._mix(block) for block in _faded_in(level, rate))
        for sound in limit_blocks(mixed, rate, size=size):
            frames = range(sound.shape[1] // self._codec.frame_hop)
            codes = np.concatenate([self._ahead.popleft() for _ in frames])
            remarks = tuple(self._remarks)
            self._remarks.clear()
            yield LiveBlock(frame=self._frame, sound=sound, codes=codes, remarks=remarks)

    def _decoded(self) -> Iterator[np.ndarray]:
        """Sound `[C, n]` as decoded, block after block, from the first sample of the first."""
        channels = self._loaded.output_channels
        # No sound is finished before the decoder has heard what comes after it.
        self._take_controls()
        self._decoder.decode(self._draw(self._decoder.delay))
        while True:
            self._take_controls()
            yield mix_channels(self._decoder.decode(self._draw(BLOCK_FRAMES)), channels)

    def _draw(self, frames: int) -> np.ndarray:
        """Codes `[frames, Q]` of the next frames."""
        drawn = list(islice(self._frames, frames))
        self._ahead.extend(drawn)
        self._frame += frames
        return np.concatenate(drawn)

    def _mix(self, block: np.ndarray) -> np.ndarray:
        """`block` `[C, n]` at its level, with the one-shots that sound."""
        if self._gain != 1.0 or self._last_gain != 1.0:
            # A step would click.
            ramp = np.linspace(self._last_gain, self._gain, block.shape[1], dtype=np.float32)
            block = block * ramp
        self._last_gain = self._gain
        return self._voices.mix(block)

    def _take_controls(self) -> None:
        for control in self._hands.controls(self._frame):
            try:
                followed = self._follow(control)
            except UsageError as error:
                self._remarks.append(str(error))
                continue
            self._hands.note(self._frame, followed)

    def _follow(self, control: Control) -> Control:
        """Follow a control, and give it as a log keeps it. `UsageError` if the model cannot."""
        name, value = control
        if name == "note":
            return self._strike(control)
        if name == "tag":
            self._change_tag(value)
        elif name == "level":
            self._gain = _amplitude(_number(value))
        elif name == "seed":
            self._live.reseed(int(_number(value)))
        elif name in DIALS:
            self._live.turn(self._settings.sampling, **{name: _number(value)})
        else:
            self._live.change(**{name: value})
        return control

    def _change_tag(self, value: object) -> None:
        assert isinstance(value, tuple)
        tag, weight = value
        weights = dict(self._live.steering.tags) | {tag: weight}
        # A weight of 0 takes the tag away.
        self._live.change(tags={name: own for name, own in weights.items() if own})

    def _strike(self, control: Control) -> Control:
        assert isinstance(control.value, tuple)
        number, velocity, *seeds = control.value
        sound = self._hands.one_shot(int(seeds[0]) if seeds else None)
        if sound is None:
            raise UsageError("A note came without a one-shot to play: ask for one-shots.")
        self._voices.strike(sound, float(velocity))
        return Control("note", (number, velocity, float(sound.seed)))


def _amplitude(level_db: float) -> float:
    return 0.0 if level_db <= LOWEST_LEVEL_DB else float(10 ** (level_db / 20))


def _number(value: object) -> float:
    assert isinstance(value, float | int)
    return float(value)


def _faded_in(blocks: Iterator[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    """`blocks`, the first one faded in: the prompt may end within a sound, which would click."""
    for first in islice(blocks, 1):
        yield fade_in(first, sample_rate)
    yield from blocks
