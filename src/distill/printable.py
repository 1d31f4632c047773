"""Texts that a terminal shows as they are, whoever wrote them: none steers it, none floods it."""

import re

STEERING_SIGNS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Signs that move the cursor, clear a terminal or turn the order of letters: all control signs but
tab and new line, those of Unicode for lines and direction (UAX 9), and halves of signs."""

LONG_WORDS = re.compile(r"(\S{200})\S{300,}(\S{100})")
"""Words too long for a sentence. Paths of 600 letters without a space are next to none."""

LONGEST = 1_000
"""Characters of the longest sentence."""


def visible(text: str) -> str:
    """`text` with signs that would steer a terminal written out, such as `\\x1b`.

    Names of files, and texts in models, codes and sounds of others, may hold any.
    """
    return STEERING_SIGNS.sub(lambda sign: sign[0].encode("unicode_escape").decode("ascii"), text)


def one_line(text: str) -> str:
    """`text` on one line, with visible signs; what is too long for a sentence is cut.

    That is a long word, as a text in place of a number, or the middle of a text of `LONGEST`
    characters. A second time changes nothing.
    """
    line = visible(text).replace("\n", "\\n").replace("\t", "\\t")
    line = LONG_WORDS.sub(r"\1…\2", line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]}…{line[-LONGEST // 4 :]}"
