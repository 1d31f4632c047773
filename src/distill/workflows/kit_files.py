"""Files of a sampler kit beside its sounds: SFZ, DecentSampler, and facts as JSON.

Each sound has a key of its own, from `FIRST_KEY` up, at which it plays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as xml

from distill.audio.marks import Marks

FIRST_KEY = 36
"""MIDI note of the first sound: C2, where drum machines begin."""

FORMAT = "distill.kit"
"""Marker of `kit.json`."""

VERSION = 1
"""Version of `kit.json`."""


@dataclass(frozen=True)
class KitSound:
    """A sound of a kit.

    Attributes:
        file: Its place in the folder, with `/` between.
        kind: A folder of the corpus, or `tone`, `noise`, `hit` or `loop`.
        colour: `dark`, `mid` or `bright`.
        key: MIDI note that plays it.
        marks: Root note, loop and onsets.
        frames: Samples of a channel.
        sample_rate: In Hz.
        seed: Of its draw.
        loudness_lufs: Integrated loudness.
        copy_percent: Percentage of it that repeats passages of the corpus; None if unknown.
        tempo: In BPM; None where it keeps no beat.
        beats: Number of beats; None where it keeps none.
    """

    file: str
    kind: str
    colour: str
    key: int
    marks: Marks
    frames: int
    sample_rate: int
    seed: int
    loudness_lufs: float
    copy_percent: float | None
    tempo: float | None = None
    beats: int | None = None

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate


def sfz(sounds: Sequence[KitSound]) -> str:
    """The kit in SFZ (sfzformat.com): one region a key."""
    lines = ["// Written by Distill.", "<control>", "<global>"]
    for sound in sounds:
        lines += [
            "<region>",
            f"sample={sound.file}",
            f"lokey={sound.key}",
            f"hikey={sound.key}",
            f"pitch_keycenter={sound.key}",
        ]
        if sound.marks.is_loop:
            lines += ["loop_mode=loop_continuous", "loop_start=0", f"loop_end={sound.frames - 1}"]
        else:
            lines.append("loop_mode=one_shot")
    return "\n".join(lines) + "\n"


def dspreset(sounds: Sequence[KitSound]) -> bytes:
    """The kit as a preset of DecentSampler (its developer guide, 1.0)."""
    root = xml.Element("DecentSampler", minVersion="1.0.0")
    groups = xml.SubElement(root, "groups")
    one_shots = xml.SubElement(groups, "group", name="one-shots", loopEnabled="false")
    # A hit rings on when its key is released.
    one_shots.set("release", "10")
    loops = xml.SubElement(groups, "group", name="loops", loopEnabled="true")
    for sound in sounds:
        group = loops if sound.marks.is_loop else one_shots
        sample = xml.SubElement(group, "sample", path=sound.file)
        key = str(sound.key)
        for name in ("rootNote", "loNote", "hiNote"):
            sample.set(name, key)
        if sound.marks.is_loop:
            sample.set("loopStart", "0")
            sample.set("loopEnd", str(sound.frames - 1))
    xml.indent(root)
    text: bytes = xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def kit_entries(sounds: Sequence[KitSound], model: dict[str, Any]) -> dict[str, Any]:
    """The facts of a kit, as JSON holds them.

    Args:
        sounds: Its sounds.
        model: Id, name and hash of the model.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "model": model,
        "sounds": [_entry(sound) for sound in sounds],
    }


def _entry(sound: KitSound) -> dict[str, Any]:
    return {
        "file": sound.file,
        "kind": sound.kind,
        "colour": sound.colour,
        "key": sound.key,
        "root_note": sound.marks.root if sound.marks.note is not None else None,
        "cents": sound.marks.cents if sound.marks.note is not None else None,
        "is_loop": sound.marks.is_loop,
        "onsets_s": [cue / sound.sample_rate for cue in sound.marks.cues],
        "duration_s": sound.duration_s,
        "tempo": sound.tempo,
        "beats": sound.beats,
        "seed": sound.seed,
        "loudness_lufs": sound.loudness_lufs,
        "copy_percent": sound.copy_percent,
    }
