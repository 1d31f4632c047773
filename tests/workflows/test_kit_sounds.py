"""Character of sounds: notes of synthesised tones, noise, onsets, names."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import distill
from distill.audio.marks import Marks
from distill.inference.generate import Generated
from distill.settings import SAMPLE_RATE
from distill.workflows.kit_sounds import Character, describe_sound, note_name, onset_samples


@pytest.fixture(scope="module")
def sound(trained: Path) -> Generated:
    (sound,) = distill.generate(distill.load(trained, "cpu", 1), 1.0, seed=1, one_shot=True)
    return replace(sound, copy=None)


def tone(hz: float, seconds: float = 0.8, partials: int = 5, rate: int = SAMPLE_RATE) -> np.ndarray:
    """A decaying tone `[1, N]` with a noisy attack."""
    t = np.arange(round(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, partials + 1))
    noise = np.random.default_rng(0).standard_normal(len(t)) * np.exp(-t * 300)
    return (0.3 * wave * np.exp(-4 * t) + 0.1 * noise)[None].astype(np.float32)


@pytest.mark.parametrize("note", [36, 45, 52.4, 60, 69, 71.7, 81])
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_the_root_of_a_tone_is_within_50_cents(sound: Generated, note: float, rate: int) -> None:
    audio = tone(440 * 2 ** ((note - 69) / 12), rate=rate)
    character = describe_sound(replace(sound, audio=audio, sample_rate=rate), None)
    assert character.marks.note == pytest.approx(note, abs=0.1)
    assert abs(character.marks.root - note) <= 0.6
    assert character.kind == "tone"


def test_noise_and_slides_have_no_root(sound: Generated) -> None:
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal((1, SAMPLE_RATE // 2)).astype(np.float32)
    character = describe_sound(replace(sound, audio=noise), None)
    assert (character.kind, character.colour, character.marks.note) == ("noise", "bright", None)
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    slide = 0.3 * np.sin(2 * np.pi * np.cumsum(200 * 2 ** (2 * t)) / SAMPLE_RATE)
    assert (
        describe_sound(replace(sound, audio=slide[None].astype(np.float32)), None).marks.note
        is None
    )


def test_silence_has_a_name_too(sound: Generated) -> None:
    silence = np.zeros((1, 4_800), np.float32)
    character = describe_sound(replace(sound, audio=silence), None)
    assert character.name(1, 2) == "hit-mid-01.wav"


def test_onsets_are_where_hits_begin() -> None:
    audio = np.zeros((1, SAMPLE_RATE), np.float32)
    places = [0, 12_000, 30_000]
    for place in places:
        audio[0, place : place + 6_000] += tone(200, 0.125)[0, :6_000]
    found = onset_samples(audio, SAMPLE_RATE)
    assert len(found) == len(places)
    assert np.abs(np.array(found) - places).max() <= 0.005 * SAMPLE_RATE


def test_names_say_what_a_sound_is() -> None:
    kick = Character(kind="kick", colour="bright", marks=Marks(note=33.2))
    assert kick.name(3, 2) == "kick-a1-bright-03.wav"
    loop = Character(kind="loop", colour="dark", marks=Marks(is_loop=True))
    assert loop.name(12, 3, 119.6) == "loop-120bpm-dark-012.wav"
    assert [note_name(note) for note in (0, 61, 69)] == ["c-1", "cs4", "a4"]


def test_the_folder_of_the_nearest_recording_names_it(trained: Path) -> None:
    model = distill.load(trained, "cpu", 1)
    (sound,) = distill.generate(model, 1.0, seed=1, one_shot=True)
    assert sound.copy is not None
    assert sound.copy.passage is not None
    folder = sound.copy.passage.source.split("/")[0]
    assert folder in ("low", "high")
    assert describe_sound(sound, None).kind == folder
