"""New sounds, from nothing but a prompt."""

from collections.abc import Iterator, Sequence

from torch import Tensor

from distill.audio.finish import finish_blocks
from distill.audio.stereo import mix_channels
from distill.inference.modes.base import GenerationJob, Progress, Rendered, draw_together
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import corpus_loudness, lead_in_for
from distill.inference.sampling.lead_in import LeadIn, LeadInBatch
from distill.models.chunked import decode_evenly

TOGETHER = 8
"""So many new sounds are drawn in one batch, where each is then what it is by itself: see
`models/batch_invariant.py`."""


class New:
    """Sounds of the given duration, at the level of the corpus: drawn together, then decoded one
    after the other."""

    def __init__(self, job: GenerationJob) -> None:
        self.job = job
        # What is decoded depends on the codes after it too: with those, a longer sound begins as a
        # shorter one does.
        self.drawn = job.frames + job.loaded.model.receptive_field[1]
        # What other devices make of other shapes is not known.
        self.together = TOGETHER if job.loaded.model.rvq.codebooks.device.type == "cpu" else 1

    def takes(self, seeds: Sequence[int], progress: Progress) -> Iterator[Rendered]:
        targets = self.job.steering.targets(self.job.loaded, self.drawn)
        heard = [
            lead_in_for(self.job.loaded, self.job.sampling, seed, targets=targets) for seed in seeds
        ]
        conditions = Conditions(prompt=_together(heard), targets=targets)
        each = draw_together(self.job, self.drawn, seeds, progress, conditions)
        return (self._finished(*pair) for pair in zip(each, heard, strict=True))

    def _finished(self, codes: Tensor, lead_in: LeadIn | None) -> Rendered:
        job, model, channels = self.job, self.job.loaded.model, self.job.loaded.output_channels
        blocks = (mix_channels(block, channels) for block in decode_evenly(model, codes))
        audio, gain = finish_blocks(
            blocks,
            channels,
            model.sample_rate,
            corpus_loudness(job.loaded),
            job.n_samples,
            job.known_gain,
        )
        return Rendered(audio, codes[: job.frames], gain, lead_in.names if lead_in else ())


def _together(lead_ins: Sequence[LeadIn | None]) -> LeadInBatch | None:
    """None where there are none."""
    there = [lead_in for lead_in in lead_ins if lead_in]
    return LeadInBatch.of(there) if there else None
