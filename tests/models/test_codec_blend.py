"""A codec between two versions."""

from pathlib import Path

import torch

from distill.models.codec_blend import are_versions, blend_codecs
from distill.models.frame_memory import NO_KEY
from distill.models.persistence import load_model_v2
from distill.models.vqvae import VQVAE


def test_versions_have_the_same_codes(trained: Path, shifted: Path) -> None:
    first = load_model_v2(trained).model
    assert are_versions(first, load_model_v2(shifted).model)
    assert not are_versions(first, VQVAE(**first.config))
    assert not are_versions(first, VQVAE(**(first.config | {"channels": 2})))


def test_the_weights_lie_between_and_the_memory_has_the_columns_of_both(
    trained: Path, shifted: Path
) -> None:
    first = load_model_v2(trained).model
    second = load_model_v2(shifted).model
    assert first.memory is not None
    assert second.memory is not None
    known = first.memory.keys[first.memory.keys != NO_KEY]
    # The second has lost one column of codes and learned another.
    own = first.memory.vectors[0].clone()
    with torch.no_grad():
        second.memory.keys[0] = known[0] - 1
    between = blend_codecs(first, second, 0.25)
    quarter = torch.lerp(first.magnitude.bias, second.magnitude.bias, 0.25)
    assert torch.equal(between.magnitude.bias, quarter)
    assert between.codebook_hash() == first.codebook_hash()
    assert between.memory is not None
    assert between.memory.keys.tolist() == [int(known[0]) - 1, *known.tolist()]
    assert torch.allclose(between.memory.vectors[0], 0.25 * own)
    assert torch.allclose(between.memory.vectors[1], 0.75 * own)
