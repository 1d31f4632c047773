"""All that finding copies of a corpus takes, without its files."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.inference.copies.meter import BY_CHANCE, JUDGED_S, RUN_LEVELS, SILENT_DB, CopyMeter
from distill.models.chunked import decode_codes
from distill.models.vqvae import VQVAE

MARGIN = 2.0
"""How much weightier a run must be than the weightiest of new passages: of those only a few were
measured."""


MOST_DIFFERENT, LEAST_DIFFERENT = 0.6, 0.5
"""Bounds of the difference that counts as the same passage, wherever the zero point lies: of nine
in ten windows that went through the codec once more, shifted or louder, it is under 0.4, of other
sounds over 0.6."""


ENCODINGS, MOST_FRAMES = 16, 400_000
"""Passages are sought in so many encodings of each recording, in fewer of long ones: no more frames
than that."""


FEW = 0.05
"""So many windows of a new passage may be like some of the corpus."""


MOST_JUDGED = 100


MOST_ZERO_SHARE = 0.9


class CorpusSound(NamedTuple):
    """A sound of the corpus as the prior learns it: `codes` `[T, Q]` of each of its encodings, the
    first of which begins at `start_s` of the file `name`, the others by `leads_s` earlier."""

    name: str
    start_s: float
    codes: Sequence[Tensor]
    leads_s: Sequence[float]


def copy_index(
    model: VQVAE, corpus: Sequence[CorpusSound], new: Sequence[Tensor]
) -> dict[str, Any]:
    """All that it takes to find copies of `corpus` without its files, as a model file can hold it.

    `new` are codes `[T, Q]` of sounds that are no part of it, for the zero point.
    """
    kind = torch.uint8 if model.codebook_size <= 256 else torch.int16
    levels = min(max(RUN_LEVELS), model.num_quantizers)
    encodings = [
        (h.name, h.start_s - lead, c)
        for h in corpus
        for lead, c in zip(h.leads_s, h.codes, strict=False)
    ]
    count = max(1, min(ENCODINGS, MOST_FRAMES // max(1, sum(len(h.codes[0]) for h in corpus))))
    frame_s = model.frame_hop / model.sample_rate
    some = [
        (h.name, h.start_s - h.leads_s[i], _heard(model, h.codes[i]))
        for h in corpus
        for i in _spread(h.leads_s[: len(h.codes)], frame_s, count)
    ]
    index = {
        "codes": torch.cat([codes[:, :levels] for *_, codes in encodings]).to(kind),
        "encodings": _entries(encodings),
        "passage_codes": torch.cat([codes for *_, codes in some]).to(kind),
        "passages": _entries(some),
        "codebook_size": model.codebook_size,
    }
    return index | {"zero": _zero_point(model, CopyMeter(model, index), new)}


def _heard(model: VQVAE, codes: Tensor) -> Tensor:
    """`codes` `[T, Q]` less what is silent at the end."""
    audible = (
        model.frame_levels(model.rvq.lookup(codes.long().to(model.rvq.codebooks.device)))
        > SILENT_DB
    )
    return codes[: 1 + int(audible.nonzero()[-1])] if audible.any() else codes[:1]


def _entries(encodings: Sequence[tuple[str, float, Tensor]]) -> list[dict[str, Any]]:
    return [{"name": n, "start_s": s, "frames": len(codes)} for n, s, codes in encodings]


def _spread(leads_s: Sequence[float], frame_s: float, count: int) -> list[int]:
    """Which of the encodings lie nearest to `count` places that are spread evenly over a frame."""
    places = [i * frame_s / count for i in range(count)]
    return sorted(
        {min(range(len(leads_s)), key=lambda i: abs(leads_s[i] - place)) for place in places}
    )


def _zero_point(model: VQVAE, meter: CopyMeter, new: Sequence[Tensor]) -> dict[str, Any]:
    """From which bits and up to which distance new sounds repeat the corpus no more than by chance,
    and the share of them that counts as repeated all the same."""
    size = round(JUDGED_S * model.frame_rate)
    passages = [part for codes in new for part in codes.split(size) if len(part)]
    passages = passages[:: -(-len(passages) // MOST_JUDGED)] if passages else []
    sought = [meter.sought(codes, decode_codes(model, codes)) for codes in passages]
    runs, hits = (
        [meter.runs(codes.numpy()) for codes in passages],
        meter.passage_search.nearest(sought),
    )
    least = meter.chance_bits()
    meter.zero = {
        "bits": [
            _quantile([MARGIN * r[i].bits.max() for r in runs], 1 - BY_CHANCE, least, 3 * least)
            for i in range(len(meter.searches))
        ],
        "difference": _quantile(
            [float(h.difference.quantile(FEW)) for h in hits if len(h.difference)],
            BY_CHANCE,
            LEAST_DIFFERENT,
            MOST_DIFFERENT,
        ),
    }
    shares = [
        meter.share(r, h, s.audible.numpy()) for r, h, s in zip(runs, hits, sought, strict=True)
    ]
    lengths = [len(codes) for codes in passages]
    share = float(np.average(shares, weights=lengths)) if shares else 0.0
    return meter.zero | {"share": min(share, MOST_ZERO_SHARE)}


def _quantile(values: Sequence[float], q: float, lowest: float, highest: float) -> float:
    """Quantile of `values` within bounds, one of them rather than a value between; with none, as
    strict as may be."""
    if not values:
        return highest if q > 0.5 else lowest
    return float(
        np.quantile(values, q, method="higher" if q > 0.5 else "lower").clip(lowest, highest)
    )
