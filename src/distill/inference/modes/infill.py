"""Infills: a gap in any sound is redrawn, with both of its sides heard."""

from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch

from distill.audio.fades import crossfade, fade_in, fade_out
from distill.audio.limiter import FULL_SCALE_DB, limit_peaks
from distill.errors import UsageError
from distill.inference.codes.grid import CodeGrid
from distill.inference.modes.base import GenerationJob, Progress, RenderedSound, SequentialMode
from distill.inference.modes.continuation import BEFORE_S, at_source_level
from distill.inference.modes.request import Request
from distill.inference.modes.traits import TRAITS
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.gap_filling import Gap, fill
from distill.models.chunked import decode_codes, frames_of

SOURCE_SIDE_S = 10.0
"""Seconds on either side of the gap that are encoded: level and width are measured on them. The
prior hears as many of them as it can."""

OVERLAP_S = 0.01
"""Seconds over which the source fades into its own decoding on either side, and back."""

ROUNDED_S = 0.005
"""Seconds. Users see lengths to the hundredth of a second: times that lie past the end by less
than this mean the end."""


class Edges(NamedTuple):
    """First sample of the gap in the source, and the sample after its last one.

    Whole frames: a gap with but one side may reach beyond the source on the other.
    """

    begin: int
    end: int


class Infill(SequentialMode):
    """The source in its own channels, changed only in the gap and `OVERLAP_S` on either side.

    A gap is a whole number of frames. The new part may therefore begin and end up to half a frame
    (11 ms) outside of the times asked for. There each side fades into its own decoding, which the
    new sound continues. The new part has the level and the width of its surroundings.
    """

    traits = TRAITS["infill"]

    def __init__(self, job: GenerationJob) -> None:
        super().__init__(job)
        assert job.request.source is not None
        self.source = job.request.source
        self.audio = self.source.audio
        self.edges = self._edges()

    @classmethod
    def complete(cls, request: Request) -> Request:
        """`request` with its defaults; `UsageError` for a gap that does not fit the source."""
        request = super().complete(request)
        _check_gap(request)
        return request

    @cached_property
    def grid(self) -> CodeGrid:
        """Codes of both sides and of their mirror images, encoded once for all sounds."""
        past, coming = self._side_frames
        sides = np.concatenate(
            [self._end_of(self._before, past), self._start_of(self._after, coming)], axis=1
        )
        return self.encode_source(sides)

    @cached_property
    def gap(self) -> Gap:
        """The gap with the codes of both sides, without those of the mirror images."""
        hop = self.job.loaded.model.frame_hop
        past, coming = self._side_frames
        codes = torch.tensor(self.grid.codes).long()
        frames = (self.edges.end - self.edges.begin) // hop
        return Gap(
            before=codes[:past],
            after=codes[len(codes) - coming :],
            frames=frames,
            starts_sound=past * hop >= self._before.shape[1],
            conditions=self._conditions(frames),
        )

    @property
    def _before(self) -> np.ndarray:
        """The source before the gap, `[C, N]`."""
        return self.audio[:, : max(0, self.edges.begin)]

    @property
    def _after(self) -> np.ndarray:
        """The source after the gap, `[C, N]`."""
        return self.audio[:, self.edges.end :]

    @property
    def _side_frames(self) -> tuple[int, int]:
        """Frames to encode before and after the gap, fewer where the source is short."""
        codec = self.job.loaded.model
        limit = round(SOURCE_SIDE_S * codec.frame_rate)
        past = min(frames_of(self._before.shape[1], codec.frame_hop), limit)
        coming = min(frames_of(self._after.shape[1], codec.frame_hop), limit)
        return past, coming

    def _conditions(self, frames: int) -> Conditions:
        """Conditions for a gap of `frames`."""
        job = self.job
        return job.conditions(
            targets=job.targets(frames, self.edges.begin / job.loaded.model.sample_rate),
            goes_on=True,
            tempos=[job.request.sampling.tempo],
        )

    def _edges(self) -> Edges:
        settings = self.job.request.mode
        assert settings.start is not None
        assert settings.stop is not None
        codec = self.job.loaded.model
        hop = codec.frame_hop
        N = self.audio.shape[1]
        start = round(settings.start * codec.sample_rate)
        # A time that was rounded up may lie just past the end.
        stop = min(N, round(settings.stop * codec.sample_rate))
        length = max(1, frames_of(stop - start, hop)) * hop
        spare = length - (stop - start)
        # Whole frames take a little more than the gap: half of it on either side. Where the gap
        # touches an end of the source, all of it lies outside of the source.
        if start == 0:
            begin = -spare
        elif stop == N:
            begin = start
        else:
            begin = start - spare // 2
        return Edges(begin=begin, end=begin + length)

    def _end_of(self, before: np.ndarray, frames: int) -> np.ndarray:
        """The last `frames` of `before` `[C, N]`, followed by their mirror image.

        The codec looks a little beyond each frame. Silence there would sound like an ending.
        """
        codec = self.job.loaded.model
        size = frames * codec.frame_hop
        side = before[:, max(0, before.shape[1] - size) :]
        # A gap at the very start has no left side.
        if not frames:
            return side
        whole = np.pad(side, ((0, 0), (0, self._beyond)), "reflect")
        return np.pad(whole, ((0, 0), (size - side.shape[1], 0)))

    def _start_of(self, after: np.ndarray, frames: int) -> np.ndarray:
        """The first `frames` of `after` `[C, N]`, preceded by their mirror image."""
        side = after[:, : frames * self.job.loaded.model.frame_hop]
        return np.pad(side, ((0, 0), (self._beyond, 0)), "reflect") if frames else side

    @property
    def _beyond(self) -> int:
        """Samples beyond a frame that the encoder looks at."""
        codec = self.job.loaded.model
        return codec.receptive_field[0] * codec.frame_hop

    def render_one(self, seed: int, progress: Progress) -> RenderedSound:
        """The source with a new part in the gap."""
        job = self.job
        codec = job.loaded.model
        new_codes = fill(
            prior=job.prior,
            gap=self.gap,
            sampling=job.request.sampling,
            generator=torch.Generator().manual_seed(seed),
            frame_rate=codec.frame_rate,
            progress=progress,
        )
        # As much of either side as the decoder needs, and its filters to settle.
        margin = max(codec.receptive_field[1] + 1, round(BEFORE_S * codec.frame_rate))
        before = self.gap.before[-margin:]
        after = self.gap.after[:margin]
        sound = decode_codes(codec, torch.cat([before, new_codes, after]))
        level = at_source_level(sound, self.grid, len(self.audio), codec.sample_rate)
        return RenderedSound(
            audio=self._join(level, self.edges.begin - len(before) * codec.frame_hop),
            codes=new_codes,
            gain=self.grid.gain,
            grid=self._whole_grid(new_codes),
            grid_start=self._grid_start,
            new_start=max(0, self.edges.begin),
            new_stop=min(self.edges.end, self.audio.shape[1]),
        )

    @property
    def _grid_start(self) -> int:
        """Sample of the source at which the first encoded frame before the gap begins."""
        return self.edges.begin - len(self.gap.before) * self.job.loaded.model.frame_hop

    def _whole_grid(self, new_codes: torch.Tensor) -> CodeGrid:
        """Codes of the gap, `new_codes` `[T, Q]`, between those of both sides."""
        end = self.edges.end + len(self.gap.after) * self.job.loaded.model.frame_hop
        return self.make_grid(
            torch.cat([self.gap.before, new_codes, self.gap.after]),
            min(end, self.audio.shape[1]) - self._grid_start,
            self.grid.gain,
            self.grid.width,
        )

    def _join(self, sound: np.ndarray, origin: int) -> np.ndarray:
        """The source with `sound` `[C, N]` in its gap.

        The first sample of `sound` belongs at sample `origin` of the source.
        """
        rate = self.job.loaded.model.sample_rate
        begin, end = self.edges
        N = self.audio.shape[1]
        overlap = round(OVERLAP_S * rate)
        first_overlap = min(overlap, max(0, begin))
        last_overlap = min(overlap, max(0, N - end))
        first = max(0, begin - first_overlap)
        last = min(N, end + last_overlap)
        audio = sound[:, first - origin : last - origin]
        # Where there is no side to fade into, the sound itself fades.
        if begin > 0:
            audio = crossfade(self.audio[:, :begin], audio, first_overlap)
        else:
            audio = fade_in(audio, rate)
        if end < N:
            audio = crossfade(audio, self.audio[:, end:], last_overlap)
        else:
            audio = fade_out(audio, rate)
        return limit_peaks(audio, rate, FULL_SCALE_DB)


def _check_gap(request: Request) -> None:
    """`UsageError` for a gap that does not lie in the source, or is all of it."""
    start = request.mode.start
    stop = request.mode.stop
    if start is None or stop is None:
        raise UsageError(
            "--infill needs --from and --to, in seconds: the sound between them is regenerated."
        )
    source = request.source
    assert source is not None
    # Half of the last digit that users see is not an error.
    if stop >= source.seconds + ROUNDED_S or start >= source.seconds:
        raise UsageError(
            f"--from {start:g} --to {stop:g} reaches past the end: "
            f"'{source.name}' lasts {source.seconds:.2f} s."
        )
    if start < ROUNDED_S and stop >= source.seconds - ROUNDED_S:
        raise UsageError(
            f"Nothing of '{source.name}' would be left to hear: "
            "choose a shorter gap, or leave out --infill."
        )
