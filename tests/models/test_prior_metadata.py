"""The typed view of a file's `prior_metadata`."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from distill.models.prior_metadata import EventCut, PriorMetadata, Recording, SteeringFacts, brief


def pulse_entry() -> dict[str, Any]:
    return {
        "tempo": 120.0,
        "beats": torch.arange(4, dtype=torch.float64) / 2,
        "bar_beats": 4,
        "first_downbeat": 1,
        "confidence": 0.75,
    }


def entries() -> dict[str, Any]:
    """Every entry that training writes, as a file holds them."""
    codes = torch.arange(12).reshape(6, 2).to(torch.uint8)
    return {
        "longest_sound_frames": 6,
        "copy_index": {"passage_codes": codes, "zero": {"share": 0.1}},
        "recordings": [
            {
                "name": "a.wav",
                "codes": codes,
                "traits": torch.ones(6, 3).half(),
                "whole": True,
                "pulse": pulse_entry(),
            },
            {
                "name": "b.wav",
                "codes": codes[:2],
                "traits": torch.ones(2, 3).half(),
                "whole": False,
            },
        ],
        "pulse_known": True,
        "epochs_trained": 3,
        "final_perplexity": 7.5,
        "best_perplexity": 7.0,
        "training_date": "2025-01-01T00:00:00+00:00",
        "codebook_hash": "0" * 64,
        "training": {"max_epochs": 3},
        "loss_curves": [{"epoch": 1, "val_loss": 2.0}],
        "level_losses": [1.5, 2.5],
        "warnings": ["Epoch 1: low."],
        "unknown_files": 1,
        "curation": None,
        "file_count": 2,
        "steering": {
            "descriptors": ["loudness"],
            "percentiles": [[-60.0, -20.0]],
            "tags": ["tabla"],
        },
        "verdict": "Done.",
        "verdict_kind": "settled",
        "copying": {"epoch": 2, "percents": [1.0]},
    }


def test_what_is_read_is_written_as_it_was() -> None:
    metadata = entries()
    written = PriorMetadata.from_dict(metadata).to_dict()
    assert list(written) == list(metadata)
    recordings = written.pop("recordings")
    for recording, original in zip(recordings, metadata.pop("recordings"), strict=True):
        pulse = recording.pop("pulse", None)
        original_pulse = original.pop("pulse", None)
        assert (pulse is None) == (original_pulse is None)
        if pulse is not None:
            assert torch.equal(pulse.pop("beats"), original_pulse.pop("beats"))
            assert pulse == original_pulse
        assert recording == original | {name: recording[name] for name in ("codes", "traits")}
        # The same tensors, not copies: a file holds an hour of codes.
        assert recording["codes"] is original["codes"]
        assert recording["traits"] is original["traits"]
    assert written == metadata


def test_an_empty_dict_gives_the_defaults() -> None:
    facts = PriorMetadata.from_dict({})
    assert math.isnan(facts.best_perplexity)
    assert facts.recordings == ()
    assert not facts.pulse_known
    assert facts.steering is facts.copy_index is facts.longest_sound_frames is None
    assert facts.corpus_entries() == {}


def test_old_recordings_have_no_traits() -> None:
    old = {"name": "a.wav", "codes": torch.zeros(4, 2, dtype=torch.int16), "whole": True}
    (recording,) = PriorMetadata.from_dict({"recordings": [old]}).recordings
    assert recording.traits is recording.pulse is None
    assert recording.to_dict() == old
    assert Recording.from_dict(old | {"traits": None}).to_dict() == old


@pytest.mark.parametrize("index", [None, {"codes": 1, "pictures": 2}, "text"])
def test_a_copy_index_of_an_earlier_version_counts_as_none(index: object) -> None:
    assert PriorMetadata.from_dict({"copy_index": index}).copy_index is None


@pytest.mark.parametrize("frames", [None, "long", 2.5])
def test_a_longest_sound_is_a_number_of_frames_or_unknown(frames: object) -> None:
    assert PriorMetadata.from_dict({"longest_sound_frames": frames}).longest_sound_frames is None


def test_steering_lacks_entries_in_old_files() -> None:
    assert SteeringFacts.from_dict({"descriptors": ["pitch"]}) == SteeringFacts(["pitch"], (), ())


def test_brief_leaves_out_what_is_long() -> None:
    short = brief(entries())
    assert short["epochs_trained"] == 3
    assert "copying" in short
    assert not short.keys() & {"copy_index", "loss_curves", "recordings", "steering"}


def test_a_pulse_is_read_as_it_was_found() -> None:
    (first, second) = PriorMetadata.from_dict(entries()).recordings
    assert second.pulse is None
    assert first.pulse is not None
    assert first.pulse.beats.tolist() == [0.0, 0.5, 1.0, 1.5]
    assert first.pulse.beats.dtype == np.float64
    assert (first.pulse.tempo, first.pulse.bar_beats, first.pulse.first_downbeat) == (120.0, 4, 1)


def cut_entry(edges: list[float]) -> dict[str, torch.Tensor]:
    """A cut with events between edges, in frames."""
    n = len(edges) - 1
    return {
        "edges": torch.tensor(edges, dtype=torch.float64),
        "steady": torch.zeros(n, dtype=torch.bool),
        "levels": torch.full((n,), -20.0),
    }


def test_a_cut_is_written_as_it_was_read() -> None:
    codes = torch.zeros(6, 2, dtype=torch.uint8)
    entry = {"name": "a.wav", "codes": codes, "whole": True, "cut": cut_entry([0.0, 2.5, 6.0])}
    cut = Recording.from_dict(entry).to_dict()["cut"]
    assert cut.keys() == entry["cut"].keys()  # type: ignore[attr-defined]
    for name, tensor in cut_entry([0.0, 2.5, 6.0]).items():
        assert torch.equal(cut[name], tensor)


@pytest.mark.parametrize(
    ("edges", "fits"),
    [
        ([0.0, 2.5, 6.0], True),
        ([0.0, 2.5, 7.0], False),
        ([1.0, 2.5, 6.0], False),
        ([0.0, 4.0, 4.0, 6.0], False),
        ([0.0, math.nan, 6.0], False),
        ([6.0], False),
    ],
)
def test_a_cut_fits_the_recording_that_it_covers(edges: list[float], fits: bool) -> None:
    assert EventCut.from_dict(cut_entry(edges)).fits(6) == fits
    assert not EventCut.from_dict(cut_entry(edges) | {"levels": torch.zeros(9)}).fits(6)
