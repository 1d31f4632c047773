"""One sound that ends by itself."""

from itertools import islice

import numpy as np
import torch
from torch import Tensor

from distill.audio.finish import finish, sounding_samples
from distill.audio.stereo import mix_channels
from distill.inference.modes.base import GenerationJob, Progress, Rendered, SequentialMode
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import corpus_loudness, lead_in_for, length_limits
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.lead_in import LeadIn, draw_ended
from distill.models.attribute_classifier import Targets
from distill.models.chunked import decode_evenly, frames_of


class OneShot(SequentialMode):
    """Sounds that each begin and end: as long as the prior makes them, `duration` at most.

    The prior hears recordings to their ends first, so that what follows is a new sound. What comes
    out stops where it has died away, and fades over its last milliseconds only; no silence follows.
    """

    def __init__(self, job: GenerationJob) -> None:
        self.job = job

    def take(self, seed: int, progress: Progress) -> Rendered:
        job, model = self.job, self.job.loaded.model
        # A longer sound begins as a shorter one does: what is decoded depends on the codes after it
        # too.
        most = job.frames + model.receptive_field[1]
        targets = job.steering.targets(job.loaded, most)
        lead_in = lead_in_for(job.loaded, job.sampling, seed, draw_ended, targets)
        codes = self._draw(most, seed, lead_in, targets, progress)
        decoded = np.concatenate(list(decode_evenly(model, codes)), 1)
        audio = mix_channels(decoded, job.loaded.output_channels)
        n_samples = min(job.n_samples, sounding_samples(audio, model.sample_rate))
        audio, gain = finish(
            audio, model.sample_rate, corpus_loudness(job.loaded), n_samples, job.known_gain
        )
        return Rendered(
            audio,
            codes[: frames_of(n_samples, model.frame_hop)],
            gain,
            lead_in.names if lead_in else (),
        )

    def _draw(
        self,
        most: int,
        seed: int,
        lead_in: LeadIn | None,
        targets: Targets | None,
        progress: Progress,
    ) -> Tensor:
        """Codes `[T, Q]` to the end of the sound, or `most` frames of it."""
        job = self.job
        generator = torch.Generator().manual_seed(seed)
        stream = draw_frames(
            job.loaded.require_prior(),
            1,
            job.sampling,
            generator,
            Conditions(
                prompt=lead_in,
                targets=targets,
                frame_bank=job.units,
                length_limits=length_limits(job.loaded),
            ),
        )
        drawn = []
        for t, frame in enumerate(islice(stream, most), 1):
            drawn.append(frame.codes[0].cpu())
            progress(t, most)
            if frame.ends[0]:
                break
        return torch.stack(drawn)
