"""The control log: written, read, and refused where it is none."""

import json
from pathlib import Path

import numpy as np
import pytest

from distill.audio.write import write_sound
from distill.errors import CodebookMismatchError, DistillError, UsageError
from distill.inference.sampling.curves import Steering
from distill.inference.sampling.settings import Sampling
from distill.live.control_log import MOST_TAG_BYTES, ControlLog, ControlPlayer, read_log
from distill.live.controls import Control
from distill.live.settings import LiveSettings
from distill.models.persistence import LoadedVQModel

CONTROLS = [
    (13, Control("brightness", 80.0)),
    (15, Control("tag", ("low", 0.5))),
    (15, Control("note", (60.0, 100.0, 7.0))),
    (21, Control("brightness", None)),
]


@pytest.fixture
def log(model: LoadedVQModel) -> ControlLog:
    steering = Steering(brightness=((0.0, 20.0), (5.0, 90.0)), tags=(("low", 1.0),))
    settings = LiveSettings(seed=5, sampling=Sampling(temperature=0.5), steering=steering)
    return ControlLog(settings=settings, entries=settings.entries(model), controls=list(CONTROLS))


def test_a_log_is_read_as_it_was_written(log: ControlLog, tmp_path: Path) -> None:
    log.frames = 40
    read = read_log(log.save(tmp_path / "log.jsonl"))
    assert read.settings == log.settings
    assert read.controls == CONTROLS
    assert read.frames == 40


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3"])
def test_a_recording_holds_its_controls(log: ControlLog, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"take.{ending}"
    write_sound(path, np.zeros((1, 4800), np.float32), tags=log.tags(10, 30, copy=None))
    read = read_log(path)
    assert (read.settings, read.controls) == (log.settings, CONTROLS)
    assert (read.first_frame, read.frames) == (10, 30)


def test_a_recording_with_too_many_controls_says_so(log: ControlLog, tmp_path: Path) -> None:
    log.controls = [(n, Control("level", -6.0)) for n in range(MOST_TAG_BYTES // 40)]
    path = tmp_path / "take.wav"
    write_sound(path, np.zeros((1, 480), np.float32), tags=log.tags(0, 9999))
    with pytest.raises(UsageError, match="the file of --control-log"):
        read_log(path)


def test_controls_come_at_their_frames() -> None:
    player = ControlPlayer(CONTROLS)
    assert player.take(12) == []
    assert player.take(16) == [control for _, control in CONTROLS[:3]]
    assert player.take(16) == []
    assert player.take(100) == [CONTROLS[3][1]]


def test_another_model_is_refused(log: ControlLog, model: LoadedVQModel) -> None:
    log.check_model(model, "log.jsonl")
    log.entries["model_hash"] = "other"
    with pytest.raises(CodebookMismatchError, match="another model"):
        log.check_model(model, "log.jsonl")


def test_another_version_is_warned_of(
    log: ControlLog, model: LoadedVQModel, caplog: pytest.LogCaptureFixture
) -> None:
    log.entries["distill"] = "0.0.1"
    log.check_model(model, "log.jsonl")
    assert "Distill 0.0.1 on cpu: it may not come out the same" in caplog.text


def test_what_is_no_log_is_said(log: ControlLog, tmp_path: Path) -> None:
    log.frames = 40
    lines = log.save(tmp_path / "log.jsonl").read_text().splitlines()
    header = json.loads(lines[0])
    wrong = [
        [],
        ["[]"],
        ["{}", "{}"],
        lines[:-1],
        [json.dumps(header | {"sampling": {}}), *lines[1:]],
        [json.dumps(header | {"threads": -1}), *lines[1:]],
        [json.dumps(header | {"format": "other"}), *lines[1:]],
        [lines[0], '{"frame": -1, "control": "level", "value": 0}', lines[-1]],
        [lines[0], '{"frame": 1, "control": "colour", "value": 0}', lines[-1]],
        [*lines[:-1], '{"frames": 1e9}'],
        ["\0" * 100],
    ]
    path = tmp_path / "wrong.jsonl"
    for content in wrong:
        path.write_text("\n".join(content))
        with pytest.raises(UsageError):
            read_log(path)
    write_sound(tmp_path / "plain.wav", np.zeros((1, 480), np.float32))
    for name in ("plain.wav", "none.jsonl", "none.wav"):
        with pytest.raises(DistillError, match=r"plain\.wav is no control log|Cannot read"):
            read_log(tmp_path / name)
    newer = [json.dumps(header | {"version": 9}), *lines[1:]]
    path.write_text("\n".join(newer))
    with pytest.raises(UsageError, match="newer Distill"):
        read_log(path)
