"""From options to a request; what an earlier sound decides."""

import inspect
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.cli.generate import generate_cmd
from distill.errors import AudioError, UsageError
from distill.inference.modes.request import ModeSettings, Request
from distill.inference.recipe import Recipe
from distill.inference.sampling.curves import Steering
from distill.inference.sampling.settings import Sampling
from distill.settings import SAMPLE_RATE
from distill.workflows.request import (
    MODE_OPTIONS,
    SAMPLING_OPTIONS,
    STEERING_OPTIONS,
    EarlierSound,
    choose_again,
    choose_mode,
    make_request,
    read_source,
)


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """A second of a tone at another sample rate."""
    path = tmp_path / "tone.wav"
    sf.write(path, 0.2 * np.sin(np.arange(22_050) / 10), 22_050)
    return path


def earlier_sound(**changes: object) -> EarlierSound:
    values = {
        "version": "1",
        "model_id": "id",
        "model_hash": "hash",
        "device": "cpu",
        "threads": 1,
        "seed": 7,
        "duration": 1.5,
        "sampling": Sampling(temperature=0.9),
        "gain": 0.5,
        "steering": Steering(pitch=((0.0, 20.0),)),
    }
    return EarlierSound("out.wav", Recipe(**(values | changes)))  # type: ignore[arg-type]


def test_a_source_is_read_at_the_rate_of_all(tone: Path) -> None:
    source = read_source(tone)
    assert (source.name, len(source.digest), source.seconds) == ("tone.wav", 64, 1.0)
    with pytest.raises(AudioError, match=r"none\.wav"):
        read_source(tone.with_name("none.wav"))


def test_the_options_choose_a_mode(tone: Path) -> None:
    assert choose_mode({"loop": False, "infill": None}) == (ModeSettings(), None)
    assert choose_mode({"one_shot": True}) == (ModeSettings("one-shot"), None)
    gap = choose_mode({"infill": tone, "start": 0.2, "stop": 0.4})
    assert gap.mode == ModeSettings("infill", start=0.2, stop=0.4)
    assert gap.source is not None
    assert gap.source.seconds == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loop": True, "one_shot": True}, "--one-shot and --loop do not go together"),
        ({"amount": 0.5}, "--amount goes with --variation-of only"),
        ({"loop": True, "stop": 0.5}, "--to goes with --infill only"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        choose_mode(options)


def test_a_request_has_the_defaults_and_a_new_seed() -> None:
    first = make_request(top_k=5, top_p=None, pitch="30")
    second = make_request()
    assert (first.duration, first.count, first.max_copy) == (Request.duration, Request.count, None)
    assert first.sampling == Sampling(top_k=5)
    assert first.steering == Steering(pitch=((0.0, 30.0),))
    assert first.seed != second.seed


def test_a_zero_is_given_and_none_is_not() -> None:
    request = make_request(seed=0, temperature=0, lead_in=0.0, guidance=0.0, onsets=0, like=None)
    assert request.seed == 0
    assert request.sampling == Sampling(temperature=0, lead_in=0.0)
    assert request.steering == Steering(onsets=((0.0, 0.0),), guidance=0.0)


def test_an_unknown_option_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="there is no option pace, topk"):
        make_request(topk=5, pace=None)


def test_every_option_of_generate_is_one_of_a_request() -> None:
    """So a new mode needs no other list than the arguments of `distill.generate`."""
    own = set(inspect.signature(make_request).parameters) - {"earlier", "options"}
    grouped = {*MODE_OPTIONS, *SAMPLING_OPTIONS, *STEERING_OPTIONS}
    arguments = set(inspect.signature(distill.generate).parameters) - {
        "model",
        "progress",
        "cancel_event",
    }
    assert own | grouped == arguments
    command = set(inspect.signature(generate_cmd).parameters) - {"tag"} | {"tags"}
    assert arguments <= command


def test_again_is_the_earlier_sound_but_for_what_is_given() -> None:
    earlier = earlier_sound()
    same = make_request(earlier)
    assert (same.duration, same.seed, same.sampling) == (1.5, 7, earlier.recipe.sampling)
    assert (same.steering, same.gain) == (earlier.recipe.steering, 0.5)
    longer = make_request(earlier, duration=9.0)
    assert (longer.duration, longer.gain) == (9.0, 0.5)
    # Another sound has a level of its own.
    assert make_request(earlier, seed=8).gain is None
    wilder = make_request(earlier, nearness=0.8)
    assert (wilder.sampling, wilder.gain) == (Sampling(temperature=0.9, nearness=0.8), None)
    brighter = make_request(earlier, brightness="90")
    assert brighter.steering == Steering(pitch=((0.0, 20.0),), brightness=((0.0, 90.0),))
    assert brighter.gain is None


def test_again_takes_the_same_source_under_any_name(tone: Path) -> None:
    way = ModeSettings("continue", "a.wav", read_source(tone).digest)
    repeat = choose_again(earlier_sound(way=way), {"continue_from": tone})
    assert repeat.mode == way
    assert repeat.source is not None
    assert choose_again(earlier_sound(), {}) == (ModeSettings(), None)


def test_again_with_another_gap(tone: Path) -> None:
    way = ModeSettings("infill", "a.wav", read_source(tone).digest, start=0.2, stop=0.4)
    repeat = choose_again(earlier_sound(way=way), {"infill": tone, "stop": 0.6})
    assert (repeat.mode.start, repeat.mode.stop) == (0.2, 0.6)


def test_a_missing_or_another_source_is_named(tone: Path) -> None:
    continued = earlier_sound(way=ModeSettings("continue", "a.wav", "aa"))
    with pytest.raises(UsageError, match=r"out\.wav was made from 'a\.wav'.*--continue-from"):
        choose_again(continued, {})
    with pytest.raises(
        UsageError, match=r"'tone\.wav' is not the sound that out\.wav was made from \('a\.wav'\)"
    ):
        choose_again(continued, {"continue_from": tone})
    with pytest.raises(UsageError, match=r"out\.wav was not made with --continue-from"):
        choose_again(earlier_sound(), {"continue_from": tone})
    with pytest.raises(UsageError, match=r"out\.wav was not made with --loop"):
        choose_again(continued, {"loop": True})


def test_again_is_one_sound() -> None:
    for changes in ({"count": 2}, {"max_copy": 20.0}):
        with pytest.raises(UsageError, match="leave out --number and --max-copy"):
            make_request(earlier_sound(), **changes)  # type: ignore[arg-type]


def test_a_variation_lasts_as_long_as_its_source(tone: Path) -> None:
    request = make_request(variation_of=tone)
    assert (request.duration, request.mode.amount) == (1.0, 0.3)
    with pytest.raises(UsageError, match="leave out --duration"):
        make_request(variation_of=tone, duration=2.0)
    with pytest.raises(UsageError, match="leave out --lead-in"):
        make_request(variation_of=tone, lead_in=2.0)


def test_a_loop_has_no_longer_version() -> None:
    earlier = earlier_sound(way=ModeSettings("loop"))
    assert make_request(earlier).mode.kind == "loop"
    with pytest.raises(UsageError, match="leave out --duration"):
        make_request(earlier, duration=3.0)


def test_a_source_of_several_channels_is_folded_and_said(tmp_path: Path) -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    channels = np.zeros((SAMPLE_RATE, 6), np.float32)
    channels[:, :3] = 0.9 * np.sin(2 * np.pi * 220 * time)[:, None]
    sf.write(tmp_path / "film.wav", channels, SAMPLE_RATE, "FLOAT", format="WAVEX")
    film = read_source(tmp_path / "film.wav")
    assert film.remarks == ()
    assert film.audio.shape == (2, SAMPLE_RATE)
    # Left and centre add up to more than full scale, and are lowered together.
    assert np.abs(film.audio).max() == pytest.approx(1.0, abs=1e-6)
    sf.write(tmp_path / "stems.wav", channels[:, :5], SAMPLE_RATE, "FLOAT")
    (remark,) = read_source(tmp_path / "stems.wav").remarks
    assert remark == "'stems.wav': channels of unknown layout, mixed evenly."
