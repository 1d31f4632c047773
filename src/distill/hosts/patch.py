"""A patch for Pure Data that plays a file for nn~: sound through it, codes out of it and back."""

import re

LINE = 34
"""Pixels between two rows of a patch."""


class _Patch:
    """Objects and the cords between them, in the text form of Pure Data."""

    def __init__(self) -> None:
        self.objects: list[str] = []
        self.cords: list[str] = []

    def add(self, kind: str, x: int, row: int, text: str) -> int:
        """Add an object (`obj`), a message (`msg`) or a comment (`text`); returns its number."""
        self.objects.append(f"#X {kind} {x} {20 + LINE * row} {text};")
        return len(self.objects) - 1

    def connect(self, source: int, outlet: int, target: int, inlet: int) -> None:
        """Lay a cord."""
        self.cords.append(f"#X connect {source} {outlet} {target} {inlet};")

    def text(self) -> str:
        """The file."""
        return "\n".join(["#N canvas 60 60 760 620 12;", *self.objects, *self.cords]) + "\n"


def escape(text: str) -> str:
    """`text` as one word of a patch: signs that end words or stand for arguments are escaped."""
    return re.sub(r"([\\ ,;$])", r"\\\1", text)


def comment(text: str) -> str:
    """`text` as a comment: words stay apart, commas and semicolons are escaped."""
    return re.sub(r"([\\,;$])", r"\\\1", text)


def help_patch(file: str, channels: int, levels: int, sample_rate: int, latency_ms: float) -> str:
    """The text of a patch.

    Args:
        file: Name of the file for nn~, which lies beside the patch.
        channels: Channels of the codec, 1 or 2.
        levels: Quantiser levels.
        sample_rate: Of the codec, in Hz.
        latency_ms: Latency of `forward`.
    """
    patch = _Patch()
    name = escape(file)
    say = [
        f"Needs nn~ and a sample rate of {sample_rate} Hz (Media, Audio settings).",
        f"Sound through the codec: {latency_ms:.0f} ms later, and the buffer of nn~ beside.",
    ]
    for row, line in enumerate(say):
        patch.add("text", 20, row, comment(line))

    through = patch.add("obj", 20, 5, f"nn~ {name} forward 2048")
    source = patch.add("obj", 20, 3, "adc~ 1 2")
    for x, message in enumerate(
        ("reset true", f"levels {levels}", "levels 1", "gain -6", "gain 0")
    ):
        number = patch.add("msg", 130 + 110 * x, 3, f"set {message}")
        patch.connect(number, 0, through, 0)
    volume = _outputs(patch, 6)
    for channel in range(channels):
        patch.connect(source, channel, through, channel)
    for channel, output in enumerate(volume):
        patch.connect(through, min(channel, channels - 1), output, 0)

    patch.add(
        "text", 20, 9, comment("Codes out of sound, and sound out of codes: one cord a level.")
    )
    encode = patch.add("obj", 20, 11, f"nn~ {name} encode 2048")
    decode = patch.add("obj", 20, 13, f"nn~ {name} decode 2048")
    again = patch.add("obj", 20, 10, "adc~ 1 2")
    for channel in range(channels):
        patch.connect(again, channel, encode, channel)
    for level in range(levels):
        patch.connect(encode, level, decode, level)
    for channel, output in enumerate(_outputs(patch, 14)):
        patch.connect(decode, min(channel, channels - 1), output, 0)
    return patch.text()


def _outputs(patch: _Patch, row: int) -> list[int]:
    """Two volumes before the outputs, at 0 so that nothing feeds back; returns their numbers."""
    output = patch.add("obj", 20, row + 1, "dac~ 1 2")
    slider = patch.add("floatatom", 200, row - 1, "6 0 1 0 - - -")
    numbers = []
    for side in range(2):
        volume = patch.add("obj", 20 + 90 * side, row, "*~ 0")
        patch.connect(slider, 0, volume, 1)
        patch.connect(volume, 0, output, side)
        numbers.append(volume)
    return numbers
