"""Leaving work that takes long, before it is done, because another thread asks for it.

Who starts the work gives an event (`cancellable`). What takes long looks at it often
(`check_cancellation`) and is left by a `CancelledError` once the event is set.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from distill.errors import CancelledError

Item = TypeVar("Item")

Check = Callable[[], None]
"""Called often by what takes long; raises `CancelledError` once the work is to be left."""

# Of this thread, and only for the length of `cancellable`. An argument would have to pass through
# every function down to the loop over frames.
_current: ContextVar[threading.Event | None] = ContextVar("cancel_event", default=None)


@contextmanager
def cancellable(cancel_event: threading.Event | None) -> Iterator[None]:
    """Let the work in the block be left once `cancel_event` is set.

    None leaves it as it is: within the block of another call, that one's event counts. Never
    `yield` inside the block: use `cancellable_items`.

    Example:
        with cancellable(event):
            grid = encode_sound(loaded, audio)
    """
    if cancel_event is None:
        yield
        return
    token = _current.set(cancel_event)
    try:
        check_cancellation()
        yield
    finally:
        _current.reset(token)


def cancellable_items(
    cancel_event: threading.Event | None, items: Iterable[Item]
) -> Iterator[Item]:
    """The `items`, each made as in a block of `cancellable`."""
    iterator = iter(items)
    while True:
        with cancellable(cancel_event):
            try:
                item = next(iterator)
            except StopIteration:
                return
        yield item


def can_be_cancelled() -> bool:
    """Whether this runs in a block of `cancellable`."""
    return _current.get() is not None


def check_cancellation() -> None:
    """Raise `CancelledError` if the event of this block of `cancellable` is set."""
    cancel_event = _current.get()
    if cancel_event is not None and cancel_event.is_set():
        raise CancelledError("Cancelled before it was done.")


def check_of(cancel_event: threading.Event) -> Check:
    """A check that raises `CancelledError` once `cancel_event` is set."""

    def check() -> None:
        if cancel_event.is_set():
            raise CancelledError("Cancelled before it was done.")

    return check


def check_each(items: Iterable[Item], check: Check = check_cancellation) -> Iterator[Item]:
    """The `items`, with a `check` before each."""
    for item in items:
        check()
        yield item
