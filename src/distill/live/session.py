"""A sound that plays: the thread that draws it, the device, recordings and the log."""

import math
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr

from distill.device import prepare
from distill.errors import DistillError, UsageError
from distill.live.buffer import MOST_BUFFER_S, SoundBuffer
from distill.live.control_log import ControlLog, ControlPlayer
from distill.live.controls import Control, ControlBox
from distill.live.defaults import BUFFER_MS
from distill.live.engine import BLOCK_FRAMES, Hands, LiveBlock, LiveEngine
from distill.live.meters import LiveMeter, News
from distill.live.outputs import Output
from distill.live.recorder import Recording
from distill.live.voices import OneShot, OneShots, draw_one_shot
from distill.models.persistence import LoadedVQModel

END_FADE_S = 0.05
"""Seconds over which what waits fades out at the end."""

DRAIN_S = 2.0
"""Seconds to wait for a device to play what waits: one that hangs plays nothing."""

LOOK_EVERY_S = 0.1
"""Seconds after which a thread that waits looks whether it is to end."""


@dataclass(frozen=True)
class LiveOptions:
    """How a sound is played; none of it changes the sound.

    Attributes:
        buffer_s: Seconds of sound that are kept for the device at first.
        one_shots: Whether notes may come, for which one-shots are drawn ahead.
        most_s: Seconds after which it ends; None for no end.
        measures: Whether loudness and copying are measured.
        record_from: Code frame from which on it is recorded; None for not before it is asked for.
    """

    buffer_s: float = BUFFER_MS / 1000
    one_shots: bool = False
    most_s: float | None = None
    measures: bool = True
    record_from: int | None = None


class LiveState(NamedTuple):
    """How it goes.

    Attributes:
        seconds: Seconds of sound that were drawn.
        frame: Code frames that were drawn.
        realtime_factor: Seconds of sound in a second of drawing.
        underruns: How often the device had too few samples.
        buffer_ms: Sound that is kept for it, in milliseconds.
        loudness: Of the last seconds, in LUFS; None if unknown.
        copy: Percentage of the last seconds that repeats passages; None if unknown.
        recording: File that is recorded; None for none.
    """

    seconds: float
    frame: int
    realtime_factor: float
    underruns: int
    buffer_ms: float
    loudness: float | None
    copy: float | None
    recording: Path | None


class LiveSession:
    """Plays until it is stopped, or at its end. Use as a context manager.

    Args:
        loaded: A model with a prior.
        log: What it begins with, and where controls are noted. With `frames` it is a replay.
        output: The device; None draws as fast as it can.
        options: How it is played.
        next_path: Gives the name of the next recording.
        tell: Takes news of frame, loudness and copying.

    Attributes:
        log: Settings and controls.
        files: Recordings that were written.
        remarks: Sentences on what could not be followed.

    Raises:
        NoPriorError: The model has no prior.
        UsageError: It cannot follow the settings.
    """

    def __init__(
        self,
        loaded: LoadedVQModel,
        log: ControlLog,
        output: Output | None,
        options: LiveOptions,
        next_path: Callable[[], Path],
        tell: News = lambda name, value: None,
    ) -> None:
        self.log = log
        self.files: list[Path] = []
        self.remarks: list[str] = []
        self._loaded = loaded
        self._output = output
        self._options = options
        self._next_path = next_path
        self._codec = loaded.model
        # They decide the last bits of a replay.
        self._threads = int(log.entries["threads"])
        self._box = ControlBox()
        self._is_replay = log.frames is not None
        self._replay = ControlPlayer(list(log.controls))
        self._last_frame = self._end_frame()
        log.controls.clear()
        draw = partial(draw_one_shot, loaded, log.settings.request)
        self._draw_one_shot: Callable[[int], OneShot] = draw
        self._one_shots = OneShots(draw, log.settings.seed) if options.one_shots else None
        hands = Hands(controls=self._controls, one_shot=self._one_shot, note=log.note)
        self._engine = LiveEngine(loaded, log.settings, hands)
        rate = output.sample_rate if output else self._codec.sample_rate
        block = round(BLOCK_FRAMES * self._codec.frame_hop * rate / self._codec.sample_rate)
        own = output.block if output else 0
        self._rate = rate
        self._block = block
        # A device takes a whole period at once, and sound comes in whole blocks.
        least = max(own + block, round(options.buffer_s * rate))
        self._buffer = SoundBuffer(
            loaded.output_channels, least, max(least, round(MOST_BUFFER_S * rate))
        )
        self._meter = LiveMeter(loaded, tell, self._threads) if options.measures else None
        self._lock = threading.Lock()
        self._recording: Recording | None = None
        self._finishing: list[threading.Thread] = []
        self._error: Exception | None = None
        self._stop = threading.Event()
        self._is_over = threading.Event()
        self._frames = 0
        self._drawn = 0
        self._busy_s = 0.0
        self._stack = ExitStack()
        self._thread = threading.Thread(target=self._draw_all, name="draw", daemon=True)

    # --- what a user does ------------------------------------------------------------------------

    def __enter__(self) -> "LiveSession":
        with ExitStack() as stack:
            if self._one_shots is not None:
                stack.enter_context(self._one_shots)
            if self._meter is not None:
                stack.enter_context(self._meter)
            self._thread.start()
            stack.callback(self._end_drawing)
            if self._output is not None:
                self._wait_for_sound()
                self._output.start(self._buffer.pull)
                stack.callback(self._output.stop)
                stack.callback(self._drain)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def is_over(self) -> bool:
        """Whether no more sound comes."""
        return self._is_over.is_set()

    @property
    def delay_s(self) -> float:
        """Seconds from a control to its sound, at most: drawing, look-ahead and buffers.

        What counts at the end of all, `level` and notes, comes sooner by the look-ahead.
        """
        # Sound comes in blocks: one may lie on top.
        waiting = (self._buffer.target + self._block) / self._rate
        device = self._output.latency_s if self._output else 0.0
        return self._engine.delay_s + waiting + device + self._engine.wait_s

    def put(self, control: Control) -> None:
        """Follow a control from the next block on; any thread may call it.

        Raises:
            OutputError: A recording cannot begin.
        """
        if control.name != "record":
            self._box.put(control)
        elif control.value:
            self.record()
        else:
            self.end_recording()

    def record(self) -> Path:
        """Record from the next block on, unless that is so already; the name of the file.

        Raises:
            OutputError: Nothing can be written there.
        """
        with self._lock:
            if self._recording is None:
                self._recording = Recording(
                    self._next_path(),
                    self._loaded.output_channels,
                    self._codec.sample_rate,
                    self._frames,
                )
            return self._recording.path

    def end_recording(self) -> None:
        """End a recording, if one runs; a thread of its own writes the file."""
        with self._lock:
            recording = self._recording
            self._recording = None
            last = self._frames
        if recording is None:
            return
        thread = threading.Thread(target=self._finish, args=(recording, last), name="finish")
        thread.start()
        self._finishing.append(thread)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end, for so many seconds at most; whether it is there."""
        return self._is_over.wait(seconds)

    def state(self) -> LiveState:
        """How it goes."""
        seconds = self._drawn / self._codec.sample_rate
        recording = self._recording
        return LiveState(
            seconds=seconds,
            frame=self._frames,
            realtime_factor=seconds / self._busy_s if self._busy_s else 0.0,
            underruns=self.underruns,
            buffer_ms=1000 * self._buffer.target / self._rate,
            loudness=self._meter.loudness if self._meter else None,
            copy=self._meter.copy if self._meter else None,
            recording=recording.path if recording else None,
        )

    @property
    def buffer_underruns(self) -> int:
        """How often the device had too few samples, by our count alone."""
        return self._buffer.underruns

    @property
    def underruns(self) -> int:
        """How often the device had too few samples, by our count and by its own."""
        return self._buffer.underruns + (self._output.xruns if self._output else 0)

    def stop(self) -> None:
        """Fade out, end the device, and write what was recorded.

        Raises:
            DistillError: A file could not be written, or the drawing failed.
        """
        self._stop.set()
        self._stack.close()
        self.end_recording()
        for thread in self._finishing:
            thread.join()
        self.log.frames = self._frames
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    # --- threads ---------------------------------------------------------------------------------

    def _draw_all(self) -> None:
        # Denormal numbers are flushed for each thread by itself.
        prepare(self._threads)
        try:
            resample = _Resampler(self._codec.sample_rate, self._rate, self._loaded.output_channels)
            for block in self._timed(self._engine.blocks()):
                self._take(block, resample(block.sound))
                if self._stop.is_set() or self._is_last():
                    break
        except Exception as error:
            # `stop` raises it, in the thread of the caller.
            self._error = error
        finally:
            self._buffer.end(round(END_FADE_S * self._rate), at_once=self._stop.is_set())
            self._is_over.set()

    def _timed(self, blocks: Iterable[LiveBlock]) -> Iterable[LiveBlock]:
        iterator = iter(blocks)
        while True:
            began = time.perf_counter()
            block = next(iterator)
            self._busy_s += time.perf_counter() - began
            yield block

    def _take(self, block: LiveBlock, sound: np.ndarray) -> None:
        """Record, measure and play a block."""
        if self._frames == self._options.record_from:
            self.record()
        if self._output is not None:
            while not self._buffer.wait_for_room(LOOK_EVERY_S) and not self._stop.is_set():
                pass
        with self._lock:
            if self._recording is not None:
                self._recording.add(block.sound)
            self._drawn += block.sound.shape[1]
            self._frames += len(block.codes)
        if self._meter is not None:
            self._meter.add(block)
        self.remarks.extend(block.remarks)
        if self._output is not None:
            self._buffer.push(sound)

    def _is_last(self) -> bool:
        return self._last_frame is not None and self._frames >= self._last_frame

    def _end_frame(self) -> int | None:
        """Frame at which it ends by itself."""
        ends = [self.log.frames, _frames_of(self._options.most_s, self._codec.frame_rate)]
        return min((end for end in ends if end is not None), default=None)

    def _controls(self, frame: int) -> list[Control]:
        return self._replay.take(frame) if self._is_replay else self._box.take()

    def _one_shot(self, seed: int | None) -> OneShot | None:
        if seed is not None:
            return self._draw_one_shot(seed)
        return self._one_shots.take() if self._one_shots else None

    def _finish(self, recording: Recording, last: int) -> None:
        tags = partial(self.log.tags, recording.first_frame, last)
        try:
            path = recording.finish(tags)
        except DistillError as error:
            self._error = self._error or error
            return
        if path is not None:
            self.files.append(path)

    def _wait_for_sound(self) -> None:
        """Wait until a device finds sound: what is drawn first takes longest."""
        while self._buffer.wait_for_room(0) and not self._is_over.wait(LOOK_EVERY_S / 10):
            pass

    def _end_drawing(self) -> None:
        self._stop.set()
        self._thread.join()

    def _drain(self) -> None:
        self._end_drawing()
        self._buffer.is_drained.wait(DRAIN_S)


class _Resampler:
    """Blocks `[C, n]` at the rate of a device; as they are where that is the rate of the codec."""

    def __init__(self, own_rate: float, rate: float, channels: int) -> None:
        self._stream = None
        if own_rate != rate:
            self._stream = soxr.ResampleStream(own_rate, rate, channels, "float32", "HQ")

    def __call__(self, block: np.ndarray) -> np.ndarray:
        if self._stream is None:
            return block
        resampled: np.ndarray = self._stream.resample_chunk(np.ascontiguousarray(block.T)).T
        return resampled


def _frames_of(seconds: float | None, frame_rate: float) -> int | None:
    if seconds is None:
        return None
    if seconds <= 0:
        raise UsageError("--duration must be above 0 seconds.")
    return math.ceil(seconds * frame_rate)
