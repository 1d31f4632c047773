import numpy as np
import pytest

from distill.inference import passages
from distill.settings import SAMPLE_RATE


def rustle(seconds: float, seed: int) -> np.ndarray:
    """Noise whose colour and level move from moment to moment, `[1, N]`."""
    rng = np.random.default_rng(seed)
    n = round(seconds * SAMPLE_RATE)
    white = rng.standard_normal((2, n))
    low = np.convolve(white[0], np.ones(40) / 40, "same") * 6
    steps = np.arange(n) // (SAMPLE_RATE // 12)
    mix, level = rng.uniform(0, 1, steps.max() + 1)[steps], rng.uniform(0.01, 0.2, steps.max() + 1)[steps]
    return (level * (mix * white[1] + (1 - mix) * low))[None].astype(np.float32)


CORPUS = [rustle(5, 1), rustle(1.2, 2), rustle(4, 3)]


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return [passages.picture(passages.powers(sound, SAMPLE_RATE)) for sound in CORPUS]


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("at_s", [0.0, 1.013, 2.3])
def test_a_passage_is_found_wherever_and_however_loud(pictures: list[np.ndarray], gain: float, at_s: float) -> None:
    begin = round(at_s * SAMPLE_RATE)
    sound = gain * CORPUS[2][:, begin : begin + round(1.7 * SAMPLE_RATE)]
    hits = passages.nearest(passages.powers(sound, SAMPLE_RATE), pictures)
    best = int(hits.distance_db.argmin())
    assert (hits.picture[best], hits.distance_db[best] < 1.5) == (2, True)
    there_s = hits.frame[best] / passages.FRAMES_PER_S - hits.start_s[best]
    assert there_s == pytest.approx(at_s, abs=0.05)


def test_a_short_file_is_found_within_a_longer_sound(pictures: list[np.ndarray]) -> None:
    sound = np.concatenate([rustle(1, 4), 0.7 * CORPUS[1], rustle(1, 5)], axis=1)
    hits = passages.nearest(passages.powers(sound, SAMPLE_RATE), pictures)
    best = int(hits.distance_db.argmin())
    assert hits.picture[best] == 1
    assert hits.start_s[best] == pytest.approx(1.0, abs=0.1)
    assert hits.seconds[best] == pytest.approx(1.2, abs=0.05)


def test_another_sound_is_farther(pictures: list[np.ndarray]) -> None:
    hits = passages.nearest(passages.powers(rustle(3, 9), SAMPLE_RATE), pictures)
    assert hits.distance_db.min() > 3


def test_sounds_too_short_to_compare(pictures: list[np.ndarray]) -> None:
    for n in (1, 100, 3000):
        hits = passages.nearest(passages.powers(CORPUS[0][:, :n], SAMPLE_RATE), pictures)
        assert np.isfinite(hits.distance_db).all()


def test_powers_in_pieces_are_those_of_the_whole() -> None:
    sound = np.tile(CORPUS[0], (1, 3))
    whole = passages.powers(sound, SAMPLE_RATE)
    late = passages.powers(sound[:, 12 * SAMPLE_RATE :], SAMPLE_RATE)
    rows = passages.FRAMES_PER_S * passages.PARTS
    np.testing.assert_allclose(whole[12 * rows + 8 :], late[8:], rtol=1e-3, atol=1e-9)
