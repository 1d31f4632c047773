import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from distill.audio.write import write_sound
from distill.cli.doctor import doctor_cmd, duration_text, print_report
from distill.data.corpus import scan_corpus
from distill.library.corpora import find_corpus, mute
from distill.library.workspace import open_workspace
from distill.settings import SAMPLE_RATE
from tests.audio.clicks import rhythm

app = typer.Typer()
app.command()(doctor_cmd)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "sounds").mkdir()
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 3 * SAMPLE_RATE)).astype(np.float32)
    write_sound(tmp_path / "sounds" / "good [red].wav", noise)
    write_sound(tmp_path / "sounds" / "silent.wav", np.zeros((1, 480), np.float32))
    return tmp_path / "sounds"


def test_table_on_stderr(folder: Path) -> None:
    result = CliRunner().invoke(app, [str(folder)])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "good [red].wav" in result.stderr
    assert "skipped: silent" in result.stderr
    assert "1 of 2 files used, 3.00 s of sound.\nMono.\n" in result.stderr
    assert "Mono.\nTraining takes 11 minutes by default.\nVerdict" in result.stderr
    assert "Verdict: go" in result.stderr
    assert max(len(line) for line in result.stderr.splitlines()) <= 80


@pytest.mark.parametrize(
    ("minutes", "sentence"),
    [
        (20, "Training takes 39 minutes by default."),
        (
            60,
            "Training takes 60 minutes by default: after 10 it knows so much sound only coarsely.",
        ),
    ],
)
def test_long_recordings_take_longer(minutes: int, sentence: str, folder: Path) -> None:
    report = scan_corpus(folder)
    clips = [replace(report.clips[0], n_samples=60 * minutes * SAMPLE_RATE)]
    text = StringIO()
    print_report(replace(report, clips=clips), Console(file=text, width=100))
    assert sentence in text.getvalue()


def test_json_is_alone_on_stdout(folder: Path) -> None:
    result = CliRunner().invoke(app, [str(folder), "--json"])
    report = json.loads(result.stdout)
    assert (report["verdict"], report["used"], report["skipped"]) == ("go", 1, 1)
    assert report["files"][1]["reason"] == "silent"
    assert report["files"][1]["loudness"] is None
    assert result.exit_code == 0


def test_stereo_is_named(folder: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (2, SAMPLE_RATE)).astype(np.float32)
    write_sound(folder / "wide.wav", noise)
    assert (
        "Stereo: left and right differ in 1 of 3 files"
        in CliRunner().invoke(app, [str(folder)]).stderr
    )
    report = json.loads(CliRunner().invoke(app, [str(folder), "--json"]).stdout)
    assert (report["channels"], report["output_channels"]) == (2, 2)


def test_tempo_and_key_are_shown_where_there_are_such(folder: Path) -> None:
    assert "BPM" not in CliRunner().invoke(app, [str(folder)]).stderr
    write_sound(folder / "rhythm.wav", rhythm(120, 4).audio, 24_000)
    t = np.arange(72_000) / 24_000
    chord = sum(np.sin(2 * np.pi * hz * t) for hz in (220, 264, 330))
    write_sound(folder / "chord.wav", 0.1 * np.asarray(chord), 24_000)
    shown = CliRunner().invoke(app, [str(folder)]).stderr
    assert "Tempo: 1 of 3 files keeps a beat, at 120 BPM.\nKey: A minor.\n" in shown
    (row,) = [line for line in shown.splitlines() if line.startswith("rhythm.wav")]
    assert "120.0" in row
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_something_to_fix_shows_in_the_exit_code(folder: Path) -> None:
    write_sound(folder / "good [red].wav", np.full((1, 480), 0.5, np.float32))
    result = CliRunner().invoke(app, [str(folder)])
    assert result.exit_code == 1
    assert "fix this first" in result.stderr


def test_long_lists_show_what_needs_a_look(folder: Path) -> None:
    for index in range(40):
        noise = np.random.default_rng(index).uniform(-0.5, 0.5, (1, 480))
        write_sound(folder / f"hit {index}.wav", noise.astype(np.float32))
    short = CliRunner().invoke(app, [str(folder)]).stderr
    assert "silent.wav" in short
    assert "hit 7.wav" not in short
    assert "more files are fine" in short
    assert "hit 7.wav" in CliRunner().invoke(app, [str(folder), "--all"]).stderr


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.001, "1 ms"), (0.04, "0.04 s"), (12.34, "12.3 s"), (205, "3:25 min"), (3723, "1:02:03 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize("fault", ["newer", "damaged", "no folder"])
def test_choices_that_cannot_be_read_cost_a_remark(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    studio = tmp_path / "studio"
    monkeypatch.setenv("DISTILL_WORKSPACE", str(studio))
    place = open_workspace()
    corpus = mute(place, find_corpus(place, folder), {"a" * 64: "gone.wav"})
    if fault == "newer":
        (place.hidden / "workspace.json").write_text('{"version": 99}')
    elif fault == "damaged":
        (place.corpora / f"{corpus.id}.json").write_text("{")
    else:
        monkeypatch.setenv("DISTILL_WORKSPACE", "~no-such-user-at-all/studio")
    result = CliRunner().invoke(app, [str(folder), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["verdict"] == "go"
    assert result.stderr.startswith("Every file is heard alike. ")
    assert "heard alike" not in CliRunner().invoke(app, [str(folder), "--ignore-choices"]).stderr


def test_jobs_change_nothing_and_nonsense_is_refused(folder: Path) -> None:
    alone, together = (CliRunner().invoke(app, [str(folder), "--jobs", n]) for n in "13")
    assert (alone.exit_code, alone.stderr) == (together.exit_code, together.stderr)
    refused = CliRunner().invoke(app, [str(folder), "--jobs", "0"])
    assert refused.exit_code == 2
    assert refused.stderr == "Error: --jobs must lie between 1 and 64.\n"
