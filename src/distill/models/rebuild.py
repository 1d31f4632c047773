"""Building a network from configuration and weights of a file, without trusting either.

A configuration is a few bytes that may ask for any amount of memory. So the network is first built
without memory (torch's `meta` device). It is built in earnest only if its weights have the shapes
of those in the file.
"""

import inspect
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import torch
from torch import Tensor, nn
from torch.nn import init
from torch.overrides import TorchFunctionMode

from distill.errors import (
    DistillError,
    MissingKeyError,
    ShapeMismatchError,
    TruncatedModelError,
)

Network = TypeVar("Network", bound=nn.Module)

LARGEST_SETTING = 1 << 20
"""Largest number in a configuration: no setting comes near."""

CALLS_PER_WEIGHT = 100
"""Torch calls that building may take per weight in the file; the networks here take about six."""

UNSAVED_BYTES = 64 << 20
"""Bytes that a network may hold beside its saved weights: windows, filter banks, masks."""

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

# Errors of constructors whose settings make no sense together.
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
    """Mode for building: ends a constructor that runs away, and skips random initial values.

    The weights of the file replace those values. Skipping them keeps the global random state.
    """

    def __init__(self, most_calls: int) -> None:
        super().__init__()
        self.calls_left = most_calls
        self.grad_was_enabled = torch.is_grad_enabled()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        # A constructor that is ended inside `no_grad` would leave gradients off for the process.
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
        f"{path} does not fit its own configuration ({detail}): "
        "use another copy of it, or train again."
    )


def _misfit(path: Path, error: BaseException) -> ShapeMismatchError:
    """`_mismatch` with the beginning of the message of `error`."""
    first_line = str(error).partition("\n")[0]
    return _mismatch(path, first_line[:100] or type(error).__name__)


def accepted_arguments(network: type[nn.Module], settings: dict[str, Any]) -> dict[str, Any]:
    """Those of `settings` that the constructor of `network` accepts."""
    parameters = inspect.signature(network).parameters
    return {name: value for name, value in settings.items() if name in parameters}


def _check_arguments(path: Path, network: type[nn.Module], arguments: dict[str, Any]) -> None:
    """Raise unless the constructor of `network` accepts names and types of `arguments`."""
    hints = get_type_hints(network.__init__)
    parameters = inspect.signature(network).parameters
    for name, parameter in parameters.items():
        is_required = parameter.default is inspect.Parameter.empty
        if is_required and name not in arguments:
            raise MissingKeyError(
                f"{path} lacks the setting '{name}': use another copy of it, or train again."
            )
    for name, value in arguments.items():
        if name not in parameters:
            raise _mismatch(path, f"this version of Distill knows no setting {name!r}")
        if not _is_plausible(value, hints.get(name)):
            raise _mismatch(path, f"the setting '{name}' has a value that cannot be")


def _is_plausible(value: Any, hint: Any) -> bool:
    """Tell whether a setting has the type of its `hint` and a size that can be meant."""
    if hint is int:
        # Not a bool, which is an int to `isinstance`.
        return type(value) is int and 0 <= value <= LARGEST_SETTING
    if hint is float:
        return type(value) in (int, float) and abs(value) <= LARGEST_SETTING
    return not isinstance(hint, type) or isinstance(value, hint)


def _sketch(
    path: Path, network: type[nn.Module], arguments: dict[str, Any], n_weights: int
) -> nn.Module:
    """The network without memory for its weights, for a file that holds `n_weights` tensors."""
    try:
        with torch.device("meta"), _Building(_most_calls(n_weights)):
            return network(**arguments)
    except _MISFIT as error:
        raise _misfit(path, error) from error


def _most_calls(n_weights: int) -> int:
    """Torch calls that building a network with `n_weights` tensors may take."""
    return CALLS_PER_WEIGHT * (n_weights + 10)


def check_fits(
    path: Path, network: type[nn.Module], arguments: dict[str, Any], weights: dict[str, Any]
) -> None:
    """Check that `network(**arguments)` has exactly the `weights`, without memory of their size.

    Args:
        path: File that messages name.
        network: Class of the network.
        arguments: Constructor arguments from the file.
        weights: State dict from the file.

    Raises:
        MissingKeyError: If a required argument is absent.
        ShapeMismatchError: If anything else does not fit.
    """
    _check_arguments(path, network, arguments)
    sketch = _sketch(path, network, arguments, len(weights))
    reference = sketch.state_dict()
    for name in sorted(reference.keys() ^ weights.keys()):
        problem = "missing" if name in reference else "not expected"
        raise _mismatch(path, f"the weights {name!r} are {problem}")
    for name, weight in reference.items():
        _check_weight(path, name, weight, weights[name])
    unsaved_bytes = 0
    for name, buffer in sketch.named_buffers():
        if name not in reference:
            unsaved_bytes += buffer.numel() * buffer.element_size()
    if unsaved_bytes > UNSAVED_BYTES:
        raise _mismatch(path, "it asks for more memory than its weights need")


def _check_weight(path: Path, name: str, reference: Tensor, weight: Any) -> None:
    """Raise unless `weight` is a tensor with shape and kind of type of `reference`."""
    if not isinstance(weight, Tensor):
        raise _mismatch(path, f"{name!r} is no tensor")
    if weight.shape != reference.shape:
        shapes = f"{list(weight.shape)}, not {list(reference.shape)}"
        raise _mismatch(path, f"the weights {name!r} have the shape {shapes}")
    # Floating-point types are converted to one another.
    are_floats = weight.is_floating_point() and reference.is_floating_point()
    if weight.dtype != reference.dtype and not are_floats:
        types = f"{weight.dtype}, not {reference.dtype}"
        raise _mismatch(path, f"the weights {name!r} are of type {types}")


def rebuild(
    path: Path, network: type[Network], arguments: dict[str, Any], weights: dict[str, Any]
) -> Network:
    """Build `network(**arguments)` with a copy of `weights`, on the CPU, in eval mode.

    Arguments and errors as in `check_fits`; `TruncatedModelError` for weights that are no numbers.
    """
    check_fits(path, network, arguments, weights)
    try:
        with _Building(_most_calls(len(weights))):
            result = network(**arguments)
        result.load_state_dict(weights)
    except _MISFIT as error:
        raise _misfit(path, error) from error
    _check_finite(path, result)
    return result.eval()


def _check_finite(path: Path, network: nn.Module) -> None:
    """Refuse weights that are no numbers: what they compute would be noise, or silence."""
    for name, weight in network.state_dict().items():
        # The sum is quick, and no number if any weight is none; it may also be too large itself.
        is_float = weight.is_floating_point()
        if is_float and not weight.sum().isfinite() and not weight.isfinite().all():
            raise TruncatedModelError(
                f"{path} holds weights that are no numbers (in {name!r}): "
                "use another copy of it, or train again."
            )
