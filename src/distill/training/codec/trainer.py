"""One codec in training: an optimiser step, a validation, and the state to stop and go on.

Noise is learned as noise, without an adversary (`codec.objective`). Several processes may train it
together, each on some crops of every batch (`training.world`).
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from distill.cancellation import Check, check_each
from distill.data.dataset import ALL_ROWS, CropSampler, Split
from distill.device import gains_by_bfloat16
from distill.errors import DivergedError
from distill.models.losses import MEL_SCALES, MelLoss
from distill.models.persistence import save_model_v2
from distill.models.phase_noise import NOISE_FRAMES
from distill.models.vqvae import VQVAE
from distill.training.checkpoint import check_counters
from distill.training.codec.budget import Budget, plan_budget
from distill.training.codec.crops import plain_crops, training_crops
from distill.training.codec.objective import (
    NOISE_PURPOSE,
    SETTLING_PURPOSE,
    Objective,
    StepDraws,
)
from distill.training.codec.optimizer import CodecOptimizer
from distill.training.codec.partial_loss import PartialLoss
from distill.training.codec.report import CorpusMeasures, TrainerReport
from distill.training.codec.settling import fit_codes, fit_memory, memory_arguments
from distill.training.codec.validation import (
    Distances,
    HeardSound,
    RecentCounts,
    corpus_counts,
    count_codes,
    hear,
    measure_distances,
    measure_health,
    stereo_image,
)
from distill.training.config import VQVAEConfig
from distill.training.metrics import LevelHealth, StepMetrics
from distill.training.out_of_memory import free_memory, is_out_of_memory, usual_batch_size
from distill.training.weight_average import WeightAverage
from distill.training.world import World

# Crops that the distance of the untrained model is measured on: that of a few may be anything.
UNTRAINED_CROPS = 32

# Norm that gradients are clipped to.
MAX_GRADIENT = 1.0

# Steps in a row whose loss may be no number, before training counts as diverged.
BAD_STEPS_ALLOWED = 5


class CodecTrainer:
    """Codec, optimiser and counters. All randomness is a function of the seed and the step.

    Args:
        config: Settings of codec and training.
        split: Training and held-out regions.
        sample_rate: Of the sounds, in Hz.
        device: Where the codec is trained.
        codec: A codec to train on, whose codes stay as they are; None for a new one.
        factors: How often each training region is heard beside its weight; None: all alike.
        world: The processes that train it; None for this one alone.
    """

    def __init__(
        self,
        config: VQVAEConfig,
        split: Split,
        sample_rate: int,
        device: torch.device,
        codec: VQVAE | None = None,
        factors: Sequence[float] | None = None,
        world: World | None = None,
    ) -> None:
        self.config = config
        self.device = device
        self.world = world or World(device)
        torch.manual_seed(config.seed)
        if codec is None:
            codec = VQVAE(**(config.model_arguments(sample_rate) | memory_arguments(split)))
            self.codebooks_ready = False
        else:
            self.codebooks_ready = True
        self.codec = codec.to(device)
        self.codec.half_precision = gains_by_bfloat16(device)
        self.loss = MelLoss(sample_rate).to(device)
        self.draws = StepDraws(config.seed)
        has_oscillators = self.codec.oscillators is not None
        partials = PartialLoss(self.codec).to(device) if has_oscillators else None
        self.objective = Objective(self.loss, self.draws, partials)
        self.optimizer = CodecOptimizer(self.codec, config.learning_rate)
        self.average = WeightAverage(self.codec)

        hop = self.codec.frame_hop
        self.sampler = CropSampler(
            split.train, config.crop_frames * hop, sample_rate, config.seed, hop, factors
        )
        self.held_out = split.held_out
        self.batch_size = config.batch_size or usual_batch_size(device, self.world.size)
        total_s = sum(region.n_samples for region in split.train) / sample_rate
        step_s = self.batch_size * self.sampler.crop_samples / sample_rate
        self.budget = plan_budget(config, total_s, step_s)

        self.check: Check = lambda: None
        """Called often while something takes long; may raise, and nothing of it counts then."""
        self.step_count = 0
        self.audio_s = 0.0
        self.bad_steps = 0
        # Infinite for a codec that learns on as well: at its first, high rates it may be worse than
        # it was, and gets better than that in the end.
        self.first_distance = math.inf
        self._counts = RecentCounts(config.codebook_size)
        self._earlier_s = 0.0
        self._began = self.world.now_s()

    # --- how far it is ----------------------------------------------------------------------------

    @property
    def elapsed_s(self) -> float:
        """Seconds spent so far, validation and saving included, earlier runs too."""
        return self._earlier_s + self.world.now_s() - self._began

    def is_validation_due(self, last_progress: float) -> bool:
        """Whether it is time for a validation; the last one was at `last_progress` (0 for none).

        None comes at the very end, which has a validation anyway, nor in the short last stretch of
        an early stop.
        """
        if not self.codebooks_ready or self.budget.is_cut_short:
            return False
        count = self.budget.validations
        progress = self.budget.progress(self.step_count, self.elapsed_s)
        due = int(progress * count)
        return int(last_progress * count) < due < count

    def report(self) -> TrainerReport:
        """How far training is at this moment."""
        elapsed_s = self.elapsed_s
        progress = self.budget.progress(self.step_count, elapsed_s)
        return TrainerReport(
            step=self.step_count,
            progress=progress,
            elapsed_s=elapsed_s,
            realtime_factor=self.audio_s / max(elapsed_s, 1e-9),
            batch_size=self.batch_size,
            first_distance=self.first_distance,
            codebooks_ready=self.codebooks_ready,
            is_done=progress >= 1,
            is_healthy=self.bad_steps == 0,
            is_cut_short=self.budget.is_cut_short,
        )

    def cut_short(self) -> None:
        """Decide on an early stop: training ends soon, over a last stretch with a falling rate."""
        self.budget = self.budget.cut_short(self.step_count, self.elapsed_s)

    # --- a step -----------------------------------------------------------------------------------

    def step(self) -> StepMetrics:
        """One optimiser step; before the first one, codes are settled.

        Where memory runs out, `batch_size` is halved and the step done over.

        Raises:
            DivergedError: The loss has been no number for several steps.
        """
        while True:
            try:
                return self._step()
            except (RuntimeError, MemoryError) as error:
                # A process cannot have less than a crop.
                if self.batch_size <= self.world.size or not is_out_of_memory(error):
                    raise
            # Outside the handler: inside, the error would hold on to all tensors of the step.
            self._halve_batch()

    def _halve_batch(self) -> None:
        self.batch_size //= 2
        self.optimizer.zero_grad()
        if self.step_count == 0:
            # Its state may be half made.
            self.optimizer.forget()
        free_memory(self.device)

    def _step(self) -> StepMetrics:
        if not self.codebooks_ready:
            self.settle_codes()
        rate = self._set_learning_rate()
        share = self.world.share(self.batch_size)
        with self.world.together():
            losses, codes = self._backward(share.rows)
        # All that processes tell one another comes before the step: where one is lost, none is
        # half done.
        counts = self.world.sum(count_codes(codes, self.codec.codebook_size), share.weight)
        self.world.average(self.codec.parameters(), losses, share.weight)
        self._descend(losses[0])

        self._counts.add(counts)
        self.step_count += 1
        self.audio_s += self.batch_size * self.sampler.crop_samples / self.codec.sample_rate
        self.average.update(self.step_count)
        return self._metrics((losses[1] * len(MEL_SCALES)).item(), rate)

    def _backward(self, rows: slice) -> tuple[Tensor, Tensor]:
        """Gradients of some `rows` of the batch.

        Returns:
            Loss and mel distance, `[2]`, and the codes of the crops, `[B, T, Q]`.
        """
        audio = self._draw_crops(rows)
        output = self.codec(audio, self._draw_noise_positions(rows))
        self.check()
        losses = self.objective.losses(output, audio, self.step_count, self.check)
        self.optimizer.zero_grad()
        losses.loss.backward()
        return torch.stack(losses).detach(), output.codes

    def _set_learning_rate(self) -> float:
        factor = self.budget.rate_factor(self.step_count, self.elapsed_s)
        rate = self.config.learning_rate * factor
        self.optimizer.set_rate(rate)
        return rate

    def _draw_crops(self, rows: slice) -> Tensor:
        """Crops `[B, C, N]` of this step, those of `rows`."""
        rate = self.codec.sample_rate
        return training_crops(
            self.sampler, self.step_count, self.batch_size, rate, self.device, rows
        )

    def _draw_noise_positions(self, rows: slice = ALL_ROWS) -> tuple[Tensor, Tensor]:
        """Rows of the noise table `[B]` at which each crop begins, for two decodings."""
        generator = self.draws.generator(self.step_count, NOISE_PURPOSE)
        draws = torch.randint(NOISE_FRAMES, (2, self.batch_size), generator=generator)
        return draws[0, rows], draws[1, rows]

    def _descend(self, loss: Tensor) -> None:
        """One optimiser step, unless the loss or its gradient is no number."""
        norm = torch.nn.utils.clip_grad_norm_(self.codec.parameters(), MAX_GRADIENT)
        if torch.isfinite(loss) and torch.isfinite(norm):
            self.optimizer.step()
            self.bad_steps = 0
            return

        self.bad_steps += 1
        if self.bad_steps > BAD_STEPS_ALLOWED:
            raise DivergedError(
                f"Training diverged at step {self.step_count}: the loss is no number any more. "
                f"Start again with a lower learning rate (it was {self.config.learning_rate:g})."
            )

    def _metrics(self, mel_loss: float, rate: float) -> StepMetrics:
        report = self.report()
        return StepMetrics(
            step=report.step,
            progress=report.progress,
            elapsed_s=report.elapsed_s,
            remaining_s=self.budget.remaining_s(report.step, report.elapsed_s),
            mel_loss=mel_loss,
            learning_rate=rate,
            realtime_factor=report.realtime_factor,
            levels=self.level_health(),
        )

    # --- settling ---------------------------------------------------------------------------------

    def settle_codes(self) -> None:
        """Fit analysis, codebooks and frame memory, once and for all."""
        self.first_distance = self.world.first_does(self._settle)
        self.world.take_first(self.codec)
        # The average so far holds weights from before the fit.
        self.average = WeightAverage(self.codec)
        self.codebooks_ready = True

    def _settle(self) -> float:
        """Fit them; returns the mel distance of the untrained decoder."""
        generator = self.draws.generator(self.step_count, SETTLING_PURPOSE)
        fit_codes(self.codec, self.sampler, self.batch_size, generator, self.check)
        first_distance = self._untrained_distance()
        fit_memory(self.codec, self.sampler.regions, self.check)
        return first_distance

    @torch.no_grad()
    def _untrained_distance(self) -> float:
        """Mel distance (sum of 7 scales) before the decoder has learned anything."""
        batches = -(-UNTRAINED_CROPS // self.batch_size)
        distances = []
        for step in check_each(range(batches), self.check):
            audio = plain_crops(self.sampler, step, self.batch_size, self.device)
            output = self.codec(audio, self._draw_noise_positions())
            distance, _ = self.objective.energy_distance(output, audio, self.step_count)
            distances.append(distance)
        return float(torch.stack(distances).mean()) * len(MEL_SCALES)

    # --- validation -------------------------------------------------------------------------------

    @torch.no_grad()
    def validate(self) -> Distances:
        """Distances of the averaged weights, on own and on held-out sounds."""
        return self.world.first_does(self._measure_distances)

    def _measure_distances(self) -> Distances:
        with self._as_saved():
            return measure_distances(
                self.codec, self.loss, self.sampler.regions, self.held_out, self.check
            )

    @torch.no_grad()
    def hear(self, count: int, seconds: float) -> list[HeardSound]:
        """Up to `count` held-out sounds as they are and decoded by the averaged weights, the first
        `seconds` of each; own sounds where nothing is held out. In this process alone."""
        with self._as_saved():
            return hear(self.codec, self.held_out or self.sampler.regions, count, seconds)

    @torch.no_grad()
    def finish(self) -> CorpusMeasures:
        """Measure the codec on its whole corpus, at the end of a training.

        A budget of very short time may be over before the first step: then codes are settled here.
        """
        if not self.codebooks_ready:
            self.settle_codes()
        return self.world.first_does(self._measure_corpus)

    def _measure_corpus(self) -> CorpusMeasures:
        counts = corpus_counts(self.codec, check_each(self.sampler.regions, self.check))
        with self._as_saved():
            return CorpusMeasures(counts, stereo_image(self.codec, self.sampler.regions))

    @contextmanager
    def _as_saved(self) -> Iterator[None]:
        """Within the context, the codec is as a file has it: averaged weights, eval mode."""
        self.codec.eval()
        try:
            with self.average.apply():
                yield
        finally:
            self.codec.train()

    def level_health(self) -> tuple[LevelHealth, ...]:
        """Use of every codebook over the last steps; empty before the codebooks are settled."""
        return measure_health(self.recent_counts())

    def recent_counts(self) -> Tensor:
        """How often each entry was chosen over the last steps: `[Q, K]`, or `[0, K]` before."""
        return self._counts.total()

    # --- stop and go on ---------------------------------------------------------------------------

    def check_equal(self) -> None:
        """Raise `RanksDifferError` where processes that train together hold other weights."""
        if not self.codebooks_ready:
            # The first process may have been stopped while it settled them.
            return
        self.world.check_equal([*self.codec.state_dict().values(), *self.average.weights.values()])

    def save_model(self, path: Path, metadata: dict[str, Any]) -> None:
        """Write a model file with the averaged weights. `OutputError` if it cannot be written."""
        with self.average.apply():
            save_model_v2(path, self.codec, metadata)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs, as tensors, numbers, strings, lists and dicts."""
        return {
            "config": asdict(self.config),
            "half_precision": self.codec.half_precision,
            "arguments": dict(self.codec.config),
            "model": self.codec.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step_count,
            "elapsed_s": self.elapsed_s,
            "heard_s": self.audio_s,
            "batch_size": self.batch_size,
            "budget": asdict(self.budget),
            "average": self.average.state(),
            "codebooks_ready": self.codebooks_ready,
            "first_distance": self.first_distance,
            "usage": self._counts.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`: the next steps are those of an uninterrupted training."""
        check_counters(state)
        self.codec.load_state_dict(state["model"])
        # Of the machine where training began, whatever suits this one.
        self.codec.half_precision = state["half_precision"]
        self.optimizer = CodecOptimizer(self.codec, self.config.learning_rate)
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.restore(state["average"], state["step"])
        self.step_count = state["step"]
        self.audio_s = state["heard_s"]
        self.batch_size = state["batch_size"]
        self.budget = Budget(**state["budget"])
        self.codebooks_ready = state["codebooks_ready"]
        self.first_distance = state["first_distance"]
        self._counts.restore(state["usage"])
        self._earlier_s = state["elapsed_s"]
        self._began = self.world.now_s()
