"""Mutations of the zip archives that `torch.save` writes: their members, and their pickle."""

import io
import pickletools
import warnings
import zipfile
from pathlib import Path

import numpy as np

from tests.campaign.mutate import LENGTHS, mutate_bytes, pick

Members = list[tuple[str, bytes]]
"""Names and contents of an archive."""

PICKLE = "/data.pkl"
"""End of the name of the pickle."""


def split_archive(content: bytes) -> Members:
    """The members of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def join_archive(members: Members, compression: int = zipfile.ZIP_STORED) -> bytes:
    """An archive with these members, names that are there twice included."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", compression) as archive:
        # Names that are there twice.
        warnings.simplefilter("ignore")
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            archive.writestr(info, content)
    return file.getvalue()


def mutate_members(members: Members, rng: np.random.Generator) -> bytes:
    """Leave out, add, rename, swap or change members."""
    members = list(members)
    index = int(rng.integers(len(members)))
    name, content = members[index]
    chance = int(rng.integers(9))
    if chance == 0:
        del members[index]
    elif chance == 1:
        members.append((pick(rng, (name, "x", "../x", "archive/constants.pkl", "")), content))
    elif chance == 2:
        members[index] = (pick(rng, ("x", name + "0", name.upper(), "a/data.pkl")), content)
    elif chance == 3:
        other = int(rng.integers(len(members)))
        members[index] = (name, members[other][1])
    elif chance == 4:
        members[index] = (name, mutate_bytes(content, rng))
    elif chance == 5:
        members[index] = (name, b"")
    elif chance == 6:
        return join_archive(members, zipfile.ZIP_DEFLATED)
    elif chance == 7:
        members[index] = (name, bytes(len(content) * 4))
    else:
        return _with_lie(join_archive(members), rng)
    return join_archive(members)


def _with_lie(content: bytes, rng: np.random.Generator) -> bytes:
    """Write an extreme number into the directory at the end of an archive."""
    directory = content.rfind(b"PK\x05\x06")
    first = content.find(b"PK\x01\x02")
    start = int(rng.integers(first, directory + 20))
    n_bytes = pick(rng, (2, 4))
    number = pick(rng, LENGTHS) % (1 << 8 * n_bytes)
    return content[:start] + number.to_bytes(n_bytes, "little") + content[start + n_bytes :]


def mutate_pickle(members: Members, rng: np.random.Generator, canary: Path) -> bytes:
    """Change instructions of the pickle, or plant some that would run code or take memory."""
    changed = []
    for name, content in members:
        is_pickle = name.endswith(PICKLE)
        changed.append((name, _mutated_pickle(content, rng, canary) if is_pickle else content))
    return join_archive(changed)


def _mutated_pickle(content: bytes, rng: np.random.Generator, canary: Path) -> bytes:
    places = [place for _, _, place in pickletools.genops(content) if place is not None]
    chance = rng.random()
    if chance < 0.15:
        return b"\x80\x02" + pick(rng, planted(canary)) + b"."
    number = int(rng.integers(len(places) - 1))
    start, stop = places[number], places[number + 1]
    chance = rng.random()
    if chance < 0.2:
        return content[:start] + content[stop:]
    if chance < 0.35:
        return content[:stop] + content[start:]
    if chance < 0.6:
        return content[:start] + bytes([pick(rng, OPCODES)]) + content[start + 1 :]
    if chance < 0.8:
        return content[:start] + mutate_bytes(content[start:stop], rng) + content[stop:]
    # A value more, or one in place of another.
    end = start if rng.random() < 0.5 else stop
    return content[:start] + pick(rng, planted(canary)) + content[end:]


OPCODES = [ord(opcode.code) for opcode in pickletools.opcodes]
"""All instructions of pickles."""


def planted(canary: Path) -> tuple[bytes, ...]:
    """Instructions that create the file `canary`, take gigabytes, or go round in circles."""
    command = _text(f"touch {canary}")
    source = _text(f"open({str(canary)!r}, 'w').close()")
    huge = b"\x8a\x08" + (1 << 40).to_bytes(8, "little")
    return (
        b"cos\nsystem\n" + command + b"\x85R",
        b"cposix\nsystem\n" + command + b"\x85R",
        b"(" + command + b"ios\nsystem\n",
        b"(cos\nsystem\n" + command + b"o",
        _text("os") + _text("system") + b"\x93" + command + b"\x85R",
        b"cbuiltins\neval\n" + source + b"\x85R",
        b"cbuiltins\nexec\n" + source + b"\x85R",
        b"c__builtin__\neval\n" + source + b"\x85R",
        b"cbuiltins\nopen\n" + _text(str(canary)) + _text("w") + b"\x86R",
        b"csubprocess\nPopen\n" + _text("touch") + _text(str(canary)) + b"\x86\x85R",
        b"ctorch.serialization\nload\n" + _text(str(canary)) + b"\x85R",
        b"ctorch._utils\n_rebuild_tensor_v2\n)R",
        b"ccollections\nOrderedDict\n" + command + b"\x85R",
        b"cbuiltins\nbytearray\n" + huge + b"\x85R",
        b"cbuiltins\nset\n)R",
        b"cbuiltins\ngetattr\n" + command + command + b"\x86R",
        b"\x82\x01",
        b"P" + command + b"\n",
        _text("storage") + b"Q",
        b"]q\xf0h\xf0a",
        b"}q\xf1" + _text("x") + b"h\xf1s",
        huge,
        b"\x8b" + (1 << 30).to_bytes(4, "little"),
        b"\x8e" + (1 << 60).to_bytes(8, "little"),
        b"\x96" + (1 << 60).to_bytes(8, "little"),
        b"(" * 50_000,
        b"]" * 200 + b"a" * 199,
    )


def _text(text: str) -> bytes:
    """An instruction that puts `text` on the stack."""
    content = text.encode()
    return b"X" + len(content).to_bytes(4, "little") + content
