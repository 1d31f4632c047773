"""Sounds to codes and back, from Python."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.audio.tags import read_tags
from distill.errors import CodebookMismatchError, OutputError
from distill.settings import SAMPLE_RATE


def test_the_example_of_the_package(
    corpus_dir: Path, tmp_path: Path, tiny: dict, tiny_prior: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines in the docstring of `distill` run, with settings for seconds, not minutes."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(corpus_dir, "sounds")
    shutil.copy(next(corpus_dir.rglob("*.wav")), "any.wav")
    example = dedent((distill.__doc__ or "").partition("Example:\n")[2])
    quick = example.replace("minutes=20", "steps=10, **tiny")
    quick = quick.replace('"my.sda", "sounds")', '"my.sda", "sounds", **tiny_prior)')
    assert quick.count("**tiny") == 2
    names: dict = {"tiny": tiny, "tiny_prior": tiny_prior}
    exec(compile(quick, "distill", "exec"), names)
    written, rate = sf.read("new.wav", always_2d=True)
    assert written.shape == (12 * rate, 1)
    assert sf.info("new.wav").subtype == "PCM_24"
    assert sf.info("slow.wav").frames == names["slow"].n_samples
    assert len(names["slow"].codes) == 2 * len(names["codes"].codes)


def test_a_decoded_file_names_its_model(trained: Path, corpus_dir: Path, tmp_path: Path) -> None:
    model = distill.load(trained, threads=1)
    codes = distill.encode(model, next(corpus_dir.rglob("*.wav")))
    path = tmp_path / "again.wav"
    sound = distill.decode(model, codes, path)
    assert sf.info(path).frames == codes.n_samples == sound.shape[1]
    tags = read_tags(path)
    assert tags["software"].startswith(f"Distill {distill.__version__}")
    stated = json.loads(tags["comment"])["distill"]
    assert (stated["model_id"], len(stated["model_hash"])) == (model.metadata["id"], 64)


def test_a_long_sound_goes_to_a_file_as_it_is_decoded(
    trained: Path, corpus_dir: Path, tmp_path: Path
) -> None:
    model = distill.load(trained, threads=1)
    codes = distill.encode(model, corpus_dir / "high" / "pluck 7.wav")
    region = distill.parse_region(codes, "2f", "9f", "1-2")
    whole = tmp_path / "whole.wav"
    part = tmp_path / "part.wav"
    assert distill.decode_to_file(model, codes, whole) == codes.n_samples
    samples = distill.decode_to_file(model, codes, part, region)
    for path, expected in (
        (whole, distill.decode(model, codes)),
        (part, distill.decode(model, codes, region=region)),
    ):
        assert np.allclose(sf.read(path, always_2d=True)[0].T, expected, atol=1e-4)
    assert sf.info(part).frames == samples


def test_single_codes_can_be_heard(trained: Path, corpus_dir: Path, tmp_path: Path) -> None:
    model = distill.load(trained, threads=1)
    codes = distill.encode(model, corpus_dir / "high" / "pluck 7.wav")
    saved = distill.save_codes(tmp_path / "x.json", codes)
    column = distill.decode_column(model, codes, "12f", tmp_path / "column.wav")
    assert column.shape == (1, SAMPLE_RATE // 2)
    assert np.array_equal(column, distill.decode_column(model, saved, 12 / codes.frame_rate))
    entry = distill.decode_entry(model, "timbre:7")
    assert entry.shape == column.shape
    assert np.array_equal(entry, distill.decode_entry(model, "2:7"))
    assert (tmp_path / "column.wav").exists()


def test_arrays_encode_as_files_do(trained: Path, corpus_dir: Path) -> None:
    model = distill.load(trained, threads=1)
    path = next(corpus_dir.rglob("*.wav"))
    samples = sf.read(path, dtype="float32", always_2d=True)[0].T
    assert np.array_equal(distill.encode(model, samples).codes, distill.encode(model, path).codes)


def test_the_path_is_checked_before_the_codes(trained: Path, corpus_dir: Path) -> None:
    """The error names the folder, though the codes are of another model as well."""
    model = distill.load(trained, threads=1)
    codes = replace(distill.encode(model, next(corpus_dir.rglob("*.wav"))), codebook_hash="another")
    with pytest.raises(OutputError, match="does not exist"):
        distill.decode(model, codes, "nowhere/again.wav")
    with pytest.raises(CodebookMismatchError):
        distill.decode(model, codes)


@pytest.mark.filterwarnings("ignore:.*no stated layout:UserWarning")
def test_arrays_of_surround_encode_as_wavs_without_a_mask_do(trained: Path, tmp_path: Path) -> None:
    model = distill.load(trained, threads=1)
    samples = np.random.default_rng(0).uniform(-0.9, 0.9, (6, SAMPLE_RATE // 4)).astype(np.float32)
    sf.write(tmp_path / "a.wav", samples.T, SAMPLE_RATE, "FLOAT")
    of_file = distill.encode(model, tmp_path / "a.wav")
    assert np.array_equal(distill.encode(model, samples).codes, of_file.codes)
    # The fold is lowered as a whole, so that what comes back holds in a file.
    assert np.abs(distill.decode(model, of_file)).max() < 1.5


@pytest.mark.parametrize(
    ("channels", "words"),
    [(3, "unknown layout, mixed evenly"), (6, "no stated layout, read as 5.1"), (9, "unknown")],
)
def test_channels_without_loudspeakers_are_said(
    trained: Path, tmp_path: Path, channels: int, words: str
) -> None:
    model = distill.load(trained, threads=1)
    samples = np.full((channels, 4800), 0.1, np.float32)
    sf.write(tmp_path / "a.wav", samples.T, SAMPLE_RATE, "FLOAT")
    with pytest.warns(UserWarning, match=f"'a.wav': channels of .*{words}"):
        distill.encode(model, tmp_path / "a.wav")
    with pytest.warns(UserWarning, match=f"The samples: channels of .*{words}"):
        distill.encode(model, samples)
