"""Sampling of codes: a pure function of logits and a generator, and the loop over frames that uses it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import torch
from torch import Tensor

from distill.errors import UsageError
from distill.inference.leadin import LeadIn, LeadIns
from distill.inference.units import NEAREST, Place, Units
from distill.models.prior import CodePrior
from distill.models.reader import Asked
from distill.models.transformer import PriorCache

GREEDY_BELOW = 1e-3
"""Temperatures below this take the likeliest code."""

LONGEST_LEAD_IN_S = 60.0


@dataclass(frozen=True)
class Sampling:
    """How a sound is drawn. `top_k` 0 and `top_p` 1 switch that cut off; temperature 0 takes the likeliest.

    The prior first hears `lead_in` seconds of a recording whose name holds `like`. It draws the codes of `free_levels`
    levels, coarsest first; the finer ones come together from frames of the recordings. A share `closeness` of the
    first level's follows the recordings too.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 0.97
    lead_in: float = 4.0
    like: str = ""
    free_levels: int = 1
    closeness: float = 0.15

    def __post_init__(self) -> None:
        if not 0 <= self.lead_in <= LONGEST_LEAD_IN_S:
            raise UsageError(f"--lead-in must lie between 0 and {LONGEST_LEAD_IN_S:g} seconds.")
        if self.like and not self.lead_in:
            raise UsageError("--like needs a --lead-in above 0: it says what the prior hears first.")
        if self.free_levels < 1:
            raise UsageError("--free-levels must be 1 or more.")
        if not 0 <= self.closeness <= 1:
            raise UsageError("--closeness must lie between 0 and 1.")
        if not 0 <= self.temperature <= 10:
            raise UsageError("--temperature must lie between 0 and 10.")
        if self.top_k < 0:
            raise UsageError("--top-k must be 0 (off) or more.")
        if not 0 < self.top_p <= 1:
            raise UsageError("--top-p must be above 0 and at most 1.")


Chance = torch.Generator | Sequence[torch.Generator]
"""What draws for all streams of a batch, or one for each: then a stream is the same whatever is beside it."""


def sample(logits: Tensor, sampling: Sampling, generator: Chance) -> Tensor:
    """One index `[B]` for each row of `logits` `[B, K]`.

    Top-p keeps the smallest set of likeliest entries that holds `top_p` of the probability (Holtzman et al. 2020).
    Draws by inverting the cumulative distribution, on the CPU: the same seed gives the same draw everywhere.
    """
    logits = logits.detach().float().cpu()
    if sampling.temperature < GREEDY_BELOW:
        return logits.argmax(-1)
    ordered, index = logits.sort(dim=-1, descending=True, stable=True)
    if sampling.top_k:
        ordered = ordered[:, : sampling.top_k]
    # Relative to the likeliest, so that no temperature, however low, overflows.
    share = ((ordered - ordered[:, :1]) / sampling.temperature).softmax(-1)
    before = share.cumsum(-1) - share
    share = share * (before < sampling.top_p)
    # float64, so that rounding of the running sum never lets a draw fall past the last entry kept.
    edges = share.double().cumsum(-1)
    chosen = (edges <= _uniform(len(logits), generator) * edges[:, -1:]).sum(-1, keepdim=True)
    return index.gather(1, chosen)[:, 0]


def _uniform(streams: int, generator: Chance) -> Tensor:
    """A number `[B, 1]` between 0 and 1 for each of the streams."""
    if isinstance(generator, torch.Generator):
        return torch.rand(streams, 1, generator=generator, dtype=torch.float64)
    return torch.cat([torch.rand(1, 1, generator=own, dtype=torch.float64) for own in generator])


class Lasting(NamedTuple):
    """Of how many frames a sound is, at least and at most; None: any."""

    shortest: int = 1
    longest: int | None = None

    def bounded(self, ends: Tensor, age: Tensor, begun: Tensor) -> Tensor:
        """Where a sound that has lasted for `age` frames `[B]` before this one `ends` with it `[B]` (bool).

        If its beginning is not known, not `begun` `[B]` (bool), it has lasted for longer than that.
        """
        ends = ends & (~begun | (age + 1 >= self.shortest))
        return ends if self.longest is None else ends | (age + 1 >= self.longest)


class Frame(NamedTuple):
    """`codes` `[B, Q]`, and in which streams the sound `ends` `[B]` (bool) with them."""

    codes: Tensor
    ends: Tensor


class Given(NamedTuple):
    """Codes `[T, Q]` for the first `T` frames: where `kept` `[T, Q]` (bool), they are taken instead of drawn."""

    codes: Tensor
    kept: Tensor

    def at(self, t: int, level: int) -> Tensor | None:
        """The code of frame `t`, None where it is to be drawn."""
        return self.codes[t, level] if t < len(self.kept) and self.kept[t, level] else None

    def any_at(self, t: int) -> bool:
        """Whether there is any for frame `t`."""
        return t < len(self.kept) and bool(self.kept[t].any())


Lean = Callable[[int, Sequence[Tensor]], Tensor]
"""Takes the number of a frame and those of its codes that are chosen, `[B]` each; returns what is added `[B, K]` to the
logits of its next level."""


class Ahead(NamedTuple):
    """Codes `[T, Q]` that follow, `gap` frames after what is heard before; `T` may be 0."""

    codes: Tensor
    gap: int


def _hear(prior: CodePrior, lead_in: LeadIn | LeadIns, batch_size: int, cache: PriorCache) -> Tensor:
    """Take in all of `lead_in`; returns the codes `[B, Q]` of its last frame, which the next step takes."""
    device, previous = prior.start.device, None
    for codes, begins in zip(lead_in.codes.to(device), lead_in.starts, strict=True):
        prior.step(previous, begins.expand(batch_size).to(device), cache)
        previous = codes.expand(batch_size, -1)
    assert previous is not None
    return previous


def _hear_both(
    prior: CodePrior, lead_in: LeadIn | None, ahead: Ahead, batch_size: int, cache: PriorCache
) -> Tensor | None:
    """Take in what follows and what comes before, if anything, at once; returns as `_hear` does."""
    device, following = prior.start.device, ahead.codes
    before = lead_in.codes if lead_in else following[:0]
    codes = torch.cat([following, before]).to(device)
    starts = torch.zeros(len(codes), dtype=torch.bool, device=device)
    if lead_in:
        starts[len(following) :] = lead_in.starts.to(device)
    if len(codes):
        prior.hear(codes, starts, cache, batch_size, len(following), len(before) + ahead.gap)
    return codes[-1].expand(batch_size, -1) if len(before) else None


def _quiet(lead_in: LeadIn | LeadIns, units: Units | None, quiet: Tensor) -> Tensor:
    """For how many frames `[B]` it has been silent at the end of `lead_in`, none being `quiet` `[B]`."""
    if units is None or units.hearing is None:
        return quiet
    codes = lead_in.codes.to(quiet.device)
    silent = units.hearing(codes.flatten(0, -2)).unflatten(0, codes.shape[:-1])
    # Ones to the last audible frame, counted from the end.
    return quiet + silent.long().flip(0).cumprod(0).sum(0)


@torch.inference_mode()
def sample_sounds(
    prior: CodePrior,
    batch_size: int,
    sampling: Sampling,
    generator: Chance,
    lasting: Lasting | None = None,
    lead_in: LeadIn | LeadIns | None = None,
    given: Given | None = None,
    ahead: Ahead | None = None,
    asked: Asked | None = None,
    units: Units | None = None,
    lean: Lean | None = None,
) -> Iterator[Frame]:
    """One frame after another, without end. Memory does not grow with length.

    What comes goes on from `lead_in`, which is not among it, is to be as `asked`, and leans to what `lean` says. No
    sound is shorter or longer than `lasting` allows, whatever the prior makes of it: what is likeliest in a long tail
    is more of the same, and a chance in every frame cuts short what has hardly begun.
    Finer codes come from `units`, if there are any, but for frames of which some codes are `given`; and they say how
    long a silence may last.
    What is `ahead` is heard too, by a prior that can: nothing is to be drawn from its place on.
    """
    device = prior.start.device
    age = torch.zeros(batch_size, dtype=torch.long, device=device)
    cache, previous, lasting = prior.new_cache(), None, lasting or Lasting()
    starts = torch.ones(batch_size, dtype=torch.bool, device=device)
    if isinstance(lead_in, LeadIns):
        lead_in = lead_in.to(device)
    if ahead is not None:
        assert not isinstance(lead_in, LeadIns)
        previous = _hear_both(prior, lead_in, ahead, batch_size, cache)
    elif lead_in is not None:
        previous = _hear(prior, lead_in, batch_size, cache)
    quiet, begun = torch.zeros_like(age), starts
    if lead_in is not None:
        starts, age = starts & lead_in.ended, age + lead_in.age
        begun = starts | lead_in.starts.to(device).any(0)
        quiet = _quiet(lead_in, units, quiet)
    # Where sounds end is drawn as the prior has it: a cut would make rare endings rarer still.
    coin = Sampling(temperature=1.0 if sampling.temperature >= GREEDY_BELOW else 0.0, top_p=1.0)
    rules = _Rules(sampling, generator, given, asked, units, lean)
    for t in count():
        known = prior.step(previous, starts, cache)
        hushed = units.hushed(quiet) if units is not None else torch.zeros_like(starts)
        if prior.ends_first:
            # What is given goes on: of a frame that is there already nobody asks whether it is the last.
            goes_on = given is not None and given.at(t, 0) is not None
            ends = lasting.bounded(_toss(prior.score_end(known, cache), coin, generator) & (not goes_on), age, begun)
            known = prior.know_end(known, ends)
            place = Place(previous, starts, ends, hushed)
            previous, known = rules.draw(prior, known, cache, t, place)
        else:
            place = Place(previous, starts, torch.zeros_like(starts), hushed)
            previous, known = rules.draw(prior, known, cache, t, place)
            ends = lasting.bounded(_toss(prior.score_end(known, cache), coin, generator), age, begun)
        starts, age, begun = ends, torch.where(ends, 0, age + 1), begun | ends
        quiet = quiet if units is None else units.quiet_after(quiet, previous)
        yield Frame(previous, ends)


class _Rules(NamedTuple):
    """What decides the codes of frames, beside the prior: as for `sample_sounds`."""

    sampling: Sampling
    generator: Chance
    given: Given | None
    asked: Asked | None
    units: Units | None
    lean: Lean | None

    def draw(self, prior: CodePrior, known: Tensor, cache: PriorCache, t: int, place: Place) -> tuple[Tensor, Tensor]:
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
                code = sample(logits, self.sampling, self.generator)
            chosen.append(code.to(known.device).expand(len(known)))
            known = known + prior.know(level, chosen[-1])
        codes = torch.stack(chosen, 1)
        if units is None or joins is None:
            return codes, known
        picked = _pick(units.scores(prior, codes, joins, self.asked, t), self.sampling, self.generator)
        return torch.cat([codes, units.codes[picked, units.free_levels :]], 1), known

    def _weighed(self, prior: CodePrior, logits: Tensor, known: Tensor, t: int, chosen: list[Tensor]) -> Tensor:
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


def _toss(logits: Tensor, coin: Sampling, generator: Chance) -> Tensor:
    """True `[B]` by chance, as `logits` `[B]` have it."""
    return sample(torch.stack([torch.zeros_like(logits), logits], 1), coin, generator).to(logits.device).bool()
