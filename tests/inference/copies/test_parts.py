"""Repeated parts of a sound."""

import pytest
import torch

from distill.inference.copies.parts import RepeatedPart, passages_of, shares_of
from distill.inference.copies.windows import Query

LONG = RepeatedPart(begin=10, end=30, is_passage=True, source="a.wav", source_s=1.0)
WITHIN = RepeatedPart(begin=12, end=20, is_passage=True, source="b.wav", source_s=2.0)
EVENT = RepeatedPart(begin=40, end=44, is_passage=False, source="a.wav", source_s=3.0)
EARLIER = RepeatedPart(begin=0, end=12, is_passage=True, source="b.wav", source_s=0.5)


def test_passages_come_in_the_order_of_the_sound_and_none_within_another() -> None:
    passages = passages_of([LONG, WITHIN, EVENT, EARLIER], frame_rate=10.0)
    assert [passage.source for passage in passages] == ["b.wav", "a.wav"]
    assert [passage.output_s for passage in passages] == [0.0, 1.0]
    assert [passage.source_s for passage in passages] == [0.5, 1.0]
    assert [passage.seconds for passage in passages] == [1.2, 2.0]


def test_shares_count_audible_frames_once() -> None:
    audible = torch.ones(50, dtype=torch.bool)
    audible[40:] = False
    sound = Query(codes=torch.zeros(50, 2), audible=audible, onsets=[])
    shares = shares_of([LONG, WITHIN, EVENT], sound)
    assert shares.repeated == pytest.approx(0.5)
    assert shares.passages == pytest.approx(0.5)
    silence = sound._replace(audible=torch.zeros(50, dtype=torch.bool))
    assert shares_of([LONG], silence) == (0.0, 0.0)
