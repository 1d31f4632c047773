"""Sound to be played round and round."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.audio.fades import crossfade
from distill.audio.finish import level_gain, remove_dc
from distill.audio.limiter import limit_peaks, limiter_reach
from distill.audio.stereo import mix_channels
from distill.errors import UsageError
from distill.inference.modes.base import (
    GenerationJob,
    Progress,
    Rendered,
    SequentialMode,
    draw_codes,
)
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import corpus_loudness, lead_in_for
from distill.models.chunked import decode_codes
from distill.models.vqvae import VQVAE

SPARE_S = 4.0
"""So much more is drawn than is kept: there the ends are sought."""
AROUND_S = 0.25
"""How much on either side of a start and an end is compared."""
SLACK, MOST_SLACK_S = 0.1, 1.0
"""By how much, of its length and at most, a loop may be shorter or longer than asked."""
OVERLAP_S = 0.02


class Ends(NamedTuple):
    """The first frame of a loop, and the one after its last."""

    start: int
    stop: int


class Loop(SequentialMode):
    """Loops about as long as asked, in whole code frames.

    The ends are where what the codes say around them (spectrum and level) is most alike: after the
    last frame comes what came there in what was drawn, or nearly so. The length may differ by a
    tenth, and by a second at most: a loop in time is worth more than one of a round length. The
    codes are decoded in a circle, what follows the end being the start, and nothing is faded.
    """

    def __init__(self, job: GenerationJob) -> None:
        if curves := job.steering.curves:
            raise UsageError(
                f"A loop has no beginning to count from: give --{curves[0]} one value, not a curve."
            )
        rate = job.loaded.model.frame_rate
        self.job, self.around = job, max(1, round(AROUND_S * rate))
        self.length = max(1, round(job.duration * rate))
        self.slack = min(round(SLACK * self.length), round(MOST_SLACK_S * rate))
        self.drawn = self.length + self.slack + 2 * self.around + round(SPARE_S * rate)

    def take(self, seed: int, progress: Progress) -> Rendered:
        job, model = self.job, self.job.loaded.model
        targets = job.steering.targets(job.loaded, self.drawn)
        lead_in = lead_in_for(job.loaded, job.sampling, seed, targets=targets)
        conditions = Conditions(prompt=lead_in, targets=targets)
        drawn = draw_codes(job, self.drawn, seed, progress, conditions)
        values = model.rvq.lookup(drawn.to(model.rvq.codebooks.device)).cpu()
        start, stop = closest_ends(values, self.length, self.slack, self.around)
        codes = drawn[start:stop]
        audio = mix_channels(decode_circle(model, codes), job.loaded.output_channels)
        gain = job.known_gain
        if gain is None:
            gain = level_gain(audio, model.sample_rate, corpus_loudness(job.loaded))
        audio = _limit_circle(audio * np.float32(gain), model.sample_rate)
        return Rendered(audio, codes, gain, lead_in.names if lead_in else ())


def closest_ends(values: Tensor, length: int, slack: int, around: int) -> Ends:
    """Where to cut a loop of `length` frames, `slack` more or less, from latents `[T, D]`.

    The squared distance of the `around` frames before and after the two ends is the least there is.
    At least `length + slack + 2 * around` frames are needed.
    """
    best, found = float("inf"), Ends(around, around + length)
    for lag in range(max(1, length - slack), length + slack + 1):
        distance = (values[lag:] - values[:-lag]).square().sum(1)
        near = distance.unfold(0, 2 * around, 1).sum(1)
        least = int(near.argmin())
        if float(near[least]) < best:
            best, found = float(near[least]), Ends(least + around, least + around + lag)
    return found


def decode_circle(model: VQVAE, codes: Tensor) -> np.ndarray:
    """Sound `[C, T * frame_hop]` of `codes` `[T, Q]` whose end goes over into its start.

    The chance in decoding is not the same before the start as it is at the end: the one fades into
    the other.
    """
    margin, hop, T = model.receptive_field[1] + 1, model.frame_hop, len(codes)
    around = torch.arange(-margin, T + margin) % T
    sound = remove_dc(decode_codes(model, codes[around]), model.sample_rate)
    start, stop = margin * hop, (margin + T) * hop
    overlap = min(round(OVERLAP_S * model.sample_rate), T * hop)
    return crossfade(sound[:, start:stop], sound[:, start - overlap : start], overlap)


def _limit_circle(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """No peak over the ceiling: the limiter hears the start after the end."""
    reach = limiter_reach(sample_rate)
    round_and_round = np.pad(audio, ((0, 0), (reach, reach)), "wrap")
    return limit_peaks(round_and_round, sample_rate)[:, reach:-reach]
