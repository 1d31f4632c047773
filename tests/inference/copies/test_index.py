"""The copy index is small, plain, and without the held-out sounds."""

from pathlib import Path
from typing import Any

import pytest
import torch

from distill.inference.copies.index import _spread, with_earlier_sounds
from distill.models.persistence import LoadedVQModel, load_model_v2

ENCODINGS = 2
"""Encodings of each recording in the test model."""

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


def test_held_out_sounds_are_not_in_the_index(loaded: LoadedVQModel) -> None:
    index = index_of(loaded)
    held_out = {entry["name"] for entry in loaded.metadata["corpus"] if entry["train_until"] == 0}
    assert held_out
    assert held_out.isdisjoint(entry["name"] for entry in index["passages"])
    assert held_out.isdisjoint(entry["name"] for entry in index["encodings"])


def test_encodings_are_chosen_evenly_over_a_frame() -> None:
    leads_s = [0.0, 0.001, 0.011, 0.012, 0.019]
    assert _spread(leads_s, frame_s=0.02, count=1) == [0]
    assert _spread(leads_s, frame_s=0.02, count=2) == [0, 2]
    # More places than encodings: each encoding once.
    assert _spread(leads_s, frame_s=0.02, count=100) == [0, 1, 2, 3, 4]


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
