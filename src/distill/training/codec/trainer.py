"""One codec in training: a step, a validation, and everything needed to stop and go on."""

import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.audio.equaliser import equalise
from distill.audio.stereo import correlation, mix_channels, side_level_db
from distill.data.dataset import CropSampler, Region, Split, cut_into_blocks
from distill.device import gains_by_bfloat16
from distill.errors import DivergedError
from distill.models.chunked import decode_codes, encode_audio, frames_of
from distill.models.fit import fit_codec
from distill.models.frame_memory import memory_width
from distill.models.levels import level_names
from distill.models.losses import MEL_SCALES, MelLoss
from distill.models.phase_noise import NOISE_FRAMES
from distill.models.vqvae import HOP_LENGTH, VQVAE, CodecOutput
from distill.training.codec.budget import Budget, lay_out
from distill.training.codec.optimizer import CodecOptimizer
from distill.training.config import VQVAEConfig
from distill.training.metrics import LevelHealth, StepMetrics
from distill.training.out_of_memory import free_memory, is_out_of_memory, usual_batch_size
from distill.training.weight_average import WeightAverage

EVERY_STEP_SCALES = (2, 4, 6)
SOMETIMES_SCALES = (0, 1, 3, 5)
ANALYSED_PIECES = 256
SETTLING_PIECES = (128, 1024)
SETTLING_PASSES = 4
"""Codes are settled by pieces as long as the corpus this many times over, since each begins at
another sample."""

FIRST_PIECES = 32
HEALTH_STEPS = 50
REPULSION = 1.0
EXACT_SHARE = 0.5
"""Of the crops that the decoder learns from. Their codes are the same each time, and what codes do
not tell it can know by heart: attacks, and the detail of noise."""

EQUALISED_SHARE = 0.8
"""Of the others: the decoder then knows sounds near those of the corpus as well."""

LEVEL_WEIGHT = 6.0
MAX_GRADIENT = 1.0
HELD_OUT_S, OWN_S = 20.0, 10.0
MOST_REGIONS = 24
HEALTH_S, BLOCK_S = 600.0, 10.0
BAD_STEPS_ALLOWED = 5


class Distances(NamedTuple):
    """Mean mel distances (7 scales) of own and of held-out sounds to what the codec makes of
    them."""

    own: float
    held_out: float | None


class CodecTrainer:
    """Model, optimiser and counters. All randomness is a function of the seed and the step."""

    def __init__(
        self, config: VQVAEConfig, split: Split, sample_rate: int, device: torch.device
    ) -> None:
        self.config, self.device = config, device
        torch.manual_seed(config.seed)
        self.model = VQVAE(**config.model_arguments(sample_rate), **memory_arguments(split)).to(
            device
        )
        self.model.half_precision = gains_by_bfloat16(device)
        self.loss = MelLoss(sample_rate).to(device)
        self.optimizer = CodecOptimizer(self.model, config.learning_rate)
        hop = self.model.frame_hop
        self.sampler = CropSampler(
            split.train, config.crop_frames * hop, sample_rate, config.seed, hop
        )
        self.held_out = split.held_out
        self.average = WeightAverage(self.model)
        self.batch_size, self.heard_s = config.batch_size or usual_batch_size(device), 0.0
        step_s = self.batch_size * self.sampler.crop_samples / sample_rate
        self.total_s = sum(region.n_samples for region in split.train) / sample_rate
        self.budget = lay_out(config, self.total_s, step_s)
        self.step_count, self.codebooks_ready, self.bad_steps = 0, False, 0
        self.first_distance = math.inf
        self._earlier_s, self._began = 0.0, time.perf_counter()
        self._usage: deque[Tensor] = deque(maxlen=HEALTH_STEPS)

    @property
    def elapsed_s(self) -> float:
        """Seconds spent so far, validation and saving included, earlier runs too."""
        return self._earlier_s + time.perf_counter() - self._began

    @property
    def realtime_factor(self) -> float:
        """Seconds of sound heard per second of time."""
        return self.heard_s / max(self.elapsed_s, 1e-9)

    @property
    def progress(self) -> float:
        return self.budget.progress(self.step_count, self.elapsed_s)

    # --- a step -----------------------------------------------------------------------------------

    def step(self) -> StepMetrics:
        """One optimiser step; where memory runs out, `batch_size` is halved and the step done over.

        `DivergedError` when training has diverged for good.
        """
        while True:
            try:
                return self._step()
            except (RuntimeError, MemoryError) as error:
                if self.batch_size == 1 or not is_out_of_memory(error):
                    raise
            # Not in the handler, where the error holds on to all that the step had made.
            self._halve_batch()

    def _halve_batch(self) -> None:
        self.batch_size //= 2
        self.optimizer.zero_grad()
        if self.step_count == 0:
            # Its memory of the gradients may be half made.
            self.optimizer.forget()
        free_memory(self.device)

    def _step(self) -> StepMetrics:
        if not self.codebooks_ready:
            self.settle_codes()
        rate = self._set_learning_rate()
        audio = self._heard()
        output = self.model(audio, self._first_frames())
        distance, energy = self._energy_distance(output, audio)
        mel = distance * len(MEL_SCALES)
        level = self.loss.level_distance(output.audio, output.other, audio)
        self._descend(energy * len(MEL_SCALES) + LEVEL_WEIGHT * level)
        self._count_use(output.codes)
        self.step_count += 1
        self.heard_s += audio.shape[0] * audio.shape[-1] / self.model.sample_rate
        self.average.update(self.step_count)
        return self._metrics(mel.item(), rate)

    def _batch(self, step: int) -> Tensor:
        """Crops that begin anywhere, none exact."""
        return self._tensor(self.sampler.batch(step, self.batch_size).audio)

    def _heard(self) -> Tensor:
        """The crops of this step: some exact, of the others some through a random equaliser."""
        crops = self.sampler.batch(self.step_count, self.batch_size, EXACT_SHARE)
        return self._coloured(self._tensor(crops.audio), ~crops.exact)

    def _coloured(self, audio: Tensor, may_be: np.ndarray) -> Tensor:
        """The same crops, some of those that `may_be` `[B]` through a random equaliser."""
        rng = np.random.default_rng([self.config.seed, self.step_count, 1])
        # On the device: a GPU would wait for filters that the CPU makes.
        chosen = torch.from_numpy((rng.random(len(audio)) < EQUALISED_SHARE) & may_be).to(
            self.device
        )
        if chosen.any():
            audio[chosen] = equalise(audio[chosen], rng, self.model.sample_rate)
        return audio

    def _tensor(self, batch: np.ndarray) -> Tensor:
        return torch.from_numpy(batch).to(self.device)

    def _generator(self, purpose: int) -> torch.Generator:
        words = np.random.SeedSequence([self.config.seed, self.step_count, purpose]).generate_state(
            1, np.uint64
        )
        return torch.Generator().manual_seed(int(words[0] >> 1))

    def _set_learning_rate(self) -> float:
        rate = self.config.learning_rate * self.budget.rate_factor(self.step_count, self.elapsed_s)
        self.optimizer.set_rate(rate)
        return rate

    def _scales(self) -> tuple[int, ...]:
        """Three scales every step and one of the others: nearly as good as all seven, at half the
        cost."""
        pick = torch.randint(len(SOMETIMES_SCALES), (), generator=self._generator(1))
        return (*EVERY_STEP_SCALES, SOMETIMES_SCALES[int(pick)])

    def _energy_distance(self, output: CodecOutput, audio: Tensor) -> tuple[Tensor, Tensor]:
        sounds, scales = (output.audio, output.other, audio), self._scales()
        if self.model.channels == 1:
            return self.loss.energy_distance(*sounds, scales, REPULSION)
        # One scale and one ear in turn: a step in stereo should not take twice the time of one in
        # mono.
        turn, ear = divmod(self.step_count, 2)
        ear_scales = (EVERY_STEP_SCALES[turn % len(EVERY_STEP_SCALES)],)
        return self.loss.stereo_energy_distance(*sounds, scales, ear, ear_scales, REPULSION)

    def _first_frames(self) -> tuple[Tensor, Tensor]:
        """Two draws of where in the noise each crop lies."""
        draws = torch.randint(NOISE_FRAMES, (2, self.batch_size), generator=self._generator(4))
        return draws[0], draws[1]

    def _descend(self, loss: Tensor) -> None:
        """One optimiser step, unless the loss or its gradient is no number; `DivergedError` if that
        goes on."""
        self.optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), MAX_GRADIENT)
        if torch.isfinite(loss) and torch.isfinite(norm):
            self.optimizer.step()
            self.bad_steps = 0
            return
        self.bad_steps += 1
        if self.bad_steps > BAD_STEPS_ALLOWED:
            raise DivergedError(
                f"Training diverged at step {self.step_count}: the loss is no number any more. "
                f"Start again with a lower --lr (it was {self.config.learning_rate:g})."
            )

    def settle_codes(self) -> None:
        """Analysis and codebooks, once and for all, from many pieces as training hears them."""
        # However large the batch, as many pieces: the first are all held in memory at once.
        piece_s = self.sampler.crop_samples / self.model.sample_rate
        pieces = min(
            max(math.ceil(SETTLING_PASSES * self.total_s / piece_s), SETTLING_PIECES[0]),
            SETTLING_PIECES[1],
        )
        analysed = min(pieces, ANALYSED_PIECES // self.model.channels)
        first, last = (-(-n // self.batch_size) for n in (analysed, pieces))
        batches, more = map(self._batch, range(first)), map(self._batch, range(first, last))
        fit_codec(self.model, batches, self._generator(2), more, self._as_they_are())
        # What the average holds is the outline as it was before.
        self.average = WeightAverage(self.model)
        self.first_distance = self._untrained_distance()
        if self.model.memory is not None:
            codes = torch.cat(
                [encode_audio(self.model, region.audio()) for region in self.sampler.regions]
            )
            self.model.memory.fit(codes)
        self.codebooks_ready = True

    def _as_they_are(self) -> Iterator[Tensor]:
        """The training sounds in blocks `[1, C, N]` of whole frames; of a long corpus some, evenly
        spread."""
        hop = self.model.frame_hop
        blocks = cut_into_blocks(self.sampler.regions, round(BLOCK_S * self.model.frame_rate) * hop)
        for block in blocks[:: math.ceil(self.total_s / HEALTH_S)]:
            audio = block.audio()
            yield self._tensor(np.pad(audio, ((0, 0), (0, -audio.shape[1] % hop)))[None])

    @torch.no_grad()
    def _untrained_distance(self) -> float:
        """Mean over many pieces, since that of a few may be anything."""
        batches = [self._batch(i) for i in range(-(-FIRST_PIECES // self.batch_size))]
        distances = [
            self._energy_distance(self.model(audio, self._first_frames()), audio)[0]
            for audio in batches
        ]
        return float(torch.stack(distances).mean()) * len(MEL_SCALES)

    def _count_use(self, codes: Tensor) -> None:
        K = self.config.codebook_size
        self._usage.append(
            torch.stack([torch.bincount(c, minlength=K) for c in codes.flatten(0, 1).T]).cpu()
        )

    # --- how it goes ------------------------------------------------------------------------------

    def _metrics(self, mel: float, rate: float) -> StepMetrics:
        return StepMetrics(
            step=self.step_count,
            progress=self.progress,
            elapsed_s=self.elapsed_s,
            remaining_s=self.budget.remaining_s(self.step_count, self.elapsed_s),
            mel_loss=mel,
            learning_rate=rate,
            realtime_factor=self.realtime_factor,
            levels=self.level_health(),
        )

    def level_health(self) -> tuple[LevelHealth, ...]:
        """Use of every codebook over the last steps; empty before the codebooks are set."""
        return measure_health(self.recent_counts())

    def corpus_health(self) -> tuple[LevelHealth, ...]:
        """Use of every codebook in one unaugmented pass over (at most 10 minutes of) the training
        sounds."""
        return measure_health(self.corpus_counts())

    def recent_counts(self) -> Tensor:
        """How often each entry was chosen over the last steps: `[Q, K]`, or `[0, K]` before the
        codebooks are set."""
        none = torch.zeros(0, self.config.codebook_size)
        return torch.stack(list(self._usage)).sum(0) if self._usage else none

    def corpus_counts(self) -> Tensor:
        """How often each entry is chosen in one unaugmented pass over (at most 10 minutes of) the
        training sounds."""
        K, room = self.config.codebook_size, int(HEALTH_S * self.model.sample_rate)
        counts = torch.zeros(self.config.num_quantizers, K)
        for region in self.sampler.regions:
            codes = encode_audio(self.model, region.audio()[:, :room])
            counts += torch.stack([torch.bincount(column, minlength=K) for column in codes.T])
            room -= region.n_samples
            if room <= 0:
                break
        return counts

    @torch.no_grad()
    def validate(self) -> Distances:
        """How near the averaged weights come to up to 10 s of own sounds, and to up to 20 s of what
        is held out."""
        with self._as_it_is_saved():
            own = self._mean_distance(self.sampler.regions, OWN_S)
            held_out = self._mean_distance(self.held_out, HELD_OUT_S)
        assert own is not None
        return Distances(own, held_out)

    def _mean_distance(self, regions: Sequence[Region], seconds: float) -> float | None:
        """Over the beginnings of up to 24 regions, spread evenly; None for no regions."""
        distances = [self._distance(part) for part in self._beginnings(regions, seconds)]
        return sum(distances) / len(distances) if distances else None

    @contextmanager
    def _as_it_is_saved(self) -> Iterator[None]:
        """With averaged weights, and not in training."""
        self.model.eval()
        with self.average.applied():
            yield
        self.model.train()

    def _beginnings(self, regions: Sequence[Region], seconds: float) -> list[Region]:
        some = regions[:: max(1, len(regions) // MOST_REGIONS)][:MOST_REGIONS]
        each = max(1, int(seconds * self.model.sample_rate / max(1, len(some))))
        return [Region(r.clip, r.start, min(r.stop, r.start + each)) for r in some]

    def _decoded(self, audio: np.ndarray) -> np.ndarray:
        """What the codec makes of `audio` `[C, N]`."""
        return decode_codes(self.model, encode_audio(self.model, audio))[:, : audio.shape[1]]

    @torch.no_grad()
    def stereo_image(self) -> dict[str, list[float]]:
        """`side_db` and `correlation` of up to 10 s of own sounds, as they are and as the codec
        makes them; none of mono."""
        if self.model.channels == 1:
            return {}
        sounds = [part.audio() for part in self._beginnings(self.sampler.regions, OWN_S)]
        with self._as_it_is_saved():
            decoded = [self._decoded(sound) for sound in sounds]
        pair = [np.concatenate(some, 1) for some in (sounds, decoded)]
        return {
            "side_db": [side_level_db([x]) for x in pair],
            "correlation": [correlation(x) for x in pair],
        }

    def _distance(self, region: Region) -> float:
        audio = region.audio()
        decoded = self._decoded(audio)
        # Of the mono mix, so that the figure means the same for stereo.
        pair = [self._padded(mix_channels(x, 1)) for x in (decoded, audio)]
        return float(self.loss(*pair, tuple(range(len(MEL_SCALES))))) * len(MEL_SCALES)

    def _padded(self, audio: Any) -> Tensor:
        x = torch.tensor(audio, device=self.device)
        return torch.nn.functional.pad(x, (0, -x.shape[-1] % self.model.n_fft))

    # --- stop and go on ---------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs, as tensors, numbers, strings, lists and dicts."""
        return {
            "config": asdict(self.config),
            "half_precision": self.model.half_precision,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step_count,
            "elapsed_s": self.elapsed_s,
            "heard_s": self.heard_s,
            "batch_size": self.batch_size,
            "budget": asdict(self.budget),
            "average": self.average.state(),
            "codebooks_ready": self.codebooks_ready,
            "first_distance": self.first_distance,
            "usage": list(self._usage),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`: the steps that follow are those that would have followed."""
        self.model.load_state_dict(state["model"])
        self.model.half_precision = state["half_precision"]
        self.optimizer = CodecOptimizer(self.model, self.config.learning_rate)
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.restore(state["average"])
        self.step_count, self.batch_size, self.heard_s = (
            state["step"],
            state["batch_size"],
            state["heard_s"],
        )
        self.budget = Budget(**state["budget"])
        self._earlier_s, self._began = state["elapsed_s"], time.perf_counter()
        self.codebooks_ready, self.first_distance = (
            state["codebooks_ready"],
            state["first_distance"],
        )
        self._usage.extend(state["usage"])


def memory_arguments(split: Split) -> dict[str, int]:
    """Constructor arguments of a codec that can know every frame it learns from by heart, if there
    is room."""
    frames = sum(frames_of(region.n_samples, HOP_LENGTH) for region in split.train)
    width = memory_width(frames)
    return {"memory_frames": frames if width else 0, "memory_width": width}


def measure_health(counts: Tensor) -> tuple[LevelHealth, ...]:
    """Health of each level from how often its entries were chosen: `counts` `[Q, K]`."""
    Q, K = counts.shape
    share = counts.double() / counts.sum(1, keepdim=True).clamp(min=1)
    perplexity = (-share * share.clamp(min=1e-12).log()).sum(1).exp()
    levels = zip(
        level_names(Q) if Q else (), (counts > 0).sum(1).tolist(), perplexity.tolist(), strict=True
    )
    return tuple(LevelHealth(name, used / K, spread, K - used) for name, used, spread in levels)
