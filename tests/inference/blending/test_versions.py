"""The recordings of two versions, and the events that come from each."""

from collections import Counter

import pytest
import torch

import distill
from distill.inference.blending.versions import blend_recordings, blend_versions
from distill.inference.sampling.event_draw import EventDraw
from distill.models.persistence import LoadedVQModel
from distill.models.prior_metadata import Recording


def recording(name: str, code: int, weight: float = 1.0) -> Recording:
    codes = torch.full((4, 2), code, dtype=torch.uint8)
    return Recording(name=name, codes=codes, whole=True, weight=weight)


def test_each_model_weighs_its_share_and_twins_are_one() -> None:
    first = [recording("a", 1), recording("b", 2, weight=3)]
    second = [recording("b", 2), recording("a", 9)]
    both = blend_recordings(first, second, 0.4)
    found = [(r.name, int(r.codes[0, 0]), r.origins, round(r.weight, 6)) for r in both]
    assert found == [
        ("a", 1, (0,), 0.15),
        ("b", 2, (0, 1), 0.65),
        ("a", 9, (1,), 0.2),
    ]


def test_the_copy_index_and_the_level_are_those_of_both(
    first: LoadedVQModel, second: LoadedVQModel
) -> None:
    blended = blend_versions(first, second, 0.25)
    index = blended.prior_facts.copy_index
    assert index is not None
    names = {entry["name"] for entry in index["passages"]}
    for model in (first, second):
        own = model.prior_facts.copy_index
        assert own is not None
        assert {entry["name"] for entry in own["passages"]} <= names
    levels = [model.metadata["corpus_loudness"] for model in (first, second)]
    assert blended.metadata["corpus_loudness"] == pytest.approx(0.75 * levels[0] + 0.25 * levels[1])


def test_the_larger_the_share_the_more_events_are_of_the_second(
    first: LoadedVQModel, second: LoadedVQModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    bells = {r.name for r in second.prior_facts.recordings} - {
        r.name for r in first.prior_facts.recordings
    }
    assert bells
    counts: Counter[bool] = Counter()
    render = EventDraw._render

    def watched(self: EventDraw, decision, *rest):  # type: ignore[no-untyped-def]
        name = self.bank.recordings[int(self.bank.recording[decision.event])].name
        counts[name in bells] += 1
        return render(self, decision, *rest)

    monkeypatch.setattr(EventDraw, "_render", watched)
    shares = []
    for share in (0, 0.2, 0.5, 0.8, 1):
        counts.clear()
        distill.generate(first, 4.0, seed=1, count=4, blend=(second, share), form_variation=1.0)
        shares.append(counts[True] / counts.total())
    assert shares == sorted(shares)
    assert shares[0] == 0
    # Three of four: a version keeps recordings of the model before it.
    assert shares[3] > 0.5
    assert shares[4] > shares[2]
