"""Graphs that are not their model are found out."""

from pathlib import Path

import pytest
import torch

from distill.errors import ParityError
from distill.hosts.decoder import StreamDecoder
from distill.hosts.onnx_graphs import STATE
from distill.hosts.onnx_parity import measure_onnx_parity


def test_graphs_of_the_model_are_near_and_those_of_another_are_not(
    onnx_folder: Path, make_codec, make_model
) -> None:
    codec = make_codec(2)
    state = StreamDecoder(codec, 2).start(1, torch.zeros(1))
    named = dict(zip(STATE, state, strict=True))
    parity = measure_onnx_parity(make_model(codec), onnx_folder, named, 2)
    assert parity.difference < 1e-5
    assert parity.equal_columns >= 0.98
    assert [figure.block for figure in parity.blocks] == [1024, 2048, 8192]
    with pytest.raises(ParityError, match="sound other than the model"):
        measure_onnx_parity(make_model(make_codec(2, False)), onnx_folder, named, 2)
