"""Channel layouts in the headers of sound files.

WAV, RF64 and Wave64 have a channel mask (WAVE_FORMAT_EXTENSIBLE), FLAC has one as a comment (RFC
9639, section 8.6.2), CAF and AIFF have Apple's `AudioChannelLayout`. Vorbis, Opus and FLAC have a
fixed order for each channel count. libsndfile gives the channels in the order of the file.
"""

import os
import re
import struct
from collections.abc import Iterable, Iterator

from distill.audio.channels import (
    MASK_SPEAKERS,
    ChannelLayout,
    common_layout,
    layout_of,
    mask_layout,
    unknown_layout,
)
from distill.audio.chunks import AIFF, CAF, RIFX, WAV, ChunkFile, StatedChunk, chunks

# Orders of the Vorbis I specification (section 4.3.9), which Opus shares (RFC 7845, 5.1.1.2).
_VORBIS_ORDERS = {
    3: "L C R",
    4: "L R Lb Rb",
    5: "L C R Lb Rb",
    6: "L C R Lb Rb LFE",
    7: "L C R Ls Rs Cs LFE",
    8: "L C R Ls Rs Lb Rb LFE",
}

# Orders of RFC 9639, section 9.1.3.
_FLAC_ORDERS = {
    3: "L R C",
    4: "L R Lb Rb",
    5: "L R C Lb Rb",
    6: "L R C LFE Lb Rb",
    7: "L R C LFE Cs Ls Rs",
    8: "L R C LFE Lb Rb Ls Rs",
}

# Layout tags of Core Audio without their count (`CoreAudioBaseTypes.h`).
_APPLE_ORDERS = {
    108: "L R Ls Rs",
    109: "L R Ls Rs C",
    110: "L R Ls Rs C Cs",
    111: "L R Ls Rs C Cs Lw Rw",
    113: "L R C",
    114: "C L R",
    115: "L R C Cs",
    116: "C L R Cs",
    117: "L R C Ls Rs",
    118: "L R Ls Rs C",
    119: "L C R Ls Rs",
    120: "C L R Ls Rs",
    121: "L R C LFE Ls Rs",
    122: "L R Ls Rs C LFE",
    123: "L C R Ls Rs LFE",
    124: "C L R Ls Rs LFE",
    125: "L R C LFE Ls Rs Cs",
    126: "L R C LFE Ls Rs Lc Rc",
    127: "C Lc Rc L R Ls Rs LFE",
    128: "L R C LFE Ls Rs Lb Rb",
    129: "L R Ls Rs C LFE Lc Rc",
    131: "L R Cs",
    132: "L R Ls Rs",
    133: "L R LFE",
    134: "L R LFE Cs",
    135: "L R LFE Ls Rs",
    136: "L R C LFE",
    137: "L R C LFE Cs",
    138: "L R Ls Rs LFE",
    139: "L R Ls Rs C Cs",
    140: "L R Ls Rs C Lb Rb",
    141: "C L R Ls Rs Cs",
    142: "C L R Ls Rs Cs LFE",
    143: "C L R Ls Rs Lb Rb",
    144: "C L R Ls Rs Lb Rb Cs",
    148: "L R Ls Rs C Lc Rc",
    150: "L C R",
    151: "L C R Cs",
    152: "L C R LFE",
    153: "L R Cs LFE",
    154: "L C R Cs LFE",
    185: "L R Lb Rb",
    186: "L R C Lb Rb",
    187: "L R C LFE Lb Rb",
    188: "L R C LFE Cs Ls Rs",
    189: "L R C LFE Lb Rb Ls Rs",
}

# Tags of Core Audio that refer to what follows: names of the channels, or a mask of them.
_BY_LABELS = 0
_BY_MASK = 1 << 16

# Labels of single channels in Core Audio; the lowest are the bits of a mask, counted from 1.
_APPLE_LABELS = {
    **{bit + 1: name for bit, name in enumerate(MASK_SPEAKERS)},
    33: "Lb",
    34: "Rb",
    35: "Lw",
    36: "Rw",
    37: "LFE",
    42: "C",
}
_LABEL_BYTES = 20

_EXTENSIBLE = 0xFFFE

# Bytes 4 to 8 of the subformat that stands for ambisonics (`SUBTYPE_AMBISONIC_B_FORMAT_PCM`).
_AMBISONIC = bytes.fromhex("2107d311")

# Mapping family of Opus in which channels have loudspeakers, and its place in the first packet.
_SPEAKER_FAMILY = 1
_FAMILY_BYTE = 18

# Number of the block of a FLAC file that holds its comments.
_COMMENTS = 4
_FLAC_MASK = re.compile(rb"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=(0x)?([0-9a-f]{1,8})", re.IGNORECASE)

# Chunks that are followed, and bytes that are read of one: bounds on what a damaged file takes.
_MOST_CHUNKS = 1_000
_MOST_BYTES = 1 << 20


def read_layout(file: ChunkFile, channels: int) -> ChannelLayout:
    """The channel layout that the header of a sound file states, or that its format prescribes.

    Args:
        file: The file, open at any place.
        channels: Its channel count.
    """
    if channels <= 2:
        return unknown_layout(channels)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    magic = file.read(4)
    if magic in (b"RIFF", b"RF64", b"BW64"):
        return _wav_layout(_chunk(chunks(file, 12, size, WAV), file, b"fmt "), "<", channels)
    if magic == b"RIFX":
        return _wav_layout(_chunk(chunks(file, 12, size, RIFX), file, b"fmt "), ">", channels)
    if magic == b"riff":
        return _wav_layout(_chunk(_wave64_chunks(file), file, b"fmt "), "<", channels)
    if magic == b"caff":
        return _apple_layout(_chunk(chunks(file, 8, size, CAF), file, b"chan"), channels)
    if magic == b"FORM":
        return _apple_layout(_chunk(chunks(file, 12, size, AIFF), file, b"CHAN"), channels)
    if magic == b"OggS":
        return _ogg_layout(file, channels)
    if magic == b"fLaC" or magic[:3] == b"ID3":
        return _flac_layout(file, channels)
    return common_layout(channels)


def _chunk(places: Iterable[StatedChunk], file: ChunkFile, title: bytes) -> bytes:
    """The contents of the first chunk with the name `title`; empty if there is none."""
    for name, start, n_bytes in places:
        if name == title:
            file.seek(start)
            return file.read(max(0, min(n_bytes, _MOST_BYTES)))
    return b""


def _wave64_chunks(file: ChunkFile) -> Iterator[StatedChunk]:
    """`chunks` of Wave64: names of 16 bytes, and sizes that count the head, in steps of 8."""
    position = 40
    stop = file.seek(0, os.SEEK_END)
    for _ in range(_MOST_CHUNKS):
        if position >= stop:
            return
        file.seek(position)
        content = file.read(24)
        if len(content) < 24:
            return
        name, size = struct.unpack("<4s12xQ", content)
        if size < 24:
            return
        yield StatedChunk(name=name, start=position + 24, n_bytes=size - 24)
        position += size + -size % 8


def _wav_layout(fmt: bytes, order: str, channels: int) -> ChannelLayout:
    """The layout in a `fmt ` chunk of the byte `order`."""
    if len(fmt) < 40 or struct.unpack(f"{order}H", fmt[:2])[0] != _EXTENSIBLE:
        return common_layout(channels)
    mask, subformat = struct.unpack(f"{order}I16s", fmt[20:40])
    if subformat[4:8] == _AMBISONIC:
        return unknown_layout(channels)
    # Without any speaker, players go by the count.
    return mask_layout(channels, mask) if mask else common_layout(channels)


def _apple_layout(content: bytes, channels: int) -> ChannelLayout:
    """The layout in an `AudioChannelLayout` of Core Audio."""
    if len(content) < 12:
        return common_layout(channels)
    tag, mask, count = struct.unpack(">III", content[:12])
    if tag == _BY_MASK:
        return mask_layout(channels, mask)
    if tag == _BY_LABELS:
        labels = content[12 : 12 + _LABEL_BYTES * min(count, channels)]
        numbers = [
            struct.unpack_from(">I", labels, place)[0]
            for place in range(0, len(labels) - _LABEL_BYTES + 1, _LABEL_BYTES)
        ]
        return layout_of(channels, " ".join(_APPLE_LABELS.get(n, "?") for n in numbers))
    return layout_of(channels, _APPLE_ORDERS.get(tag >> 16, ""))


def _ogg_layout(file: ChunkFile, channels: int) -> ChannelLayout:
    """The layout of the first stream of an Ogg file."""
    # The head of the page, one segment, and the first packet.
    file.seek(28)
    packet = file.read(_FAMILY_BYTE + 1)
    if packet.startswith(b"\x7fFLAC"):
        return layout_of(channels, _FLAC_ORDERS.get(channels, ""))
    if packet.startswith(b"OpusHead") and packet[_FAMILY_BYTE:] != bytes([_SPEAKER_FAMILY]):
        return unknown_layout(channels)
    return layout_of(channels, _VORBIS_ORDERS.get(channels, ""))


def _flac_layout(file: ChunkFile, channels: int) -> ChannelLayout:
    """The layout of a FLAC file: its mask where it has one, else the fixed order."""
    position = 4
    file.seek(0)
    head = file.read(10)
    if head[:3] == b"ID3" and len(head) == 10:
        # A tag before the file: seven bits of its size in each byte.
        a, b, c, d = head[6:]
        position = 14 + (a << 21 | b << 14 | c << 7 | d)
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        block = file.read(4)
        if len(block) < 4:
            break
        size = int.from_bytes(block[1:], "big")
        if block[0] & 0x7F == _COMMENTS:
            match = _FLAC_MASK.search(file.read(min(size, _MOST_BYTES)))
            if match:
                return mask_layout(channels, int(match[2], 16 if match[1] else 10))
        if block[0] & 0x80:
            break
        position += 4 + size
    return layout_of(channels, _FLAC_ORDERS.get(channels, ""))
