"""Networks from a configuration that may not be believed."""

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from distill.errors import (
    MissingKeyError,
    ModelFileError,
    ShapeMismatchError,
    TruncatedModelError,
)
from distill.models.prior import CodePrior
from distill.models.rebuild import accepted_arguments, check_fits, rebuild
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE

FILE = Path("my sounds.sda")
SMALL: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "codebook_size": 8,
    "num_quantizers": 2,
    "hidden_size": 8,
    "decoder_layers": 1,
    "latent_dim": 4,
}
PRIOR: dict[str, Any] = {
    "codebook_size": 8,
    "seq_len": 32,
    "num_quantizers": 2,
    "hidden_size": 16,
    "num_layers": 1,
    "num_heads": 2,
}
CODEC_WEIGHTS = VQVAE(**SMALL).state_dict()
PRIOR_WEIGHTS = CodePrior(**PRIOR).state_dict()


def refused(
    error: type[ModelFileError],
    network: type[nn.Module],
    arguments: dict[str, Any],
    weights: dict[str, Any],
    *words: str,
) -> None:
    with pytest.raises(ModelFileError) as raised:
        rebuild(FILE, network, arguments, weights)
    assert type(raised.value) is error
    assert torch.is_grad_enabled()
    message = str(raised.value)
    assert "\n" not in message
    for word in (str(FILE), *words):
        assert word in message


@pytest.mark.parametrize(
    ("network", "arguments", "weights"),
    [(VQVAE, SMALL, CODEC_WEIGHTS), (CodePrior, PRIOR, PRIOR_WEIGHTS)],
)
def test_weights_are_copied_in(
    network: type[nn.Module], arguments: dict[str, Any], weights: dict[str, Any]
) -> None:
    before = torch.get_rng_state()
    built = rebuild(FILE, network, arguments, weights)
    assert torch.equal(before, torch.get_rng_state())
    assert not built.training
    for name, tensor in built.state_dict().items():
        assert torch.equal(tensor, weights[name])
        assert tensor.data_ptr() != weights[name].data_ptr()


def test_other_float_precision_is_converted() -> None:
    built = rebuild(
        FILE, VQVAE, SMALL, {name: value.double() for name, value in CODEC_WEIGHTS.items()}
    )
    assert all(value.dtype == torch.float32 for value in built.state_dict().values())


def test_unsaved_buffers_are_real() -> None:
    class Windowed(nn.Module):
        def __init__(self, size: int) -> None:
            super().__init__()
            self.scale = nn.Linear(size, size)
            self.register_buffer("window", torch.hann_window(size), persistent=False)

    original = Windowed(8)
    built = rebuild(FILE, Windowed, {"size": 8}, original.state_dict())
    assert torch.equal(built.get_buffer("window"), original.get_buffer("window"))


def test_unsaved_buffers_have_a_limit() -> None:
    class Masked(nn.Module):
        def __init__(self, size: int) -> None:
            super().__init__()
            self.register_buffer("mask", torch.ones(size, size), persistent=False)

    refused(ShapeMismatchError, Masked, {"size": 1 << 15}, {}, "more memory")


def test_known_arguments() -> None:
    assert accepted_arguments(CodePrior, {**PRIOR, "learning_rate": 1e-3}) == PRIOR


@pytest.mark.parametrize(
    "change",
    [
        {"codebook_size": 16},
        {"num_quantizers": 3},
        {"decoder_layers": 2},
        {"envelope_block": 32},
        {"envelope_block": 0},
        {"hop_length": 512},
        {"stride": 2},
        {"hidden_size": 4},
        {"n_fft": -2048},
        {"hidden_size": "wide"},
        {"hidden_size": 8.0},
        {"codebook_size": True},
        {"flavour": "sweet"},
        {"hidden_size": [8]},
        {"hidden_size": None},
    ],
    ids=str,
)
def test_settings_that_do_not_fit(change: dict[str, Any]) -> None:
    refused(ShapeMismatchError, VQVAE, {**SMALL, **change}, CODEC_WEIGHTS)


@pytest.mark.parametrize(
    "name",
    [
        "codebook_size",
        "hidden_size",
        "decoder_layers",
        "n_fft",
        "hop_length",
        "envelope_block",
        "latent_dim",
    ],
)
@pytest.mark.parametrize("value", [1 << 20, 1 << 40, 1 << 5000])
def test_absurd_settings_are_refused_without_the_memory(name: str, value: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(ShapeMismatchError, VQVAE, {**SMALL, name: value}, CODEC_WEIGHTS)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_size": 1 << 19},
        {"num_layers": 1 << 20},
        {"num_heads": 0},
        {"dropout": "much"},
        {"dropout": float("nan")},
        {"dropout": 10**400},
        {"dropout": 7.0},
    ],
    ids=lambda change: str(change)[:30],
)
def test_prior_settings_that_do_not_fit(change: dict[str, Any]) -> None:
    refused(ShapeMismatchError, CodePrior, {**PRIOR, **change}, PRIOR_WEIGHTS)


def test_missing_settings() -> None:
    refused(MissingKeyError, VQVAE, {}, CODEC_WEIGHTS, "'sample_rate'")
    with pytest.raises(MissingKeyError, match="'seq_len'"):
        check_fits(FILE, CodePrior, {"codebook_size": 8}, PRIOR_WEIGHTS)


@pytest.mark.parametrize(
    "bad",
    [torch.zeros(3), torch.zeros(17).long(), torch.zeros(17).to(torch.complex64), "text", None],
)
def test_weights_that_do_not_fit(bad: Any) -> None:
    weights = {**CODEC_WEIGHTS, "magnitude.bias": bad}
    refused(ShapeMismatchError, VQVAE, SMALL, weights, "magnitude.bias")


def test_missing_and_unexpected_weights() -> None:
    fewer = {name: value for name, value in CODEC_WEIGHTS.items() if name != "magnitude.bias"}
    refused(ShapeMismatchError, VQVAE, SMALL, fewer, "magnitude.bias", "missing")
    refused(ShapeMismatchError, VQVAE, SMALL, {**CODEC_WEIGHTS, "more\n": torch.zeros(1)}, "more")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(value: float) -> None:
    weights = {name: weight.clone() for name, weight in PRIOR_WEIGHTS.items()}
    name = next(name for name, weight in weights.items() if weight.is_floating_point())
    weights[name].flatten()[0] = value
    refused(TruncatedModelError, CodePrior, PRIOR, weights, "no numbers", name)


REBUILD = """
import json, sys
from pathlib import Path
from distill.models.prior import CodePrior
from distill.models.rebuild import rebuild
from distill.models.vqvae import VQVAE
for network, settings in zip((VQVAE, CodePrior), json.loads(sys.argv[1])):
    rebuild(Path("m.sda"), network, settings, network(**settings).state_dict())
print("torch._dynamo" in sys.modules)
"""


def test_torch_loads_no_compiler_for_a_model() -> None:
    # It would take each command that opens a model a second.
    codec = {**SMALL, "channels": 2, "memory_frames": 4, "memory_width": 2}
    flags = {"hears_ahead": True, "ends_first": True, "has_metre": True}
    prior = {**PRIOR, **flags, "latent_dim": 4, "descriptors": 2, "tags": 1}
    words = [sys.executable, "-c", REBUILD, json.dumps([codec, prior])]
    assert subprocess.check_output(words, text=True).strip() == "False"
