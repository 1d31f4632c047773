"""The patch for Pure Data."""

import re

import pytest

from distill.hosts.patch import help_patch

KINDS = ("obj", "msg", "text", "floatatom")


def parts(text: str) -> tuple[list[str], list[tuple[int, int, int, int]]]:
    """Texts of the objects of a patch, and its cords."""
    statements = [part.strip() for part in re.split(r"(?<!\\);\n", text) if part.strip()]
    assert statements[0].startswith("#N canvas ")
    objects = []
    cords = []
    for statement in statements[1:]:
        words = statement.split(" ")
        assert words[0] == "#X"
        if words[1] == "connect":
            cords.append(tuple(map(int, words[2:])))
        else:
            assert words[1] in KINDS
            int(words[2]), int(words[3])
            assert not cords
            objects.append(" ".join(words[4:]))
    return objects, cords


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("levels", [2, 8])
def test_cords_lead_from_sound_to_sound(channels: int, levels: int) -> None:
    objects, cords = parts(help_patch("my.ts", channels, levels, 48_000, 490.7))
    assert all(source < len(objects) and target < len(objects) for source, _, target, _ in cords)
    by_name = {text: number for number, text in enumerate(objects)}
    through = by_name["nn~ my.ts forward 2048"]
    encode = by_name["nn~ my.ts encode 2048"]
    decode = by_name["nn~ my.ts decode 2048"]
    into = [inlet for _, _, target, inlet in cords if target == through]
    assert sorted(set(into)) == list(range(channels))
    between = [(a, b) for source, a, target, b in cords if (source, target) == (encode, decode)]
    assert between == [(level, level) for level in range(levels)]
    for source in (through, decode):
        outlets = [outlet for number, outlet, _, _ in cords if number == source]
        assert sorted(set(outlets)) == list(range(channels))
        # Both loudspeakers, also of one channel.
        assert len(outlets) == 2
    assert "set reset true" in objects
    assert "491 ms" in " ".join(objects)


def test_names_with_spaces_and_signs_stay_one_word() -> None:
    objects, _ = parts(help_patch("my, own; $1.ts", 1, 2, 48_000, 100))
    assert r"nn~ my\,\ own\;\ \$1.ts forward 2048" in objects
