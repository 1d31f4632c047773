import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distill.audio import descriptors
from distill.audio.descriptor_names import DESCRIPTORS
from distill.audio.descriptors import PercentileTable, measure, smooth
from distill.settings import SAMPLE_RATE

HOP = 1024
T = np.arange(SAMPLE_RATE) / SAMPLE_RATE
NOISE = 0.1 * np.random.default_rng(0).standard_normal(SAMPLE_RATE)


def middle(sound: np.ndarray) -> dict[str, float]:
    """Each descriptor in the middle of `sound` `[N]`."""
    rows = measure(sound[None].astype(np.float32), SAMPLE_RATE, HOP)
    return dict(zip(DESCRIPTORS, rows[len(rows) // 2].tolist(), strict=True))


@pytest.mark.parametrize("hz", [60.0, 220.0, 1500.0])
def test_a_tone(hz: float) -> None:
    measured = middle(0.1 * np.sin(2 * np.pi * hz * T))
    assert measured["loudness"] == pytest.approx(-23.01, abs=0.3)
    assert measured["pitch"] == pytest.approx(hz, rel=0.01)
    assert measured["brightness"] == pytest.approx(hz, abs=20)
    assert measured["noisiness"] < -40


def test_a_missing_fundamental_is_heard() -> None:
    assert middle(sum(np.sin(2 * np.pi * 200 * k * T) for k in (2, 3, 4)) / 10)[
        "pitch"
    ] == pytest.approx(200, rel=0.01)


def test_noise_is_noisy_and_has_no_pitch() -> None:
    measured = middle(NOISE)
    assert np.isnan(measured["pitch"])
    assert measured["noisiness"] == pytest.approx(-2.5, abs=0.7)
    assert measured["brightness"] == pytest.approx(SAMPLE_RATE / 4, rel=0.1)


def test_silence_says_nothing() -> None:
    assert np.isnan(measure(np.zeros((2, SAMPLE_RATE), np.float32), SAMPLE_RATE, HOP)).all()


def test_clicks_are_counted() -> None:
    clicks = np.where(np.arange(SAMPLE_RATE) % 12_000 < 4_000, NOISE, 0)
    measured = measure(np.tile(clicks, 3)[None].astype(np.float32), SAMPLE_RATE, HOP)[:, -1]
    assert np.nanmedian(measured) == pytest.approx(4, abs=0.5)


@pytest.mark.parametrize("seconds", [0.04, 25.0])
def test_short_and_long_sounds_have_a_row_for_every_frame(seconds: float) -> None:
    sound = np.resize(NOISE, (1, round(seconds * SAMPLE_RATE))).astype(np.float32)
    rows = measure(sound, SAMPLE_RATE, HOP)
    assert len(rows) == -(-sound.shape[1] // HOP)
    assert np.isfinite(rows[:, 0]).all()


@pytest.mark.parametrize("frames", [100, 5_000])
def test_the_values_do_not_depend_on_the_size_of_the_pieces(
    frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    hz = np.repeat(rng.uniform(60, 1500, 60), SAMPLE_RATE // 5)
    tone = 0.2 * np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE)
    sound = (tone + 0.02 * rng.standard_normal((2, len(tone)))).astype(np.float32)
    rows = measure(sound, SAMPLE_RATE, HOP)
    monkeypatch.setattr(descriptors, "_PIECE_FRAMES", frames)
    assert rows.tobytes() == measure(sound, SAMPLE_RATE, HOP).tobytes()


@given(values=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=200))
@example(values=[0.0] * 5 + [2.225073858507e-311, 2.225073858507203e-309])
def test_percentiles_rise_with_what_they_are_of(values: list[float]) -> None:
    rows = np.array(values)[:, None]
    percentiles = PercentileTable.of(rows).place(rows)
    assert ((percentiles >= 0) & (percentiles <= 100)).all()
    assert (np.diff(percentiles[np.argsort(values), 0]) >= -1e-9).all()


def test_the_middle_of_a_corpus_is_50() -> None:
    rows = np.random.default_rng(0).exponential(size=(999, 2))
    assert PercentileTable.of(rows).place(np.median(rows, 0)[None]) == pytest.approx(50)


def test_what_stands_there_many_times_has_the_middle_of_its_places() -> None:
    table = PercentileTable.of(np.array([0.0] * 80 + list(range(1, 21)))[:, None])
    assert table.place(np.zeros((1, 1)))[0, 0] == pytest.approx(39.5, abs=1)


def test_what_a_corpus_never_has_is_nowhere() -> None:
    table = PercentileTable.of(np.full((5, 1), np.nan))
    assert np.isnan(table.place(np.ones((2, 1)))).all()


def test_smoothing_leaves_out_what_is_not_known() -> None:
    rows = np.full((100, 1), np.nan)
    rows[40:50] = 70
    even = smooth(rows, SAMPLE_RATE / HOP)
    assert even[45, 0] == pytest.approx(70)
    assert np.isnan(even[[0, 99]]).all()
