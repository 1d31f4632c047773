"""The files for nn~: all there, or none."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.errors import OutputError, ParityError, UsageError
from distill.hosts import parity
from distill.hosts.nn_files import NnPaths, write_nn_files
from distill.models.persistence import LoadedVQModel
from tests.hosts.nn_reader import NnReader


@pytest.fixture
def model(make_codec, make_model) -> LoadedVQModel:
    return make_model(make_codec(2))


def test_three_files(model: LoadedVQModel, tmp_path: Path) -> None:
    paths = NnPaths.beside(tmp_path / "my.ts")
    result = write_nn_files(model, paths, "low")
    assert sorted(os.listdir(tmp_path)) == ["my-help.pd", "my.json", "my.ts"]
    facts = json.loads(paths.facts.read_text())
    assert facts["latency"]["samples"] == {"forward": 4096, "encode": 1024, "decode": 3072}
    assert facts["parity"]["blocks"][0]["decode_difference"] < 1e-5
    assert facts["parity"]["blocks"][0]["block"] == 1024
    assert result.parity.difference < 1e-5
    assert "nn~ my.ts forward 2048" in paths.patch.read_text()
    reader = NnReader(paths.model)
    # The trial leaves nothing in the file.
    assert reader.get("levels") == "3"
    assert not reader.model.forward_past


def test_a_file_that_is_not_its_model_leaves_nothing(
    model: LoadedVQModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parity, "LARGEST_DIFFERENCE", 0.0)
    with pytest.raises(ParityError):
        write_nn_files(model, NnPaths.beside(tmp_path / "my.ts"))
    assert os.listdir(tmp_path) == []
    (tmp_path / "my.ts").write_text("earlier")
    with pytest.raises(ParityError):
        write_nn_files(model, NnPaths.beside(tmp_path / "my.ts"))
    assert os.listdir(tmp_path) == ["my.ts"]
    assert (tmp_path / "my.ts").read_text() == "earlier"


def test_what_cannot_be_written_leaves_nothing(model: LoadedVQModel, tmp_path: Path) -> None:
    (tmp_path / "my-help.pd").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write_nn_files(model, NnPaths.beside(tmp_path / "my.ts"))
    with pytest.raises(UsageError, match="no latency"):
        write_nn_files(model, NnPaths.beside(tmp_path / "other.ts"), "short")
    assert os.listdir(tmp_path) == ["my-help.pd"]


def test_a_full_disk_leaves_nothing(
    model: LoadedVQModel, tmp_path: Path, full_disk: Callable[[int | None], None]
) -> None:
    full_disk(100_000)
    with pytest.raises(OutputError, match="Cannot write"):
        write_nn_files(model, NnPaths.beside(tmp_path / "my.ts"))
    full_disk(None)
    assert os.listdir(tmp_path) == []
