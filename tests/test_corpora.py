"""Real recordings through every step, each with a budget of seconds: needs `DISTILL_CORPORA`."""

import os
from pathlib import Path

import numpy as np
import pytest

import distill
from distill.audio.io import read_audio
from distill.data.corpus import scan_corpus

FOLDER = os.environ.get("DISTILL_CORPORA")
CORPORA = sorted(path for path in Path(FOLDER).iterdir() if path.is_dir()) if FOLDER else []


@pytest.mark.skipif(not CORPORA, reason="DISTILL_CORPORA names no folder of corpora")
@pytest.mark.usefixtures("small_networks")
@pytest.mark.parametrize("corpus", CORPORA, ids=lambda path: path.name)
def test_from_folder_to_new_sound(corpus: Path, tmp_path: Path) -> None:
    report = scan_corpus(corpus)
    assert report.verdict == "go"
    assert len(report.clips) == len(report.files)
    path = tmp_path / "model.sda"
    distill.train(report, path, steps=30, batch_size=4, hidden_size=96)
    distill.train_prior(path, corpus, max_epochs=1, hidden_size=64, num_layers=1, encodings=2)
    model = distill.load(path)
    sound = distill.generate(model, duration=2, seed=1)[0]
    assert np.isfinite(sound.audio).all()
    assert sound.audio.std() > 1e-4
    source = next(corpus.iterdir())
    decoded = distill.decode(model, distill.encode(model, source))
    assert decoded.shape == (model.output_channels, read_audio(source).shape[1])
