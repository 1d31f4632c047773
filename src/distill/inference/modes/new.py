"""New sounds that continue a prompt from the corpus, which is not played.

They have the requested duration and the level of the corpus.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from torch import Tensor

from distill.audio.finish import finish_blocks
from distill.audio.stereo import mix_channels
from distill.inference.modes.base import (
    GenerationJob,
    Mode,
    Progress,
    RenderedSound,
    Rendering,
    draw_batch,
    draw_codes,
)
from distill.inference.modes.request import ModeSettings
from distill.inference.modes.traits import TRAITS
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import corpus_loudness
from distill.inference.sampling.lead_in import LeadIn, LeadInBatch
from distill.models.chunked import decode_evenly

TOGETHER = 8
"""Sounds drawn in one batch on a CPU. Each has the bits that it has alone, see
`models/batch_invariant.py`."""


class New(Mode):
    """The default mode: nothing but a seed and, if the model keeps recordings, a prompt."""

    traits = TRAITS[ModeSettings.kind]

    def __init__(self, job: GenerationJob) -> None:
        super().__init__(job)
        codec = job.loaded.model
        # The decoder looks ahead: with the codes that follow, a longer sound begins as a shorter
        # one does.
        self.drawn_frames = job.frames + codec.receptive_field[1]
        # Equal bits in and out of a batch are proven on the CPU only.
        self.batch_size = TOGETHER if codec.rvq.codebooks.device.type == "cpu" else 1

    def draw(self, seeds: Sequence[int], progress: Progress) -> Iterator[Rendering]:
        """Draw the sounds of the `seeds`: from events one after the other, else as one batch."""
        targets = self.job.targets(self.drawn_frames)
        prompts = [self.job.prompt(seed, targets) for seed in seeds]
        # Targets depend on time alone, so that all sounds of a batch share them.
        tempos = [self.job.tempo(*pair) for pair in zip(seeds, prompts, strict=True)]
        conditions = self.job.conditions(_batch(prompts), targets, tempos=tempos)
        batch = self._draw_codes(seeds, conditions, progress)
        parts = zip(batch, prompts, tempos, strict=True)
        return (partial(self._finish, *part) for part in parts)

    def _draw_codes(
        self, seeds: Sequence[int], conditions: Conditions, progress: Progress
    ) -> Iterator[Tensor]:
        """Codes `[T, Q]` of each sound."""
        T = self.drawn_frames
        if not conditions.draws_events_alone:
            yield from draw_batch(self.job, T, seeds, progress, conditions)
            return
        # Others can be decoded and measured meanwhile.
        for number, seed in enumerate(seeds):
            share = partial(_share_progress, progress, number, len(seeds))
            yield draw_codes(self.job, T, seed, share, conditions.of_stream(number))

    def _finish(self, codes: Tensor, prompt: LeadIn | None, tempo: float | None) -> RenderedSound:
        job = self.job
        codec = job.loaded.model
        channels = job.loaded.output_channels
        # Block by block: a long sound is never held twice.
        blocks = (mix_channels(block, channels) for block in decode_evenly(codec, codes))
        audio, gain = finish_blocks(
            blocks,
            channels,
            codec.sample_rate,
            corpus_loudness(job.loaded),
            job.n_samples,
            job.fixed_gain,
        )
        own_codes = codes[: job.frames]
        return RenderedSound(
            audio=audio,
            codes=own_codes,
            gain=gain,
            grid=self.make_grid(own_codes, job.n_samples, gain),
            prompt_names=prompt.names if prompt else (),
            tempo=tempo,
        )


def _share_progress(progress: Progress, number: int, count: int, done: int, total: int) -> None:
    """Pass on the progress of sound `number` of several as that of a batch."""
    share, rest = divmod(number * total + done, count)
    if not rest:
        progress(share, total)


def _batch(prompts: Sequence[LeadIn | None]) -> LeadInBatch | None:
    """All prompts as one batch; None where the model has none for any sound."""
    # All or none: whether there are recordings does not depend on the seed.
    lead_ins = [prompt for prompt in prompts if prompt]
    return LeadInBatch.stack(lead_ins) if lead_ins else None
