"""The event bank: the recordings of a corpus, cut into events.

Everything that does not depend on the sound being drawn is computed here, once.

Letters: `N` events, `R` recordings, `T` frames, `Q` levels, `D` latent dimension.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from distill.audio.pulse import Pulse
from distill.inference.events.cut import cut_into_events, event_spans
from distill.models.attribute_classifier import Prediction
from distill.models.prior_blend import Prior
from distill.models.prior_metadata import EventCut, Recording
from distill.models.vqvae import VQVAE

PHRASE_EVENTS = 6
"""Struck events from which a recording without a beat is a phrase: hits with their bounces have
fewer."""

GRAIN_S = 0.1
"""Seconds between events, in the middle, below which they are the grain of one sound."""


@dataclass(frozen=True)
class BankRecording:
    """A recording of the bank.

    Attributes:
        name: Path of its sound file.
        codes: Codes `[T, Q]` as the file keeps them (uint8 or int16), once for each of `leads`.
        leads: Silence before the recording in each encoding, in frames, 0 to 1; the first is 0.
        pulse: Its beats; None where it keeps none, or they are not known.
        cut: Its events.
        whole: Whether the codes reach to its end.
        weight: How often it is drawn from, relative to others.
        origins: Which models of a blend have it, by number.
    """

    name: str
    codes: Sequence[Tensor]
    leads: Sequence[float]
    pulse: Pulse | None
    cut: EventCut
    whole: bool
    weight: float = 1.0
    origins: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class EventBank:
    """Events `[N]` of all recordings, in order.

    Attributes:
        codec: Its codebooks made the codes.
        recordings: The `R` recordings.
        recording: Index `[N]` of each event's recording.
        start: Its onset `[N]` in frames from the beginning of the recording (float64).
        stop: The onset of the next event `[N]`, or the end of the recording.
        beat: Beat `[N]` of the onset, counted from a downbeat; NaN without a pulse.
        beats: Beats `[N]` to the next event; NaN without a pulse.
        begins: Whether `[N]` (bool) it begins a recording.
        ends: Whether `[N]` (bool) it ends a recording that is kept to its end.
        steady: Whether `[N]` (bool) it is part of a steady sound.
        level: Level `[N]` of its attack, in dBFS.
        first_code: Code `[N]` of the first level in its first frame.
        mean: Mean latents `[N, D]`.
        before: Latents `[N, D]` of the frame before it, of its first frame where it begins.
        variance: Total variance of the latents of all frames.
        share: Share of the events to come from the second model of a blend; 0 without one.
    """

    codec: VQVAE
    recordings: Sequence[BankRecording]
    recording: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    beat: np.ndarray
    beats: np.ndarray
    begins: np.ndarray
    ends: np.ndarray
    steady: np.ndarray
    level: np.ndarray
    first_code: np.ndarray
    mean: Tensor
    before: Tensor
    variance: float
    share: float = 0.0

    def __len__(self) -> int:
        return len(self.start)

    @property
    def frames(self) -> np.ndarray:
        """Length `[N]` of each event in frames."""
        return self.stop - self.start

    @cached_property
    def reach(self) -> np.ndarray:
        """Frames `[N]` from each onset to where its sound ends: that of a steady part goes on
        through the parts that follow it."""
        reach = self.frames.copy()
        for event in reversed(range(len(reach) - 1)):
            if self.steady[event] and self.steady[event + 1] and not self.begins[event + 1]:
                reach[event] += reach[event + 1]
        return reach

    @cached_property
    def tempo(self) -> np.ndarray:
        """Tempo `[R]` of each recording in BPM; NaN without a pulse."""
        return np.array([r.pulse.tempo if r.pulse else math.nan for r in self.recordings])

    @cached_property
    def log_weight(self) -> np.ndarray:
        """Natural logs `[R]` of the weights of the recordings, 0 for usual ones."""
        return np.log([recording.weight for recording in self.recordings])

    def comes_from(self, origin: int) -> np.ndarray:
        """Whether `[N]` (bool) each event is of a recording of that model of a blend."""
        by_recording = np.array([origin in recording.origins for recording in self.recordings])
        own: np.ndarray = by_recording[self.recording]
        return own

    @cached_property
    def events_of(self) -> list[np.ndarray]:
        """Indices of the events of each recording, in order."""
        # Events are in the order of their recordings.
        first = np.searchsorted(self.recording, np.arange(len(self.recordings) + 1))
        return [np.arange(a, b) for a, b in pairwise(first)]

    def is_phrase(self, recording: int) -> bool:
        """Whether a recording is many sounds one after the other: a beat, or as many events.

        Faster events are the grain of one sound, such as a rattle or a crackle.
        """
        if self.recordings[recording].pulse is not None:
            return True
        events = self.events_of[recording]
        struck = events[~self.steady[events]]
        if len(struck) < PHRASE_EVENTS:
            return False
        return float(np.median(self.frames[struck])) >= GRAIN_S * self.codec.frame_rate

    def latents(self, recording: int) -> Tensor:
        """Latents `[T, D]` of a recording."""
        return self.codec.rvq.lookup(self.recordings[recording].codes[0])

    def predict(self, prior: Prior) -> Prediction:
        """Attributes of all frames, recording by recording, by the attribute classifier of a prior
        that has one. Draws share them."""
        if prior not in self._predictions:
            self._predictions[prior] = self._predict(prior)
        return self._predictions[prior]

    @cached_property
    def _predictions(self) -> dict[Prior, Prediction]:
        return {}

    def _predict(self, prior: Prior) -> Prediction:
        assert prior.reader is not None
        assert prior.pointer is not None
        parts = []
        for recording in self.recordings:
            latents = prior.pointer.latents(recording.codes[0].long()).sum(1)
            parts.append(prior.reader.predict(prior.num_quantizers - 1, latents[None]))
        return Prediction(*(torch.cat(columns, 1)[0] for columns in zip(*parts, strict=True)))


@torch.inference_mode()
def build_event_bank(
    codec: VQVAE, recordings: Sequence[Recording], share: float = 0.0
) -> EventBank | None:
    """Cut recordings into events.

    Args:
        codec: The codec of the codes.
        recordings: Recordings in the model file.
        share: Share of the events to come from the second model of a blend.

    Returns:
        The bank; None without a frame.
    """
    usable = [_bank_recording(recording, codec) for recording in recordings if len(recording.codes)]
    if not usable:
        return None
    parts = [_events_of(codec, r, recording) for r, recording in enumerate(usable)]
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("recording", "start", "stop", "beat", "beats", "steady", "level", "first_code")
    }
    counts = [len(part.start) for part in parts]
    last = np.cumsum(counts) - 1
    begins = np.zeros(sum(counts), bool)
    begins[[0, *(last[:-1] + 1)]] = True
    ends = np.zeros(sum(counts), bool)
    ends[last] = [recording.whole for recording in usable]
    return EventBank(
        codec=codec,
        recordings=usable,
        begins=begins,
        ends=ends,
        mean=torch.cat([part.mean for part in parts]),
        before=torch.cat([part.before for part in parts]),
        variance=_variance(parts),
        share=share,
        **columns,
    )


def _bank_recording(recording: Recording, codec: VQVAE) -> BankRecording:
    device = codec.rvq.codebooks.device
    encodings = [recording.codes, *recording.shifted]
    # Encodings are shifted by equal parts of a frame (`training/prior/data.py`).
    leads = [i / len(encodings) for i in range(len(encodings))]
    cut = recording.cut
    if cut is None or not cut.fits(len(recording.codes)):
        cut = cut_into_events(codec, recording.codes)
    return BankRecording(
        name=recording.name,
        codes=[codes.to(device) for codes in encodings],
        leads=leads,
        pulse=recording.pulse,
        cut=cut,
        whole=recording.whole,
        weight=recording.weight,
        origins=recording.origins,
    )


def _variance(parts: Sequence["_Events"]) -> float:
    """Total variance of the latents of all frames."""
    count = sum(part.frames for part in parts)
    total = torch.zeros(())
    squares = torch.zeros(())
    for part in parts:
        total = total + part.total
        squares = squares + part.squares
    variance = squares / count - (total / count).square()
    return max(float(variance.sum()), 1e-12)


@dataclass(frozen=True)
class _Events:
    """Events of one recording; columns as in `EventBank`.

    Attributes:
        frames: Frames of the recording.
        total: Sum of its latents `[D]` (float64).
        squares: Sum of their squares `[D]` (float64).
    """

    recording: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    beat: np.ndarray
    beats: np.ndarray
    steady: np.ndarray
    level: np.ndarray
    first_code: np.ndarray
    mean: Tensor
    before: Tensor
    frames: int
    total: Tensor
    squares: Tensor


def _events_of(codec: VQVAE, index: int, recording: BankRecording) -> _Events:
    codes = recording.codes[0]
    latents = codec.rvq.lookup(codes)
    edges = recording.cut.edges.numpy()
    start = edges[:-1]
    first = start.astype(int)
    beat = _beat_at(edges, recording.pulse, codec.frame_rate)
    exact = latents.cpu().double()
    return _Events(
        recording=np.full(len(start), index),
        start=start,
        stop=edges[1:],
        beat=beat[:-1],
        beats=np.diff(beat),
        steady=recording.cut.steady.numpy(),
        level=recording.cut.levels.numpy(),
        first_code=codes[torch.from_numpy(first).to(codes.device), 0].long().cpu().numpy(),
        mean=torch.stack([latents[span].mean(0) for span in event_spans(edges)]).cpu(),
        # The first event has nothing before it: its own first frame stands in.
        before=latents[torch.from_numpy(first - (first > 0)).to(codes.device)].cpu(),
        frames=len(codes),
        total=exact.sum(0),
        squares=exact.square().sum(0),
    )


def _beat_at(frames: np.ndarray, pulse: Pulse | None, frame_rate: float) -> np.ndarray:
    """Beats `[n]` from the first downbeat to each of `frames` `[n]`; NaN without a pulse."""
    if pulse is None:
        return np.full(len(frames), math.nan)
    return pulse.beat_at(frames / frame_rate)
