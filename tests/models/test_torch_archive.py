"""Archives of `torch.save`, read without torch."""

import resource
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from distill.models.torch_archive import (
    ArchiveError,
    DamagedArchiveError,
    NoArchiveError,
    UnsafeArchiveError,
    read_archive,
)

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.bool]
DTYPES += [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.ckpt"


@pytest.mark.parametrize("mapped", [False, True])
def test_tensors_of_all_types_and_shapes_come_back(path: Path, mapped: bool) -> None:
    tensors = {str(dtype): torch.arange(12).reshape(3, 4).to(dtype) for dtype in DTYPES}
    tensors |= {
        "transposed": torch.arange(6.0).reshape(2, 3).T,
        "part": torch.arange(100)[10:20:3],
        "scalar": torch.tensor(2.5),
        "empty": torch.empty(0, 5),
    }
    torch.save(tensors, path)
    contents = read_archive(path, is_mapped=mapped).contents
    assert contents.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert torch.equal(contents[name], tensor)
        assert contents[name].dtype == tensor.dtype


def test_a_state_of_network_and_optimiser_comes_back(path: Path) -> None:
    network = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.ones(3)).sum().backward()
    optimizer.step()
    torch.save({"weights": network.state_dict(), "optimizer": optimizer.state_dict()}, path)
    contents = read_archive(path).contents
    again = torch.nn.Linear(3, 2)
    again.load_state_dict(contents["weights"])
    assert torch.equal(again.weight, network.weight)
    resumed = torch.optim.AdamW(again.parameters())
    resumed.load_state_dict(contents["optimizer"])
    assert resumed.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]


@pytest.mark.parametrize("mapped", [False, True])
def test_a_flipped_bit_in_weights_is_found(path: Path, mapped: bool) -> None:
    torch.save({"weights": torch.zeros(1000)}, path)
    content = bytearray(path.read_bytes())
    content[content.index(bytes(4000)) + 1234] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedArchiveError):
        read_archive(path, is_mapped=mapped)


def test_other_files_are_refused(path: Path) -> None:
    path.write_bytes(b"RIFF")
    with pytest.raises(NoArchiveError):
        read_archive(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("song.txt", "la")
    with pytest.raises(NoArchiveError):
        read_archive(path)


@pytest.mark.parametrize("mapped", [False, True])
def test_a_few_bytes_take_no_memory(path: Path, mapped: bool) -> None:
    torch.save({"format": "distill.sda"}, path)
    with zipfile.ZipFile(path) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    three_gigabytes = (3 << 30).to_bytes(5, "little")
    call = b"\x80\x02c__builtin__\nbytearray\n\x8a\x05" + three_gigabytes + b"\x85R."
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in records.items():
            archive.writestr(name, call if name.endswith("data.pkl") else content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnsafeArchiveError):
        read_archive(path, is_mapped=mapped)
    # In kB on Linux, in bytes on macOS: in either, far below three gigabytes.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20


def test_no_mutation_does_more_than_fail(path: Path) -> None:
    contents: dict[str, Any] = {"weights": torch.arange(50.0), "curve": [{"step": 1}] * 5}
    torch.save(contents, path)
    healthy = path.read_bytes()
    generator = torch.Generator().manual_seed(19)
    for _ in range(300):
        mutated = bytearray(healthy)
        place = int(torch.randint(len(mutated), (), generator=generator))
        mutated[place] ^= 1 << int(torch.randint(8, (), generator=generator))
        path.write_bytes(mutated)
        try:
            found = read_archive(path).contents
        except ArchiveError:
            continue
        # Between the records, or in a date: no bit of the contents changed.
        assert torch.equal(found["weights"], contents["weights"])
        assert found["curve"] == contents["curve"]
