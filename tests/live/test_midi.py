"""MIDI messages by a map."""

from pathlib import Path

import mido
import pytest

from distill.errors import UsageError
from distill.live.controls import Control
from distill.live.midi import MidiMap, read_midi_map

MAP = """
channel = 2

[controls]
1 = "brightness"
20 = { control = "tag", tag = "drums" }
71 = { control = "temperature", least = 1.5, most = 0.5 }
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "map.toml"
    path.write_text(text)
    return path


def controller(number: int, value: int, channel: int = 1) -> mido.Message:
    return mido.Message("control_change", control=number, value=value, channel=channel)


def test_a_map_says_what_controllers_set(tmp_path: Path) -> None:
    midi_map = read_midi_map(write(tmp_path, MAP))
    assert midi_map.control_of(controller(1, 127)) == Control("brightness", 100.0)
    assert midi_map.control_of(controller(20, 0)) == Control("tag", ("drums", 0.0))
    # Turned round, since it begins with the larger value.
    assert midi_map.control_of(controller(71, 0)) == Control("temperature", 1.5)
    assert midi_map.control_of(controller(71, 127)) == Control("temperature", 0.5)
    assert midi_map.control_of(controller(2, 64)) is None
    assert midi_map.control_of(controller(1, 64, channel=0)) is None, "another channel"


def test_without_a_map_the_usual_controllers_and_notes_play() -> None:
    midi_map = MidiMap()
    assert midi_map.control_of(controller(74, 127, channel=9)) == Control("brightness", 100.0)
    note = mido.Message("note_on", note=40, velocity=99)
    assert midi_map.control_of(note) == Control("note", (40.0, 99.0))
    for message in (
        mido.Message("note_on", note=40, velocity=0),
        mido.Message("note_off", note=40),
        mido.Message("clock"),
        mido.Message("pitchwheel", pitch=3),
    ):
        assert midi_map.control_of(message) is None
    assert MidiMap(notes=False).control_of(note) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[controls", "is no TOML"),
        ("[knobs]", "has 'knobs'"),
        ("controls = 3", "controls is a table"),
        ("channel = 17", "from 1 to 16"),
        ("[controls]\nwheel = 'level'", "'wheel' is no controller"),
        ("[controls]\n128 = 'level'", "'128' is no controller"),
        ("[controls]\n1 = 'colour'", "'colour' is no control"),
        ("[controls]\n1 = 'tag'", "with the name of a tag"),
        ("[controls]\n1 = 3", "the name of a control, or a table"),
        ("[controls]\n1 = { control = 'level', most = 90 }", "level must lie between"),
        ("[controls]\n1 = { control = 'level', top = 1 }", "a table of control, least, most"),
    ],
)
def test_what_is_no_map_is_said(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_midi_map(write(tmp_path, text))


def test_a_map_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot read"):
        read_midi_map(tmp_path / "none.toml")
