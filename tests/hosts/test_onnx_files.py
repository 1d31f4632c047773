"""The folder of an export to ONNX."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch

from distill.errors import UsageError
from distill.hosts import onnx_files
from distill.hosts.onnx_files import check_packages
from distill.hosts.onnx_parity import open_graph
from distill.hosts.reference import decode_ahead
from tests.hosts.conftest import sound_of


def test_all_files_are_there(onnx_folder: Path) -> None:
    names = ["decoder.onnx", "encoder.onnx", "model.json", "play.html", "play.py", "stream.onnx"]
    assert sorted(os.listdir(onnx_folder)) == names
    facts = json.loads((onnx_folder / "model.json").read_text())
    assert facts["to"] == "onnx"
    assert facts["parity"]["blocks"][0]["decode_difference"] < 1e-5
    assert facts["latency"]["samples"] == {"decode": 3072}


def test_no_graph_names_a_folder_of_this_machine(onnx_folder: Path) -> None:
    here = str(Path(__file__).parents[2]).encode()
    assert not [path.name for path in onnx_folder.iterdir() if here in path.read_bytes()]


def test_the_player_in_python_encodes_and_decodes(
    onnx_folder: Path, make_codec, tmp_path: Path
) -> None:
    codec = make_codec(2)
    sound = sound_of(codec)[:, :, :-500]
    sf.write(tmp_path / "in.wav", sound[0].T.numpy(), 48_000, "FLOAT")
    command = [sys.executable, str(onnx_folder / "play.py"), "in.wav", "out.wav"]
    subprocess.run(command, cwd=tmp_path, check=True)
    output, rate = sf.read(tmp_path / "out.wav", always_2d=True)
    padded = torch.nn.functional.pad(sound, (0, 500))
    codes = open_graph(onnx_folder / "encoder.onnx")({"sound": padded})[0][0]
    expected = decode_ahead(codec, torch.cat((codes, codes[-1:].expand(3, -1))), 2)
    # A file holds no more than full scale.
    expected = expected.clamp(-1, 1)
    assert rate == 48_000
    assert output.shape == (sound.shape[2], 2)
    assert np.abs(output.T - expected[:, : len(output)].numpy()).max() < 1e-5
    sf.write(tmp_path / "in.wav", np.zeros(100), 44_100)
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "44100 Hz" in refused.stderr


def test_the_player_in_python_needs_three_packages_and_no_more(onnx_folder: Path) -> None:
    lines = (onnx_folder / "play.py").read_text().splitlines()
    imported = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
    assert imported <= {"numpy", "onnxruntime", "soundfile", "json", "sys", "pathlib"}


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    check_packages()
    monkeypatch.setattr(onnx_files, "PACKAGES", ("numpy", "no_such_package"))
    with pytest.raises(UsageError, match=r"no_such_package: run `pip install 'distill\[onnx\]'`"):
        check_packages()
