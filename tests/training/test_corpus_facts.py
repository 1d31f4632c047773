from pathlib import Path

import numpy as np
import soundfile as sf

from distill.data.corpus import scan_corpus
from distill.settings import SAMPLE_RATE
from distill.training.corpus_facts import CorpusFacts, measure_corpus_facts


def folder_of(path: Path, sounds: dict[str, np.ndarray]) -> Path:
    path.mkdir()
    for name, sound in sounds.items():
        sf.write(path / name, sound, SAMPLE_RATE, "PCM_24")
    return path


def material_of(path: Path) -> CorpusFacts:
    return measure_corpus_facts(scan_corpus(path))


def test_ordinary_sounds_have_nothing_against_them(corpus_dir: Path) -> None:
    corpus = material_of(corpus_dir)
    assert (corpus.files, corpus.copies, corpus.noise_share) == (8, 0, 0)
    assert not any((corpus.is_repeated, corpus.is_uneven, corpus.is_noise))


def test_one_file_under_many_names(corpus_dir: Path, tmp_path: Path) -> None:
    source = (corpus_dir / "low" / "pluck 3.wav").read_bytes()
    for i in range(5):
        (tmp_path / f"{i}.wav").write_bytes(source)
    corpus = material_of(tmp_path)
    assert (corpus.files, corpus.copies) == (5, 4)
    assert corpus.is_repeated


def test_one_file_with_trivial_changes(corpus_dir: Path, tmp_path: Path) -> None:
    x, _ = sf.read(corpus_dir / "low" / "pluck 3.wav")
    rng = np.random.default_rng(0)
    copies = {
        "a.wav": x,
        "quiet.wav": 0.3 * x,
        "turned over.wav": -x,
        "later.wav": np.concatenate([np.zeros(2000), x]),
        "dithered.wav": x + 1e-4 * rng.standard_normal(len(x)),
        "cut.wav": x[: -len(x) // 50],
    }
    corpus = material_of(folder_of(tmp_path / "copies", copies))
    assert (corpus.files, corpus.copies) == (6, 5)
    assert corpus.is_repeated


def test_one_file_that_is_nearly_everything(corpus_dir: Path, tmp_path: Path) -> None:
    t = np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE
    folder = folder_of(
        tmp_path / "uneven", {"long.wav": 0.3 * np.sin(2 * np.pi * (200 * t + 5 * t * t))}
    )
    for file in corpus_dir.glob("low/*.wav"):
        (folder / file.name).write_bytes(file.read_bytes())
    corpus = material_of(folder)
    assert corpus.longest == "long.wav"
    assert corpus.longest_share > 0.9
    assert corpus.is_uneven


def test_noise_and_nothing_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noises = {f"{i}.wav": rng.uniform(-0.5, 0.5, SAMPLE_RATE * (i + 1) // 3) for i in range(5)}
    corpus = material_of(folder_of(tmp_path / "noise", noises))
    assert corpus.noise_share == 1
    assert corpus.is_noise
    assert not corpus.is_repeated
