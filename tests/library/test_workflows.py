from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.errors import OutputError
from distill.library.workflows import output_paths


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


def test_arrays_encode_as_files_do(trained: Path, corpus_dir: Path) -> None:
    model = distill.load(trained, threads=1)
    path = next(corpus_dir.rglob("*.wav"))
    samples = sf.read(path, dtype="float32", always_2d=True)[0].T
    assert np.array_equal(distill.encode(model, samples).codes, distill.encode(model, path).codes)


def test_output_names(tmp_path: Path) -> None:
    assert output_paths(tmp_path / "a.wav", 1) == [tmp_path / "a.wav"]
    assert output_paths(tmp_path / "a.FLAC", 1) == [tmp_path / "a.FLAC"]
    assert [p.name for p in output_paths(tmp_path / "a.wav", 10)][::9] == ["a-01.wav", "a-10.wav"]
    for bad in (tmp_path / "a.mp3", tmp_path / "a", tmp_path / "no" / "a.wav"):
        with pytest.raises(OutputError):
            output_paths(bad, 1)
