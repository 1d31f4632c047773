"""Planted faults of a hit are found, with their true size."""

import math

import numpy as np
import pytest

from benchmarks.codec import one_shots
from distill.settings import SAMPLE_RATE

MS = SAMPLE_RATE // 1000


def hit(seconds: float = 0.4, start_ms: int = 0) -> np.ndarray:
    """A decaying noise after silence, `[N]`; at its end it is about 90 dB down, and then 0."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = 0.3 * np.random.RandomState(0).standard_normal(len(t)) * np.exp(-25 * t)
    return np.concatenate([np.zeros(start_ms * MS), sound]).astype(np.float32)


def figures_of(
    source: np.ndarray, decoded: np.ndarray, padded_decoded: np.ndarray | None = None
) -> dict[str, float]:
    padded = one_shots.pad_with_silence(source[None])[0]
    return one_shots.figures_of(
        source, decoded, padded, padded if padded_decoded is None else padded_decoded
    )


def test_a_hit_decoded_to_the_sample_meets_all() -> None:
    row = figures_of(hit(), hit())
    assert row == {"onset_ms": 0, "envelope_db": 0, "before_db": -120, "silent_after_ms": 0}
    assert one_shots.summary([row])["all"] == {"meet": 1}


@pytest.mark.parametrize("late_ms", [1, 5])
def test_a_shift(late_ms: int) -> None:
    row = figures_of(hit(), np.pad(hit(), (late_ms * MS, 0))[: len(hit())])
    assert row["onset_ms"] == pytest.approx(late_ms, abs=0.05)
    assert one_shots.meets(row, "onset_ms") == (late_ms <= 2)


def test_a_faint_beginning_is_not_the_onset() -> None:
    source = hit(start_ms=50)
    source[: 50 * MS] = 0.001 * np.sin(np.arange(50 * MS))
    assert one_shots.onset(source) == pytest.approx(50 * MS, abs=0.2 * MS)


def test_a_quieter_hit_and_one_that_fades_too_fast() -> None:
    assert figures_of(hit(), 0.5 * hit())["envelope_db"] == pytest.approx(6.02, abs=0.01)
    t = np.arange(len(hit())) / SAMPLE_RATE
    # 25 / s is 217 dB / s: 40 dB last 0.18 s. In the middle of these, twice the decay is 20 dB too
    # low.
    faster = figures_of(hit(), (hit() * np.exp(-25 * t)).astype(np.float32))
    assert faster["envelope_db"] == pytest.approx(20, abs=3)
    assert not one_shots.meets(faster, "envelope_db")


def test_a_tail_more_than_40_db_down_does_not_count() -> None:
    cut = hit()
    cut[round(0.25 * SAMPLE_RATE) :] = 0
    assert figures_of(hit(), cut)["envelope_db"] == 0


def test_a_pre_echo() -> None:
    source = one_shots.pad_with_silence(hit()[None])[0]
    start = one_shots.onset(source)
    peak = one_shots.running_rms(source).max()
    echo = source.copy()
    echo[start - 12 * MS : start - 2 * MS] = peak * 10 ** (-40 / 20)
    row = figures_of(hit(), hit(), echo)
    # The echo fills 10 of the 18 ms.
    assert row["before_db"] == pytest.approx(-40 + 10 * math.log10(10 / 18), abs=0.05)
    assert not one_shots.meets(row, "before_db")
    just_before = source.copy()
    just_before[start - 2 * MS : start] += 0.01
    assert figures_of(hit(), hit(), just_before)["before_db"] == -120


def test_a_source_that_is_not_silent_before_cannot_show_a_pre_echo() -> None:
    source = hit(start_ms=50)
    source[: 50 * MS] = 0.01 * np.sin(np.arange(50 * MS))
    row = figures_of(source, source)
    assert math.isnan(row["before_db"])
    assert one_shots.meets(row, "before_db")


@pytest.mark.parametrize("longer_ms", [30, 200])
def test_a_sound_that_goes_on(longer_ms: int) -> None:
    padded = one_shots.pad_with_silence(hit()[None])[0]
    end = one_shots.LEAD_MS * MS + len(hit())
    longer = padded.copy()
    longer[end : end + longer_ms * MS] = 1e-6
    row = figures_of(hit(), hit(), longer)
    assert row["silent_after_ms"] == pytest.approx(longer_ms, abs=0.1)
    assert one_shots.meets(row, "silent_after_ms") == (longer_ms <= 50)
    rounds_to_nothing = padded.copy()
    rounds_to_nothing[end:] = 1e-8
    assert figures_of(hit(), hit(), rounds_to_nothing)["silent_after_ms"] == 0


def test_the_share_of_files() -> None:
    good = figures_of(hit(), hit())
    late = figures_of(hit(), np.pad(hit(), (5 * MS, 0))[: len(hit())])
    table = one_shots.summary([good, late, good, good])
    assert table["onset_ms"]["meet"] == table["all"]["meet"] == 0.75
    assert table["onset_ms"]["worst"] == pytest.approx(5, abs=0.05)
    assert table["silent_after_ms"] == {"meet": 1, "median": 0, "worst": 0}
