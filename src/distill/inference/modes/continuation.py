"""Continuation of any sound: the source, and after it new sound that follows from its end."""

from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from distill.audio.fades import crossfade, fade_out
from distill.audio.finish import remove_dc
from distill.audio.limiter import FULL_SCALE_DB, limit_peaks
from distill.audio.pulse import Pulse, find_pulse
from distill.audio.stereo import mix_channels, scale_side
from distill.inference.codes.grid import CodeGrid
from distill.inference.modes.base import (
    GenerationJob,
    Progress,
    RenderedSound,
    SequentialMode,
    draw_codes,
)
from distill.inference.modes.traits import TRAITS
from distill.inference.sampling.context import corpus_tempo
from distill.inference.sampling.lead_in import LeadIn
from distill.models.chunked import decode_evenly, frames_of

SOURCE_TAIL_S = 30.0
"""Seconds of the source's end that are encoded: level and width are measured on them. The prior
takes the last of them, as many as its window holds, as its prompt."""

OVERLAP_S = 0.02
"""Seconds over which the source fades into its own decoding, long enough to hide the codec."""

BEFORE_S = 0.5
"""Seconds of the source that are decoded with the new sound, so that filters settle before it."""


class Continuation(SequentialMode):
    """The source in full and in its own channels, then `duration` seconds of new sound.

    Only the last `OVERLAP_S` of the source change: they fade into their own decoding, from which
    the new sound follows without a join. The new part has the level and width of the source, not
    those of the corpus. It keeps the tempo and the bars of the source, where there are such.
    """

    traits = TRAITS["continue"]

    def __init__(self, job: GenerationJob) -> None:
        super().__init__(job)
        assert job.request.source is not None
        self.source = job.request.source

    @cached_property
    def grid(self) -> CodeGrid:
        """Codes of the source's end and of its mirror image, encoded once for all sounds."""
        return self.encode_source(self._tail(self._frames))

    @cached_property
    def past(self) -> Tensor:
        """Codes of the source's end, `[T, Q]`, without those of the mirror image."""
        return torch.tensor(self.grid.codes)[: self._frames].long()

    @cached_property
    def prompt(self) -> LeadIn:
        """The last codes of the source, as many as the prior's window holds."""
        codes = self.past[-self.job.prior.window :]
        n_samples = self.source.audio.shape[1]
        # Only a source that fits into the window has its beginning in it.
        starts = torch.zeros(len(codes), dtype=torch.bool)
        starts[0] = len(codes) * self.job.loaded.model.frame_hop >= n_samples
        return LeadIn(codes=codes, starts=starts, ends_sound=False, names=())

    @cached_property
    def pulse(self) -> Pulse | None:
        """The pulse of the source's end; None where it has none, or the corpus has none to go on
        with, or time is free."""
        loaded = self.job.loaded
        if self.job.request.sampling.free_time:
            return None
        if corpus_tempo(loaded.prior_facts.recordings) is None:
            return None
        rate = loaded.model.sample_rate
        return find_pulse(self._end_of_source(rate), rate)

    @property
    def tempo(self) -> float | None:
        """The tempo of the new part in BPM: as asked, else that of the source."""
        target = self.job.request.sampling.tempo
        return target or (self.pulse.tempo if self.pulse else None)

    @property
    def bar_beat(self) -> float | None:
        """Beat of its bar at which the source ends; None without a pulse."""
        if self.pulse is None:
            return None
        rate = self.job.loaded.model.sample_rate
        seconds = self._end_of_source(rate).shape[1] / rate
        beat = float(self.pulse.beat_at(np.array([seconds]))[0])
        return beat % self.pulse.bar_beats

    def _end_of_source(self, rate: int) -> np.ndarray:
        """The last seconds of the source, `[C, N]`."""
        return self.source.audio[:, -round(SOURCE_TAIL_S * rate) :]

    @property
    def _frames(self) -> int:
        """Frames to encode: the last seconds tell level and width of a source of any length."""
        codec = self.job.loaded.model
        n_samples = self.source.audio.shape[1]
        return min(frames_of(n_samples, codec.frame_hop), round(SOURCE_TAIL_S * codec.frame_rate))

    def _tail(self, frames: int) -> np.ndarray:
        """The last `frames` of the source, `[C, N]`: the last frame ends with it, its mirror image
        follows.

        The codec looks a little beyond each frame. Silence there would sound like an ending.
        """
        codec = self.job.loaded.model
        size = frames * codec.frame_hop
        beyond = codec.receptive_field[0] * codec.frame_hop
        tail = self.source.audio[:, -size:]
        whole = np.pad(tail, ((0, 0), (0, beyond)), "reflect")
        # A source of less than a whole number of frames gets silence before it.
        return np.pad(whole, ((0, 0), (size - tail.shape[1], 0)))

    def render_one(self, seed: int, progress: Progress) -> RenderedSound:
        """The source, faded into its continuation."""
        job = self.job
        codec = job.loaded.model
        # The decoder looks ahead: with the codes that follow, a longer sound begins alike.
        frames = job.frames + codec.receptive_field[1]
        targets = job.targets(frames)
        conditions = replace(
            job.conditions(self.prompt, targets, goes_on=True, tempos=[self.tempo]),
            bar_beat=self.bar_beat,
        )
        codes = draw_codes(job, frames, seed, progress, conditions)
        # As far as the decoder looks back, and a frame more for the overlap.
        margin = max(codec.receptive_field[1] + 1, round(BEFORE_S * codec.frame_rate))
        before = self.past[-margin:]
        sound = np.concatenate(list(decode_evenly(codec, torch.cat([before, codes]))), 1)
        new = codes[: job.frames]
        past_samples = len(self.past) * codec.frame_hop
        return RenderedSound(
            audio=self._join(sound, len(before) * codec.frame_hop),
            codes=new,
            gain=self.grid.gain,
            grid=self.make_grid(
                torch.cat([self.past, new]),
                past_samples + job.n_samples,
                self.grid.gain,
                self.grid.width,
            ),
            grid_start=self.source.audio.shape[1] - past_samples,
            new_start=self.source.audio.shape[1],
            tempo=self.tempo,
        )

    def _join(self, sound: np.ndarray, begin: int) -> np.ndarray:
        """The source, then `sound` `[C, N]` from sample `begin` on, where the source ends."""
        job = self.job
        audio = self.source.audio
        rate = job.loaded.model.sample_rate
        overlap = min(round(OVERLAP_S * rate), audio.shape[1])
        level = at_source_level(sound, self.grid, len(audio), rate)
        new = level[:, begin - overlap : begin + job.n_samples]
        whole = fade_out(crossfade(audio, new, overlap), rate)
        return limit_peaks(whole, rate, FULL_SCALE_DB)


def at_source_level(
    sound: np.ndarray, grid: CodeGrid, channels: int, sample_rate: int
) -> np.ndarray:
    """Bring decoded sound to the level and width of the sound that `grid` encodes.

    Limited here already: a limiter over the joined sound would change the source as well.

    Args:
        sound: Output of the codec, `[C, N]`.
        grid: Codes of the source, with its gain and width.
        channels: Channels of the result.
        sample_rate: In Hz.

    Returns:
        The sound, `[channels, N]`.
    """
    # A mono codec has no side signal to scale.
    wide = scale_side(sound, grid.width) if len(sound) == 2 else sound
    output = mix_channels(wide, channels) * np.float32(grid.gain)
    return limit_peaks(remove_dc(output, sample_rate), sample_rate, FULL_SCALE_DB)
