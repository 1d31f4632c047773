"""One-shots: single sounds that end by themselves."""

from dataclasses import replace
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from distill.audio.fades import release
from distill.audio.finish import finish, sounding_samples
from distill.audio.stereo import mix_channels
from distill.inference.modes.base import Progress, RenderedSound, SequentialMode
from distill.inference.modes.traits import TRAITS
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import corpus_loudness
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.lead_in import draw_sound_end
from distill.models.chunked import decode_evenly, frames_of


class OneShot(SequentialMode):
    """Each sound lasts until the prior ends it, at most `duration` seconds.

    The prompt is recordings up to their ends, so that a new sound begins after it. Out of a loop
    comes one event, not the loop, unless a tempo is asked for. The result stops where it has died
    away, or fades where the next event began; no silence follows.
    """

    traits = TRAITS["one-shot"]

    def render_one(self, seed: int, progress: Progress) -> RenderedSound:
        """A sound up to the end that the prior gives it."""
        job = self.job
        codec = job.loaded.model
        # The decoder looks ahead: with the codes that follow, a longer sound begins alike.
        most_frames = job.frames + codec.receptive_field[1]
        targets = job.targets(most_frames)
        prompt = job.prompt(seed, targets, draw_sound_end)
        # A single hit keeps no beat, unless one is asked for.
        tempo = job.request.sampling.tempo
        conditions = replace(job.conditions(prompt, targets, tempos=[tempo]), single_events=True)
        codes, ends = self._draw(most_frames, seed, progress, conditions)
        sound = np.concatenate(list(decode_evenly(codec, codes)), 1)
        mix = mix_channels(sound, job.loaded.output_channels)
        if ends:
            # An event out of a loop stops where the next one began. A sound that is cut at its
            # longest goes on when it may be longer.
            mix = release(mix, codec.sample_rate)
        # The prior may end a sound long after it has died away.
        n_samples = min(job.n_samples, sounding_samples(mix, codec.sample_rate))
        audio, gain = finish(
            mix, codec.sample_rate, corpus_loudness(job.loaded), n_samples, job.fixed_gain
        )
        own_codes = codes[: frames_of(n_samples, codec.frame_hop)]
        return RenderedSound(
            audio=audio,
            codes=own_codes,
            gain=gain,
            grid=self.make_grid(own_codes, n_samples, gain),
            prompt_names=prompt.names if prompt else (),
            tempo=tempo,
        )

    def _draw(
        self, most_frames: int, seed: int, progress: Progress, conditions: Conditions
    ) -> tuple[Tensor, bool]:
        """Codes `[T, Q]` of at most `most_frames`, and whether the sound ends with them."""
        job = self.job
        generator = torch.Generator().manual_seed(seed)
        stream = draw_frames(job.prior, 1, job.request.sampling, generator, conditions)
        codes = []
        for t, frame in enumerate(islice(stream, most_frames), 1):
            codes.append(frame.codes[0].cpu())
            progress(t, most_frames)
            # The frame with which the sound ends belongs to it.
            if frame.ends[0]:
                return torch.stack(codes), True
        return torch.stack(codes), False
