"""Generation from Python: defaults, files, streams, and sounds regenerated."""

import inspect
import logging
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch

import distill
from distill.audio.conversion import shape_sound
from distill.audio.delivery import Delivery
from distill.audio.fades import FADE_OUT_S
from distill.audio.limiter import limiter_reach
from distill.audio.tags import read_timing
from distill.errors import AudioError, CodebookMismatchError, OutputError, UsageError
from distill.inference.modes.request import Request
from distill.inference.sampling.settings import Sampling
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE
from distill.workflows.generate import generate_again, generate_files


@pytest.fixture(scope="module")
def model(trained: Path) -> LoadedVQModel:
    return distill.load(trained, "cpu", 1)


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """A second of a tone."""
    path = tmp_path / "tone.wav"
    sf.write(path, 0.2 * np.sin(np.arange(SAMPLE_RATE) / 20), SAMPLE_RATE)
    return path


def test_the_defaults_are_those_of_a_request() -> None:
    """Positional order and names of the arguments are public."""
    parameters = inspect.signature(distill.generate).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    assert list(defaults)[:9] == [
        "model",
        "duration",
        "seed",
        "temperature",
        "top_k",
        "top_p",
        "count",
        "progress",
        "max_copy",
    ]
    request = Request()
    assert defaults["seed"] == request.seed
    # None: only a value that is given can be refused.
    assert defaults["duration"] is defaults["lead_in"] is None
    sampling = {name: defaults[name] for name in vars(request.sampling) if name != "lead_in"}
    assert Sampling(**sampling) == request.sampling


def test_arguments_become_the_recipe(model: LoadedVQModel, tone: Path) -> None:
    (sound,) = distill.generate(
        model, seed=5, variation_of=tone, amount=0.5, temperature=0.8, pitch=[20, 80]
    )
    recipe = sound.recipe
    assert (recipe.duration, recipe.seed, recipe.sampling.temperature) == (1.0, 5, 0.8)
    assert (recipe.way.kind, recipe.way.source, recipe.way.amount) == ("variation", "tone.wav", 0.5)
    # The array spreads over the length of the source, not over the default duration.
    assert recipe.steering.pitch == ((0.0, 20.0), (1.0, 80.0))


def test_options_are_refused_as_on_the_command_line(model: LoadedVQModel, tone: Path) -> None:
    with pytest.raises(UsageError, match="With --variation-of the length is that of the sound"):
        distill.generate(model, 3.0, variation_of=tone)
    with pytest.raises(UsageError, match="With --continue-from the prior hears that sound"):
        distill.generate(model, lead_in=2.0, continue_from=tone)


def test_modes_do_not_go_together(model: LoadedVQModel, tone: Path) -> None:
    with pytest.raises(UsageError, match="--continue-from and --loop do not go together"):
        distill.generate(model, loop=True, continue_from=tone)


def test_files_are_written_as_they_come(model: LoadedVQModel, tmp_path: Path) -> None:
    written = generate_files(model, tmp_path / "new.flac", Request(0.2, seed=3, count=2))
    first = next(written)
    assert first.path == tmp_path / "new-1.flac"
    assert [path.name for path in tmp_path.iterdir()] == ["new-1.flac"]
    assert first.sound.recipe.seed == 3
    assert [item.path.name for item in written] == ["new-2.flac"]
    with pytest.raises(OutputError, match="'no' does not exist"):
        generate_files(model, "no/new.wav", Request())


def test_files_are_written_in_the_form_that_is_asked_for(
    model: LoadedVQModel, tmp_path: Path
) -> None:
    delivery = Delivery(rate=44_100, loudness_target=-20.0, bits="16")
    (written,) = generate_files(model, tmp_path / "a.wav", Request(0.5, 3), delivery=delivery)
    sound = written.sound
    assert (sound.sample_rate, sound.audio.shape[1]) == (44_100, 22_050)
    assert sound.loudness == pytest.approx(-20, abs=0.5)
    assert sound.recipe.delivery == delivery.shape
    info = sf.info(written.path)
    assert (info.samplerate, info.subtype) == (44_100, "PCM_16")
    again = generate_again(model, written.path)
    assert np.array_equal(again.audio, sound.audio)
    # Of the sound as the model gives it, the form is the same.
    (plain,) = distill.generate(model, 0.5, seed=3)
    same = plain.save(tmp_path / "b.wav", delivery)
    assert same.read_bytes() == written.path.read_bytes()


def test_a_loop_in_another_form_still_goes_round(model: LoadedVQModel, tmp_path: Path) -> None:
    (loop,) = distill.generate(model, 2.0, seed=3, loop=True, tempo=120)
    shaped = loop.delivered(Delivery(rate=44_100))
    length = round(loop.audio.shape[1] * 44_100 / SAMPLE_RATE)
    assert shaped.audio.shape[1] == length
    # As if it were played three times, and cut afterwards.
    thrice = shape_sound(np.tile(loop.audio, 3), SAMPLE_RATE, Delivery(rate=44_100))
    np.testing.assert_allclose(shaped.audio, thrice[:, length : 2 * length], atol=1e-5)
    timing = read_timing(shaped.save(tmp_path / "loop.wav"))
    assert timing == loop.timing


def test_a_mono_model_has_no_width(model: LoadedVQModel, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="A mono sound has no width"):
        generate_files(model, tmp_path / "a.wav", Request(0.5), delivery=Delivery(width=2.0))
    assert not list(tmp_path.iterdir())


def test_a_stream_takes_what_generate_takes(model: LoadedVQModel) -> None:
    settings = {"temperature": 0.5, "lead_in": 1.0, "tags": ["low"], "guidance": 2.0}
    first, second = islice(distill.stream(model, 3, brightness=80, **settings), 2)
    assert first.shape == second.shape
    other = next(iter(distill.stream(model, 3, brightness=10, **settings)))
    assert not np.array_equal(first, other)
    with pytest.raises(UsageError, match="--temperature"):
        distill.stream(model, temperature=11.0)
    # Only a stream with an end could spread an array.
    with pytest.raises(UsageError, match="times of --pitch must increase"):
        distill.stream(model, pitch=[20, 80])
    with pytest.raises(TypeError, match="loop"):
        distill.stream(model, loop=True)  # type: ignore[call-arg]


def test_again_on_as_many_threads(
    trained: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = distill.load(trained, threads=1)
    _, first = distill.generate(model, 0.5, seed=7, count=2, max_copy=100, brightness=[20, 90])
    path = first.save(tmp_path / "first.wav")
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    with caplog.at_level(logging.WARNING):
        same = generate_again(model, path)
        longer = generate_again(model, path, 0.8)
    assert torch.get_num_threads() == before + 1
    torch.set_num_threads(before)
    assert not caplog.messages
    assert same.recipe.threads == first.recipe.threads == 1
    assert np.array_equal(first.audio, same.audio)
    alike = first.audio.shape[1] - round(FADE_OUT_S * SAMPLE_RATE) - limiter_reach(SAMPLE_RATE)
    assert longer.audio.shape[1] == round(0.8 * SAMPLE_RATE)
    assert np.array_equal(first.audio[:, :alike], longer.audio[:, :alike])


def test_again_of_what_cannot_be(trained: Path, codec_only: Path, tmp_path: Path) -> None:
    model, other = distill.load(trained, threads=1), distill.load(codec_only, threads=1)
    path = distill.generate(model, 0.2)[0].save(tmp_path / "first.flac")
    with pytest.raises(CodebookMismatchError, match=r"first\.flac was made with another model"):
        generate_again(other, path)
    distill.decode(model, distill.encode(model, path), tmp_path / "decoded.wav")
    with pytest.raises(AudioError, match=r"decoded\.wav does not say how it was made"):
        generate_again(model, tmp_path / "decoded.wav")
    with pytest.raises(TypeError, match="generate_again takes no amount"):
        generate_again(model, path, amount=0.5)  # type: ignore[arg-type]
