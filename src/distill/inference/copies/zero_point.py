"""Calibration of the copy meter: how much held-out sounds have in common with the corpus.

Held-out sounds are new by definition. The bounds are set so that at most one in twenty of their
passages is flagged. Their repeated shares become the zeros of the percentages.
"""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from distill.inference.copies.meter import BY_CHANCE, PASSAGE_S, CopyMeter, Shares, ZeroPoint
from distill.models.chunked import decode_codes
from distill.models.vqvae import VQVAE

MARGIN = 2.0
"""Factor on the surprise of the heaviest runs of new passages: only a few passages are measured."""

LONGEST_BOUND = 3.0
"""Upper limit of the bound on bits, as a multiple of the surprise reached by chance."""

LEAST_DIFFERENT = 0.5
"""Lower limit of the bound on the acoustic difference.

Nine in ten windows that went through the codec again, shifted or louder, differ by under 0.4.
"""

MOST_DIFFERENT = 0.6
"""Upper limit of the bound on the acoustic difference: other sounds differ by more."""

FEW = 0.05
"""Share of the windows of a new passage that may be like one of the corpus."""

MOST_JUDGED = 100
"""Passages that are measured at most: it bounds the time of calibration."""

MOST_ZERO_SHARE = 0.9
"""Upper limit of the share that is taken off, so that a copy still shows."""


def calibrate(
    codec: VQVAE,
    meter: CopyMeter,
    held_out: Sequence[Tensor],
) -> ZeroPoint:
    """Measure the zero point of a copy index.

    Args:
        codec: The codec of the codes.
        meter: A meter on that index; its own zero point is not used.
        held_out: Codes `[T, Q]` of sounds that are not in the index. Without any, the bounds are
            as strict as they may be.
    """
    size = round(PASSAGE_S * codec.frame_rate)
    passages = [part for codes in held_out for part in codes.split(size) if len(part)]
    if passages:
        # Evenly thinned, so that all held-out sounds take part.
        passages = passages[:: -(-len(passages) // MOST_JUDGED)]
    queries = [meter.query(codes, decode_codes(codec, codes)) for codes in passages]
    runs = [meter.runs(codes.numpy()) for codes in passages]
    matches = meter.passage_search.nearest(queries)

    chance_bits = meter.chance_bits()
    bits = tuple(
        _quantile(
            values=[MARGIN * by_search[i].bits.max() for by_search in runs],
            q=1 - BY_CHANCE,
            lowest=chance_bits,
            highest=LONGEST_BOUND * chance_bits,
        )
        for i in range(len(meter.searches))
    )
    difference = _quantile(
        values=[float(f.windows.difference.quantile(FEW)) for f in matches if len(f.windows.start)],
        q=BY_CHANCE,
        lowest=LEAST_DIFFERENT,
        highest=MOST_DIFFERENT,
    )
    bounds = ZeroPoint(
        bits=bits,
        difference=difference,
        share=0.0,
        passage_share=0.0,
    )

    share, passage_share = _mean_shares(
        [
            meter.shares(by_search, meter.stretches(query, own, bounds), query, bounds)
            for by_search, own, query in zip(runs, matches, queries, strict=True)
        ],
        lengths=[len(codes) for codes in passages],
    )
    return ZeroPoint(
        bits=bits,
        difference=difference,
        share=min(share, MOST_ZERO_SHARE),
        passage_share=min(passage_share, MOST_ZERO_SHARE),
    )


def _mean_shares(shares: Sequence[Shares], lengths: Sequence[int]) -> Shares:
    """The mean of `shares` of passages of `lengths` frames; 0 without any."""
    if not shares:
        return Shares(0.0, 0.0)
    return Shares(*np.average(shares, axis=0, weights=lengths).tolist())


def _quantile(
    values: Sequence[float],
    q: float,
    lowest: float,
    highest: float,
) -> float:
    """Quantile of `values` within limits; without any, the stricter limit.

    One of the values, not one between two: the one further out.
    """
    is_upper = q > 0.5
    if not values:
        return highest if is_upper else lowest
    quantile = np.quantile(values, q, method="higher" if is_upper else "lower")
    return float(quantile.clip(lowest, highest))
