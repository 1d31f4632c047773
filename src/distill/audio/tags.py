"""Tags of sound files: RIFF INFO in WAV, Vorbis comments in FLAC and Ogg, and texts anywhere.

Also the tempo in WAV files.
"""

import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import soundfile as sf

from distill.audio.containers import ogg_contents
from distill.audio.decoder_words import decoder_words_dropped
from distill.audio.id3 import find_comment
from distill.audio.io import UnreadableAudioError, probe, system_name
from distill.audio.riff import LARGEST_TEXT, find_info
from distill.audio.timing import Timing, find_timing
from distill.files import FilePath, open_regular

RIFF_NAMES = {b"ICMT": "comment", b"ISFT": "software"}
"""Identifiers of RIFF INFO texts, and soundfile's names for them."""

# Bytes of a file that are searched at a time.
_SEARCH_BYTES = 1 << 22

# Bytes that a key takes at most, in UTF-16.
_KEY_BYTES = 256

# Texts that are given of one file: bounds the time that a hostile one takes.
_MOST_TEXTS = 64


def read_tags(path: FilePath) -> dict[str, str]:
    """Read the tags of a sound file, named as in soundfile (`comment`, `software`, …).

    Raises:
        UnreadableAudioError: If the file is not audio or its tags cannot be read.
    """
    probe(path)
    tags: dict[str, str] = {}
    try:
        with decoder_words_dropped(), sf.SoundFile(system_name(path)) as file:
            tags |= file.copy_metadata()
    except UnicodeDecodeError:
        # Programs of other languages write texts in alphabets of their own.
        pass
    except (OSError, sf.SoundFileError) as error:
        raise UnreadableAudioError(path, f"its tags cannot be read ({error})") from error
    # libsndfile writes INFO texts of any length, but reads none of more than 2 kB.
    return _riff_tags(Path(path)) | _aiff_tags(Path(path)) | tags


def read_timing(path: FilePath) -> Timing | None:
    """Read tempo and beats that a program stored in a WAV file; None where there are none.

    Raises:
        UnreadableAudioError: If the file cannot be opened.
    """
    try:
        with open_regular(path) as file:
            return find_timing(file)
    except OSError as error:
        raise UnreadableAudioError(path, f"cannot be opened ({error.strerror})") from error


def find_json(path: FilePath, key: str) -> Iterator[str]:
    """Find the texts in a file that follow the JSON key `key`, wherever they lie.

    Editors move texts to other chunks and frames (INFO, bext, ID3, iXML, Vorbis comments). The
    search knows none of these: it reads ASCII, UTF-16 and XML in any of them. Memory stays within
    some megabytes.

    Args:
        path: Any file.
        key: Letters of ASCII.

    Yields:
        What follows the colon after each `key`, up to `LARGEST_TEXT` characters. Where the text
        ends, anything else of the file may follow.

    Raises:
        UnreadableAudioError: If the file cannot be read.

    Example:
        recipe = next(find_json("drum.wav", "distill"), "")
    """
    pattern = _key_pattern(key)
    n_texts = 0
    try:
        with open_regular(path) as file:
            for window in _windows(_contents(file)):
                for match in pattern.finditer(window):
                    # The next window has it too, and all that follows.
                    if match.start() >= _SEARCH_BYTES:
                        break
                    yield _decode(match, window)
                    n_texts += 1
                    if n_texts == _MOST_TEXTS:
                        return
    except OSError as error:
        raise UnreadableAudioError(path, f"cannot be opened ({error.strerror})") from error


def _key_pattern(key: str) -> re.Pattern[bytes]:
    """The end of a JSON key, in ASCII (plain, or as XML has it) and in UTF-16."""
    wide = "\0".join(f'{key}":')
    # With one first letter for all, the search is ten times as fast.
    text = rf"{key[0]}(?:{key[1:]}(?:\"|&quot;|&#34;):|{wide[1:]})"
    return re.compile(text.encode())


def _decode(match: re.Match[bytes], window: bytes) -> str:
    """The text after a key in `window`; signs that are not ASCII become those of Latin 1."""
    is_wide = match[0][1:2] == b"\0"
    text = window[match.end() : match.end() + LARGEST_TEXT * (2 if is_wide else 1)]
    # Whichever byte of UTF-16 comes first: every second one is the character.
    characters = (text[1::2] if is_wide else text).decode("latin-1")
    return html.unescape(characters) if b"&" in match[0] else characters


def _contents(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of a file, some at a time; those of Ogg files without the headers of pages."""
    if file.read(4) == b"OggS":
        yield from ogg_contents(file)
        return
    file.seek(0)
    while piece := file.read(_SEARCH_BYTES):
        yield piece


def _windows(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Stretches of `_SEARCH_BYTES`, each followed by the longest text that may begin in it."""
    window = bytearray()
    for piece in pieces:
        window += piece
        while len(window) >= _SEARCH_BYTES + 2 * LARGEST_TEXT + _KEY_BYTES:
            yield bytes(window)
            del window[:_SEARCH_BYTES]
    while window:
        yield bytes(window)
        del window[:_SEARCH_BYTES]


def _riff_tags(path: Path) -> dict[str, str]:
    """The texts of the INFO lists of a WAV file; of two with one name, the first."""
    tags: dict[str, str] = {}
    with open_regular(path) as file:
        for name, text in find_info(file):
            if text and name in RIFF_NAMES:
                tags.setdefault(RIFF_NAMES[name], text.decode(errors="replace"))
    return tags


def _aiff_tags(path: Path) -> dict[str, str]:
    """The long comment of an AIFF file."""
    with open_regular(path) as file:
        comment = find_comment(file)
    return {} if comment is None else {"comment": comment}
