"""The sounds between two."""

import numpy as np
import pytest

from distill.inference.blending.rendition import mix_sounds
from distill.settings import SAMPLE_RATE

TIME_S = np.arange(SAMPLE_RATE) / SAMPLE_RATE


def tone(hertz: float, level: float, phase: float = 0.0) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * TIME_S + phase))[None].astype(np.float32)


def level_db(audio: np.ndarray) -> float:
    inside = audio[:, 4096:-4096]
    return float(20 * np.log10(np.sqrt(np.square(inside).mean())))


@pytest.mark.parametrize("phase", [0.0, 1.0, 2.5, 3.1])
def test_levels_are_averaged_in_db_whatever_the_phases(phase: float) -> None:
    first = tone(440, 0.4)
    second = tone(440, 0.1, phase)
    levels = [level_db(mix_sounds(first, second, share, SAMPLE_RATE)) for share in (0.25, 0.5)]
    whole = level_db(first)
    step = level_db(second) - whole
    assert levels == pytest.approx([whole + 0.25 * step, whole + 0.5 * step], abs=0.3)


def test_the_same_sound_comes_back_and_silence_stays_silent() -> None:
    sound = tone(330, 0.3) + tone(777, 0.1)
    same = mix_sounds(sound, sound, 0.5, SAMPLE_RATE)
    assert np.abs(same - sound)[:, 2048:-2048].max() < 1e-4
    silence = np.zeros_like(sound)
    assert not mix_sounds(silence, silence, 0.5, SAMPLE_RATE).any()


def test_pieces_make_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 2, 3 * SAMPLE_RATE)).astype(np.float32)
    whole = mix_sounds(first, second, 0.3, SAMPLE_RATE)
    monkeypatch.setattr("distill.inference.blending.rendition.PIECE_S", 0.7)
    assert np.allclose(mix_sounds(first, second, 0.3, SAMPLE_RATE), whole, atol=1e-4)
