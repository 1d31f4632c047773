"""Windows and events that are sought: where they begin and end."""

import torch

from distill.inference.copies.windows import LONGEST_EVENT, Query, events_of


def test_events_reach_from_onset_to_onset_without_silence() -> None:
    audible = torch.ones(60, dtype=torch.bool)
    audible[20:30] = False
    span = events_of(Query(torch.zeros(60, 1), audible, [10.4, 30.0, 32.5]))
    # The frame before an onset reaches into the next event; two frames are too few.
    assert list(zip(span.start.tolist(), span.length.tolist(), strict=True)) == [
        (0, 9),
        (11, 9),
        (33, LONGEST_EVENT),
    ]
