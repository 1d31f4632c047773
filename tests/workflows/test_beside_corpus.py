"""Any sound beside the corpus of a model."""

from pathlib import Path

import numpy as np
import pytest

import distill
from distill.audio.io import read_audio
from distill.audio.write import write_sound
from distill.errors import UsageError
from distill.models.persistence import LoadedVQModel
from distill.workflows.beside_corpus import find_sources, measure_curves


@pytest.fixture(scope="module")
def model(trained: Path) -> LoadedVQModel:
    return distill.load(trained, "cpu", 1)


def test_curves_are_percentiles_of_the_corpus(
    model: LoadedVQModel, corpus_dir: Path, tmp_path: Path
) -> None:
    path = corpus_dir / "high" / "pluck 6.wav"
    audio = read_audio(path)
    measured = measure_curves(model, path)
    assert len(measured.curves["loudness"]) == -(-audio.shape[1] // model.model.frame_hop)
    values = np.concatenate(list(measured.curves.values()))
    assert 0 <= np.nanmin(values) <= np.nanmax(values) <= 100
    # The corpus rises in pitch from file to file; softer is lower on the scale of loudness.
    low = measure_curves(model, corpus_dir / "low" / "pluck 1.wav").curves
    assert np.nanmedian(low["pitch"]) < np.nanmedian(measured.curves["pitch"])
    soft = measure_curves(model, write_sound(tmp_path / "soft.wav", 0.5 * audio)).curves
    assert np.nanmean(soft["loudness"]) < np.nanmean(measured.curves["loudness"])


def test_a_recording_is_found_in_its_own_corpus(model: LoadedVQModel, corpus_dir: Path) -> None:
    report = find_sources(model, corpus_dir / "high" / "pluck 7.wav")
    assert report.passage is not None
    assert report.passage.source == "high/pluck 7.wav"
    assert report.share > 0


def test_a_model_without_a_prior_has_no_scale(codec_only: Path, corpus_dir: Path) -> None:
    model = distill.load(codec_only, "cpu", 1)
    sound = corpus_dir / "low" / "pluck 1.wav"
    for ask in (measure_curves, find_sources):
        with pytest.raises(UsageError, match="train-prior"):
            ask(model, sound)
