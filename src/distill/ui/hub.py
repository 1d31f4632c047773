"""The hub: numbered events that pass from threads to the tabs.

It keeps the last events. A tab that was away says which one it knows, and gets those after it.
"""

import asyncio
import itertools
import secrets
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

MOST_EVENTS = 4000
"""Events that are kept: a training tells at most some ten a second."""


@dataclass(frozen=True)
class Event:
    """An event, as a tab gets it.

    Attributes:
        n: Number; later events have larger ones.
        topic: `jobs`, `library`, `doc:ID`, `disk`, `player` or `server`.
        type: What happened: `job.step`, `library.render`, …
        data: What there is to say.
    """

    n: int
    topic: str
    type: str
    data: dict[str, Any] = field(default_factory=dict)


class Hub:
    """Takes events from any thread, and wakes whoever waits for them.

    Attributes:
        run: A word that another run of the server has not: its numbers begin anew.
    """

    def __init__(self) -> None:
        self.run = secrets.token_hex(8)
        self._numbers = itertools.count(1)
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._lock = threading.Lock()
        self._waiting: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Event]] = {}

    @property
    def last(self) -> int:
        """Number of the last event; 0 before the first."""
        with self._lock:
            return self._events[-1].n if self._events else 0

    def publish(self, topic: str, type_: str, data: dict[str, Any] | None = None) -> None:
        """Pass an event on."""
        with self._lock:
            event = Event(n=next(self._numbers), topic=topic, type=type_, data=data or {})
            self._events.append(event)
            waiting = list(self._waiting.values())
        for loop, news in waiting:
            # A loop that has ended waits for nothing.
            if not loop.is_closed():
                loop.call_soon_threadsafe(news.set)

    def after(self, n: int) -> list[Event] | None:
        """Events after number `n`; None where some of them are no longer kept."""
        with self._lock:
            events = list(self._events)
        if events and n + 1 < events[0].n:
            return None
        return [event for event in events if event.n > n]

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event of this loop that is set at each news, while inside."""
        news = asyncio.Event()
        key = id(news)
        with self._lock:
            self._waiting[key] = (asyncio.get_running_loop(), news)
        try:
            yield news
        finally:
            with self._lock:
                del self._waiting[key]
