"""The decoder on a stream gives what the codec gives, later."""

import pytest
import torch

from distill.errors import UsageError
from distill.hosts.decoder import StreamDecoder
from distill.hosts.reference import decode_ahead
from distill.models.vqvae import VQVAE
from tests.models.codecs import untrained

MIXED = [1, 2, 3, 8, 5, 4, 7, 6]


@torch.no_grad()
def stream(decoder: StreamDecoder, codes: torch.Tensor, sizes: list[int]) -> torch.Tensor:
    """Sound `[B, C, N]` of codes `[B, T, Q]` that come in blocks of these sizes, over and over."""
    state = decoder.start(len(codes), codes)
    parts = []
    start = 0
    while start < codes.shape[1]:
        size = sizes[len(parts) % len(sizes)]
        sounding = torch.ones(codes.shape[2])
        part, state = decoder(codes[:, start : start + size], sounding, state)
        parts.append(part)
        start += size
    return torch.cat(parts, 2)


@pytest.mark.parametrize("sizes", [[1], [2], [8], MIXED], ids=str)
def test_the_stream_is_the_whole_sound_from_the_first_sample(
    codec: VQVAE, codes: torch.Tensor, sizes: list[int]
) -> None:
    decoder = StreamDecoder(codec, 21)
    assert decoder.delay == codec.receptive_field[1] == 22
    output = stream(decoder, codes, sizes)
    late = 22 * codec.frame_hop
    whole = codec.decode(codes)
    assert whole.abs().max() > 0.1
    assert not output[:, :, :late].any()
    torch.testing.assert_close(output[:, :, late:], whole[:, :, :-late], rtol=0, atol=1e-5)


@pytest.mark.parametrize("ahead", [0, 1, 2, 5, 10, 17, 20])
def test_a_shorter_look_ahead_is_that_of_a_sound_that_ends_there(
    codec: VQVAE, codes: torch.Tensor, ahead: int
) -> None:
    decoder = StreamDecoder(codec, ahead)
    late = (ahead + 1) * codec.frame_hop
    output = stream(decoder, codes, MIXED)
    expected = decode_ahead(codec, codes[0], ahead)[None]
    assert not output[:, :, :late].any()
    torch.testing.assert_close(output[:, :, late:], expected[:, :, :-late], rtol=0, atol=1e-5)


def test_sounds_of_a_batch_are_those_of_each_alone(make_codec) -> None:
    codec = make_codec(2)
    codes = torch.randint(16, (3, 30, 3), generator=torch.Generator().manual_seed(0))
    for ahead in (2, 21):
        decoder = StreamDecoder(codec, ahead)
        together = stream(decoder, codes, MIXED)
        for number in range(3):
            alone = stream(decoder, codes[number : number + 1], [2])
            torch.testing.assert_close(together[number], alone[0], rtol=0, atol=1e-5)


def test_a_sound_that_begins_later_is_silent_before_it(make_codec) -> None:
    codec = make_codec(1)
    codes = torch.randint(16, (1, 40, 3), generator=torch.Generator().manual_seed(0))
    decoder = StreamDecoder(codec, 21)
    with torch.no_grad():
        output, _ = decoder(codes, torch.ones(3), decoder.start(1, codes, -1))
    expected = codec.decode(codes[:, 1:])
    late = 23 * codec.frame_hop
    assert not output[:, :, :late].any()
    torch.testing.assert_close(
        output[:, :, late:], expected[:, :, : output.shape[2] - late], rtol=0, atol=1e-5
    )


def test_levels_that_are_left_out_do_not_sound(make_codec) -> None:
    codec = make_codec(1)
    codes = codec.encode(torch.randn(1, 1, 40 * 1024, generator=torch.Generator().manual_seed(0)))
    decoder = StreamDecoder(codec, 21)
    late = 22 * codec.frame_hop
    for levels in (1, 2, 3):
        sounding = (torch.arange(3) < levels).float()
        with torch.no_grad():
            output, _ = decoder(codes, sounding, decoder.start(1, codes))
        expected = codec.decode(codes, levels=range(levels))[:, :, : output.shape[2] - late]
        torch.testing.assert_close(output[:, :, late:], expected, rtol=0, atol=1e-5)


def test_a_side_too_faint_to_hear_leaves_both_channels_equal(make_codec) -> None:
    codec = make_codec(2)
    faint = VQVAE(**codec.config).eval()
    faint.load_state_dict(codec.state_dict())
    with torch.no_grad():
        # The head says how far the side lies below the mid.
        faint.magnitude.bias[faint.bins :] = -20
        faint.outline.weight[faint.bins :] = 0
        faint.magnitude.weight[faint.bins :] = 0
    codes = torch.randint(16, (1, 40, 3), generator=torch.Generator().manual_seed(0))
    output = stream(StreamDecoder(faint, 21), codes, [4])
    assert output.abs().max() > 0.01
    assert torch.equal(output[:, 0], output[:, 1])


def test_the_noise_goes_round_as_in_the_codec(make_codec) -> None:
    codec = make_codec(1)
    decoder = StreamDecoder(codec, 21)
    codes = torch.randint(16, (1, 60, 3), generator=torch.Generator().manual_seed(0))
    first = 1999 - 10
    with torch.no_grad():
        state = decoder.start(1, codes, first)
        output, _ = decoder(codes, torch.ones(3), state)
    expected = codec.decode(codes, first)
    # Before, and shortly after, the frames in front of the first one count: here there are none.
    late = 22 * codec.frame_hop
    begin = 23 * codec.frame_hop
    torch.testing.assert_close(
        output[:, :, late + begin :], expected[:, :, begin:-late], rtol=0, atol=1e-5
    )


def test_windows_that_do_not_fit_are_refused() -> None:
    codec = untrained(envelope_block=1024)
    with pytest.raises(UsageError, match="blocks of 1024 cannot be exported"):
        StreamDecoder(codec, 21)
