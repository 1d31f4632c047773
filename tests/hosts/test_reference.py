"""The codec itself with less look-ahead."""

import pytest
import torch

from distill.hosts.reference import decode_ahead
from distill.models.vqvae import VQVAE


def test_the_whole_look_ahead_is_decoding(codec: VQVAE, codes: torch.Tensor) -> None:
    assert torch.equal(decode_ahead(codec, codes[0], 21), codec.decode(codes)[0])


@pytest.mark.parametrize("frames", [1, 5, 22, 24, 60])
def test_one_frame_less_is_nearly_that(make_codec, frames: int) -> None:
    codec = make_codec(2)
    codes = torch.randint(16, (frames, 3), generator=torch.Generator().manual_seed(0))
    near = decode_ahead(codec, codes, 20)
    torch.testing.assert_close(near, codec.decode(codes[None])[0], rtol=0, atol=1e-3)


def test_frames_after_the_look_ahead_are_not_heard(make_codec) -> None:
    codec = make_codec(1)
    codes = torch.randint(16, (60, 3), generator=torch.Generator().manual_seed(0))
    other = codes.clone()
    other[40:] = (other[40:] + 1) % 16
    a = decode_ahead(codec, codes, 4)
    b = decode_ahead(codec, other, 4)
    # Frame 35 looks at frame 39; half a frame before its hop begins its window.
    heard = 36 * codec.frame_hop - codec.frame_hop // 2 - codec.envelope_block
    assert torch.equal(a[:, :heard], b[:, :heard])
    assert not torch.equal(a[:, : heard + codec.frame_hop], b[:, : heard + codec.frame_hop])
    assert (a - b)[:, 40 * codec.frame_hop :].abs().max() > 1e-3
