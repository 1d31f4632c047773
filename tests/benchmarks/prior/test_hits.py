"""Figures of hits: onsets, durations and silences of sounds whose hits are known."""

import numpy as np
import pytest

from benchmarks.prior import hits
from distill.settings import SAMPLE_RATE


def decaying_hits(times_s: list[float], seconds: float) -> np.ndarray:
    """Tones that fall by 60 dB a second from -6 dBFS, in silence, `[N]`."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = np.zeros(len(t))
    for start_s in times_s:
        since = t - start_s
        tone = 0.7 * np.sin(2 * np.pi * 440 * since) * 10 ** (-3 * since)
        sound = np.where(since >= 0, tone, sound)
    return sound


def test_onsets_are_found_where_hits_begin() -> None:
    level = hits.envelope(decaying_hits([0.0, 0.5, 1.2], 2.0))
    assert [window / 100 for window in hits.onsets(level)] == pytest.approx([0, 0.5, 1.2], abs=0.02)


def test_onsets_within_50_ms_are_one() -> None:
    level = hits.envelope(decaying_hits([0.2, 0.23], 1.0))
    assert len(hits.onsets(level)) == 1


def test_a_hit_lasts_until_it_has_decayed_or_until_the_next() -> None:
    level = hits.envelope(decaying_hits([0.0, 0.3], 2.0))
    # It falls by 30 dB in half a second, but the second hit comes after 0.3 s.
    assert hits.durations(level) == pytest.approx([0.3, 0.5], abs=0.03)


def test_silences_are_measured() -> None:
    sound = np.zeros(2 * SAMPLE_RATE)
    sound[SAMPLE_RATE // 2 : SAMPLE_RATE] = 0.1
    level = hits.envelope(sound)
    assert hits.silence_share(level) == pytest.approx(0.75)
    assert hits.longest_silence(level) == pytest.approx(1.0)
    assert hits.longest_silence(np.zeros(0)) == 0
    assert hits.silence_share(np.zeros(0)) == 0


def test_a_piece_repeats_the_corpus_if_it_is_short() -> None:
    sounds = [np.full(SAMPLE_RATE // 4, value) for value in (0.1, 0.2)]
    piece = hits.shuffled_piece(sounds, 2.0, seed=3)
    assert len(piece) == 2 * SAMPLE_RATE
    assert np.mean(piece == 0.1) == pytest.approx(0.5)
    assert np.array_equal(piece, hits.shuffled_piece(sounds, 2.0, seed=3))


def test_less_silence_than_the_corpus_fits_it() -> None:
    corpus = [{"onsets a second": x, hits.LONGEST_SILENCE: x} for x in (1.0, 2.0)]
    generated = [{"onsets a second": 0.5, hits.LONGEST_SILENCE: 0.5}]
    onsets = hits.Range.of("onsets a second", corpus, generated)
    silence = hits.Range.of(hits.LONGEST_SILENCE, corpus, generated)
    assert (onsets.within, onsets.is_median_within) == (0, False)
    assert (silence.within, silence.is_median_within) == (1, True)
