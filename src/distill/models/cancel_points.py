"""Cancelling within torch: every call of a torch function is a point at which work may be left.

A piece of a sound takes a network a second on a busy machine, far longer than one call.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch.overrides import TorchFunctionMode

from distill.cancellation import can_be_cancelled, check_cancellation


class _CancelPoints(TorchFunctionMode):
    """Looks before each call of a torch function, which then runs as it would without."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        check_cancellation()
        return func(*args, **(kwargs or {}))


def cancel_points() -> AbstractContextManager[object]:
    """A block in which torch may be left, if anybody can ask for it; never `yield` inside."""
    return _CancelPoints() if can_be_cancelled() else nullcontext()
