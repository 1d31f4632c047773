"""Pickles that can make data, and nothing else."""

import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from distill.models.inert_pickle import (
    LONGEST_PICKLE,
    OversizedTensorError,
    UnsafePickleError,
    read_pickle,
)
from distill.models.torch_archive import as_type


class Stored:
    """Tensors in one storage, given as bytes; None for none."""

    def __init__(self, stored: Tensor | None) -> None:
        self.stored = stored

    def storage(self, key: str, kind: str, size: int) -> Tensor:
        assert self.stored is not None, "there is no tensor"
        return as_type(self.stored, kind)

    def tensor(
        self, storage: Tensor, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> Tensor:
        return storage.as_strided(shape, strides, offset)


def read(value: bytes) -> Any:
    return read_pickle(value, Stored(None))


class Call:
    """Pickles as a call of `function`."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.function = function
        self.arguments = arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


def tensor_pickle(size: str, offset: str = "K\x00", stride: str = "K\x01") -> bytes:
    """A vector in a storage of four floats, as torch writes it."""
    storage = "X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
    rebuild = "ctorch._utils\n_rebuild_tensor_v2\n"
    call = f"({offset}{size}\x85{stride}\x85\x89ccollections\nOrderedDict\n)RtR"
    text = f"\x80\x02{rebuild}(({storage}K\x04tQ{call[1:]}."
    return text.encode("latin-1")


def test_plain_data_comes_back() -> None:
    value = {
        "numbers": [1, -3, 2**40, 2**64 - 1, 0.5],
        "text": "é",
        "nothing": None,
        "pair": (0.9, 0.99),
        "state": OrderedDict(a=True),
        "by number": {0: False},
    }
    assert read(pickle.dumps(value, 2)) == value


def test_a_tensor_is_a_view_of_its_storage() -> None:
    stored = torch.arange(4.0)
    tensor = read_pickle(
        tensor_pickle("K\x02", offset="K\x01", stride="K\x02"), Stored(stored.view(torch.uint8))
    )
    assert tensor.tolist() == [1.0, 3.0]
    assert tensor.dtype == torch.float32


@pytest.mark.parametrize(
    "parts",
    [
        {"size": "K\x05"},
        {"size": "K\x04", "offset": "K\x01"},
        {"size": "J\x00\x00\x00\x40"},
        {"size": "J\x00\x00\x00\x40", "stride": "K\x00"},
    ],
)
def test_a_tensor_larger_than_its_storage_is_refused(parts: dict[str, str]) -> None:
    with pytest.raises(OversizedTensorError):
        read_pickle(tensor_pickle(**parts), Stored(torch.zeros(16, dtype=torch.uint8)))


@pytest.mark.parametrize(
    "value",
    [
        Call(bytearray, 3 << 30),
        Call(eval, "1 / 0"),
        Call(OrderedDict, [("a", 1)]),
        bytearray(9),
        {1, 2},
        complex(1, 2),
        torch.float32,
        {2**30: 0},
        {(1, 2): 0},
        [OrderedDict],
        tuple(range(100)),
        ((((1,),),),),
    ],
)
def test_all_else_is_refused(value: Any) -> None:
    with pytest.raises(UnsafePickleError):
        read(pickle.dumps(value, 2))


def test_every_protocol_is_inert() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(UnsafePickleError):
            read(pickle.dumps(Call(bytearray, 3 << 30), protocol))


def test_entries_without_end_are_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    laughs: list[Any] = ["ha"]
    for _ in range(30):
        laughs = [laughs] * 10
    for value in (loop, deep, laughs):
        with pytest.raises(UnsafePickleError, match="without end"):
            read(pickle.dumps(value, 2))


def test_too_long_and_too_many_are_refused() -> None:
    with pytest.raises(UnsafePickleError, match="more entries"):
        read(b"\x80\x02" + b"N0" * (LONGEST_PICKLE // 2) + b".")


def test_no_mutation_does_more_than_fail() -> None:
    """Bits flip where they like: plain data comes out, or one of the errors that are named."""
    generator = torch.Generator().manual_seed(19)
    healthy = pickle.dumps({"a": [1, 2.5, "x", None, (1, 2)], "b": OrderedDict(c=[True] * 20)}, 2)
    plain = (dict, list, tuple, str, int, float, bool, type(None))
    for _ in range(2000):
        mutated = bytearray(healthy)
        for place in torch.randint(len(mutated), (2,), generator=generator).tolist():
            mutated[place] = int(torch.randint(256, (), generator=generator))
        try:
            value = read(bytes(mutated))
        except (UnsafePickleError, IndexError, KeyError, TypeError, ValueError, Warning):
            continue
        assert type(value) in plain
