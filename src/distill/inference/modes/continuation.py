"""Going on from any sound: the sound itself, and after it what the prior makes of its end."""

import numpy as np
import torch

from distill.audio.fades import crossfade, fade_out
from distill.audio.finish import remove_dc
from distill.audio.limiter import FULL_SCALE_DB, limit_peaks
from distill.audio.stereo import mix_channels, scale_side
from distill.inference.codes.encode import encode_sound
from distill.inference.codes.grid import CodeGrid
from distill.inference.modes.base import (
    GenerationJob,
    Progress,
    Rendered,
    SequentialMode,
    draw_codes,
)
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.lead_in import LeadIn
from distill.models.chunked import decode_evenly, frames_of

HEARD_S = 30.0
"""As much of the end tells level and width; the prior hears as much of that as it remembers."""
OVERLAP_S = 0.02
BEFORE_S = 0.5
"""So much of the source's end is decoded along with what follows it."""


class Continuation(SequentialMode):
    """The source in full, in its own channels and untouched but for its last `OVERLAP_S`, and
    `duration` of new sound.

    Those last milliseconds fade into their own decoding, which the new sound follows as it follows
    anything that the prior draws: there is nothing to join that would not fit. What is new has the
    level and the width of the source, not those of the corpus.
    """

    def __init__(self, job: GenerationJob) -> None:
        assert job.playing.source is not None
        assert job.loaded.prior is not None
        self.job, self.source = job, job.playing.source
        model, audio = job.loaded.model, job.playing.source.audio
        frames = min(frames_of(audio.shape[1], model.frame_hop), round(HEARD_S * model.frame_rate))
        self.grid = encode_sound(job.loaded, self._to_encode(frames), self.source.name)
        self.past = torch.tensor(self.grid.codes)[:frames].long()
        remembered = self.past[-job.loaded.prior.window :]
        starts = torch.zeros(len(remembered), dtype=torch.bool)
        starts[0] = len(remembered) * model.frame_hop >= audio.shape[1]
        self.lead_in = LeadIn(remembered, starts, False, ())

    def _to_encode(self, frames: int) -> np.ndarray:
        """The last `frames` of the source, so that the last one ends with it, and beyond that its
        mirror image.

        The codec hears a little beyond each frame: silence there would say that the sound ends.
        """
        model, audio = self.job.loaded.model, self.source.audio
        tail = audio[:, -frames * model.frame_hop :]
        lead = frames * model.frame_hop - tail.shape[1]
        beyond = model.receptive_field[0] * model.frame_hop
        return np.pad(np.pad(tail, ((0, 0), (0, beyond)), "reflect"), ((0, 0), (lead, 0)))

    def take(self, seed: int, progress: Progress) -> Rendered:
        job, model = self.job, self.job.loaded.model
        drawn = job.frames + model.receptive_field[1]
        targets = job.steering.targets(job.loaded, drawn)
        conditions = Conditions(prompt=self.lead_in, targets=targets)
        codes = draw_codes(job, drawn, seed, progress, conditions)
        before = self.past[-max(model.receptive_field[1] + 1, round(BEFORE_S * model.frame_rate)) :]
        decoded = np.concatenate(list(decode_evenly(model, torch.cat([before, codes]))), 1)
        decoded = at_source_level(decoded, self.grid, len(self.source.audio), model.sample_rate)
        overlap = min(round(OVERLAP_S * model.sample_rate), self.source.audio.shape[1])
        begins = len(before) * model.frame_hop
        audio = crossfade(
            self.source.audio, decoded[:, begins - overlap : begins + job.n_samples], overlap
        )
        audio = limit_peaks(fade_out(audio, model.sample_rate), model.sample_rate, FULL_SCALE_DB)
        return Rendered(
            audio, codes[: job.frames], self.grid.gain, begins=self.source.audio.shape[1]
        )


def at_source_level(
    decoded: np.ndarray, grid: CodeGrid, channels: int, sample_rate: int
) -> np.ndarray:
    """What was `decoded` `[C, N]` at the level and width of the sound of `grid`, in so many
    `channels`.

    Limited here already: limited with what it is joined to, it would change that too.
    """
    wide = scale_side(decoded, grid.width) if len(decoded) == 2 else decoded
    level = remove_dc(mix_channels(wide, channels) * np.float32(grid.gain), sample_rate)
    return limit_peaks(level, sample_rate, FULL_SCALE_DB)
