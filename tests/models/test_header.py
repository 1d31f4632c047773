"""The header of a model file, with and without torch."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from distill.errors import ModelFileError
from distill.models.header import TensorOutline, read_outline
from distill.models.persistence import read_header
from distill.models.sda_file import WEIGHTS, plain_copy, read_contents, write_contents


def outline(value: Any) -> Any:
    """`value` with the outline of each tensor in its place."""
    if isinstance(value, Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        return TensorOutline(dtype, tuple(value.shape), value.element_size())
    if isinstance(value, dict):
        return {key: outline(item) for key, item in value.items()}
    return [outline(item) for item in value] if isinstance(value, list) else value


def test_it_says_what_torch_reads(trained: Path, codec_only: Path) -> None:
    for path in (trained, codec_only):
        header = read_outline(path)
        assert {key: header[key] for key in header if key not in WEIGHTS} == outline(
            read_header(path)
        )
        assert outline(read_contents(path)) == header


def test_it_loads_no_torch(trained: Path) -> None:
    code = (
        "import json, sys; from distill.models.header import read_outline; "
        "name = read_outline(sys.argv[1])['metadata']['name']; "
        "print(json.dumps([name, 'torch' in sys.modules, 'numpy' in sys.modules]))"
    )
    command = [sys.executable, "-c", code, str(trained)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert json.loads(output) == ["plucks", False, False]


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"version": 3},
        {"version": "2"},
        {"metadata": None},
        {"vqvae_config": {}},
        {"has_prior": "yes"},
        {"metadata": {"frame_rate": 0.0}},
        {"metadata": {"corpus": [{"duration_s": "long"}]}},
        {"prior_metadata": {}},
        {"prior_config": {"hidden_size": 0.5}},
    ],
)
def test_both_refuse_the_same_with_the_same_sentence(
    trained: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    contents = plain_copy(read_contents(trained), "contents") | change
    path = tmp_path / "changed.sda"
    write_contents(path, contents)
    with pytest.raises(ModelFileError) as by_torch:
        read_header(path)
    with pytest.raises(ModelFileError) as without:
        read_outline(path)
    assert type(without.value) is type(by_torch.value)
    assert str(without.value) == str(by_torch.value)


def test_damaged_files_are_refused(trained: Path, tmp_path: Path) -> None:
    content = trained.read_bytes()
    path = tmp_path / "cut.sda"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelFileError, match="cut short"):
        read_outline(path)
    path.write_bytes(b"no model")
    with pytest.raises(ModelFileError, match="not a Distill model"):
        read_outline(path)
    with pytest.raises(ModelFileError, match="no model file"):
        read_outline(tmp_path / "none.sda")
    with pytest.raises(ModelFileError, match="not a file"):
        read_outline(tmp_path)


def test_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "objects.sda"
    torch.save({"format": "distill.sda", "version": 2, "run": print}, path)
    with pytest.raises(ModelFileError, match="not safe"):
        read_outline(path)
