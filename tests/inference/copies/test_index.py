"""The copy index is small, plain, and without the held-out sounds."""

from pathlib import Path
from typing import Any

import pytest
import torch

from distill.inference.copies.index import (
    CorpusSound,
    _spread,
    build_copy_index,
    with_earlier_sounds,
)
from distill.inference.copies.meter import CopyMeter
from distill.models.chunked import decode_codes
from distill.models.persistence import LoadedVQModel, load_model_v2

ENCODINGS = 2
"""Encodings of each recording in the test model."""

FRAME_S = 1024 / 48_000
"""Seconds of a code frame."""

BYTES_A_SECOND = 10_000
"""Size of an index with all encodings, at most, for a second of the corpus."""


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


def index_of(loaded: LoadedVQModel) -> dict[str, Any]:
    """The copy index in the file of a model."""
    index = loaded.prior_facts.copy_index
    assert index is not None
    return index


def test_the_index_is_plain_and_small(loaded: LoadedVQModel) -> None:
    index = index_of(loaded)
    assert index["codes"].dtype == index["passage_codes"].dtype == torch.uint8
    frames = sum(entry["frames"] for entry in index["passages"]) / ENCODINGS
    seconds = frames / loaded.model.frame_rate
    numbers = index["codes"].numel() + index["passage_codes"].numel()
    assert numbers < BYTES_A_SECOND * seconds
    assert 0 <= index["zero"]["passage_share"] <= index["zero"]["share"] <= 0.9


def test_held_out_files_are_in_the_index(loaded: LoadedVQModel) -> None:
    index = index_of(loaded)
    held_out = {entry["name"] for entry in loaded.metadata["corpus"] if entry["train_until"] == 0}
    assert held_out
    assert held_out <= {entry["name"] for entry in index["passages"]}
    assert held_out <= {entry["name"] for entry in index["encodings"]}


def test_encodings_are_chosen_evenly_over_a_frame() -> None:
    leads_s = [0.0, 0.001, 0.011, 0.012, 0.019]
    assert _spread(leads_s, frame_s=0.02, count=1) == [0]
    assert _spread(leads_s, frame_s=0.02, count=2) == [0, 2]
    # More places than encodings: each encoding once.
    assert _spread(leads_s, frame_s=0.02, count=100) == [0, 1, 2, 3, 4]


@pytest.fixture
def corpus(loaded: LoadedVQModel) -> list[CorpusSound]:
    """Three sounds in eight encodings, with the codes of one in the model."""
    recording = loaded.prior_facts.recordings[0]
    return [
        CorpusSound(
            name=name,
            start_s=0.0,
            codes=[recording.codes] * 8,
            leads_s=[i / 8 * FRAME_S for i in (0, 2, 4, 6, 1, 3, 5, 7)],
        )
        for name in ("a", "b", "c")
    ]


@pytest.mark.parametrize(("most", "count"), [(10.0, 8), (8.0, 8), (4.5, 4), (1.0, 1), (0.2, 1)])
def test_each_search_keeps_as_many_encodings_as_fit_and_one_of_each_sound(
    loaded: LoadedVQModel,
    corpus: list[CorpusSound],
    monkeypatch: pytest.MonkeyPatch,
    most: float,
    count: int,
) -> None:
    frames = 3 * len(corpus[0].codes[0])
    monkeypatch.setattr("distill.inference.copies.index.MOST_FRAMES", int(most * frames))
    index = build_copy_index(loaded.model, corpus, [])
    for entries in (index["encodings"], index["passages"]):
        assert [entry["name"] for entry in entries] == [n for n in "abc" for _ in range(count)]
        starts = sorted(-entry["start_s"] / FRAME_S for entry in entries[:count])
        assert starts == pytest.approx([i / count for i in range(count)])
    assert len(index["codes"]) == count * frames
    meter = CopyMeter(loaded.model, index)
    codes = corpus[0].codes[0]
    report = meter.measure(codes.long(), decode_codes(loaded.model, codes.long()))
    assert report.share == 1.0


def test_sounds_that_have_left_the_corpus_stay_in_the_index(loaded: LoadedVQModel) -> None:
    index = index_of(loaded)
    first, *rest = index["passages"]
    frames = first["frames"]
    later = index | {"passages": rest, "passage_codes": index["passage_codes"][frames:]}
    later["passages"] = [entry for entry in rest if entry["name"] != first["name"]]
    lengths = [entry["frames"] for entry in index["passages"]]
    parts = index["passage_codes"].split(lengths)
    kept = [
        part
        for part, entry in zip(parts, index["passages"], strict=True)
        if entry["name"] != first["name"]
    ]
    later["passage_codes"] = torch.cat(kept)
    merged = with_earlier_sounds(later, index)
    assert sorted(entry["name"] for entry in merged["passages"]) == sorted(
        entry["name"] for entry in index["passages"]
    )
    assert len(merged["passage_codes"]) == len(index["passage_codes"])
    gone = merged["passage_codes"][-len(index["passage_codes"]) + sum(map(len, kept)) :]
    assert torch.equal(gone[:frames], index["passage_codes"][:frames])
    assert torch.equal(merged["codes"], index["codes"])
    same = with_earlier_sounds(index, index)
    assert torch.equal(same["passage_codes"], index["passage_codes"])
    assert same["passages"] == index["passages"]
