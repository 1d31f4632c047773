"""Loops: sounds whose end flows into their start."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.audio.fades import crossfade
from distill.audio.finish import level_gain, remove_dc
from distill.audio.limiter import limit_peaks, limiter_reach
from distill.audio.stereo import mix_channels
from distill.cancellation import check_each
from distill.errors import UsageError
from distill.inference.modes.base import (
    GenerationJob,
    Progress,
    RenderedSound,
    SequentialMode,
    draw_codes,
)
from distill.inference.modes.request import Request
from distill.inference.modes.traits import LOOP, TRAITS
from distill.inference.sampling.context import bar_beats, corpus_loudness
from distill.inference.sampling.lead_in import LeadIn
from distill.models.chunked import decode_codes, frames_of
from distill.models.vqvae import VQVAE

SPARE_S = 4.0
"""Seconds drawn beyond the loop: room to search for its two ends."""

AROUND_S = 0.25
"""Seconds compared before and after each end."""

SLACK = 0.1
"""Share of its length by which a loop may be shorter or longer than asked."""

MOST_SLACK_S = 1.0
"""The same in seconds, at most."""

OVERLAP_S = 0.02
"""Seconds over which the end fades into the start: noise phases differ between the two."""


class Ends(NamedTuple):
    """The first frame of a loop, and the frame after its last one."""

    start: int
    stop: int


class Loop(SequentialMode):
    """Loops of about `duration` seconds.

    In time they last a whole number of beats, exact to the sample. Without a beat they are whole
    code frames: more is drawn than is needed. The loop is cut where the latents (spectrum and
    level) around its two ends are most alike. Its length may then differ by a tenth, at most a
    second. Codes are decoded in a circle, and nothing fades out.
    """

    traits = TRAITS[LOOP]

    def __init__(self, job: GenerationJob) -> None:
        super().__init__(job)
        rate = job.loaded.model.frame_rate
        self.around = max(1, round(AROUND_S * rate))
        self.length = max(1, round(job.request.duration * rate))
        self.slack = min(round(SLACK * self.length), round(MOST_SLACK_S * rate))
        # Both ends need frames around them to compare.
        spare = round(SPARE_S * rate)
        self.drawn_frames = self.length + self.slack + 2 * self.around + spare

    @classmethod
    def complete(cls, request: Request) -> Request:
        """`request` with its defaults; `UsageError` for a curve."""
        # A constant goes round; a curve would jump where the loop begins again.
        curves = request.steering.curve_names if request.steering else []
        if curves:
            raise UsageError(f"A loop has no beginning: give --{curves[0]} one value, not a curve.")
        return super().complete(request)

    def render_one(self, seed: int, progress: Progress) -> RenderedSound:
        """A loop: whole beats, or cut from a longer draw where there are none."""
        job = self.job
        targets = job.targets(self.drawn_frames)
        prompt = job.prompt(seed, targets)
        tempo = self._tempo(seed, prompt)
        conditions = job.conditions(prompt, targets, tempos=[tempo])
        if tempo is not None:
            n_samples = self._whole_beats(tempo)
            frames = frames_of(n_samples, job.loaded.model.frame_hop)
            codes = draw_codes(job, frames, seed, progress, conditions)
            if frames > 1 and n_samples % job.loaded.model.frame_hop:
                # The next beat begins within the last frame: here, it is that of the start.
                codes[-1] = codes[-2]
        else:
            all_codes = draw_codes(job, self.drawn_frames, seed, progress, conditions)
            codes = self._close(all_codes)
            n_samples = len(codes) * job.loaded.model.frame_hop
        return replace(
            self._finish(codes, n_samples),
            prompt_names=prompt.names if prompt else (),
            tempo=tempo,
        )

    def _tempo(self, seed: int, prompt: LeadIn | None) -> float | None:
        """The tempo of the loop of `seed`; None for one that is shorter than a beat of it.

        `UsageError` if that tempo was asked for.
        """
        tempo = self.job.tempo(seed, prompt)
        duration = self.job.request.duration
        if tempo is None or round(duration * tempo / 60) >= 1:
            return tempo
        if self.job.request.sampling.tempo is None:
            return None
        raise UsageError(
            f"A loop of {duration:g} s is shorter than a beat ({60 / tempo:.2f} s at {tempo:g} "
            "BPM): ask for more."
        )

    def _whole_beats(self, tempo: float) -> int:
        """Samples of the whole number of beats that is nearest to the duration; of bars, from two
        bars on, where no tempo was asked for."""
        beat_s = 60 / tempo
        beats = round(self.job.request.duration / beat_s)
        bar = bar_beats(self.job.loaded.prior_facts.recordings)
        if self.job.request.sampling.tempo is None and beats >= 2 * bar:
            beats = bar * round(beats / bar)
        return round(beats * beat_s * self.job.loaded.model.sample_rate)

    def _close(self, codes: Tensor) -> Tensor:
        """The part of `codes` `[T, Q]` whose ends are most alike."""
        codec = self.job.loaded.model
        # Latents, not codes: unlike codes may sound the same.
        latents = codec.rvq.lookup(codes.to(codec.rvq.codebooks.device)).cpu()
        start, stop = closest_ends(latents, self.length, self.slack, self.around)
        return codes[start:stop]

    def _finish(self, codes: Tensor, n_samples: int) -> RenderedSound:
        """The loop of `codes` `[T, Q]`, `n_samples` long."""
        job = self.job
        codec = job.loaded.model
        circle = decode_circle(codec, codes, n_samples)
        audio = mix_channels(circle, job.loaded.output_channels)
        gain = job.fixed_gain
        # `finish` would fade the ends; a loop has none.
        if gain is None:
            gain = level_gain(audio, codec.sample_rate, corpus_loudness(job.loaded))
        return RenderedSound(
            audio=_limit_circle(audio * np.float32(gain), codec.sample_rate),
            codes=codes,
            gain=gain,
            grid=self.make_grid(codes, n_samples, gain),
            is_loop=True,
        )


def closest_ends(latents: Tensor, length: int, slack: int, around: int) -> Ends:
    """The loop whose two ends have the smallest squared distance to each other.

    Args:
        latents: `[T, D]`, with `T` at least `length + slack + 2 * around`.
        length: Frames of the loop.
        slack: Frames by which it may be shorter or longer.
        around: Frames compared before and after each end.
    """
    least_distance = float("inf")
    ends = Ends(around, around + length)
    for lag in check_each(range(max(1, length - slack), length + slack + 1)):
        distances = (latents[lag:] - latents[:-lag]).square().sum(1)
        # Entry t sums over the frames around an end at t + around.
        sums = distances.unfold(0, 2 * around, 1).sum(1)
        best = int(sums.argmin())
        if float(sums[best]) < least_distance:
            least_distance = float(sums[best])
            ends = Ends(best + around, best + around + lag)
    return ends


def decode_circle(codec: VQVAE, codes: Tensor, n_samples: int) -> np.ndarray:
    """Sound `[C, n_samples]` of `codes` `[T, Q]`, whose end flows into its start. The last frame
    may reach beyond it.

    The decoder draws its noise phases by position, so that they differ before the start and at the
    end: the one fades into the other.
    """
    T = len(codes)
    hop = codec.frame_hop
    margin = codec.receptive_field[1] + 1
    # As much of the other end on either side as the decoder looks at.
    circle = torch.arange(-margin, T + margin) % T
    sound = remove_dc(decode_codes(codec, codes[circle]), codec.sample_rate)
    start = margin * hop
    stop = start + n_samples
    overlap = min(round(OVERLAP_S * codec.sample_rate), n_samples)
    return crossfade(sound[:, start:stop], sound[:, start - overlap : start], overlap)


def _limit_circle(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """`audio` `[C, N]` with no peak above the ceiling; the limiter sees the start after the end."""
    reach = limiter_reach(sample_rate)
    # The limiter looks ahead and recovers slowly: it needs both neighbours.
    circle = np.pad(audio, ((0, 0), (reach, reach)), "wrap")
    return limit_peaks(circle, sample_rate)[:, reach:-reach]
