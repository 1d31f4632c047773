import io
import struct

from hypothesis import given
from hypothesis import strategies as st

from distill.audio.riff import LARGEST_TEXT, find_chunks, find_info

NAMES = st.text("abcdefgIJKL 123", min_size=4, max_size=4).map(str.encode)
ORDERS = {b"RIFF": "<", b"RF64": "<", b"BW64": "<", b"RIFX": ">"}


def make_chunk(name: bytes, body: bytes, order: str = "<", pad: bytes = b"\0") -> bytes:
    """A chunk, padded to an even size by `pad`."""
    return struct.pack(f"{order}4sI", name, len(body)) + body + pad[: len(body) % 2]


def make_info(texts: dict[bytes, bytes], order: str = "<", pad: bytes = b"\0") -> bytes:
    """A `LIST` chunk with the INFO entries `texts`."""
    entries = (make_chunk(name, text, order, pad) for name, text in texts.items())
    return make_chunk(b"LIST", b"INFO" + b"".join(entries), order, pad)


def make_riff(chunks: list[bytes], magic: bytes = b"RIFF") -> io.BytesIO:
    body = b"WAVE" + b"".join(chunks)
    return io.BytesIO(magic + struct.pack(f"{ORDERS[magic]}I", len(body)) + body)


@given(
    chunks=st.lists(st.tuples(NAMES, st.binary(max_size=9)), max_size=8),
    magic=st.sampled_from(list(ORDERS)),
)
def test_chunks_are_found_in_order(chunks: list[tuple[bytes, bytes]], magic: bytes) -> None:
    order = ORDERS[magic]
    file = make_riff([make_chunk(name, body, order) for name, body in chunks], magic)
    found = list(find_chunks(file))
    content = file.getvalue()
    assert [chunk.name for chunk in found] == [name for name, _ in chunks]
    assert [content[c.start : c.start + c.size] for c in found] == [body for _, body in chunks]


@given(
    before=st.lists(st.tuples(NAMES, st.binary(max_size=9)), max_size=4),
    text=st.binary(min_size=1, max_size=5_001).map(lambda text: text.rstrip(b"\0") + b"."),
    magic=st.sampled_from(list(ORDERS)),
    pad=st.sampled_from([b"\0", b"", b"\x80"]),
)
def test_texts_are_found_with_any_padding(
    before: list[tuple[bytes, bytes]], text: bytes, magic: bytes, pad: bytes
) -> None:
    order = ORDERS[magic]
    chunks = [make_chunk(name, body, order, pad) for name, body in before]
    chunks += [make_info({b"IART": b"me.", b"ICMT": text, b"ISFT": b"Distill"}, order, pad)]
    found = list(find_info(make_riff(chunks, magic)))
    assert found == [(b"IART", b"me."), (b"ICMT", text), (b"ISFT", b"Distill")]


def test_sizes_beyond_the_end_are_cut() -> None:
    file = make_riff([make_info({b"ICMT": b"text", b"ISFT": b"Distill 1"})])
    for place in (16, 28, 40):
        content = bytearray(file.getvalue())
        content[place : place + 4] = b"\xff\xff\xff\x7f"
        assert next(find_info(io.BytesIO(content)))[:2] == (b"ICMT", b"text") or place == 28
        assert all(c.start + c.size <= len(content) for c in find_chunks(io.BytesIO(content)))


def test_the_data_of_rf64_has_its_size_elsewhere() -> None:
    sizes = make_chunk(b"ds64", struct.pack("<QQQI", 0, 6, 3, 0))
    data = struct.pack("<4sI", b"data", 0xFFFFFFFF) + b"sounds"
    file = make_riff([sizes, data, make_info({b"ICMT": b"text"})], b"RF64")
    assert list(find_info(file)) == [(b"ICMT", b"text")]


@given(content=st.binary(max_size=300))
def test_any_bytes_end_soon(content: bytes) -> None:
    list(find_info(io.BytesIO(content)))
    list(find_info(io.BytesIO(b"RIFF\xff\xff\xff\xffWAVELIST\xff\xff\xff\xffINFO" + content)))


def test_chunks_without_end_are_bounded() -> None:
    assert len(list(find_chunks(make_riff([make_chunk(b"JUNK", b"")] * 5_000)))) == 1_000
    long = make_riff([make_info({b"ICMT": b"x" * (2 * LARGEST_TEXT)})])
    assert [len(text) for _, text in find_info(long)] == [LARGEST_TEXT]


def test_other_files_have_no_chunks() -> None:
    assert not list(find_chunks(io.BytesIO(b"")))
    assert not list(find_chunks(io.BytesIO(b"fLaC" + b"\0" * 100)))
