"""Functions of a caller that training calls: their errors wait until all is saved."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import ParamSpec

P = ParamSpec("P")


class CallbackGuard:
    """Stops a training in which a callback raised, and raises its error at the end of the block.

    Args:
        cancel_event: Event that stops the training; None makes one.

    Example:
        with CallbackGuard(cancel_event) as guard:
            train_vqvae(corpus, output, config, guard.wrap(callback), guard.cancel_event)
    """

    def __init__(self, cancel_event: threading.Event | None) -> None:
        self.cancel_event = cancel_event or threading.Event()
        self.error: BaseException | None = None

    def __enter__(self) -> "CallbackGuard":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        # An error of the training itself goes first.
        if error is None and self.error is not None:
            raise self.error

    def wrap(self, callback: Callable[P, object]) -> Callable[P, None]:
        """`callback`, with its first error kept; it is not called again after that."""

        def call(*args: P.args, **kwargs: P.kwargs) -> None:
            if self.error is not None:
                return
            try:
                callback(*args, **kwargs)
            except BaseException as error:
                self.error = error
                self.cancel_event.set()

        return call
