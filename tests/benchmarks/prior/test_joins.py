"""The benchmark of joins: a click near a join is found, and one elsewhere is not."""

from pathlib import Path

import numpy as np
import pytest

import distill
from benchmarks.prior import joins
from distill.inference.generate import generate
from distill.inference.modes.request import Request, Source
from distill.settings import SAMPLE_RATE

N = SAMPLE_RATE
MS = SAMPLE_RATE // 1000
TONE = np.sin(2 * np.pi * 100 * np.arange(N) / SAMPLE_RATE)[None]
LARGEST = float(np.abs(np.diff(TONE)).max())
FADE = joins.Fade.into_new(N // 2, 0.02)


def clicked(at: int) -> np.ndarray:
    sound = TONE.copy()
    sound[:, at] += 0.5
    return sound


@pytest.mark.parametrize(
    "at", [FADE.first - 4 * MS, FADE.first + 10 * MS, FADE.at, FADE.at + 4 * MS]
)
def test_a_click_before_in_or_after_the_fade_is_found(at: int) -> None:
    result = joins.Join.of(clicked(at), FADE, TONE)
    assert result.step > 0.4
    assert result.original == pytest.approx(LARGEST)


@pytest.mark.parametrize("at", [FADE.first - 7 * MS, FADE.at + 7 * MS])
def test_a_click_further_away_does_not_count(at: int) -> None:
    assert joins.Join.of(clicked(at), FADE).step == pytest.approx(LARGEST)


def test_the_fade_lies_where_the_new_sound_is_not_alone() -> None:
    assert joins.Fade.into_new(9600, 0.01) == (9600, 9120, 9600)
    assert joins.Fade.out_of_new(9600, 0.01) == (9600, 9600, 10080)
    assert joins.Fade.into_new(9600, 0.01).reach == 480 + 2 * 240


def test_a_step_of_level_is_that_at_the_join() -> None:
    louder = np.concatenate([0.1 * TONE[:, : N // 2], TONE[:, N // 2 :]], 1)
    assert joins.Join.of(louder, FADE).level == pytest.approx(20, abs=0.1)


def test_joins_are_counted_beside_the_corpus_and_the_originals() -> None:
    own = [np.abs(np.diff(TONE)).max(0)]
    clean = joins.Join.of(TONE, FADE, TONE)
    click = joins.Join.of(clicked(FADE.at), FADE, TONE)
    attack = joins.Join.of(clicked(FADE.at), FADE, clicked(FADE.at))
    row = joins.summary([clean, click, attack], own)
    assert row["joins"] == 3
    assert row["over"] == 2
    assert row["originals_over"] == 1
    assert row["over_and_original_not"] == 1
    assert row["corpus_step"] == pytest.approx(LARGEST, rel=1e-3)
    assert row["over_in_stretches"] == 2


def test_every_mode_is_measured(trained: Path, corpus_dir: Path) -> None:
    result = joins.measure(distill.load(trained, "cpu", 1), corpus_dir, count=2, seconds=0.4)
    assert {name: row["joins"] for name, row in result.items()} == {
        "continue": 2,
        "infill": 4,
        "loop": 2,
    }
    assert all(row["step_most"] > 0 for row in result.values())
    assert np.isnan(result["loop"]["originals_over"])
    joins.show(result)


def test_a_gap_lies_where_its_joins_are_measured(trained: Path) -> None:
    """Before and after both fades the sound is its source."""
    loaded = distill.load(trained, "cpu", 1)
    audio = (0.1 * np.random.default_rng(0).standard_normal((1, SAMPLE_RATE))).astype(np.float32)
    gap = joins.gap_in(audio, loaded.model.frame_hop, seed=3)
    request = Request(mode=gap.mode, source=Source("sound", "", audio))
    (sound,) = generate(loaded, request)
    changed = np.flatnonzero((np.abs(sound.audio - audio) > 1e-6).any(0))
    assert gap.into.first <= changed[0] < gap.into.at
    assert gap.out.at <= changed[-1] < gap.out.last
