"""Passages planted in codes and sound are found; new sounds and silence are not."""

from pathlib import Path

import numpy as np
import pytest
import torch

from distill.data.corpus import scan_corpus
from distill.data.dataset import split_by_manifest
from distill.inference.copies.meter import CopyMeter
from distill.inference.copies.report import CopyReport
from distill.models.chunked import decode_codes, encode_audio
from distill.models.persistence import LoadedVQModel, load_model_v2

SAME, NEW = 50.0, 5.0
LONG_S = 0.5
ENCODINGS = 2
"""Of the model that is tested."""


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


@pytest.fixture(scope="module")
def meter(loaded: LoadedVQModel) -> CopyMeter:
    assert loaded.prior_metadata is not None
    return CopyMeter(loaded.model, loaded.prior_metadata["copy_index"])


def measure(
    loaded: LoadedVQModel, meter: CopyMeter, audio: np.ndarray, gain: float = 1.0
) -> CopyReport:
    """The report on `audio` `[C, N]`, times `gain`, as the codec brings it back."""
    codes = encode_audio(loaded.model, np.float32(gain) * audio)
    return meter.measure(codes, decode_codes(loaded.model, codes))


def learned(loaded: LoadedVQModel, corpus_dir: Path) -> list[tuple[str, np.ndarray]]:
    """Names and sounds of the longer training files."""
    split = split_by_manifest(scan_corpus(corpus_dir, 1).clips, loaded.metadata["corpus"])
    long = [r for r in split.train if r.n_samples > LONG_S * loaded.model.sample_rate]
    assert len(long) >= 3
    return [(r.clip.name, np.array(r.audio())) for r in long]


@pytest.mark.parametrize("case", ["verbatim", "shifted", "louder"])
def test_planted_passages_are_found_by_name(
    loaded: LoadedVQModel, meter: CopyMeter, corpus_dir: Path, case: str
) -> None:
    for name, audio in learned(loaded, corpus_dir):
        shift = round(0.3 * loaded.model.sample_rate) if case == "shifted" else 0
        report = measure(
            loaded, meter, np.pad(audio, ((0, 0), (shift, 0))), 2.0 if case == "louder" else 1.0
        )
        assert report.percent > SAME, name
        assert report.passage is not None
        assert report.passage.source == name
        assert report.passage.output_s - report.passage.source_s == pytest.approx(
            0.3 if shift else 0.0, abs=0.06
        )
        assert name in report.sentence


@pytest.mark.parametrize("kind", ["noise", "chirp", "silence"])
def test_new_sounds_and_silence_are_not(loaded: LoadedVQModel, meter: CopyMeter, kind: str) -> None:
    t = np.arange(2 * loaded.model.sample_rate) / loaded.model.sample_rate
    sounds = {
        "noise": np.random.default_rng(5).uniform(-0.3, 0.3, len(t)),
        # Above the plucks: 32 codes cannot tell a slow tone among theirs from one of them.
        "chirp": 0.3 * np.sin(2 * np.pi * (3000 * t + 3000 * t**2)),
        "silence": np.zeros(len(t)),
    }
    report = measure(loaded, meter, sounds[kind][None].astype(np.float32))
    assert report.percent < NEW
    assert "no more than a new recording" in report.sentence


def test_half_a_copy_is_half(loaded: LoadedVQModel, corpus_dir: Path) -> None:
    """Beside new recordings that have nothing in common with the corpus: what the two or three
    held-out sounds of so small a corpus have, and so the zero point, hangs on chance."""
    index = (loaded.prior_metadata or {})["copy_index"]
    meter = CopyMeter(loaded.model, index | {"zero": index["zero"] | {"share": 0.0}})
    _, audio = learned(loaded, corpus_dir)[-1]
    new = np.random.default_rng(6).uniform(-0.3, 0.3, audio.shape).astype(np.float32)
    report = measure(loaded, meter, np.concatenate([audio, new], axis=1))
    assert 0.4 < report.share < 0.6
    assert 25 < report.percent < 75
    stricter = CopyMeter(loaded.model, index | {"zero": index["zero"] | {"share": 0.2}})
    assert (
        0 < measure(loaded, stricter, np.concatenate([audio, new], axis=1)).percent < report.percent
    )


def test_the_index_is_plain_and_small(loaded: LoadedVQModel, meter: CopyMeter) -> None:
    """Bytes of numbers, and the zero point in numbers; under 10 kB a second with all encodings."""
    index = (loaded.prior_metadata or {})["copy_index"]
    assert index["codes"].dtype == index["passage_codes"].dtype == torch.uint8
    seconds = (
        sum(entry["frames"] for entry in index["passages"]) / ENCODINGS / loaded.model.frame_rate
    )
    assert index["codes"].numel() + index["passage_codes"].numel() < 10_000 * seconds
    assert 0 <= meter.zero["share"] <= 0.9
    held_out = {entry["name"] for entry in loaded.metadata["corpus"] if entry["train_until"] == 0}
    assert held_out.isdisjoint(entry["name"] for entry in index["passages"])
