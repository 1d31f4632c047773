"""The side of the player process on the pipe: orders come in, messages go out."""

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from distill.cancellation import check_cancellation
from distill.library.player_messages import UNREADABLE, refusal_of
from distill.library.player_request import PlayerRequest
from distill.library.player_requests import request_from_json

REPORT_S = 0.1
"""Seconds from one report of progress to the next."""

LAST_PATIENCE_S = 5.0
"""Seconds that work has for leaving once the player is gone; then the process ends all the same."""


@dataclass
class Order:
    """A request in work.

    Attributes:
        id: Id of its task.
        request: What is asked for.
        threads: Threads to compute on; None for those of the moment.
        cancel_event: Set once it is to be left.
        room: As many permits as blocks of a stream may be sent.
        steering: Changes of the steering of a stream, in their order.
        done: How much of it is done.
        total: All of it; 0 before that is clear.
    """

    id: str
    request: PlayerRequest
    threads: int | None
    room: threading.Semaphore
    cancel_event: threading.Event = field(default_factory=threading.Event)
    steering: queue.SimpleQueue[dict[str, Any]] = field(default_factory=queue.SimpleQueue)
    done: int = 0
    total: int = 0

    def report(self, done: int, total: int) -> None:
        """Note how far it has come; the channel tells."""
        self.done = done
        self.total = total

    def wait_for_room(self) -> None:
        """Wait until one more block may be sent; `CancelledError` if it is to be left."""
        while not self.room.acquire(timeout=REPORT_S):
            check_cancellation()


class Channel:
    """Takes orders and sends messages; JSON, one a line.

    Args:
        lines: Where the messages of the player come from.
        output: Where those to the player go.
        on_end: Called by a thread of its own once the player is gone.
    """

    def __init__(
        self,
        lines: IO[bytes],
        output: IO[bytes],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._lines = lines
        self._output = output
        self._on_end = on_end
        self._output_lock = threading.Lock()
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        # The player sends one order at a time, and the next once it has the end of the last.
        self._current: Order | None = None
        self._current_lock = threading.Lock()
        # Set once the player is gone.
        self._is_over = threading.Event()

    def orders(self) -> Iterator[Order]:
        """The orders, until the player is gone."""
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._tell_progress, daemon=True).start()
        self.send({"type": "ready"})
        while (order := self._orders.get()) is not None:
            yield order

    def send(self, message: dict[str, Any]) -> None:
        """Send a message; where the player is gone, nobody misses it."""
        line = json.dumps(message, allow_nan=False).encode() + b"\n"
        try:
            with self._output_lock:
                self._output.write(line)
                self._output.flush()
        except OSError:
            # `_read` sees the end of the input, too.
            return

    def end(self, order: Order, outcome: dict[str, Any]) -> None:
        """Send the end of an order, after which nothing more is said of it."""
        with self._current_lock:
            self._current = None
        self.send({"id": order.id, **outcome})

    def _read(self) -> None:
        for line in self._lines:
            try:
                self._take(json.loads(line))
            except UNREADABLE as error:
                # The next line may be fine.
                self.send(refusal_of(line, error))
        order = self._current
        if order is not None:
            order.cancel_event.set()
        self._is_over.set()
        self._orders.put(None)
        self._on_end()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "run":
            order = Order(
                id=message["id"],
                request=request_from_json(message["request"]),
                threads=message["threads"],
                room=threading.Semaphore(message["blocks"]),
            )
            with self._current_lock:
                self._current = order
            self._orders.put(order)
            return
        order_now = self._current
        if order_now is None or order_now.id != message["id"]:
            # It has just ended.
            return
        if message["type"] == "cancel":
            order_now.cancel_event.set()
        elif message["type"] == "steer":
            order_now.steering.put(message["changes"])
        else:
            order_now.room.release(message["blocks"])

    def _tell_progress(self) -> None:
        while not self._is_over.wait(REPORT_S):
            with self._current_lock:
                order = self._current
                if order is not None:
                    progress = {"done": order.done, "total": order.total}
                    self.send({"type": "progress", "id": order.id, **progress})


def open_channel() -> Channel:
    """The channel of this process: its standard input and output.

    What libraries print goes to the log of the player, and not among the messages.
    """
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Not `sys.stdin`: Python aborts where it ends while a thread reads from that.
    lines = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    return Channel(lines=lines, output=output, on_end=_end_soon)


def _end_soon() -> None:
    """End this process, if it does not end by itself."""
    # In a daemon thread, which is gone with the process.
    time.sleep(LAST_PATIENCE_S)
    os._exit(1)
