"""Models in the form of other programs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import distill
from distill.errors import OutputError, ParityError, UsageError
from distill.models.persistence import LoadedVQModel
from distill.workflows import export as workflow
from tests.hosts.nn_reader import NnReader, signals_of


@pytest.fixture(scope="module")
def model(trained: Path) -> LoadedVQModel:
    return distill.load(trained, "cpu", 1)


def test_a_file_for_nn(model: LoadedVQModel, tmp_path: Path) -> None:
    exported = distill.export(model, "nn", tmp_path / "my.ts")
    assert exported.path == tmp_path / "my.ts"
    assert [path.name for path in exported.files] == ["my.ts", "my.json", "my-help.pd"]
    assert all(path.is_file() for path in exported.files)
    assert exported.parity.source == "recordings"
    assert exported.parity.difference < 1e-5
    assert exported.facts["latency"]["samples"]["decode"] == 22 * 1024
    codes = model.prior_facts.recordings[0].codes.numpy()
    # Long enough for all of it to come out.
    columns = np.concatenate([codes, np.repeat(codes[-1:], 22, 0)])
    output = NnReader(exported.path).run("decode", signals_of(columns, 1024), 1024)
    expected = model.model.decode(torch.from_numpy(columns).long()[None])[0].numpy()
    assert np.abs(output[:, 22 * 1024 :] - expected[:, : -22 * 1024]).max() < 1e-5


def test_a_codec_without_a_prior(codec_only: Path, tmp_path: Path) -> None:
    model = distill.load(codec_only, "cpu", 1)
    exported = distill.export(model, "nn", tmp_path / "my.ts", latency="low")
    assert exported.parity.source == "noise"
    assert exported.parity.difference < 1e-5
    assert exported.facts["latency"]["name"] == "low"


def test_only_files_of_exports_are_replaced(model: LoadedVQModel, tmp_path: Path) -> None:
    distill.export(model, "nn", tmp_path / "my.ts", "low")
    distill.export(model, "nn", tmp_path / "my.ts", "half")
    assert json.loads((tmp_path / "my.json").read_text())["latency"]["name"] == "half"
    for content in ('{"format": "distill.codes"}', "[1]", "no JSON"):
        (tmp_path / "my.json").write_text(content)
        with pytest.raises(OutputError, match="no file of an export"):
            distill.export(model, "nn", tmp_path / "my.ts")
        assert (tmp_path / "my.json").read_text() == content


@pytest.mark.parametrize("name", ["my.sda", "sound.wav", "my.TS", "my"])
def test_other_endings_are_refused(model: LoadedVQModel, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(OutputError, match=r"end in \.ts"):
        distill.export(model, "nn", tmp_path / name)
    (tmp_path / "link.ts").symlink_to(name)
    with pytest.raises(OutputError, match=r"end in \.ts"):
        distill.export(model, "nn", tmp_path / "link.ts")
    assert (tmp_path / name).read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 2


def test_what_there_is_not_is_refused(model: LoadedVQModel, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="export to 'vst': choose nn, onnx"):
        distill.export(model, "vst", tmp_path / "my.ts")
    with pytest.raises(UsageError, match="no latency 'none'"):
        distill.export(model, "nn", tmp_path / "my.ts", "none")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_for_onnx_is_there_whole_or_not_at_all(
    model: LoadedVQModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        distill.export(model, "onnx", tmp_path / "there")

    def fail(loaded: LoadedVQModel, folder: Path, latency: str, half: bool) -> None:
        (folder / "decoder.onnx").write_text("half")
        raise ParityError("other")

    monkeypatch.setattr(workflow, "write_onnx_files", fail)
    with pytest.raises(ParityError):
        distill.export(model, "onnx", tmp_path / "web")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_fresh_process_exports_first_and_then_decodes_as_ever(
    trained: Path, model: LoadedVQModel, tmp_path: Path
) -> None:
    script = """
import sys, numpy, torch, distill
torch.set_num_threads(1)
model = distill.load(sys.argv[1], "cpu", 1)
distill.export(model, "nn", "my.ts", "low")
codes = model.prior_facts.recordings[0].codes.long()
with torch.no_grad():
    numpy.save("sound.npy", model.model.decode(codes[None])[0].numpy())
distill.generate(model, duration=0.1, seed=1)
"""
    subprocess.run([sys.executable, "-c", script, str(trained)], cwd=tmp_path, check=True)
    codes = model.prior_facts.recordings[0].codes.long()
    torch.set_num_threads(1)
    expected = model.model.decode(codes[None])[0].numpy()
    assert np.array_equal(np.load(tmp_path / "sound.npy"), expected)


def test_half_the_size_goes_with_onnx(
    model: LoadedVQModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="--half goes with --to onnx only"):
        distill.export(model, "nn", tmp_path / "my.ts", half=True)
    orders: list[tuple[str, bool]] = []

    def write(loaded: LoadedVQModel, folder: Path, latency: str, half: bool) -> None:
        orders.append((latency, half))
        raise UsageError("enough")

    monkeypatch.setattr(workflow, "write_onnx_files", write)
    with pytest.raises(UsageError, match="enough"):
        distill.export(model, "onnx", tmp_path / "web", "low", half=True)
    assert orders == [("low", True)]
