"""Networks from a stated configuration and weights, without trusting the one to fit the other.

A configuration is a few bytes that may ask for any amount of memory. So the network is first
sketched without memory (torch's `meta` device) and built in earnest only when every weight has the
shape that the file's has.
"""

import inspect
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import torch
from torch import Tensor, nn
from torch.nn import init
from torch.overrides import TorchFunctionMode

from distill.errors import DistillError, MissingKeyError, ShapeMismatchError

Network = TypeVar("Network", bound=nn.Module)

LARGEST_SETTING = 1 << 20
CALLS_PER_WEIGHT = 100
"""Torch calls that building may take per weight in the file; the networks here take about six."""
UNSAVED_BYTES = 64 << 20
"""What a network may hold beside its saved weights: windows, filter banks, masks."""

_RANDOM_FILLS = (
    Tensor.normal_,
    Tensor.uniform_,
    init.kaiming_normal_,
    init.kaiming_uniform_,
    init.normal_,
    init.orthogonal_,
    init.trunc_normal_,
    init.uniform_,
    init.xavier_normal_,
    init.xavier_uniform_,
)

# What constructors let escape when they are given settings that make no sense together.
_MISFIT = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    DistillError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)


class _Building(TorchFunctionMode):
    """Ends a constructor that runs away, and leaves out random initial values: the file's replace
    them all.

    Leaving them out also keeps the global random state as it was.
    """

    def __init__(self, most_calls: int) -> None:
        super().__init__()
        self.calls_left = most_calls
        self.grad_was_enabled = torch.is_grad_enabled()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        # Ending a constructor inside its `no_grad` block would leave gradients off for the whole
        # process.
        torch.set_grad_enabled(self.grad_was_enabled)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.calls_left -= 1
        if self.calls_left < 0:
            raise RuntimeError("the configuration asks for more weights than there are")
        kwargs = kwargs or {}
        if func in _RANDOM_FILLS:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def _mismatch(path: Path, detail: str) -> ShapeMismatchError:
    return ShapeMismatchError(
        f"{path} does not fit its own configuration ({detail}): use another copy of it, or train again."
    )


def accepted_arguments(network: type[nn.Module], settings: dict[str, Any]) -> dict[str, Any]:
    """Those of `settings` that the constructor of `network` takes."""
    known = inspect.signature(network).parameters
    return {name: value for name, value in settings.items() if name in known}


def _check_arguments(path: Path, network: type[nn.Module], arguments: dict[str, Any]) -> None:
    hints = get_type_hints(network.__init__)
    parameters = inspect.signature(network).parameters
    for name, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and name not in arguments:
            raise MissingKeyError(
                f"{path} lacks the setting '{name}': use another copy of it, or train again."
            )
    for name, value in arguments.items():
        if name not in parameters:
            raise _mismatch(path, f"this version of Distill knows no setting {name!r}")
        if not _is_plausible(value, hints.get(name)):
            raise _mismatch(path, f"the setting '{name}' has a value that cannot be")


def _is_plausible(value: Any, hint: Any) -> bool:
    if hint is int:
        return type(value) is int and 0 <= value <= LARGEST_SETTING
    if hint is float:
        return type(value) in (int, float) and abs(value) <= LARGEST_SETTING
    return not isinstance(hint, type) or isinstance(value, hint)


def _sketch(
    path: Path, network: type[nn.Module], arguments: dict[str, Any], n_weights: int
) -> nn.Module:
    most_calls = CALLS_PER_WEIGHT * (n_weights + 10)
    try:
        with torch.device("meta"), _Building(most_calls):
            return network(**arguments)
    except _MISFIT as error:
        raise _mismatch(
            path, str(error).partition("\n")[0][:100] or type(error).__name__
        ) from error


def check_fits(
    path: Path, network: type[nn.Module], arguments: dict[str, Any], weights: dict[str, Any]
) -> None:
    """Raise unless `network(**arguments)` has exactly the `weights`: `MissingKeyError`,
    `ShapeMismatchError`.

    Allocates nothing of the size of the network. Messages name `path`.
    """
    _check_arguments(path, network, arguments)
    sketch = _sketch(path, network, arguments, len(weights))
    expected = sketch.state_dict()
    for name in sorted(expected.keys() ^ weights.keys()):
        raise _mismatch(
            path, f"the weights {name!r} are {'missing' if name in expected else 'not expected'}"
        )
    for name, wanted in expected.items():
        _check_weight(path, name, wanted, weights[name])
    unsaved = [buffer for name, buffer in sketch.named_buffers() if name not in expected]
    if sum(buffer.numel() * buffer.element_size() for buffer in unsaved) > UNSAVED_BYTES:
        raise _mismatch(path, "it asks for more memory than its weights need")


def _check_weight(path: Path, name: str, wanted: Tensor, found: Any) -> None:
    if not isinstance(found, Tensor):
        raise _mismatch(path, f"{name!r} is no tensor")
    if found.shape != wanted.shape:
        shapes = f"{list(found.shape)}, not {list(wanted.shape)}"
        raise _mismatch(path, f"the weights {name!r} have the shape {shapes}")
    if found.dtype != wanted.dtype and not (
        found.is_floating_point() and wanted.is_floating_point()
    ):
        raise _mismatch(path, f"the weights {name!r} are of type {found.dtype}, not {wanted.dtype}")


def rebuild(
    path: Path, network: type[Network], arguments: dict[str, Any], weights: dict[str, Any]
) -> Network:
    """`network(**arguments)` with a copy of `weights`, on the CPU, in eval mode; raises as
    `check_fits`."""
    check_fits(path, network, arguments, weights)
    try:
        with _Building(CALLS_PER_WEIGHT * (len(weights) + 10)):
            built = network(**arguments)
        built.load_state_dict(weights)
    except _MISFIT as error:
        raise _mismatch(
            path, str(error).partition("\n")[0][:100] or type(error).__name__
        ) from error
    return built.eval()
