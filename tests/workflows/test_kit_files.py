"""SFZ, DecentSampler and JSON of a kit."""

from xml.etree import ElementTree as xml

from distill.audio.marks import Marks
from distill.workflows.kit_files import FIRST_KEY, KitSound, dspreset, kit_entries, sfz


def kit() -> list[KitSound]:
    return [
        KitSound(
            file=f"{part}/a&b-{number}.wav",
            kind="hit",
            colour="mid",
            key=FIRST_KEY + number,
            marks=Marks(note=60.3, is_loop=part == "loops", cues=(0, 24_000)),
            frames=48_000,
            sample_rate=48_000,
            seed=number,
            loudness_lufs=-20.0,
            copy_percent=None,
        )
        for number, part in enumerate(("one-shots", "one-shots", "loops"))
    ]


def test_each_sound_has_a_region_of_one_key() -> None:
    regions = sfz(kit()).split("<region>\n")[1:]
    opcodes = [dict(line.split("=", 1) for line in text.splitlines()) for text in regions]
    assert [region["sample"] for region in opcodes] == [sound.file for sound in kit()]
    for region, sound in zip(opcodes, kit(), strict=True):
        keys = {region[name] for name in ("lokey", "hikey", "pitch_keycenter")}
        assert keys == {str(sound.key)}
    assert [region["loop_mode"] for region in opcodes] == ["one_shot"] * 2 + ["loop_continuous"]
    assert (opcodes[2]["loop_start"], opcodes[2]["loop_end"]) == ("0", "47999")


def test_the_preset_of_decentsampler_is_xml_with_all_sounds() -> None:
    root = xml.fromstring(dspreset(kit()))
    assert root.tag == "DecentSampler"
    samples = root.findall("groups/group/sample")
    assert [sample.get("path") for sample in samples] == [sound.file for sound in kit()]
    assert [sample.get("rootNote") for sample in samples] == [str(sound.key) for sound in kit()]
    loops = root.findall("groups/group[@loopEnabled='true']/sample")
    assert [loop.get("loopEnd") for loop in loops] == ["47999"]


def test_facts_of_each_sound() -> None:
    entries = kit_entries(kit(), {"id": "x"})
    assert (entries["format"], entries["version"]) == ("distill.kit", 1)
    first = entries["sounds"][0]
    assert (first["root_note"], first["cents"], first["onsets_s"]) == (60, 30, [0.0, 0.5])
    assert first["duration_s"] == 1.0
