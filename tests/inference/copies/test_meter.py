"""The meter finds passages planted in codes and sound, and neither new sounds nor silence."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from distill.data.corpus import scan_corpus
from distill.data.dataset import split_by_manifest
from distill.inference.copies.meter import CopyMeter, ZeroPoint, copy_meter
from distill.inference.copies.report import LEAST_PERCENT, CopyReport
from distill.models.chunked import decode_codes, encode_audio
from distill.models.persistence import LoadedVQModel, load_model_v2

SAME = 50.0
"""Percent that a planted passage exceeds."""

NEW = 5.0
"""Percent that a new sound stays below."""

LONG_S = 0.5
"""Seconds of the training files that are planted, at least."""


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


def index_of(loaded: LoadedVQModel) -> dict[str, Any]:
    """The copy index in the file of a model."""
    index = loaded.prior_facts.copy_index
    assert index is not None
    return index


@pytest.fixture(scope="module")
def meter(loaded: LoadedVQModel) -> CopyMeter:
    return CopyMeter(loaded.model, index_of(loaded))


def test_a_model_has_one_meter(loaded: LoadedVQModel) -> None:
    first = copy_meter(loaded)
    assert first is not None
    assert copy_meter(loaded) is first
    index = index_of(loaded)
    part = {**index, "zero": {**index["zero"], "difference": 0.55}}
    other = replace(loaded, prior_metadata={**(loaded.prior_metadata or {}), "copy_index": part})
    another = copy_meter(other)
    assert another is not None
    assert another.zero_point.difference == 0.55, "another index, another meter"
    assert copy_meter(replace(loaded, prior=None, prior_metadata=None)) is None


def without_zero_share(loaded: LoadedVQModel) -> CopyMeter:
    """A meter that takes nothing off: with two or three held-out sounds the share is chance."""
    index = index_of(loaded)
    zero = index["zero"] | {"share": 0.0, "passage_share": 0.0}
    return CopyMeter(loaded.model, index | {"zero": zero})


def measure(
    loaded: LoadedVQModel, meter: CopyMeter, audio: np.ndarray, gain: float = 1.0
) -> CopyReport:
    """The report on `audio` `[C, N]`, times `gain`, after the codec."""
    codes = encode_audio(loaded.model, np.float32(gain) * audio)
    return meter.measure(codes, decode_codes(loaded.model, codes))


def long_recordings(loaded: LoadedVQModel, corpus_dir: Path) -> list[tuple[str, np.ndarray]]:
    """Names and sounds `[C, N]` of the longer training files."""
    split = split_by_manifest(scan_corpus(corpus_dir, 1).clips, loaded.metadata["corpus"])
    long = [r for r in split.train if r.n_samples > LONG_S * loaded.model.sample_rate]
    assert len(long) >= 3
    return [(r.clip.name, np.array(r.audio())) for r in long]


@pytest.mark.parametrize("case", ["verbatim", "shifted", "louder"])
def test_planted_passages_are_found_by_name(
    loaded: LoadedVQModel, corpus_dir: Path, case: str
) -> None:
    meter = without_zero_share(loaded)
    gain = 2.0 if case == "louder" else 1.0
    shift_s = 0.3 if case == "shifted" else 0.0
    shift = round(shift_s * loaded.model.sample_rate)
    for name, audio in long_recordings(loaded, corpus_dir):
        report = measure(loaded, meter, np.pad(audio, ((0, 0), (shift, 0))), gain)
        assert report.passage_percent + report.event_percent > SAME, name
        assert report.passage is not None
        assert report.passage.is_same
        assert report.passage.source == name
        offset_s = report.passage.output_s - report.passage.source_s
        assert offset_s == pytest.approx(shift_s, abs=0.06)
        assert all(passage.output_s >= 0 for passage in report.repeats)
        if report.passage.is_passage:
            assert name in {passage.source for passage in report.repeats}
        # A pluck of under a second is a single event.
        assert (name in report.sentence) == (report.passage_percent >= LEAST_PERCENT)


@pytest.mark.parametrize("kind", ["noise", "chirp", "silence"])
def test_new_sounds_and_silence_are_not_found(
    loaded: LoadedVQModel, meter: CopyMeter, kind: str
) -> None:
    t = np.arange(2 * loaded.model.sample_rate) / loaded.model.sample_rate
    sounds = {
        "noise": np.random.default_rng(5).uniform(-0.3, 0.3, len(t)),
        # Above the plucks: 32 codes cannot tell a slow tone in their range from one of them.
        "chirp": 0.3 * np.sin(2 * np.pi * (3000 * t + 3000 * t**2)),
        "silence": np.zeros(len(t)),
    }
    report = measure(loaded, meter, sounds[kind][None].astype(np.float32))
    assert report.passage_percent < NEW
    assert report.event_percent < NEW
    assert report.repeats == ()
    assert "repeats no passage of your recordings" in report.sentence


def test_half_a_copy_is_half(loaded: LoadedVQModel, corpus_dir: Path) -> None:
    index = index_of(loaded)
    zero = index["zero"]
    meter = without_zero_share(loaded)
    _, audio = long_recordings(loaded, corpus_dir)[-1]
    new = np.random.default_rng(6).uniform(-0.3, 0.3, audio.shape).astype(np.float32)
    half_copy = np.concatenate([audio, new], axis=1)
    report = measure(loaded, meter, half_copy)
    assert 0.4 < report.share < 0.6
    both = report.passage_percent + report.event_percent
    assert 25 < both < 75
    stricter = CopyMeter(
        loaded.model, index | {"zero": zero | {"share": 0.2, "passage_share": 0.2}}
    )
    strict = measure(loaded, stricter, half_copy)
    assert 0 < strict.passage_percent + strict.event_percent < both


def test_only_new_frames_are_judged(
    loaded: LoadedVQModel, meter: CopyMeter, corpus_dir: Path
) -> None:
    _, audio = long_recordings(loaded, corpus_dir)[0]
    codes = encode_audio(loaded.model, audio)
    no_frame = torch.zeros(len(codes), dtype=torch.bool)
    report = meter.measure(codes, decode_codes(loaded.model, codes), no_frame)
    assert report.share == 0
    assert report.runs == (None, None)
    assert report.passage is None


def test_without_a_zero_point_nothing_counts_as_repeated(
    loaded: LoadedVQModel, corpus_dir: Path
) -> None:
    index = index_of(loaded)
    bare = CopyMeter(loaded.model, {key: index[key] for key in index if key != "zero"})
    _, audio = long_recordings(loaded, corpus_dir)[0]
    assert measure(loaded, bare, audio).share == 0


def test_a_zero_point_comes_back_from_its_entry() -> None:
    entry = {"bits": [20.0, 31.5], "difference": 0.55, "share": 0.125, "passage_share": 0.0625}
    assert ZeroPoint.from_dict(entry).to_dict() == entry


def test_the_zero_point_of_an_earlier_version_stands_for_both_figures() -> None:
    entry = {"bits": [20.0], "difference": 0.55, "share": 0.125}
    zero_point = ZeroPoint.from_dict(entry)
    assert (zero_point.share, zero_point.passage_share) == (0.125, 0.125)
