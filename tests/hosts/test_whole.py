"""The decoder and the encoder on whole sounds, as graphs."""

import pytest
import torch

from distill.hosts.synthesis import BasisFrames
from distill.hosts.whole import WholeDecoder, WholeEncoder
from distill.models.vqvae import VQVAE


@torch.no_grad()
@pytest.mark.parametrize("frames", [1, 2, 40])
def test_sound_is_that_of_the_codec_to_its_end(codec: VQVAE, frames: int) -> None:
    codes = torch.randint(16, (2, frames, 3), generator=torch.Generator().manual_seed(0))
    decoder = WholeDecoder(codec, BasisFrames(codec.n_fft))
    for first in (0, 1990):
        output = decoder(codes, torch.tensor([first]))
        torch.testing.assert_close(output, codec.decode(codes, first), rtol=0, atol=1e-5)


def test_codes_are_those_of_the_codec(codec: VQVAE, sound: torch.Tensor) -> None:
    assert torch.equal(WholeEncoder(codec)(sound), codec.encode(sound))
