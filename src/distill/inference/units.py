"""Frames of the recordings, from which a sound takes the finer levels of its codes.

The prior draws the coarse levels of a frame; the finer ones are then taken together from a frame of the recordings
that is like it and follows what is like the frame before: unit selection with a target cost and a join cost (Hunt &
Black 1996, "Unit selection in a concatenative speech synthesis system", section 2). Which fine codes go together is
more than a prior can learn from minutes of sound: drawn one by one, they make noise of tones and hits. How sounds move
on from one coarse code to the next is told by the recordings too, to a share that can be chosen.

No silence lasts longer than the longest of the recordings: what is likeliest in a silence is more of it.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from distill.models.pointer import squared_distance
from distill.models.prior import CodePrior
from distill.models.reader import Asked, Told

TARGET, JOIN = 100.0, 30.0
"""What squared distances cost, in units of the variance of all latents: that of the coarse codes, and that of the frame
before. Frames of other coarse codes hardly ever come."""
NEAREST = 8
"""A frame is drawn from so many that fit best: with one alone, sounds stand still or repeat a recording."""
MOST = 32_768
"""Of long recordings, so many frames, evenly spread over all of them: more would take longer than they last."""
WRONG_EDGE = 1000.0
"""What it costs to begin or end a sound with a frame that did not, and to take one that did in the midst of a sound."""

Hearing = Callable[[Tensor], Tensor]
"""Takes codes `[N, Q]`; returns which frames `[N]` (bool) are silent."""


class Place(NamedTuple):
    """Where a frame stands in each of `B` streams: after the codes `previous` `[B, Q]`, None for none; whether it
    `starts`, and `ends`, a sound, and is `hushed`, after the longest silence there may be, `[B]` (bool)."""

    previous: Tensor | None
    starts: Tensor
    ends: Tensor
    hushed: Tensor


class Units(NamedTuple):
    """`M` frames of recordings: their `codes` `[M, Q]`; latents `[M, D]` of their first `free_levels` and of all of the
    frame `before` (zero where a recording begins); which of them begin and end a recording, `edges` `[M, 2]` (bool);
    what a reader, if there is one, is `told` by them; which codes of the first levels are `used` by those that do not
    begin or do, and do not end or do, or by any where there are no such, `[2, 2, free_levels, K]` (bool); which frames
    are `silent` `[M]` (bool), and which codes of the first level are used by others, `audible` `[K]` (bool); and of how
    many frames the `longest_silence` is, None where any may come."""

    free_levels: int
    codes: Tensor
    coarse: Tensor
    before: Tensor
    edges: Tensor
    told: Told | None
    used: Tensor
    silent: Tensor
    audible: Tensor
    longest_silence: int | None

    def hushed(self, quiet: Tensor) -> Tensor:
        """In which streams `[B]` (bool) it has been silent for as many frames, `quiet` `[B]`, as it may."""
        return torch.zeros_like(quiet).bool() if self.longest_silence is None else quiet >= self.longest_silence

    def joins(self, prior: CodePrior, place: Place) -> Tensor:
        """How well each frame `[B, M]` fits its `place`."""
        before = torch.zeros_like(self.before[:1]) if place.previous is None else _latents(prior, place.previous)
        apart = squared_distance(before * ~place.starts[:, None], self.before)
        wrong = (torch.stack([place.starts, place.ends], 1)[:, None] != self.edges).sum(2)
        return (-JOIN * apart - WRONG_EDGE * wrong).masked_fill(place.hushed[:, None] & self.silent, -torch.inf)

    def scores(self, prior: CodePrior, coarse: Tensor, joins: Tensor, asked: Asked | None, t: int) -> Tensor:
        """How well each frame `[B, M]` goes with `coarse` codes `[B, free_levels]`, follows by `joins`, and makes what
        is `asked` of frame `t`."""
        scores = joins - TARGET * squared_distance(_latents(prior, coarse), self.coarse)
        if asked is None or prior.reader is None or self.told is None:
            return scores
        return scores + asked.guidance * prior.reader.fit(self.told, asked.at(t).to(scores)[:, None])

    def follow(self, level: int, logits: Tensor, joins: Tensor, place: Place, closeness: float) -> Tensor:
        """Logits `[B, K]` of a free `level` from the prior's, for codes only that are used in such a `place`.

        On the first level, in a share `closeness` of all cases, what comes is what came in recordings after frames like
        the one before (kNN-LM, Khandelwal et al. 2020, equation 3).
        """
        used = self.used[place.starts.long(), place.ends.long(), level]
        if level == 0:
            used = torch.where(place.hushed[:, None], used & self.audible, used)
        drawn = logits.masked_fill(~used & used.any(1, keepdim=True), -torch.inf).softmax(-1)
        if level > 0 or closeness == 0:
            return drawn.log()
        nearest = joins.topk(min(NEAREST, joins.shape[1]))
        came = torch.zeros_like(drawn).scatter_add_(1, self.codes[:, 0][nearest.indices], nearest.values.softmax(-1))
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
def units_of(
    prior: CodePrior,
    recordings: Sequence[dict[str, Any]] | None,
    free_levels: int,
    hearing: Hearing | None = None,
) -> Units | None:
    """The frames of the `recordings`, for a prior that draws `free_levels` levels itself; None where it draws all, has
    no recordings, or nothing to measure nearness by.

    A recording is what `draw_lead_in` takes. Without `hearing`, silence may last.
    """
    if not recordings or free_levels >= prior.num_quantizers or prior.pointer is None or not prior.ends_first:
        return None
    each = [recording["codes"].long().to(prior.start.device) for recording in recordings]
    codes, latents = torch.cat(each), torch.cat([_latents(prior, one) for one in each])
    stops = torch.tensor([len(one) for one in each]).cumsum(0)
    edges = torch.zeros(len(codes), 2, dtype=torch.bool, device=codes.device)
    edges[[0, *stops[:-1]], 0] = True
    edges[stops - 1, 1] = torch.tensor([bool(recording["whole"]) for recording in recordings], device=codes.device)
    before = F.pad(latents, (0, 0, 1, 0))[:-1] * ~edges[:, :1]
    some = torch.linspace(0, len(codes) - 1, min(MOST, len(codes)), device=codes.device).round().long()
    codes, latents = codes[some], latents[some]
    silences = [hearing(one) if hearing else torch.zeros_like(one[:, 0]).bool() for one in each]
    silent = torch.cat(silences)[some]
    told = prior.reader.read(prior.num_quantizers - 1, latents) if prior.reader is not None else None
    coarse = codes[:, :free_levels]
    used = torch.zeros(2, 2, free_levels, prior.codebook_size, dtype=torch.bool, device=codes.device)
    begin, end = edges[some, :, None].long().unbind(1)
    used[begin, end, torch.arange(free_levels, device=codes.device), coarse] = True
    used = torch.where(used.any(3, keepdim=True), used, used.any(0).any(0))
    audible = torch.zeros_like(used[0, 0, 0])
    audible[coarse[~silent, 0]] = True
    # Where all is silent there is nothing to end a silence with.
    longest = max(map(_longest_run, silences)) if hearing and audible.any() else None
    return Units(
        free_levels, codes, _latents(prior, coarse), before[some], edges[some], told, used, silent, audible, longest
    )
