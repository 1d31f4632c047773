"""A file that is not its model is found out."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from distill.errors import ParityError
from distill.hosts.nn_tilde import NnTilde, nn_tilde_host
from distill.hosts.parity import BlockParity, Host, Parity, measure_parity


@pytest.fixture
def model(make_codec, make_model):
    return make_model(make_codec(2))


@pytest.fixture
def host(model) -> Host:
    module = NnTilde(model.model, 21).eval()
    # Not scripted: the same calls, in Python.
    return nn_tilde_host(module, module)


def test_the_model_itself_is_near(model, host: Host) -> None:
    parity = measure_parity(model, host, 21)
    assert parity.source == "noise"
    assert parity.seconds >= 4
    assert [figure.block for figure in parity.blocks] == [1024, 2048, 8192]
    assert parity.difference < 1e-5
    assert parity.equal_columns == 1
    assert parity.level_db == pytest.approx(parity.model_level_db, abs=0.01)
    assert parity.level_db > -60


@pytest.mark.parametrize("latency", ["decode", "forward"])
def test_a_sample_late_is_found(model, host: Host, latency: str) -> None:
    kept = torch.zeros(2, 1)

    def late(x: Tensor) -> Tensor:
        nonlocal kept
        whole = torch.cat((kept, getattr(host, latency)(x)), 1)
        kept = whole[:, -1:]
        return whole[:, :-1]

    with pytest.raises(ParityError, match="sound other than the model"):
        measure_parity(model, host._replace(**{latency: late}), 21)


def test_numbers_that_are_none_are_found(model, host: Host) -> None:
    broken = host._replace(decode=lambda codes: host.decode(codes) * math.nan)
    with pytest.raises(ParityError, match="nan"):
        measure_parity(model, broken, 21)


def test_a_level_that_is_wrong_is_found(model, host: Host) -> None:
    quiet = host._replace(forward=lambda sound: 0.99 * host.forward(sound))
    with pytest.raises(ParityError, match="nothing was written"):
        measure_parity(model, quiet, 21)


def test_another_look_ahead_is_found(model, host: Host) -> None:
    with pytest.raises(ParityError):
        measure_parity(model, host, 2)


def test_other_codes_are_found(model, host: Host) -> None:
    def other(sound: Tensor) -> Tensor:
        codes = host.encode(sound)
        codes[::8] = (codes[::8] + 1) % 16
        return codes

    def through(sound: Tensor) -> Tensor:
        # What it encodes is what it decodes, so that nothing but the columns is wrong.
        return module.forward(sound[None])[0]

    module = NnTilde(model.model, 21).eval()
    encoder = module.encoder.forward

    def encode(sound: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        codes, past = encoder(sound, past)
        codes[:, ::8] = (codes[:, ::8] + 1) % 16
        return codes, past

    module.encoder.forward = encode  # type: ignore[method-assign]
    with pytest.raises(ParityError, match=r"encode \d\d\.\d % of columns"):
        measure_parity(model, nn_tilde_host(module, module), 21, blocks=(8192,))


def test_no_number_is_the_largest() -> None:
    figure = BlockParity(
        block=1024, decode_difference=0.0, forward_difference=0.0, equal_columns=1.0
    )
    blocks = (replace(figure, forward_difference=math.nan), figure)
    parity = Parity(source="noise", seconds=4, level_db=0, model_level_db=0, blocks=blocks)
    assert math.isnan(parity.difference)
