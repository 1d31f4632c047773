"""Frames of the recordings, from which a sound takes the finer levels of its codes.

The prior draws the coarse levels of a frame; the finer ones are then taken together from a frame of
the recordings that is like it and follows what is like the frame before: unit selection with a
target cost and a join cost (Hunt & Black 1996, "Unit selection in a concatenative speech synthesis
system", section 2). Which fine codes go together is more than a prior can learn from minutes of
sound: drawn one by one, they make noise of tones and hits. How sounds move on from one coarse code
to the next is told by the recordings too, to a share that can be chosen.

Nor does a silence last longer than the longest of the recordings: what is likeliest in a silence is
more of it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from distill.models.attribute_classifier import Prediction, Targets
from distill.models.batch_invariant import add_product
from distill.models.prior import CodePrior
from distill.models.prior_metadata import Recording

TARGET, JOIN, AGE = 100.0, 30.0, 1.0
"""What squared distances cost: in units of the variance of all latents, that of the coarse codes,
and that of the frame before; in doublings, that of the ages of the sounds. Frames of other coarse
codes hardly ever come. Without ages, what has no memory of its own stays in the midst of a hit and
never dies away."""
NEAREST = 8
"""A frame is drawn from so many that fit best: with one alone, sounds stand still or repeat a
recording."""
MOST = 32_768
"""Of long recordings, so many frames, evenly spread over all of them: more would take longer than
they last."""
WRONG_EDGE = 1000.0
"""What it costs to begin or end a sound with a frame that did not, and to take one that did in the
midst of a sound."""

STAGES = 20
"""Of sounds: the last is longer than an hour."""

AT_ONCE = 4096

Hearing = Callable[[Tensor], Tensor]
"""Takes codes `[N, Q]`; returns which frames `[N]` (bool) are silent."""


class FrameContext(NamedTuple):
    """Where a frame stands in each of `B` streams: after the codes `previous` `[B, Q]`, None for
    none; whether it `starts`, and `ends`, a sound, and is `hushed`, after the longest silence there
    may be, `[B]` (bool); and how often the `age` of the sound has doubled `[B]`, as `doublings` has
    it."""

    previous: Tensor | None
    starts: Tensor
    ends: Tensor
    hushed: Tensor
    age: Tensor

    @property
    def midst(self) -> Tensor:
        """Whether `[B]` (bool) it is within a sound of a known age, and neither begins nor ends
        it."""
        return ~(self.age.isnan() | self.starts | self.ends)


def doublings(frames: Tensor, begun: Tensor) -> Tensor:
    """How often `[B]` the age of a sound has doubled that began so many `frames` before this one;
    NaN where it is not known when, not `begun` `[B]` (bool)."""
    # In double precision, so that what is left after rounding does not depend on how many there
    # are; some devices have none.
    doubled = (frames.cpu() + 1).double().log2().float()
    return torch.where(begun, doubled.to(frames.device), torch.nan)


def _stages(age: Tensor) -> Tensor:
    """Of sounds that have doubled their `age` `[N]` so often: from 1 on; 0 where that is not
    known."""
    return (1 + age.floor()).nan_to_num(0).long().clamp(max=STAGES - 1)


class FrameBank(NamedTuple):
    """`M` frames of recordings: their `codes` `[M, Q]`; of which `kind` `[M]` they are, by their
    first `free_levels`; latents of the `coarse` codes of each of `N` kinds `[D, N]` and of all of
    the frame `before` (zero where a recording begins) `[D, M]`, in columns, which are read faster;
    which of them begin and end a recording, `edges` `[M, 2]` (bool); the `age` of their sound there
    `[M]`, in doublings, None where none counts; what a reader, if there is one, is `told` by them.

    Squared distances are counted without the part that is the same for all frames, and what only
    depends on the frame is summed beforehand: `lengths` `[N]` is the cost of the squared lengths of
    `coarse`; `fitting` `[2, 2, 2, M]` is how well each frame stands where it is hushed or not,
    where a sound begins or does not, and where it ends or does not, less the cost of the squared
    length of `before`.

    Those that are silent are so by `hearing`, and for `longest_silence` frames at most, None where
    silence may last. `used` `[STAGES, 2, 2, 2, free_levels, K]` (bool) are the codes of the first
    levels of the frames that fit there, at a like age where no sound begins or ends, and of more of
    them where there are no such.
    """

    free_levels: int
    codes: Tensor
    kind: Tensor
    coarse: Tensor
    lengths: Tensor
    before: Tensor
    edges: Tensor
    age: Tensor | None
    told: Prediction | None
    fitting: Tensor
    used: Tensor
    hearing: Hearing | None
    longest_silence: int | None

    def hushed(self, quiet: Tensor) -> Tensor:
        """In which streams `[B]` (bool) it has been silent for as many frames, `quiet` `[B]`, as it
        may."""
        return (
            torch.zeros_like(quiet).bool()
            if self.longest_silence is None
            else quiet >= self.longest_silence
        )

    def quiet_after(self, quiet: Tensor, codes: Tensor) -> Tensor:
        """For how many frames it has been silent `[B]` after the `codes` `[B, Q]`, and `quiet`
        `[B]` before them."""
        return quiet if self.hearing is None else torch.where(self.hearing(codes), quiet + 1, 0)

    def joins(self, prior: CodePrior, place: FrameContext) -> Tensor:
        """How well each frame `[B, M]` fits its `place`, up to what is the same for all."""
        before = (
            torch.zeros_like(self.before[:, :1].T)
            if place.previous is None
            else _latents(prior, place.previous)
        )
        fitting = self.fitting[place.hushed.long(), place.starts.long(), place.ends.long()]
        fits = add_product(fitting, before * ~place.starts[:, None], self.before, 2 * JOIN)
        if self.age is None:
            return fits
        apart = (self.age - place.age[:, None]).square_()
        return fits.sub_(apart.masked_fill_(~place.midst[:, None], 0), alpha=AGE)

    def scores(
        self, prior: CodePrior, coarse: Tensor, joins: Tensor, asked: Targets | None, t: int
    ) -> Tensor:
        """How well each frame `[B, M]` goes with `coarse` codes `[B, free_levels]`, follows by
        `joins`, and makes what is `asked` of frame `t`."""
        target = add_product(
            self.lengths.expand(len(coarse), -1), _latents(prior, coarse), self.coarse, 2 * TARGET
        )
        scores = joins + target.index_select(1, self.kind)
        if asked is None or prior.reader is None or self.told is None:
            return scores
        return scores + asked.guidance * prior.reader.fit(
            self.told, asked.at(t).to(scores)[:, None]
        )

    def follow(
        self, level: int, logits: Tensor, joins: Tensor, place: FrameContext, closeness: float
    ) -> Tensor:
        """Logits `[B, K]` of a free `level` from the prior's, for codes only that are used in such
        a `place`.

        On the first level, in a share `closeness` of all cases, what comes is what came in
        recordings after frames like the one before (kNN-LM, Khandelwal et al. 2020, equation 3).
        """
        stage = torch.zeros_like(place.age).long() if self.age is None else _stages(place.age)
        used = self.used[stage, place.hushed.long(), place.starts.long(), place.ends.long(), level]
        drawn = logits.masked_fill(~used, -torch.inf).softmax(-1)
        if level > 0 or closeness == 0:
            return drawn.log()
        nearest = joins.topk(min(NEAREST, joins.shape[1]))
        came = torch.zeros_like(drawn).scatter_add_(
            1, self.codes[:, 0][nearest.indices], nearest.values.softmax(-1)
        )
        return (closeness * came + (1 - closeness) * drawn).log()


def _latents(prior: CodePrior, codes: Tensor) -> Tensor:
    """Sums `[N, D]` of the entries of `codes` `[N, n]`, which are of the first `n` levels."""
    assert prior.pointer is not None
    return prior.pointer.entries[torch.arange(codes.shape[1], device=codes.device), codes].sum(1)


def _longest_run(flags: Tensor) -> int:
    """Of those that are set, `flags` `[N]` (bool)."""
    before = F.pad(flags.long().cumsum(0), (1, 0))
    unset = F.pad(before[1:] * ~flags, (1, 0)).cummax(0).values
    return int((before - unset).max())


@torch.inference_mode()
def build_frame_bank(
    prior: CodePrior,
    recordings: Sequence[Recording] | None,
    free_levels: int,
    hearing: Hearing | None = None,
    with_age: bool = True,
) -> FrameBank | None:
    """The frames of the `recordings`, for a prior that draws `free_levels` levels itself; None
    where it draws all, has no recordings, or nothing to measure nearness by.

    Without `hearing`, silence may last; unless
    `with_age`, so may all else.
    """
    if (
        not recordings
        or free_levels >= prior.num_quantizers
        or prior.pointer is None
        or not prior.ends_first
    ):
        return None
    each = [recording.codes.long().to(prior.start.device) for recording in recordings]
    codes, latents = torch.cat(each), torch.cat([_latents(prior, one) for one in each])
    stops = torch.tensor([len(one) for one in each]).cumsum(0)
    edges = torch.zeros(len(codes), 2, dtype=torch.bool, device=codes.device)
    edges[[0, *stops[:-1]], 0] = True
    edges[stops - 1, 1] = torch.tensor(
        [recording.whole for recording in recordings], device=codes.device
    )
    before = F.pad(latents, (0, 0, 1, 0))[:-1] * ~edges[:, :1]
    silent = torch.cat([_heard(one, hearing) for one in each])
    longest = max(_longest_run(one) for one in silent.split([len(one) for one in each]))
    some = (
        torch.linspace(0, len(codes) - 1, min(MOST, len(codes)), device=codes.device).round().long()
    )
    # Of beginnings and ends there are few: all stay.
    some = torch.cat([some, edges.any(1).nonzero()[:, 0]]).unique()
    frames = torch.cat([torch.arange(len(one), device=codes.device) for one in each])
    age = doublings(frames, frames >= 0)[some]
    codes, latents, edges, silent = codes[some], latents[some], edges[some], silent[some]
    told = _told(prior, latents) if prior.reader is not None else None
    coarse = codes[:, :free_levels]
    kinds, kind = coarse.unique(dim=0, return_inverse=True)
    if silent.all():
        # There is nothing to end a silence with.
        hearing = None
    centres, before = _latents(prior, kinds), before[some]
    return FrameBank(
        free_levels,
        codes,
        kind,
        centres.T.contiguous(),
        -TARGET * centres.square().sum(1),
        before.T.contiguous(),
        edges,
        age if with_age else None,
        told,
        _fitting(edges, silent) - JOIN * before.square().sum(1),
        _used(coarse, edges, silent, _stages(age), prior.codebook_size),
        hearing,
        longest if hearing else None,
    )


def _told(prior: CodePrior, latents: Tensor) -> Prediction:
    """What the prior's reader makes of `latents` `[M, D]` of whole frames."""
    assert prior.reader is not None
    return Prediction(
        *(part[0] for part in prior.reader.read(prior.num_quantizers - 1, latents[None]))
    )


def _heard(codes: Tensor, hearing: Hearing | None) -> Tensor:
    """Which of the frames `[N]` (bool) with `codes` `[N, Q]` are silent; of an hour not all at
    once."""
    if hearing is None:
        return torch.zeros_like(codes[:, 0]).bool()
    return torch.cat([hearing(some) for some in codes.split(AT_ONCE)])


def _fitting(edges: Tensor, silent: Tensor) -> Tensor:
    """How well frames with these `edges` `[M, 2]`, `silent` `[M]` or not, stand by place, as in
    `FrameBank`."""
    begins, ends = (
        (edges[:, i] != torch.tensor([[False], [True]], device=edges.device)).float()
        for i in (0, 1)
    )
    wrong = begins[:, None] + ends
    hushed = torch.zeros_like(wrong).masked_fill(silent, -torch.inf)
    return torch.stack([torch.zeros_like(wrong), hushed]) - WRONG_EDGE * wrong


def _used(
    coarse: Tensor, edges: Tensor, silent: Tensor, stages: Tensor, codebook_size: int
) -> Tensor:
    """Codes that are used, as in `FrameBank`, by frames with `coarse` codes `[M, L]` at `stages` `[M]`:
    there, and at those next to them."""
    levels = torch.arange(coarse.shape[1], device=coarse.device)
    used = torch.zeros(
        STAGES, 2, 2, 2, len(levels), codebook_size, dtype=torch.bool, device=coarse.device
    )
    for audible, frames in enumerate((torch.ones_like(silent), ~silent)):
        begin, end = edges[frames, :, None].long().unbind(1)
        near = stages[frames, None]
        for stage in (
            torch.zeros_like(near),
            *((near + i).clamp(1, STAGES - 1) for i in (-1, 0, 1)),
        ):
            used[stage, audible, begin, end, levels, coarse[frames]] = True
    # Beginnings and ends are few: at any age.
    used[:, :, 1], used[:, :, :, 1] = used[:1, :, 1], used[:1, :, :, 1]
    used = torch.where(used.any(-1, keepdim=True), used, used[:1])
    for axes in ((3,), (2, 3), (1, 2, 3)):
        more = used
        for axis in axes:
            more = more.any(axis, keepdim=True)
        used = torch.where(used.any(-1, keepdim=True), used, more)
    return used
