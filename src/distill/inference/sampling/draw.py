"""Drawing codes from the prior, frame by frame, under the conditions of a mode.

Each frame takes three steps. First it is drawn whether the sound ends, then the codes of the free
levels one by one. The finer codes come together from a frame of the corpus
(`sampling/unit_selection.py`).
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from distill.device import on_one_thread
from distill.inference.sampling.conditions import Conditions, Suffix, empty_suffix
from distill.inference.sampling.lead_in import LeadIn, LeadInBatch
from distill.inference.sampling.sampler import (
    GREEDY_BELOW,
    Generators,
    sample,
    sample_bool,
    uniform,
)
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.unit_selection import (
    NEAREST,
    FrameBank,
    FrameContext,
    log2_age,
)
from distill.models.prior import CodePrior
from distill.models.prior_stream import PriorStream

UNCONDITIONAL = Conditions()
"""Draws freely, from nothing."""

LogitTransform = Callable[[int, Tensor], Tensor]
"""Takes a level and its logits `[B, K]`; returns other logits."""


class Frame(NamedTuple):
    """`codes` `[B, Q]`, and in which streams the sound `ends` `[B]` (bool) with them."""

    codes: Tensor
    ends: Tensor


@on_one_thread
@torch.inference_mode()
def draw_frames(
    prior: CodePrior,
    batch_size: int,
    sampling: Sampling,
    generator: Generators,
    conditions: Conditions = UNCONDITIONAL,
) -> Iterator[Frame]:
    """Draw one frame after another, without end; memory does not grow with length.

    Continues from `conditions.prompt`, which is not yielded. The same seed gives the same codes,
    whatever else is in the batch.

    Args:
        prior: the prior, in eval mode.
        batch_size: number of streams `B`.
        sampling: temperature, cuts and free levels.
        generator: one for the whole batch, or one for each stream.
        conditions: prompt, targets, fixed codes and so on.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> frames = draw_frames(prior, 1, Sampling(), generator)
        >>> codes = torch.cat([frame.codes for frame in islice(frames, 100)])
    """
    state = _DrawState(prior, batch_size, sampling, generator, conditions)
    while True:
        yield state.next_frame()


class _DrawState:
    """State of a draw between two frames; arguments as for `draw_frames`.

    Attributes:
        t: number of the current frame.
        previous: codes `[B, Q]` of the frame before, None where there is none.
        starts: streams `[B]` (bool) in which the current frame begins a sound.
        age: frames `[B]` since the sound began, or since the first known frame.
        start_known: whether `[B]` (bool) `age` counts from the beginning of the sound.
        silent_frames: frames `[B]` that have been silent up to here.
    """

    def __init__(
        self,
        prior: CodePrior,
        batch_size: int,
        sampling: Sampling,
        generator: Generators,
        conditions: Conditions,
    ) -> None:
        device = prior.start.device
        self.prior = prior
        self.device = device
        self.batch_size = batch_size
        self.sampling = sampling
        # Among the nearest frames of a bank there is no tail to cut.
        self.uncut = Sampling(temperature=sampling.temperature, top_p=1.0)
        self.generator = generator
        self.conditions = conditions

        # From nothing, every stream begins a sound.
        self.t = 0
        self.age = torch.zeros(batch_size, dtype=torch.long, device=device)
        self.starts = torch.ones(batch_size, dtype=torch.bool, device=device)
        self.start_known = self.starts
        self.silent_frames = torch.zeros_like(self.age)

        self.previous: Tensor | None = None
        prompt = _prompt_on(device, conditions.prompt)
        suffix = conditions.suffix or empty_suffix(prior.num_quantizers)
        self.stream = _open_stream(prior, batch_size, prompt, suffix)
        if prompt is not None:
            self._continue_prompt(prompt)

    def _continue_prompt(self, prompt: LeadInBatch) -> None:
        """Set the state to that after the prompt."""
        # One prompt may serve all streams.
        self.previous = prompt.codes[:, -1].expand(self.batch_size, -1)
        self.starts = self.starts & prompt.ends_sound
        self.age = self.age + prompt.age
        self.start_known = self.starts | prompt.starts.any(1)
        bank = self.conditions.frame_bank
        if bank is not None and bank.is_silent is not None:
            silent = bank.is_silent(prompt.codes.flatten(0, 1)).view(prompt.starts.shape)
            # Seen from the end: ones up to the last audible frame, then zeros.
            silent_at_end = silent.long().flip(1).cumprod(1)
            self.silent_frames = self.silent_frames + silent_at_end.sum(1)

    def next_frame(self) -> Frame:
        """Draw the current frame and go on to the next."""
        end_logits = self.stream.begin(self.previous, self.starts)
        if end_logits is not None:
            # Fixed codes continue the sound.
            ends = self._draw_end(end_logits, may_end=self._fixed_code(0) is None)
            codes = self._draw_codes(ends)
        else:
            # An old prior predicts the end from the codes.
            codes = self._draw_codes(torch.zeros_like(self.starts))
            end_logits = self.stream.end_logits(codes[:, -1])
            ends = self._draw_end(end_logits, may_end=True)
        self._advance(codes, ends)
        return Frame(codes, ends)

    def _draw_end(self, logits: Tensor, may_end: bool) -> Tensor:
        """Draw from `logits` `[B]` whether the sound ends `[B]` (bool) with this frame."""
        ends = sample_bool(logits, self.sampling, self.generator)
        ends = ends & may_end
        return self.conditions.length_limits.apply(ends, self.age, self.start_known)

    def _draw_codes(self, ends: Tensor) -> Tensor:
        """Draw the codes `[B, Q]` of this frame; streams in which it `ends` the sound: `[B]`."""
        bank = self._frame_bank()
        if bank is None:
            return self._draw_levels(self.prior.num_quantizers, ends)
        context = self._context(bank, ends)
        join_scores = bank.join_scores(self.prior, context)
        closeness = self.sampling.closeness

        def mix(level: int, logits: Tensor) -> Tensor:
            return bank.mix_with_neighbours(
                level,
                logits,
                join_scores,
                context,
                closeness,
            )

        codes = self._draw_levels(bank.free_levels, ends, mix)
        fine_codes = self._fine_codes(bank, codes, join_scores)
        return torch.cat([codes, fine_codes], 1)

    def _draw_levels(
        self,
        levels: int,
        ends: Tensor,
        transform: LogitTransform | None = None,
    ) -> Tensor:
        """Draw the codes `[B, levels]` of the first levels, from logits changed by `transform`."""
        codes: list[Tensor] = []
        choice = ends
        for level in range(levels):
            code = self._fixed_code(level)
            if code is None:
                logits = self.stream.next_logits(choice)
                if transform is not None:
                    logits = transform(level, logits)
                logits = self._biased(level, logits, codes)
                code = self._draw_code(level, logits)
            else:
                self.stream.skip_level(choice)
            # A fixed code is one number for all streams.
            choice = code.to(self.device).expand(self.batch_size)
            codes.append(choice)
        return torch.stack(codes, 1)

    def _frame_bank(self) -> FrameBank | None:
        """The bank for this frame, if it is to be used."""
        fixed = self.conditions.fixed_codes
        # Hardly any frame of the bank has the fixed codes: then all others are drawn.
        if fixed is not None and fixed.any_at(self.t):
            return None
        return self.conditions.frame_bank

    def _fixed_code(self, level: int) -> Tensor | None:
        fixed = self.conditions.fixed_codes
        return None if fixed is None else fixed.at(self.t, level)

    def _context(self, bank: FrameBank, ends: Tensor) -> FrameContext:
        return FrameContext(
            previous=self.previous,
            starts=self.starts,
            ends=ends,
            silence_expired=bank.silence_expired(self.silent_frames),
            log2_age=log2_age(self.age, self.start_known),
        )

    def _biased(self, level: int, logits: Tensor, codes: list[Tensor]) -> Tensor:
        """Logits `[B, K]` of `level`, steered by targets and logit bias."""
        targets = self.conditions.targets
        if targets is not None:
            values = targets.at(self.t).to(logits.device)
            likelihood = self.stream.target_scores(level, values)
            logits = logits + targets.guidance * likelihood
        bias = self.conditions.logit_bias
        if bias is not None:
            logits = logits + bias(self.t, codes)
        return logits

    def _draw_code(self, level: int, logits: Tensor) -> Tensor:
        """Draw a code `[B]` of `level`.

        Whether the first level keeps its code is drawn without cuts. In a steady sound every change
        is unlikely, and a cut would hold the sound for ever.
        """
        greedy = self.sampling.temperature < GREEDY_BELOW
        if level or self.previous is None or greedy:
            return sample(logits, self.sampling, self.generator)
        last = self.previous[:, :1]
        probabilities = (logits / self.sampling.temperature).softmax(-1)
        stays = uniform(len(logits), self.generator) < probabilities.gather(1, last).cpu()
        # The other codes, with cuts.
        others = logits.scatter(1, last, -torch.inf)
        change = sample(others, self.sampling, self.generator)
        return torch.where(stays[:, 0], last[:, 0].cpu(), change)

    def _fine_codes(self, bank: FrameBank, codes: Tensor, join_scores: Tensor) -> Tensor:
        """Codes of the levels below `codes` `[B, free_levels]`, from one frame of the bank."""
        scores = bank.selection_scores(
            self.prior,
            codes,
            join_scores,
            self.conditions.targets,
            self.t,
        )
        nearest = scores.topk(min(NEAREST, scores.shape[1]))
        rank = sample(nearest.values, self.uncut, self.generator).to(scores.device)
        frames = nearest.indices.gather(1, rank[:, None])[:, 0]
        return bank.codes[frames, bank.free_levels :]

    def _advance(self, codes: Tensor, ends: Tensor) -> None:
        """Update the state after the current frame."""
        self.previous = codes
        self.starts = ends
        self.age = torch.where(ends, 0, self.age + 1)
        self.start_known = self.start_known | ends
        bank = self.conditions.frame_bank
        if bank is not None:
            self.silent_frames = bank.silence_after(self.silent_frames, codes)
        self.t += 1


def _prompt_on(device: torch.device, prompt: LeadIn | LeadInBatch | None) -> LeadInBatch | None:
    if prompt is None:
        return None
    batch = LeadInBatch.stack([prompt]) if isinstance(prompt, LeadIn) else prompt
    return batch.to(device)


def _open_stream(
    prior: CodePrior,
    batch_size: int,
    prompt: LeadInBatch | None,
    suffix: Suffix,
) -> PriorStream:
    """A stream that has read suffix and prompt, where there are any."""
    # One suffix for all streams, and no beginnings of sounds within it.
    codes = suffix.codes[None].to(prior.start.device)
    suffix_frames = codes.shape[1]
    starts = torch.zeros(1, suffix_frames, dtype=torch.bool, device=codes.device)
    prompt_frames = 0
    if prompt is not None:
        S, prompt_frames, _ = prompt.codes.shape
        codes = torch.cat([codes.expand(S, -1, -1), prompt.codes], 1)
        starts = torch.cat([starts.expand(S, -1), prompt.starts], 1)
    if not codes.shape[1]:
        return PriorStream(prior, batch_size)
    return PriorStream(
        prior,
        batch_size,
        codes,
        starts,
        suffix_frames,
        suffix_position=prompt_frames + suffix.gap,
    )
