"""A stretch of any sound made anew, with what is before and after it heard."""

import numpy as np
import torch

from distill.audio.fades import crossfade, fade_in, fade_out
from distill.audio.limiter import FULL_SCALE_DB, limit_peaks
from distill.inference.codes.encode import encode_sound
from distill.inference.modes.base import GenerationJob, Progress, Rendered, SequentialMode
from distill.inference.modes.continuation import BEFORE_S, at_source_level
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import frame_bank_for, length_limits
from distill.inference.sampling.gap_filling import Gap, fill
from distill.models.chunked import decode_codes, frames_of

HEARD_S = 10.0
"""So much on either side of the gap tells level and width; the prior hears as much of that as it
can."""
OVERLAP_S = 0.01


class Infill(SequentialMode):
    """The source, in its own channels and untouched but for what lies in the gap and `OVERLAP_S` on
    either side.

    A gap is a whole number of frames: what is made anew may begin and end up to half a frame (11
    ms) outside of what was asked for. There each side fades into its own decoding, which the new
    sound follows, or leads to, as frames of one sound do. What is new has the level and the width
    of what is around it.
    """

    def __init__(self, job: GenerationJob) -> None:
        assert job.playing.source is not None
        self.job, self.audio = job, job.playing.source.audio
        hop = job.loaded.model.frame_hop
        self.begin, self.end = self._edges()
        before, after = self.audio[:, : max(0, self.begin)], self.audio[:, self.end :]
        heard = round(HEARD_S * job.loaded.model.frame_rate)
        past, coming = (min(frames_of(side.shape[1], hop), heard) for side in (before, after))
        self.grid = encode_sound(
            job.loaded, self._around(before, past, after, coming), job.playing.source.name
        )
        codes = torch.tensor(self.grid.codes).long()
        begun = past * hop >= before.shape[1]
        frames = (self.end - self.begin) // hop
        units = frame_bank_for(job.loaded, job.sampling, may_sustain=True)
        targets = job.steering.targets(
            job.loaded, frames, self.begin / job.loaded.model.sample_rate
        )
        self.gap = Gap(
            before=codes[:past],
            after=codes[len(codes) - coming :],
            frames=frames,
            starts_sound=begun,
            conditions=Conditions(
                targets=targets, frame_bank=units, length_limits=length_limits(job.loaded)
            ),
        )

    def _edges(self) -> tuple[int, int]:
        """Where the gap begins and ends in the source: whole frames, and outside of it where it has
        but one side."""
        way, rate, hop = (
            self.job.playing.way,
            self.job.loaded.model.sample_rate,
            self.job.loaded.model.frame_hop,
        )
        assert way.start is not None
        assert way.stop is not None
        N = self.audio.shape[1]
        start, stop = round(way.start * rate), min(N, round(way.stop * rate))
        length = max(1, frames_of(stop - start, hop)) * hop
        spare = length - (stop - start)
        begin = start - (spare if start == 0 else 0 if stop == N else spare // 2)
        return begin, begin + length

    def _around(self, before: np.ndarray, past: int, after: np.ndarray, coming: int) -> np.ndarray:
        """The last `past` frames before the gap and the first `coming` after it, each going on as
        its mirror image.

        The codec hears a little beyond each frame: silence there would say that a sound ends or
        begins.
        """
        model = self.job.loaded.model
        hop, beyond = model.frame_hop, model.receptive_field[0] * model.frame_hop
        sides = [before[:, max(0, before.shape[1] - past * hop) :], after[:, : coming * hop]]
        if past:
            lead = past * hop - sides[0].shape[1]
            sides[0] = np.pad(
                np.pad(sides[0], ((0, 0), (0, beyond)), "reflect"), ((0, 0), (lead, 0))
            )
        if coming:
            sides[1] = np.pad(sides[1], ((0, 0), (beyond, 0)), "reflect")
        return np.concatenate(sides, axis=1)

    def take(self, seed: int, progress: Progress) -> Rendered:
        job, model, gap = self.job, self.job.loaded.model, self.gap
        generator = torch.Generator().manual_seed(seed)
        drawn = fill(
            job.loaded.require_prior(),
            gap,
            job.sampling,
            generator,
            model.frame_rate,
            progress,
        )
        margin = max(model.receptive_field[1] + 1, round(BEFORE_S * model.frame_rate))
        before, after = gap.before[-margin:], gap.after[:margin]
        decoded = at_source_level(
            decode_codes(model, torch.cat([before, drawn, after])),
            self.grid,
            len(self.audio),
            model.sample_rate,
        )
        audio = self._joined(decoded, self.begin - len(before) * model.frame_hop)
        begins, ends = max(0, self.begin), min(self.end, self.audio.shape[1])
        return Rendered(audio, drawn, self.grid.gain, begins=begins, ends=ends)

    def _joined(self, decoded: np.ndarray, origin: int) -> np.ndarray:
        """The source with `decoded` in its gap, of which the first sample belongs at `origin`."""
        rate, N = self.job.loaded.model.sample_rate, self.audio.shape[1]
        overlap = round(OVERLAP_S * rate)
        first, last = min(overlap, max(0, self.begin)), min(overlap, max(0, N - self.end))
        new = decoded[:, max(0, self.begin - first) - origin : min(N, self.end + last) - origin]
        audio = (
            crossfade(self.audio[:, : self.begin], new, first)
            if self.begin > 0
            else fade_in(new, rate)
        )
        audio = (
            crossfade(audio, self.audio[:, self.end :], last)
            if self.end < N
            else fade_out(audio, rate)
        )
        return limit_peaks(audio, rate, FULL_SCALE_DB)
