"""Stereo from a folder of sounds to a model and back: what was left stays left, what was wide stays
wide."""

import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import torch

import distill
from distill.audio.stereo import correlation, side_level_db
from distill.inference.codes.file import save_codes
from distill.models.chunked import decode_codes, encode_audio
from distill.models.persistence import LoadedVQModel, load_model_v2, read_header
from distill.settings import SAMPLE_RATE
from distill.training.metrics import StepMetrics, TrainingEvent

SECONDS = 2.0


def saw(frequency: float, rng: np.random.Generator) -> np.ndarray:
    """A decaying saw tooth over a faint hiss, `[N]`."""
    t = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    tone = sum(
        np.sin(2 * np.pi * frequency * k * t + k) / k
        for k in range(1, 40)
        if k * frequency < 20_000
    )
    hiss: np.ndarray = 3e-4 * rng.standard_normal(len(t))
    return 0.25 * tone * np.exp(-t) + hiss


def rumble(rng: np.random.Generator) -> np.ndarray:
    """Noise that falls off above 800 Hz, `[N]`."""
    n = round(SECONDS * SAMPLE_RATE)
    spectrum = np.fft.rfft(rng.standard_normal(n)) / (
        1 + (np.fft.rfftfreq(n, 1 / SAMPLE_RATE) / 800) ** 2
    )
    noise: np.ndarray = np.fft.irfft(spectrum)
    return 0.1 * noise / noise.std()


@pytest.fixture(scope="module")
def sounds() -> dict[str, np.ndarray]:
    """`[2, N]` by name."""
    rng = np.random.default_rng(0)
    middle, silence = saw(330, rng), np.zeros(round(SECONDS * SAMPLE_RATE))
    pairs = {
        "tone left": (saw(220, rng), silence),
        "noise right": (silence, 0.1 * rng.standard_normal(len(silence))),
        "wide pad": (rumble(rng), rumble(rng)),
        "mono": (middle, middle),
    }
    return {name: np.stack(pair).astype(np.float32) for name, pair in pairs.items()}


@pytest.fixture(scope="module")
def folder(sounds: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four sounds, the one in the middle as a file with one channel."""
    root = tmp_path_factory.mktemp("wide")
    for name, sound in sounds.items():
        sf.write(
            root / f"{name}.wav", sound[:1].T if name == "mono" else sound.T, SAMPLE_RATE, "FLOAT"
        )
    return root


@pytest.fixture(scope="module")
def model(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> LoadedVQModel:
    """A stereo codec that knows the four sounds, after a short training."""
    patch = pytest.MonkeyPatch()
    patch.setenv("DISTILL_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    path = tmp_path_factory.mktemp("model") / "wide.sda"
    settings = {
        "hidden_size": 96,
        "codebook_size": 32,
        "num_quantizers": 3,
        "batch_size": 4,
        "crop_frames": 12,
    }
    distill.train(folder, path, steps=160, threads=1, early_stop=False, **settings)
    patch.undo()
    return distill.load(path, "cpu", 1)


def levels_db(sound: np.ndarray) -> np.ndarray:
    """RMS of left and right in dBFS."""
    decibels: np.ndarray = 10 * np.log10(np.square(sound).mean(1) + 1e-12)
    return decibels


def raw(model: LoadedVQModel, sound: np.ndarray) -> np.ndarray:
    """What the network alone makes of a sound `[2, N]`, without what `encode` makes good."""
    return decode_codes(model.model, encode_audio(model.model, sound))[:, : sound.shape[1]]


def test_the_corpus_made_it_stereo(model: LoadedVQModel) -> None:
    assert (model.model.channels, model.output_channels) == (2, 2)
    assert read_header(model.path)["vqvae_config"]["channels"] == 2


@pytest.mark.parametrize(("name", "ear"), [("tone left", 0), ("noise right", 1)])
def test_what_is_on_one_side_stays_there(
    model: LoadedVQModel, sounds: dict[str, np.ndarray], name: str, ear: int
) -> None:
    for decoded in (
        raw(model, sounds[name]),
        distill.decode(model, distill.encode(model, sounds[name])),
    ):
        levels = levels_db(decoded)
        assert levels[ear] > levels[1 - ear] + 10
        assert levels[ear] == pytest.approx(levels_db(sounds[name])[ear], abs=9)


def test_what_is_wide_stays_wide(model: LoadedVQModel, sounds: dict[str, np.ndarray]) -> None:
    decoded = raw(model, sounds["wide pad"])
    assert abs(correlation(decoded)) < 0.4
    assert levels_db(decoded) == pytest.approx(levels_db(sounds["wide pad"]), abs=6)
    assert side_level_db([decoded]) == pytest.approx(side_level_db([sounds["wide pad"]]), abs=2)


def test_the_file_says_how_wide_the_corpus_is_and_how_wide_it_comes_out(
    model: LoadedVQModel, sounds: dict[str, np.ndarray]
) -> None:
    image = model.metadata["stereo"]
    (side, side_decoded), (alike, alike_decoded) = image["side_db"], image["correlation"]
    own = np.concatenate(list(sounds.values()), 1)
    assert side == pytest.approx(side_level_db([own]), abs=3)
    assert side_decoded == pytest.approx(side, abs=3)
    assert alike == pytest.approx(correlation(own), abs=0.3)
    assert alike_decoded == pytest.approx(alike, abs=0.3)


def test_what_is_in_the_middle_stays_there(
    model: LoadedVQModel, sounds: dict[str, np.ndarray]
) -> None:
    assert side_level_db([raw(model, sounds["mono"])]) < -40
    for sound in (sounds["mono"], sounds["mono"][:1]):
        codes = distill.encode(model, sound)
        left, right = distill.decode(model, codes)
        assert codes.width == 0
        assert codes.channels == 2
        assert np.array_equal(left, right)
        assert np.abs(left).max() > 0.01


def test_silence_stays_silent(model: LoadedVQModel) -> None:
    decoded = distill.decode(model, distill.encode(model, np.zeros((2, SAMPLE_RATE), np.float32)))
    assert np.array_equal(*decoded)
    assert np.abs(decoded).max() < 0.01


def test_the_side_gets_its_level_back(model: LoadedVQModel, sounds: dict[str, np.ndarray]) -> None:
    """A sound half as wide as what the codec knows: `width` narrows what it makes of it."""
    wide = sounds["wide pad"]
    mid, side = (wide[0] + wide[1]) / 2, (wide[0] - wide[1]) / 2
    narrow = np.stack([mid + 0.2 * side, mid - 0.2 * side])
    codes = distill.encode(model, narrow)
    error = abs(side_level_db([distill.decode(model, codes)]) - side_level_db([narrow]))
    assert error < 3
    assert error <= abs(side_level_db([raw(model, narrow)]) - side_level_db([narrow])) + 0.5


@pytest.mark.parametrize(("channels", "remark"), [(1, ""), (2, ""), (3, "layout"), (8, "7.1")])
def test_any_number_of_channels_is_encoded(
    model: LoadedVQModel, tmp_path: Path, channels: int, remark: str
) -> None:
    sound = np.random.default_rng(0).uniform(-0.1, 0.1, (channels, 5000)).astype(np.float32)
    sf.write(tmp_path / "a.wav", sound.T, SAMPLE_RATE, "FLOAT")
    with pytest.warns(UserWarning, match=remark) if remark else nullcontext():
        codes = distill.encode(model, tmp_path / "a.wav")
        assert np.array_equal(codes.codes, distill.encode(model, sound).codes)
    assert distill.decode(model, codes).shape == (2, 5000)


def test_a_codes_file_keeps_it_all(
    model: LoadedVQModel, sounds: dict[str, np.ndarray], tmp_path: Path
) -> None:
    codes = distill.encode(model, sounds["tone left"])
    save_codes(tmp_path / "a.json", codes)
    decoded = distill.decode(model, tmp_path / "a.json", tmp_path / "a.wav")
    assert np.array_equal(decoded, distill.decode(model, codes))
    assert sf.info(tmp_path / "a.wav").channels == 2


def test_a_prior_makes_stereo(
    model: LoadedVQModel, folder: Path, tmp_path: Path, tiny_prior: dict[str, Any]
) -> None:
    path = tmp_path / "wide.sda"
    path.write_bytes(model.path.read_bytes())
    distill.train_prior(path, folder, **tiny_prior)
    (sound,) = distill.generate(distill.load(path, "cpu", 1), duration=1.0)
    assert sound.audio.shape == (2, SAMPLE_RATE)
    assert not np.array_equal(*sound.audio)
    assert sf.info(sound.save(tmp_path / "a.wav")).channels == 2


def test_dual_mono_is_learned_once_and_written_twice(
    sounds: dict[str, np.ndarray], tmp_path: Path, tiny: dict[str, Any], tiny_prior: dict[str, Any]
) -> None:
    folder, path = tmp_path / "dual", tmp_path / "dual.sda"
    folder.mkdir()
    for name, sound in sounds.items():
        sf.write(
            folder / f"{name}.wav", sound.sum(0).repeat(2).reshape(-1, 2), SAMPLE_RATE, "FLOAT"
        )
    cancelled = threading.Event()

    def stop(event: TrainingEvent) -> None:
        if isinstance(event, StepMetrics) and event.step >= 10:
            cancelled.set()

    distill.train(folder, path, steps=20, callback=stop, cancel_event=cancelled, **tiny)
    assert distill.resume(path).finished
    distill.train_prior(path, folder, **tiny_prior)
    model = distill.load(path, "cpu", 1)
    assert (model.model.channels, model.output_channels) == (1, 2)
    decoded = distill.decode(model, distill.encode(model, folder / "mono.wav"))
    (sound,) = distill.generate(model, duration=1.0)
    for audio in (decoded, sound.audio):
        assert audio.shape[0] == 2
        assert np.array_equal(*audio)
    assert abs(sound.loudness - model.metadata["corpus_loudness"]) < 2.1


def test_a_mono_codec_takes_stereo_sounds(codec_only: Path) -> None:
    model = load_model_v2(codec_only)
    sound = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 5000)).astype(np.float32)
    codes = distill.encode(model, sound)
    assert np.array_equal(codes.codes, distill.encode(model, sound.mean(0, keepdims=True)).codes)
    assert distill.decode(model, codes).shape == (1, 5000)


def test_stereo_resumes_to_the_bit(folder: Path, tmp_path: Path, tiny: dict[str, Any]) -> None:
    whole, parts = tmp_path / "whole.sda", tmp_path / "parts.sda"
    distill.train(folder, whole, steps=20, **tiny)
    cancelled = threading.Event()

    def stop(event: TrainingEvent) -> None:
        if isinstance(event, StepMetrics) and event.step >= 11:
            cancelled.set()

    distill.train(folder, parts, steps=20, callback=stop, cancel_event=cancelled, **tiny)
    distill.resume(parts)
    a, b = (load_model_v2(path).model.state_dict() for path in (whole, parts))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_stereo_corpus_can_be_learned_as_mono(
    folder: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    distill.train(folder, tmp_path / "m.sda", steps=2, channels=1, **tiny)
    model = load_model_v2(tmp_path / "m.sda")
    assert (model.model.channels, model.output_channels) == (1, 1)
