"""Music of free scores: passages, accompaniment, and what the microphone hears."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from benchmarks.scale.length import files_up_to, spread
from benchmarks.scale.music import Take, draw_passage, hear
from benchmarks.scale.scores import BASS, CHORDS, DRUMS, ScoreNote, accompany
from distill.settings import SAMPLE_RATE


def tune() -> list[ScoreNote]:
    """Eight bars of four quarters: two each of C, F, G and C."""
    roots = [60, 65, 67, 60]
    return [
        ScoreNote(start=float(quarter), length=1.0, key=roots[quarter // 8], part=0)
        for quarter in range(32)
    ]


def test_the_bass_follows_the_tune() -> None:
    notes = accompany(tune(), np.random.default_rng(0))
    roots = [note.key % 12 for note in notes if note.part == BASS and note.start % 2 == 0]
    assert roots == [0] * 4 + [5] * 4 + [7] * 4 + [0] * 4
    assert {note.part for note in notes} <= {BASS, CHORDS, DRUMS}


def test_a_passage_begins_with_a_bar_and_cuts_its_last_notes() -> None:
    passage = draw_passage(tune(), tempo=60.0, rng=np.random.default_rng(1))
    assert passage[0].start == 0
    ends = [note.start + note.length for note in passage]
    assert 20 <= max(ends) <= 75


def test_the_microphone_has_its_level_its_noise_and_its_treble() -> None:
    take = Take(
        programs={},
        tempo=60.0,
        room=0.5,
        wet=0.0,
        cutoff_hz=6_000.0,
        noise_db=-60.0,
        peak_db=-6.0,
    )
    loud = np.random.default_rng(0).uniform(-1, 1, SAMPLE_RATE)
    heard = hear(loud, take, np.random.default_rng(0))
    assert np.abs(heard).max() == pytest.approx(10 ** (-6 / 20), rel=0.02)
    silent = hear(np.zeros(SAMPLE_RATE), take, np.random.default_rng(0))
    assert 10 * np.log10(np.mean(silent**2)) == pytest.approx(-60, abs=0.1)
    power = np.abs(np.fft.rfft(heard)) ** 2
    assert power[16_000:20_000].mean() < 0.2 * power[1_000:4_000].mean()


def test_a_longer_corpus_begins_with_the_shorter_one(tmp_path: Path) -> None:
    for n in range(4):
        sf.write(tmp_path / f"{n}.flac", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    assert [path.stem for path in files_up_to(tmp_path, 1.5 / 60)] == ["0", "1"]
    assert files_up_to(tmp_path, 1.0) == sorted(tmp_path.iterdir())
    assert [path.stem for path in spread(sorted(tmp_path.iterdir()), 2)] == ["0", "3"]
