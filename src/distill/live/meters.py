"""What a sound that plays is like at the moment: frame, loudness, and how much of it copies."""

import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np
import torch

from distill.audio.level import integrated_loudness
from distill.device import prepare
from distill.inference.copies.meter import copy_meter
from distill.live.engine import LiveBlock
from distill.models.persistence import LoadedVQModel

EVERY_S = 0.25
"""Seconds between two news of the frame."""

LOUDNESS_EVERY_S = 1.0
"""Seconds between two measurements of the loudness."""

LOUDNESS_S = 3.0
"""Seconds whose loudness is measured: the short term of EBU R 128."""

COPY_EVERY_S = 4.0
"""Seconds between two measurements of copying: each takes a tenth of that."""

COPY_S = 8.0
"""Seconds that are looked through for passages of the corpus."""

SILENCE_LUFS = -70.0
"""Loudness that stands for silence: the absolute gate of BS.1770."""

News = Callable[[str, float], None]
"""Takes the name of what is told, and its value."""


class LiveMeter:
    """Measures the last seconds now and then, on a thread of its own. Use as a context manager.

    Args:
        loaded: The model.
        tell: Takes `frame`, `loudness` in LUFS, and `copy` in percent.
        threads: CPU threads that it computes on.

    Attributes:
        loudness: In LUFS, of the last seconds; None before the first measurement.
        copy: Percentage of them that repeats passages; None where the model cannot tell.
    """

    def __init__(self, loaded: LoadedVQModel, tell: News, threads: int) -> None:
        codec = loaded.model
        self.loudness: float | None = None
        self.copy: float | None = None
        self._loaded = loaded
        self._tell = tell
        self._threads = threads
        self._rate = codec.sample_rate
        self._hop = codec.frame_hop
        self._blocks: deque[LiveBlock] = deque(maxlen=round(COPY_S * codec.frame_rate))
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meters", daemon=True)

    def __enter__(self) -> "LiveMeter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def add(self, block: LiveBlock) -> None:
        """Take the next block; returns at once."""
        self._blocks.append(block)

    def _run(self) -> None:
        prepare(self._threads)
        meter = copy_meter(self._loaded)
        loudness_at = 0.0
        copy_at = time.monotonic() + COPY_EVERY_S
        while not self._is_over.wait(EVERY_S):
            blocks = self._last(COPY_S)
            if not blocks:
                continue
            self._tell("frame", blocks[-1].frame)
            now = time.monotonic()
            if now >= loudness_at:
                loudness_at = now + LOUDNESS_EVERY_S
                self._measure_loudness()
            if meter is not None and now >= copy_at:
                copy_at = now + COPY_EVERY_S
                codes = torch.from_numpy(np.concatenate([block.codes for block in blocks])).long()
                report = meter.measure(codes, _sound_of(blocks))
                self.copy = report.passage_percent
                self._tell("copy", self.copy)

    def _measure_loudness(self) -> None:
        loudness = integrated_loudness(_sound_of(self._last(LOUDNESS_S)), self._rate)
        self.loudness = max(SILENCE_LUFS, loudness)
        self._tell("loudness", self.loudness)

    def _last(self, seconds: float) -> list[LiveBlock]:
        """The blocks of the last seconds."""
        # A copy first: another thread adds to it.
        blocks = list(self._blocks)
        frames = round(seconds * self._rate / self._hop)
        return blocks[-frames:]


def _sound_of(blocks: list[LiveBlock]) -> np.ndarray:
    return np.concatenate([block.sound for block in blocks], axis=1)
