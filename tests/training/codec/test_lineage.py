"""Versions of a model: the codes of the one before, and a decoder that learns on."""

import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import torch

import distill
from distill.data.corpus import scan_corpus
from distill.data.curation import Curation
from distill.data.dataset import ClipRegion, make_manifest, split_by_manifest
from distill.errors import OutputError, UsageError
from distill.models import frame_memory
from distill.models.chunked import decode_codes, encode_audio
from distill.models.persistence import load_model_v2, save_model_v2
from distill.settings import SAMPLE_RATE
from distill.training.codec import lineage
from distill.training.codec.lineage import corpus_changes, crop_factors, next_codec
from distill.training.metrics import StepMetrics, TrainingEvent

QUICK = {"batch_size": 4, "crop_frames": 12, "threads": 1}
"""Settings for a training of seconds, beside those of the codec."""


@pytest.fixture
def grown(corpus_dir: Path, tmp_path: Path) -> Path:
    """The sounds of `corpus_dir` but one, and two more."""
    folder = tmp_path / "grown"
    shutil.copytree(corpus_dir, folder)
    (folder / "low" / "pluck 1.wav").unlink()
    time_s = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    for hz in (900, 1300):
        tone = 0.3 * np.sin(2 * np.pi * hz * time_s) * np.exp(-9 * time_s)
        sf.write(folder / "high" / f"bell {hz}.wav", tone, SAMPLE_RATE)
    return folder


def sounds_of(folder: Path) -> list[np.ndarray]:
    return [clip.audio() for clip in scan_corpus(folder).clips]


def test_a_version_has_the_codes_and_the_prior_of_the_one_before(
    trained: Path, grown: Path, tmp_path: Path
) -> None:
    before = trained.read_bytes()
    output = tmp_path / "v2.sda"
    done = distill.continue_model(trained, grown, output, steps=30, **QUICK)
    assert done.finished
    assert trained.read_bytes() == before
    old, new = load_model_v2(trained), load_model_v2(output)
    for audio in sounds_of(grown):
        assert torch.equal(encode_audio(old.model, audio), encode_audio(new.model, audio))
    assert old.model.codebook_hash() == new.model.codebook_hash()
    assert old.prior is not None
    assert new.prior is not None
    for name, weights in old.prior.state_dict().items():
        assert torch.equal(weights, new.prior.state_dict()[name]), name
    # The decoder has learned.
    sound = encode_audio(old.model, sounds_of(grown)[0])
    assert not np.array_equal(decode_codes(old.model, sound), decode_codes(new.model, sound))
    assert distill.generate(new, duration=1.0, seed=1)[0].audio.shape[1] == SAMPLE_RATE


def test_the_file_says_where_a_version_comes_from_and_what_has_changed(
    trained: Path, grown: Path, tmp_path: Path
) -> None:
    second, third = tmp_path / "v2.sda", tmp_path / "v3.sda"
    distill.continue_model(trained, grown, second, steps=4, **QUICK)
    old, new = load_model_v2(trained), load_model_v2(second)
    assert new.metadata["version"] == 2
    assert new.metadata["parent"]["hash"] == old.weights_hash
    assert new.metadata["parent"]["id"] == old.metadata["id"] != new.metadata["id"]
    changes = new.metadata["changes"]
    assert [entry["name"] for entry in changes["added"]] == [
        "high/bell 1300.wav",
        "high/bell 900.wav",
    ]
    assert [entry["name"] for entry in changes["removed"]] == ["low/pluck 1.wav"]
    hashes = {file.name: file.content_hash for file in scan_corpus(grown).files}
    curation = Curation(
        muted=frozenset([hashes["low/pluck 2.wav"]]), weights={hashes["low/pluck 0.wav"]: 2}
    )
    distill.continue_model(second, grown, third, curation=curation, steps=4, **QUICK)
    newest = load_model_v2(third).metadata
    assert newest["version"] == 3
    assert newest["parent"]["version"] == 2
    assert newest["muted"] == [{"name": "low/pluck 2.wav", "hash": hashes["low/pluck 2.wav"]}]
    assert newest["changes"]["muted"] == newest["muted"]
    assert [(e["before"], e["now"]) for e in newest["changes"]["weighted"]] == [(1.0, 2.0)]
    weights = {entry["name"]: entry.get("weight") for entry in newest["corpus"]}
    assert weights["low/pluck 0.wav"] == 2
    assert weights["low/pluck 3.wav"] is None


def test_held_out_sounds_stay_held_out(trained: Path, grown: Path, tmp_path: Path) -> None:
    output = tmp_path / "v2.sda"
    distill.continue_model(trained, grown, output, steps=2, **QUICK)
    old = {e["hash"]: e["train_until"] for e in load_model_v2(trained).metadata["corpus"]}
    new = {e["hash"]: e["train_until"] for e in load_model_v2(output).metadata["corpus"]}
    assert all(new[key] == old[key] for key in old.keys() & new.keys())


def test_interrupted_and_resumed_is_uninterrupted_to_the_bit(
    trained: Path, grown: Path, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole.sda", tmp_path / "parts.sda"
    distill.continue_model(trained, grown, whole, steps=12, **QUICK)
    cancelled = threading.Event()

    def watch(event: TrainingEvent) -> None:
        if isinstance(event, StepMetrics) and event.step >= 5:
            cancelled.set()

    first = distill.continue_model(
        trained, grown, parts, steps=12, callback=watch, cancel_event=cancelled, **QUICK
    )
    assert not first.finished
    assert load_model_v2(parts).prior is None
    assert distill.resume(parts).finished
    a, b = load_model_v2(whole), load_model_v2(parts)
    assert a.weights_hash == b.weights_hash
    assert b.prior is not None
    assert b.metadata["changes"] == a.metadata["changes"]


def test_before_its_first_step_a_version_decodes_as_the_one_before(
    codec_only: Path, grown: Path
) -> None:
    parent = load_model_v2(codec_only).model
    clips = scan_corpus(grown).clips
    regions = [ClipRegion(clip, 0, clip.n_samples) for clip in clips]
    codec = next_codec(parent, regions).eval()
    assert codec.memory is not None
    for clip in clips:
        codes = encode_audio(parent, clip.audio())
        assert np.array_equal(decode_codes(parent, codes), decode_codes(codec, codes))
        # Each frame of the new corpus has a place of its own.
        assert codec.memory.find(codes)[1].all()


def test_a_memory_grows_within_bounds_and_keeps_the_present_corpus_first(
    codec_only: Path, grown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = load_model_v2(codec_only).model
    assert parent.memory is not None
    regions = [ClipRegion(clip, 0, clip.n_samples) for clip in scan_corpus(grown).clips]
    old = int((parent.memory.keys != frame_memory.NO_KEY).sum())
    monkeypatch.setattr(lineage, "MOST_NUMBERS", 1)
    codec = next_codec(parent, regions)
    assert codec.memory is not None
    assert len(codec.memory.keys) == old
    present = [encode_audio(parent, region.audio()) for region in regions]
    was_there = parent.memory.find(torch.cat(present))[1]
    assert codec.memory.find(torch.cat(present))[1][was_there].all()
    assert (codec.memory.keys.diff() > 0).all()


@pytest.mark.parametrize(
    "settings", [{"codebook_size": 64}, {"num_quantizers": 2}, {"channels": 2}, {"hidden_size": 96}]
)
def test_what_codes_depend_on_stays(
    codec_only: Path, corpus_dir: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match=r"^--[a-z-]+ stays as it is in a model that goes on"):
        distill.continue_model(codec_only, corpus_dir, tmp_path / "v2.sda", **settings)
    assert not list(tmp_path.iterdir())


def test_no_version_replaces_a_model(codec_only: Path, corpus_dir: Path, tmp_path: Path) -> None:
    model = Path(shutil.copy(codec_only, tmp_path / "a.sda"))
    before = model.read_bytes()
    with pytest.raises(UsageError, match="is the model to go on from"):
        distill.continue_model(model, corpus_dir, model, overwrite=True)
    other = Path(shutil.copy(codec_only, tmp_path / "b.sda"))
    with pytest.raises(OutputError, match="is a trained model already"):
        distill.continue_model(model, corpus_dir, other)
    assert model.read_bytes() == other.read_bytes() == before


def test_a_model_that_states_nothing_of_its_corpus_goes_on(
    codec_only: Path, corpus_dir: Path, tmp_path: Path
) -> None:
    save_model_v2(tmp_path / "bare.sda", load_model_v2(codec_only).model, {})
    distill.continue_model(tmp_path / "bare.sda", corpus_dir, tmp_path / "v2.sda", steps=2, **QUICK)
    metadata = load_model_v2(tmp_path / "v2.sda").metadata
    assert metadata["version"] == 2
    assert len(metadata["changes"]["added"]) == 8


def test_changes_are_told_by_content() -> None:
    before = [{"name": "a", "hash": "1"}, {"name": "b", "hash": "2", "weight": 2.0}]
    now = [{"name": "moved/a", "hash": "1"}, {"name": "c", "hash": "3"}]
    assert corpus_changes(before, now, [{"name": "b", "hash": "2"}]) == {
        "added": [{"name": "c", "hash": "3"}],
        "removed": [],
        "muted": [{"name": "b", "hash": "2"}],
        "weighted": [],
    }


def test_added_sounds_are_heard_more_often(corpus_dir: Path) -> None:
    clips = scan_corpus(corpus_dir).clips
    regions = split_by_manifest(clips, make_manifest(clips)).train
    assert crop_factors(regions, {"name": "first"}) is None
    added = [{"name": "new", "hash": regions[1].clip.content_hash}]
    factors = crop_factors(regions, {"changes": {"added": added}})
    assert factors is not None
    expected = [1.0] * len(regions)
    expected[1] = lineage.ADDED_FACTOR
    assert factors == expected
