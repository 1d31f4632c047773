"""Stopping within stages that take long: a stage that is left counts for nothing."""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

Check = Callable[[], None]
"""Called often by what takes long; raises `Interrupted` once training is to stop."""


class Interrupted(Exception):
    """A stage was left because training is to stop. It never leaves `training`."""


def check_of(cancel_event: threading.Event) -> Check:
    """A check that raises `Interrupted` once `cancel_event` is set."""

    def check() -> None:
        if cancel_event.is_set():
            raise Interrupted

    return check


def checked(items: Iterable[Item], check: Check) -> Iterator[Item]:
    """The `items`, with a `check` before each."""
    for item in items:
        check()
        yield item
