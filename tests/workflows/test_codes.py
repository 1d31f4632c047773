import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.audio.tags import read_tags
from distill.errors import CodebookMismatchError, OutputError


def test_the_six_lines(
    corpus_dir: Path, tmp_path: Path, tiny: dict, tiny_prior: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    distill.train(corpus_dir, "my.sda", steps=10, **tiny)
    distill.train_prior("my.sda", corpus_dir, **tiny_prior)
    model = distill.load("my.sda", threads=1)
    distill.generate(model, duration=1.5, seed=7)[0].save("new.wav")
    codes = distill.encode(model, next(corpus_dir.rglob("*.wav")))
    sound = distill.decode(model, codes, "again.wav")
    written, rate = sf.read("new.wav", always_2d=True)
    assert written.shape == (round(1.5 * rate), 1)
    assert sf.info("new.wav").subtype == "PCM_24"
    assert sf.info("again.wav").frames == codes.n_samples == sound.shape[1]
    assert read_tags("again.wav")["software"].startswith(f"Distill {distill.__version__}")
    stated = json.loads(read_tags("again.wav")["comment"])["distill"]
    assert (stated["model_id"], len(stated["model_hash"])) == (model.metadata["id"], 64)


def test_arrays_encode_as_files_do(trained: Path, corpus_dir: Path) -> None:
    model = distill.load(trained, threads=1)
    path = next(corpus_dir.rglob("*.wav"))
    samples = sf.read(path, dtype="float32", always_2d=True)[0].T
    assert np.array_equal(distill.encode(model, samples).codes, distill.encode(model, path).codes)


def test_where_a_sound_is_to_be_written_is_looked_at_before_it_is_decoded(
    trained: Path, corpus_dir: Path
) -> None:
    """So that the name is what is complained of, though the codes are of another model as well."""
    model = distill.load(trained, threads=1)
    codes = replace(distill.encode(model, next(corpus_dir.rglob("*.wav"))), codebook_hash="another")
    with pytest.raises(OutputError, match="does not exist"):
        distill.decode(model, codes, "nowhere/again.wav")
    with pytest.raises(CodebookMismatchError):
        distill.decode(model, codes)
