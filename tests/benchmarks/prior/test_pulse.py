"""Pulse: strict hits have one, hits at random have none."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from benchmarks.prior import pulse
from distill.errors import CorpusError
from distill.settings import SAMPLE_RATE


def test_strict_hits_have_more_pulse_than_loose_ones(hits) -> None:
    strict, loose, lost = (pulse.pulse(hits(120, 7, jitter)) for jitter in (0.0, 0.01, 0.15))
    assert strict > 0.9
    assert strict > loose + 0.2
    assert loose > lost + 0.1


def test_noise_has_hardly_any() -> None:
    assert pulse.pulse(np.random.default_rng(0).standard_normal(7 * SAMPLE_RATE)) < 0.2


def test_sounds_below_3_s_have_none(hits) -> None:
    assert pulse.pulse(hits(120, 2.9)) is None
    assert pulse.pulses([hits(120, 2.9), hits(120, 3.1)]) == [pulse.pulse(hits(120, 3.1))]


def test_silence_has_none() -> None:
    assert pulse.pulse(np.zeros(4 * SAMPLE_RATE)) == 0


def test_the_script_prints_the_median(hits, tmp_path: Path, monkeypatch, capsys) -> None:
    sf.write(tmp_path / "a.wav", hits(120, 4), SAMPLE_RATE)
    monkeypatch.setattr(sys, "argv", ["pulse", str(tmp_path)])
    pulse.main()
    assert f"{pulse.pulse(sf.read(tmp_path / 'a.wav')[0]):.2f}" in capsys.readouterr().out


def test_a_folder_without_sounds_is_refused_in_a_sentence(tmp_path: Path, monkeypatch) -> None:
    for folder, sentence in ((tmp_path, "holds no sound file"), (tmp_path / "no", "is no folder")):
        monkeypatch.setattr(sys, "argv", ["pulse", str(folder)])
        with pytest.raises(CorpusError, match=sentence):
            pulse.main()
