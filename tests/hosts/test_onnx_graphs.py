"""The graphs in ONNX Runtime."""

import json
from pathlib import Path

import pytest
import torch

from distill.hosts.onnx_graphs import STATE
from distill.hosts.onnx_parity import open_graph
from distill.hosts.reference import decode_ahead
from distill.models.vqvae import VQVAE
from tests.hosts.conftest import sound_of


@pytest.fixture(scope="module")
def codec(make_codec) -> VQVAE:
    return make_codec(2)


def test_the_decoder_takes_any_length_and_any_beginning(onnx_folder: Path, codec: VQVAE) -> None:
    decoder = open_graph(onnx_folder / "decoder.onnx")
    draw = torch.Generator().manual_seed(0)
    for frames, first in ((1, 0), (2, 7), (60, 1990)):
        codes = torch.randint(16, (1, frames, 3), generator=draw)
        (sound,) = decoder({"codes": codes, "first_frame": torch.tensor([first])})
        torch.testing.assert_close(sound, codec.decode(codes, first), rtol=0, atol=1e-5)


def test_the_encoder_takes_any_length(onnx_folder: Path, codec: VQVAE) -> None:
    encoder = open_graph(onnx_folder / "encoder.onnx")
    sound = sound_of(codec)
    for frames in (1, 2, 70):
        part = sound[:, :, : frames * 1024]
        (codes,) = encoder({"sound": part})
        assert (codes == codec.encode(part)).all(2).float().mean() >= 0.98


def test_the_stream_takes_blocks_of_any_size(onnx_folder: Path, codec: VQVAE) -> None:
    facts = json.loads((onnx_folder / "model.json").read_text())
    stream = open_graph(onnx_folder / "stream.onnx")
    state = {
        entry["name"]: torch.zeros(entry["shape"], dtype=getattr(torch, entry["type"]))
        for entry in facts["state"]
    }
    assert tuple(state) == STATE
    codes = codec.encode(sound_of(codec))
    parts = []
    start = 0
    for size in [1, 2, 3, 8, 5, 4, 7, 6]:
        block = codes[:, start : start + size]
        sound, *later = stream({"codes": block, "sounding": torch.ones(3), **state})
        state = dict(zip(STATE, later, strict=True))
        parts.append(sound[0])
        start += size
    output = torch.cat(parts, 1)
    late = facts["latency"]["samples"]["decode"]
    expected = decode_ahead(codec, codes[0], facts["latency"]["frames_ahead"])
    n = output.shape[1] - late
    assert not output[:, :late].any()
    torch.testing.assert_close(output[:, late:], expected[:, :n], rtol=0, atol=1e-5)
