"""Playing: devices, recordings, logs, and the end."""

import socket
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from pythonosc.osc_message_builder import OscMessageBuilder

import distill
from distill.errors import AudioError, CodebookMismatchError, NoPriorError, OutputError, UsageError
from distill.live.engine import LiveBlock, LiveEngine
from distill.models.persistence import LoadedVQModel


@pytest.fixture(scope="module")
def model(trained: Path) -> LoadedVQModel:
    return distill.load(trained, "cpu", 1)


def wait_for(frame: int, live: distill.Live) -> None:
    """Wait until so many frames were played, however slow the machine is."""
    for _ in count():
        if live.state.frame >= frame or live.wait(0.02):
            return


def send(live: distill.Live, name: str, *values: object) -> None:
    builder = OscMessageBuilder(f"/distill/{name}")
    for value in values:
        builder.add_arg(value)
    assert live.osc is not None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(builder.build().dgram, live.osc.address)


def read(path: Path) -> np.ndarray:
    return sf.read(path, dtype="float32", always_2d=True)[0]


def test_what_was_played_is_played_again_to_the_bit(model: LoadedVQModel, tmp_path: Path) -> None:
    """With controls by Python and OSC, two recordings, and both kinds of replay."""
    whole = tmp_path / "whole.wav"
    log = tmp_path / "log.jsonl"
    live = distill.play(
        model, 3, "none", record=whole, control_log=log, osc_port=0, one_shots=True, guidance=9
    )
    with live:
        wait_for(10, live)
        live.set(brightness=90, tags={"low": 1.0})
        live.strike(40, 90)
        wait_for(30, live)
        send(live, "temperature", 0.5)
        live.set(record=False)
        wait_for(40, live)
        live.set(record=True, level=-6)
        wait_for(60, live)
    summary = live.stop()
    # Several controls may come in one packet or block; none is lost.
    assert summary.controls >= 4
    assert summary.control_log == log
    assert sorted(path.name for path in summary.recordings) == ["whole-2.wav", "whole.wav"]
    assert summary.frames >= 60
    assert summary.seconds == pytest.approx(summary.frames * 1024 / 48_000)
    again = {}
    for name, source in (("log", log), ("first", whole), ("second", tmp_path / "whole-2.wav")):
        path = tmp_path / f"{name}.wav"
        with distill.play(model, output="none", replay=source, record=path) as replay:
            assert replay.wait(60)
        again[name] = read(path)
    assert np.array_equal(again["first"], read(whole))
    assert np.array_equal(again["second"], read(tmp_path / "whole-2.wav"))
    # But for the fade at the end of the recording.
    n = len(again["first"]) - 480
    assert np.array_equal(again["log"][:n], again["first"][:n])
    assert len(again["log"]) == summary.frames * 1024


def test_it_ends_by_itself_and_says_what_was(model: LoadedVQModel, tmp_path: Path) -> None:
    path = tmp_path / "take.flac"
    with distill.play(model, 3, "none", duration=0.5, record=path, buffer_ms=30) as live:
        assert live.wait(60)
    summary = live.summary
    assert summary is not None
    assert summary.recordings == (path,)
    assert 0.5 <= summary.seconds < 0.6
    assert summary.output == "no device"
    assert summary.realtime_factor > 0
    # It is no sound of `generate`, and says so.
    with pytest.raises(AudioError, match="it was played live"):
        distill.generate_again(model, path)


def test_a_recording_that_cannot_be_written_is_said_at_the_end(
    model: LoadedVQModel, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    live = distill.play(model, 3, "none", duration=0.2, record=folder / "take.wav")
    folder.rmdir()
    with pytest.raises(OutputError, match="Cannot record"), live:
        live.wait(60)


def test_a_failure_while_it_is_drawn_is_raised_at_the_end(
    model: LoadedVQModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: LiveEngine) -> Iterator[LiveBlock]:
        raise MemoryError("no memory")
        yield

    monkeypatch.setattr(LiveEngine, "blocks", fail)
    live = distill.play(model, output="none", osc_port=None)
    with pytest.raises(MemoryError, match="no memory"), live:
        assert live.wait(60)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"latency": "none"}, "no latency"),
        ({"level": 90}, "--level must lie"),
        ({"temperature": -1}, "--temperature"),
        ({"tags": ["violin"]}, "no tag"),
        ({"buffer_ms": -1}, "--buffer"),
        ({"duration": 0}, "--duration"),
        ({"osc_send": "nowhere"}, "--osc-send"),
        ({"midi_map": "none.toml"}, "Cannot read"),
        # Without python-rtmidi there are no ports at all.
        ({"midi": "no such port"}, "no MIDI port|MIDI needs python-rtmidi"),
        ({"replay": "none.jsonl"}, "Cannot read"),
        ({"replay": "none.jsonl", "nearness": 1.0}, "leave out --nearness"),
        ({"control_log": "log.txt"}, "end in .jsonl"),
        ({"record": "take.txt"}, "Sounds are written as"),
        ({"listen": "256.1.1.1", "osc_port": 0}, "Cannot listen"),
    ],
)
def test_what_cannot_be_is_refused_before_it_sounds(
    model: LoadedVQModel, options: dict[str, object], words: str
) -> None:
    with (
        pytest.raises((UsageError, OutputError), match=words),
        distill.play(model, output="none", **options),
    ):
        pass


def test_controls_by_name_are_checked(model: LoadedVQModel) -> None:
    live = distill.play(model, 3, "none")
    for wrong in ({"colour": 1}, {"brightness": 101}, {"tags": {"low": 3}}):
        with pytest.raises(UsageError):
            live.set(**wrong)
    with pytest.raises(UsageError):
        live.strike(300)


def test_a_codec_alone_does_not_play(codec_only: Path) -> None:
    with pytest.raises(NoPriorError):
        distill.play(distill.load(codec_only, "cpu", 1), output="none")


def test_a_log_of_another_model_is_refused(
    model: LoadedVQModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log.jsonl"
    with distill.play(model, 3, "none", duration=0.1, control_log=log) as live:
        live.wait(60)
    log.write_text(log.read_text().replace(model.weights_hash, "0" * 64))
    with pytest.raises(CodebookMismatchError, match="another model"):
        distill.play(model, output="none", replay=log)


def test_an_underrun_is_counted_and_more_is_kept(
    model: LoadedVQModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop of the drawing for longer than what is kept."""
    live = distill.play(model, 3, "none", buffer_ms=0)
    take = live.session._take
    stalled = []

    def stall(*block: object) -> None:
        if len(stalled) < 1 and live.state.frame > 5:
            stalled.append(True)
            time.sleep(0.4)
        take(*block)

    monkeypatch.setattr(live.session, "_take", stall)
    with live:
        before = live.state.buffer_ms
        wait_for(10, live)
    assert live.stop().underruns >= 1
    assert live.stop().buffer_ms > before
