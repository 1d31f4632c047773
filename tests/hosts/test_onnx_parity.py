"""Graphs that are not their model are found out."""

import shutil
from pathlib import Path

import onnx
import pytest
import torch

from distill.errors import ParityError
from distill.hosts.decoder import StreamDecoder
from distill.hosts.onnx_graphs import STATE
from distill.hosts.onnx_half import halve_weights
from distill.hosts.onnx_parity import measure_onnx_parity
from distill.hosts.parity import LARGEST_HALF_DIFFERENCE


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


def test_weights_of_half_the_size_are_further_away_by_little(
    onnx_folder: Path, make_codec, make_model, tmp_path: Path
) -> None:
    codec = make_codec(2)
    shutil.copy(onnx_folder / "encoder.onnx", tmp_path)
    for name in ("decoder.onnx", "stream.onnx"):
        graph = onnx.load(onnx_folder / name)
        halve_weights(graph)
        onnx.save(graph, tmp_path / name)
        assert (tmp_path / name).stat().st_size < 0.75 * (onnx_folder / name).stat().st_size
    state = StreamDecoder(codec, 2).start(1, torch.zeros(1))
    named = dict(zip(STATE, state, strict=True))
    model = make_model(codec)
    parity = measure_onnx_parity(model, tmp_path, named, 2, LARGEST_HALF_DIFFERENCE)
    assert 1e-6 < parity.difference < LARGEST_HALF_DIFFERENCE
    assert parity.equal_columns >= 0.98
    with pytest.raises(ParityError, match="where 1e-05 is allowed"):
        measure_onnx_parity(model, tmp_path, named, 2)
