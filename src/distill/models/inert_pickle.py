"""A reader of pickles that can make plain data and tensors, and nothing else. Free of torch.

A pickle is a program: its instructions may call functions, `bytearray(3 << 30)` among them. Even
torch's own reader with `weights_only` allows that call. This one knows the few instructions that
`torch.save` writes for tensors, numbers, text, lists, tuples and dicts. It imports nothing, calls
nothing that a file names, and bounds what a few bytes can ask for. Tensors are made by a `Tensors`:
those of torch (`torch_archive`), or their outlines alone (`header`).
"""

import pickletools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

LONGEST_PICKLE = 64 << 20
"""Bytes of the longest pickle that is read: entries of 100,000 recordings take half of it."""

MOST_OBJECTS = 1 << 22
"""Most objects of a pickle, parts of tensors included; each takes about 100 bytes of memory."""

MOST_TENSORS = 1 << 18
"""Most tensors of a pickle; each takes about 1.5 kB of memory beside its numbers."""

MOST_DIMENSIONS = 16
"""Most dimensions of a tensor."""

LONGEST_TUPLE = 64
"""Most items of a tuple: shapes, strides, and settings of optimisers."""

LARGEST_KEY = 1 << 20
"""Largest number as a key of a dict: optimisers count their parameters."""

DEEPEST = 64
"""Most levels of entries within entries."""


class Tensors(Protocol):
    """Makes the tensors of a pickle."""

    def storage(self, key: str, kind: str, size: int) -> Any:
        """The numbers of a storage.

        Args:
            key: Its name in the archive.
            kind: Its type, one of `STORAGE_BYTES`.
            size: How many numbers it holds.
        """

    def tensor(
        self, storage: Any, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> Any:
        """The tensor of a shape in a storage; it lies within."""


class UnsafePickleError(Exception):
    """The pickle asks for more than plain data; the message says for what, as a noun."""


class OversizedTensorError(ValueError):
    """A tensor claims more numbers than its storage holds."""


@dataclass(frozen=True)
class _Name:
    """A name of Python that the pickle mentions; a storage has a type of numbers."""

    name: str
    storage_kind: str | None = None


@dataclass(frozen=True)
class _Storage:
    """Numbers of a tensor, and how many."""

    values: Any
    size: int


_MARK = object()

_REBUILD_TENSOR = _Name("torch._utils _rebuild_tensor_v2")
_ORDERED_DICT = _Name("collections OrderedDict")

STORAGE_BYTES = {
    "BFloat16Storage": 2,
    "BoolStorage": 1,
    "ByteStorage": 1,
    "CharStorage": 1,
    "DoubleStorage": 8,
    "FloatStorage": 4,
    "HalfStorage": 2,
    "IntStorage": 4,
    "LongStorage": 8,
    "ShortStorage": 2,
}
"""Bytes of a number in each kind of storage."""

_NAMES = {entry.name: entry for entry in (_REBUILD_TENSOR, _ORDERED_DICT)}
for _kind in STORAGE_BYTES:
    _NAMES[f"torch {_kind}"] = _Name(f"torch {_kind}", _kind)

# Instructions by what they do. Those that are not here are refused.
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_ARGUMENTS = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_PUTS = {"BINPUT", "LONG_BINPUT"}
_GETS = {"BINGET", "LONG_BINGET"}
_NO_OPERATIONS = {"PROTO", "STOP"}


def read_pickle(pickle: bytes, tensors: Tensors) -> Any:
    """Read a pickle that `torch.save` wrote.

    Args:
        pickle: The pickle, at most `LONGEST_PICKLE` bytes.
        tensors: Makes the tensors that the pickle refers to.

    Returns:
        A tree of tensors, numbers, text, booleans, None, lists, tuples and dicts.

    Raises:
        UnsafePickleError: If the pickle asks for anything else, or for too much.
        IndexError, KeyError, TypeError, ValueError: If it is damaged.
    """
    if len(pickle) > LONGEST_PICKLE:
        raise UnsafePickleError("more entries than a model has")
    contents = _Machine(tensors).run(pickle)
    _check_tree(contents, len(pickle))
    return contents


class _Machine:
    """Carries out the instructions of a pickle on a stack of its own."""

    def __init__(self, tensors: Tensors) -> None:
        self.tensors = tensors
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[tuple[Any, ...], _Storage] = {}
        self.n_objects = 0
        self.n_tensors = 0

    def run(self, pickle: bytes) -> Any:
        """The object that the pickle describes."""
        for instruction, argument, _ in pickletools.genops(pickle):
            self._step(instruction.name, argument)
        (contents,) = self.stack
        _refuse_name(contents)
        return contents

    def _step(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _PUTS:
            self.memo[argument] = stack[-1]
        elif name in _GETS:
            stack.append(self.memo[argument])
        elif name in _ARGUMENTS:
            self._push(argument)
        elif name == "MARK":
            self._push(_MARK)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self._push(_EMPTY[name]())
        elif name in _TUPLES:
            self._push_tuple(self._pop(_TUPLES[name]))
        elif name == "TUPLE":
            self._push_tuple(self._pop_to_mark())
        elif name == "APPEND":
            self._extend(self._pop(1))
        elif name == "APPENDS":
            self._extend(self._pop_to_mark())
        elif name == "SETITEM":
            self._update(self._pop(2))
        elif name == "SETITEMS":
            self._update(self._pop_to_mark())
        elif name == "GLOBAL":
            self._push_name(argument)
        elif name == "BINPERSID":
            self._push(self._storage(*self._pop(1)))
        elif name == "REDUCE":
            self._push(self._call(*self._pop(2)))
        elif name == "BUILD":
            self._drop_attributes(*self._pop(1))
        elif name not in _NO_OPERATIONS:
            raise UnsafePickleError("objects that could run code")

    def _push(self, value: Any) -> None:
        self.n_objects += 1
        if self.n_objects > MOST_OBJECTS:
            raise UnsafePickleError("more entries than a model has")
        self.stack.append(value)

    def _pop(self, count: int) -> list[Any]:
        """The uppermost `count` values, the deepest first."""
        if len(self.stack) < count:
            raise IndexError("an instruction lacks its arguments")
        start = len(self.stack) - count
        values = self.stack[start:]
        del self.stack[start:]
        if any(value is _MARK for value in values):
            raise ValueError("a mark stands where a value should")
        return values

    def _pop_to_mark(self) -> list[Any]:
        """The values above the uppermost mark, which is removed as well."""
        values = []
        while (value := self.stack.pop()) is not _MARK:
            values.append(value)
        values.reverse()
        return values

    def _push_tuple(self, items: list[Any]) -> None:
        # Deeply nested tuples would end the process when they are hashed or compared.
        if len(items) > LONGEST_TUPLE or any(_depth(item) > 2 for item in items):
            raise UnsafePickleError("a tuple that no model has")
        self._push(tuple(items))

    def _extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise TypeError("no list to append to")
        _refuse_names(items)
        target.extend(items)

    def _update(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not dict:
            raise TypeError("no dict to fill")
        _refuse_names(items)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not _is_key(key):
                raise UnsafePickleError("an entry without a name")
            target[key] = value

    def _push_name(self, name: str) -> None:
        if name not in _NAMES:
            raise UnsafePickleError("objects that could run code")
        self.stack.append(_NAMES[name])

    def _call(self, function: Any, arguments: Any) -> Any:
        """The result of one of the two calls that a tensor and a state dict need."""
        if function is _ORDERED_DICT and arguments == ():
            return {}
        if function is _REBUILD_TENSOR and type(arguments) is tuple:
            return self._tensor(*arguments[:4])
        raise UnsafePickleError("objects that could run code")

    def _drop_attributes(self, attributes: Any) -> None:
        """Skip the attributes of a state dict: versions of modules, which no module here has."""
        if type(attributes) is not dict or type(self.stack[-1]) is not dict:
            raise UnsafePickleError("objects that could run code")

    def _storage(self, reference: Any) -> _Storage:
        """The storage that a reference `("storage", type, key, device, size)` names."""
        kind, storage_type, key, _, size = reference
        is_named = kind == "storage" and type(key) is str and type(storage_type) is _Name
        if not is_named or storage_type.storage_kind is None or not _is_count(size):
            raise ValueError("a storage is badly named")

        identity = (key, storage_type.storage_kind, size)
        if identity not in self.storages:
            values = self.tensors.storage(key, storage_type.storage_kind, size)
            self.storages[identity] = _Storage(values, size)
        return self.storages[identity]

    def _tensor(self, storage: Any, offset: Any, shape: Any, strides: Any) -> Any:
        """The tensor of a shape in a storage, once it lies within, without any overlap of size."""
        self.n_tensors += 1
        if self.n_tensors > MOST_TENSORS:
            raise UnsafePickleError("more tensors than a model has")
        if type(storage) is not _Storage or type(shape) is not tuple or type(strides) is not tuple:
            raise TypeError("a tensor lacks its parts")
        if len(shape) != len(strides) or len(shape) > MOST_DIMENSIONS:
            raise ValueError("a tensor has a shape that cannot be")
        if not all(_is_count(number) for number in (offset, *shape, *strides)):
            raise ValueError("a tensor has a shape that cannot be")

        n_values = 1
        last = offset
        for size, stride in zip(shape, strides, strict=True):
            n_values *= size
            last += (size - 1) * stride
        if n_values and (last >= storage.size or n_values > storage.size):
            raise OversizedTensorError("a tensor claims more than the file holds")
        return self.tensors.tensor(storage.values, offset if n_values else 0, shape, strides)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_key(value: Any) -> bool:
    return type(value) is str or (_is_count(value) and value <= LARGEST_KEY)


def _depth(value: Any) -> int:
    """Levels of tuples in a value, up to three."""
    if type(value) is not tuple:
        return 0
    if not any(type(item) is tuple for item in value):
        return 1
    is_deep = any(type(part) is tuple for item in value if type(item) is tuple for part in item)
    return 3 if is_deep else 2


def _refuse_name(value: Any) -> None:
    if type(value) is _Name or type(value) is _Storage or value is _MARK:
        raise UnsafePickleError("a name of a program")


def _refuse_names(values: Iterable[Any]) -> None:
    for value in values:
        _refuse_name(value)


def _check_tree(contents: Any, most: int) -> None:
    """Refuse contents with more than `most` nodes, or too deep: those inside themselves."""
    waiting = [(contents, 0)]
    n_nodes = 0
    while waiting:
        value, depth = waiting.pop()
        n_nodes += 1
        # A tree has fewer nodes than its pickle has bytes; lists inside themselves have no end.
        if n_nodes > most or depth > DEEPEST:
            raise UnsafePickleError("entries within entries without end")
        if type(value) is dict:
            waiting += [(item, depth + 1) for item in value.values()]
        elif type(value) is list or type(value) is tuple:
            _refuse_names(value)
            waiting += [(item, depth + 1) for item in value]
