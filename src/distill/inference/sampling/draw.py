"""Sampling of codes: a pure function of logits and a generator, and the loop over frames that uses
it."""

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

import torch
from torch import Tensor

from distill.device import on_one_thread
from distill.inference.sampling.conditions import FixedCodes, LengthLimits, LogitBias, Suffix
from distill.inference.sampling.lead_in import LeadIn, LeadInBatch
from distill.inference.sampling.sampler import GREEDY_BELOW, Chance, _toss, _uniform, sample
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.unit_selection import NEAREST, FrameBank, FrameContext, doublings
from distill.models.attribute_classifier import Targets
from distill.models.cache import PriorCache
from distill.models.prior import CodePrior


class Frame(NamedTuple):
    """`codes` `[B, Q]`, and in which streams the sound `ends` `[B]` (bool) with them."""

    codes: Tensor
    ends: Tensor


def _hear(
    prior: CodePrior, lead_in: LeadInBatch | None, ahead: Suffix, batch_size: int, cache: PriorCache
) -> Tensor | None:
    """Take in what follows and what comes before, if anything; returns the codes `[B, Q]` of the
    last frame of what comes before, which the next step takes, None where nothing does."""
    coming = ahead.codes[None].to(prior.start.device)
    S, T, past = (
        (len(lead_in.codes) if lead_in else 1),
        coming.shape[1],
        (lead_in.codes.shape[1] if lead_in else 0),
    )
    codes, starts = (
        coming.expand(S, -1, -1),
        torch.zeros(S, T, dtype=torch.bool, device=coming.device),
    )
    if lead_in:
        codes, starts = torch.cat([codes, lead_in.codes], 1), torch.cat([starts, lead_in.starts], 1)
    if T + past:
        prior.hear(codes, starts, cache, batch_size, T, past + ahead.gap)
    return codes[:, -1].expand(batch_size, -1) if past else None


def _quiet(lead_in: LeadInBatch, units: FrameBank | None, quiet: Tensor) -> Tensor:
    """For how many frames `[B]` it has been silent at the end of `lead_in`, none being `quiet`
    `[B]`."""
    if units is None or units.hearing is None:
        return quiet
    silent = units.hearing(lead_in.codes.flatten(0, 1)).view(lead_in.starts.shape)
    # Ones to the last audible frame, counted from the end.
    return quiet + silent.long().flip(1).cumprod(1).sum(1)


@on_one_thread
@torch.inference_mode()
def draw_frames(
    prior: CodePrior,
    batch_size: int,
    sampling: Sampling,
    generator: Chance,
    length_limits: LengthLimits | None = None,
    lead_in: LeadIn | LeadInBatch | None = None,
    given: FixedCodes | None = None,
    ahead: Suffix | None = None,
    asked: Targets | None = None,
    units: FrameBank | None = None,
    lean: LogitBias | None = None,
) -> Iterator[Frame]:
    """One frame after another, without end. Memory does not grow with length.

    What comes goes on from `lead_in`, which is not among it, is to be as `asked`, and leans to what
    `lean` says. No sound is shorter or longer than `length_limits` allows, whatever the prior makes of
    it: what is likeliest in a long tail is more of the same, and a chance in every frame cuts short
    what has hardly begun. Finer codes come from `units`, if there are any, but for frames of which
    some codes are `given`; and they say how long a silence may last. What is `ahead` is heard too,
    by a prior that can: nothing is to be drawn from its place on.
    """
    device = prior.start.device
    age = torch.zeros(batch_size, dtype=torch.long, device=device)
    cache, length_limits = prior.new_cache(), length_limits or LengthLimits()
    starts = torch.ones(batch_size, dtype=torch.bool, device=device)
    heard = LeadInBatch.of([lead_in]) if isinstance(lead_in, LeadIn) else lead_in
    heard = heard.to(device) if heard else None
    previous = _hear(
        prior, heard, ahead or Suffix.of_nothing(prior.num_quantizers), batch_size, cache
    )
    quiet, begun = torch.zeros_like(age), starts
    if heard:
        starts, age = starts & heard.ended, age + heard.age
        begun = starts | heard.starts.any(1)
        quiet = _quiet(heard, units, quiet)
    rules = _Rules(sampling, generator, given, asked, units, lean)
    for t in count():
        known = prior.step(previous, starts, cache)
        hushed = units.hushed(quiet) if units is not None else torch.zeros_like(starts)
        if prior.ends_first:
            # What is given goes on: of a frame that is there already nobody asks whether it is the
            # last.
            goes_on = given is not None and given.at(t, 0) is not None
            last = _toss(prior.score_end(known, cache), sampling, generator) & (not goes_on)
            ends = length_limits.bounded(last, age, begun)
            known = prior.know_end(known, ends)
            place = FrameContext(previous, starts, ends, hushed, doublings(age, begun))
            previous, known = rules.draw(prior, known, cache, t, place)
        else:
            place = FrameContext(
                previous, starts, torch.zeros_like(starts), hushed, doublings(age, begun)
            )
            previous, known = rules.draw(prior, known, cache, t, place)
            ends = length_limits.bounded(
                _toss(prior.score_end(known, cache), sampling, generator), age, begun
            )
        starts, age, begun = ends, torch.where(ends, 0, age + 1), begun | ends
        quiet = quiet if units is None else units.quiet_after(quiet, previous)
        yield Frame(previous, ends)


class _Rules(NamedTuple):
    """What decides the codes of frames, beside the prior: as for `draw_frames`."""

    sampling: Sampling
    generator: Chance
    given: FixedCodes | None
    asked: Targets | None
    units: FrameBank | None
    lean: LogitBias | None

    def draw(
        self, prior: CodePrior, known: Tensor, cache: PriorCache, t: int, place: FrameContext
    ) -> tuple[Tensor, Tensor]:
        """Codes `[B, Q]` of frame `t`, and what is `known` `[B, D]` with them."""
        units = None if self.given is not None and self.given.any_at(t) else self.units
        joins = units and units.joins(prior, place)
        chosen: list[Tensor] = []
        for level in range(prior.num_quantizers if units is None else units.free_levels):
            code = self.given.at(t, level) if self.given else None
            if code is None:
                logits = prior.score_level(level, known, cache)
                if units is not None and joins is not None:
                    logits = units.follow(level, logits, joins, place, self.sampling.closeness)
                logits = self._weighed(prior, logits, known, t, chosen)
                code = self._drawn(level, logits, place.previous)
            chosen.append(code.to(known.device).expand(len(known)))
            known = known + prior.know(level, chosen[-1])
        codes = torch.stack(chosen, 1)
        if units is None or joins is None:
            return codes, known
        picked = _pick(
            units.scores(prior, codes, joins, self.asked, t), self.sampling, self.generator
        )
        return torch.cat([codes, units.codes[picked, units.free_levels :]], 1), known

    def _drawn(self, level: int, logits: Tensor, previous: Tensor | None) -> Tensor:
        """A code `[B]` of `level`, after the codes `previous` `[B, Q]`.

        Whether the first level stays as it was is drawn uncut: of what stands still, all that may
        come next is rare, and a cut would hold it for ever.
        """
        if level or previous is None or self.sampling.temperature < GREEDY_BELOW:
            return sample(logits, self.sampling, self.generator)
        last = previous[:, :1]
        stays = (logits / self.sampling.temperature).softmax(-1).gather(1, last)
        stay = _uniform(len(logits), self.generator) < stays.cpu()
        other = sample(logits.scatter(1, last, -torch.inf), self.sampling, self.generator)
        return torch.where(stay[:, 0], last[:, 0].cpu(), other)

    def _weighed(
        self, prior: CodePrior, logits: Tensor, known: Tensor, t: int, chosen: list[Tensor]
    ) -> Tensor:
        """`logits` `[B, K]` of the level after those `chosen`, with what is asked and leant to."""
        if self.asked is not None:
            asked = self.asked.at(t).to(logits.device)
            logits = logits + self.asked.guidance * prior.fit(len(chosen), known, asked)
        return logits if self.lean is None else logits + self.lean(t, chosen)


def _pick(scores: Tensor, sampling: Sampling, generator: Chance) -> Tensor:
    """One index `[B]` for each row of `scores` `[B, M]`, of the `NEAREST` highest."""
    highest = scores.topk(min(NEAREST, scores.shape[1]))
    among = sample(highest.values, Sampling(temperature=sampling.temperature, top_p=1.0), generator)
    return highest.indices.gather(1, among.to(scores.device)[:, None])[:, 0]
