"""The encoder on a stream chooses the codes of the codec, a frame later."""

import pytest
import torch

from distill.hosts.encoder import Encoder, StreamEncoder
from distill.models.vqvae import VQVAE
from tests.models.codecs import tones


@pytest.mark.parametrize("sizes", [[1], [2], [8], [3, 1, 7, 5]], ids=str)
def test_the_stream_has_the_columns_of_the_whole_sound(
    codec: VQVAE, sound: torch.Tensor, sizes: list[int]
) -> None:
    encoder = StreamEncoder(codec)
    past = encoder.start(1, sound)
    parts = []
    start = 0
    while start < sound.shape[2]:
        size = sizes[len(parts) % len(sizes)] * codec.frame_hop
        part, past = encoder(sound[:, :, start : start + size], past)
        parts.append(part)
        start += size
    columns = torch.cat(parts, 1)
    assert torch.equal(columns[:, 1:], codec.encode(sound)[:, :-1])


def test_the_first_column_is_that_of_the_silence_before(make_codec) -> None:
    codec = make_codec(2)
    sound = tones(2, n=1)
    encoder = StreamEncoder(codec)
    columns, _ = encoder(sound, encoder.start(1, sound))
    silence = torch.zeros(1, 2, codec.frame_hop)
    assert torch.equal(columns, codec.encode(torch.cat((silence, sound), 2))[:, :-1])


def test_sounds_of_a_batch_have_their_own_codes(make_codec) -> None:
    codec = make_codec(1)
    sound = tones(1, n=3)
    encoder = StreamEncoder(codec)
    columns, _ = encoder(sound, encoder.start(3, sound))
    assert torch.equal(columns[:, 1:], codec.encode(sound)[:, :-1])


def test_the_whole_with_margins(codec: VQVAE, sound: torch.Tensor) -> None:
    encoder = Encoder(codec)
    padded = torch.nn.functional.pad(sound, (encoder.margin, encoder.margin))
    assert torch.equal(encoder(padded), codec.encode(sound))
