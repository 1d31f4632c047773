"""Binaural sound: time and level at two ears, places that move, loops."""

from pathlib import Path

import numpy as np
import pytest

from distill.audio.binaural import check_binaural, recorded_delivery, render_binaural
from distill.audio.conversion import shape_blocks, shape_sound
from distill.audio.delivery import Delivery
from distill.audio.level import integrated_loudness
from distill.errors import AudioError, UsageError
from distill.settings import SAMPLE_RATE
from tests.audio.sofa_files import NEAR, PLACES, lateness, response, write_sofa
from tests.audio.test_conversion import noise


@pytest.fixture(scope="module")
def sofa(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SOFA file of six places."""
    return write_sofa(tmp_path_factory.mktemp("sofa") / "head.sofa")


def click(n_samples: int = 4_800, place: int = 1_000) -> np.ndarray:
    """A click `[1, N]`."""
    audio = np.zeros((1, n_samples), np.float32)
    audio[0, place] = 0.25
    return audio


@pytest.mark.parametrize("azimuth", [azimuth for azimuth, _ in PLACES])
def test_time_and_level_between_ears_are_those_of_the_file(sofa: Path, azimuth: float) -> None:
    delivery = Delivery(binaural=sofa, azimuth=azimuth)
    # In the form of a whole sound, with its loudness, limiter and rate.
    left, right = shape_sound(click(), SAMPLE_RATE, delivery)
    assert right.argmax() - left.argmax() == lateness(azimuth)
    expected = response(azimuth).max(axis=1)
    assert left.max() / right.max() == pytest.approx(expected[0] / expected[1], rel=1e-5)
    assert min(left.argmax(), right.argmax()) == 1_000 + NEAR


def test_stereo_is_two_loudspeakers(sofa: Path) -> None:
    audio = np.concatenate((click(), 0 * click()))
    ears = render_binaural(audio, SAMPLE_RATE, Delivery(binaural=sofa))
    alone = render_binaural(click(), SAMPLE_RATE, Delivery(binaural=sofa, azimuth=30))
    np.testing.assert_allclose(ears, alone, atol=1e-6)
    # Turned by a quarter: 120 degrees was not measured.
    with pytest.raises(UsageError, match="nothing within 15 degrees of azimuth 120"):
        check_binaural(Delivery(binaural=sofa, azimuth=90), 2)
    check_binaural(Delivery(binaural=sofa, azimuth=90), 1)


def test_a_place_that_moves_is_heard_where_it_is(tmp_path: Path) -> None:
    places = tuple((azimuth, 0.0) for azimuth in range(0, 360, 10))
    sofa = write_sofa(tmp_path / "ring.sofa", places=places)
    delivery = Delivery(binaural=sofa, azimuth="0:-90,2:90")
    check_binaural(delivery, 1)
    audio = np.zeros((1, 2 * SAMPLE_RATE), np.float32)
    clicks = np.arange(2_000, audio.shape[1] - 2_000, 8_000)
    audio[0, clicks] = 0.25
    ears = render_binaural(audio, SAMPLE_RATE, delivery)
    for place in clicks:
        heard = ears[:, place : place + 100]
        azimuth = -90 + 180 * place / audio.shape[1]
        # Between two measurements, both are heard.
        expected = {lateness(near) for near in range(-90, 100, 10) if abs(near - azimuth) < 8}
        assert heard[1].argmax() - heard[0].argmax() in expected
    # The path is closed: no sample is lost or doubled between two directions.
    tone = np.ones((1, SAMPLE_RATE), np.float32)
    even = write_sofa(
        tmp_path / "even.sofa",
        places=places,
        arrays={"Data.IR": np.tile(response(0), (36, 1, 1))},
    )
    turn = Delivery(binaural=even, azimuth="0:0,1:360", elevation="0:0,1:10")
    heard = render_binaural(tone, SAMPLE_RATE, turn)
    np.testing.assert_allclose(heard[:, NEAR:], 1.0, atol=1e-5)


def test_a_loop_still_goes_round(sofa: Path) -> None:
    audio = noise(0.3)
    delivery = Delivery(binaural=sofa)
    loop = render_binaural(audio, SAMPLE_RATE, delivery, is_loop=True)
    thrice = render_binaural(np.tile(audio, 3), SAMPLE_RATE, delivery)
    np.testing.assert_allclose(loop, np.split(thrice, 3, axis=1)[1], atol=1e-6)
    # One that is shorter than the responses goes round in them.
    short = render_binaural(audio[:, :20], SAMPLE_RATE, delivery, is_loop=True)
    many = render_binaural(np.tile(audio[:, :20], 9), SAMPLE_RATE, delivery)
    np.testing.assert_allclose(short, many[:, -20:], atol=1e-6)


def test_it_is_as_loud_as_before_and_a_stream_gives_the_same(sofa: Path) -> None:
    audio = noise(2.0)
    delivery = Delivery(binaural=sofa, rate=44_100, width=0.5)
    whole = shape_sound(audio, SAMPLE_RATE, delivery)
    assert whole.shape == (2, 88_200)
    assert np.abs(whole).max() <= 1.0
    at_its_rate = shape_sound(audio, SAMPLE_RATE, Delivery(binaural=sofa))
    loudness = integrated_loudness(audio, SAMPLE_RATE)
    assert integrated_loudness(at_its_rate, SAMPLE_RATE) == pytest.approx(loudness, abs=0.1)
    blocks = np.array_split(audio, 7, axis=1)
    streamed = np.concatenate(list(shape_blocks(blocks, SAMPLE_RATE, delivery)), axis=1)
    np.testing.assert_array_equal(streamed, whole)
    silence = shape_sound(0 * audio, SAMPLE_RATE, delivery)
    assert not silence.any()


def test_a_recipe_names_the_file_and_no_other_will_do(sofa: Path, tmp_path: Path) -> None:
    recorded = recorded_delivery(Delivery(binaural=sofa, azimuth=90, bits="16"))
    assert recorded.binaural == "head.sofa"
    assert recorded.bits is None
    other = write_sofa(tmp_path / "head.sofa", sample_rate=44_100)
    wrong = Delivery(binaural=other, azimuth=90, binaural_hash=recorded.binaural_hash)
    with pytest.raises(AudioError, match="is not the file that the sound was made with"):
        check_binaural(wrong, 1)
    assert recorded_delivery(Delivery(mono=True, bits="16")) == Delivery(mono=True)
