"""Time and form: one command generates, measures and draws."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

import distill
from benchmarks.prior import time_and_form
from distill.errors import UsageError
from distill.settings import SAMPLE_RATE


def run(monkeypatch, *words: object) -> None:
    monkeypatch.setattr(sys, "argv", ["time_and_form", *map(str, words)])
    time_and_form.main()


def test_sounds_are_generated_measured_and_drawn(
    trained: Path, corpus_dir: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    out = tmp_path / "out"
    amounts = ["--seeds", 2, "--count", 2, "--seconds", 4, "--strings", 4, "--pieces", 0.1]
    settings = ["--set", "temperature=1.2", "--set", "like=pluck", "--asked", 120]
    run(monkeypatch, corpus_dir, out, "--model", trained, *amounts, *settings, "--pictures")
    names = ["seed-0000.wav", "seed-0001.wav", "seed-1000.wav", "seed-1001.wav"]
    assert sorted(path.name for path in out.glob("*.wav")) == names
    assert (out / "picture.png").stat().st_size > 10_000
    result = json.loads((out / "figures.json").read_text())
    assert result["settings"] == {"temperature": 1.2, "like": "pluck"}
    figures = result["figures"]
    assert list(figures) == ["generated", "strings", "halves", "pieces 0.1 s"]
    generated = figures["generated"]
    copies = [row["copy"]["passage_percent"] for row in result["sounds"]]
    assert generated["copy passage_percent, median"] == pytest.approx(np.median(copies))
    assert generated["discrepancy"] > 0
    assert generated["within 1 % of 120 BPM, share"] is not None
    shown = capsys.readouterr().out
    for name in generated:
        assert name in shown or generated[name] is None
    # The same sounds from the folder, without copies.
    again = tmp_path / "again"
    run(monkeypatch, corpus_dir, again, "--sounds", out, "--strings", 4, "--pieces", "--asked", 120)
    of_folder = json.loads((again / "figures.json").read_text())["figures"]["generated"]
    assert of_folder == {key: x for key, x in generated.items() if not key.startswith("copy")}
    (first,) = distill.generate(distill.load(trained), 4, temperature=1.2, like="pluck")
    written, _ = sf.read(out / names[0], always_2d=True)
    assert pytest.approx(first.audio, abs=1e-4) == written.T


def test_settings_are_json_or_plain_words() -> None:
    words = ["temperature=0.5", "one_shot=true", "like=kick", "brightness=[10, 90]"]
    assert time_and_form.read_settings(words) == {
        "temperature": 0.5,
        "one_shot": True,
        "like": "kick",
        "brightness": [10, 90],
    }


@pytest.mark.parametrize("word", ["temperature", "wobble=1", "seed=3"])
def test_unknown_settings_are_refused_by_name(word: str) -> None:
    with pytest.raises(UsageError, match=f"--set {word} is not understood"):
        time_and_form.read_settings([word])


@pytest.mark.parametrize("option", ["--seeds", "--count", "--strings"])
def test_counts_of_nothing_are_refused(option: str, tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(UsageError, match=f"{option} must be"):
        run(monkeypatch, tmp_path, tmp_path, "--sounds", tmp_path, option, 0)


def test_all_numbers_of_a_record_are_found() -> None:
    @dataclass
    class Part:
        bits: float
        name: str

    @dataclass
    class Report:
        percent: float
        parts: tuple[Part | None, ...]
        new: dict[str, int]

    report = Report(percent=3, parts=(Part(bits=1.5, name="a"), None), new={"runs": 2})
    assert time_and_form.numbers(report) == {"percent": 3, "parts.0.bits": 1.5, "new.runs": 2}
    assert time_and_form.numbers(None) == {}


def test_the_asked_tempo_is_that_of_the_settings(monkeypatch, tmp_path: Path) -> None:
    for asked, settings, wanted in (
        ([], {"tempo": 90}, 90),
        (["--asked", "80"], {"tempo": 90}, 80),
        ([], {"tempo": "as recorded"}, None),
        ([], {}, None),
    ):
        monkeypatch.setattr(sys, "argv", ["x", "corpus", "out", "--sounds", "sounds", *asked])
        assert time_and_form.asked_tempo(time_and_form.arguments(), settings) == wanted


def test_hits_at_the_asked_tempo_are_told_from_loose_ones(hits, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for seed in range(3):
        sf.write(corpus / f"{seed}.wav", hits(120, 4, 0.003, seed), SAMPLE_RATE)
    measures = time_and_form.Measures(corpus, target_bpm=120, count=4)
    strict, loose = (
        measures.of([hits(120, 12, jitter, seed) for seed in (8, 9)]) for jitter in (0.003, 0.2)
    )
    assert strict["pulse, median"] > loose["pulse, median"] + 0.3
    assert strict["within 1 % of 120 BPM, share"] == 1
    assert loose["within 1 % of 120 BPM, share"] == 0
    assert strict["distance, in halves"] < loose["distance, in halves"]
