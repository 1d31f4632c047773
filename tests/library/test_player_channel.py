import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from distill.cancellation import cancellable
from distill.errors import CancelledError
from distill.library.player_channel import Channel, Order
from distill.library.player_requests import Picture


class Far:
    """The other side of a channel."""

    def __init__(self, lines: IO[bytes], output: IO[bytes]) -> None:
        self.lines = lines
        self.output = output

    def send(self, **message: Any) -> None:
        self.output.write(json.dumps(message).encode() + b"\n")
        self.output.flush()

    def run(self, task_id: str, blocks: int = 0) -> None:
        request = Picture(Path("a.json"), Path("a.png")).to_json()
        self.send(type="run", id=task_id, request=request, threads=None, blocks=blocks)

    def receive(self, kind: str) -> dict[str, Any]:
        """The next message of that kind."""
        while (message := json.loads(self.lines.readline()))["type"] != kind:
            pass
        return dict(message)


@pytest.fixture
def pair() -> Iterator[tuple[Channel, Far]]:
    to_channel, to_far = os.pipe(), os.pipe()
    pipes = [os.fdopen(to_channel[0], "rb"), os.fdopen(to_far[1], "wb")]
    far = Far(os.fdopen(to_far[0], "rb"), os.fdopen(to_channel[1], "wb"))
    before = set(threading.enumerate())
    yield Channel(*pipes), far
    far.output.close()
    # The end of its input ends the threads of the channel, which then need its pipes no more.
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    far.lines.close()
    for pipe in pipes:
        pipe.close()


def test_orders_come_with_progress_and_end(pair: tuple[Channel, Far]) -> None:
    channel, far = pair
    orders = channel.orders()
    far.run("a")
    order = next(orders)
    assert order.request == Picture(Path("a.json"), Path("a.png"))
    far.receive("ready")
    order.report(3, 8)
    while (progress := far.receive("progress"))["done"] != 3:
        pass
    assert progress == {"type": "progress", "id": "a", "done": 3, "total": 8}
    channel.end(order, {"type": "done", "facts": {}})
    assert far.receive("done")["id"] == "a"


def test_a_line_that_is_no_request_is_answered_and_the_next_is_taken(
    pair: tuple[Channel, Far],
) -> None:
    channel, far = pair
    far.output.write(b"no JSON\n[1]\n")
    bad = ({}, {"kind": "melt"}, {"kind": "picture", "codes": 1}, None)
    for request in bad:
        far.send(type="run", id="bad", request=request, threads=None, blocks=0)
    far.run("a")
    assert next(channel.orders()).id == "a"
    answers = [far.receive("failed") for _ in range(2 + len(bad))]
    assert [answer["id"] for answer in answers] == [None, None, *["bad"] * len(bad)]
    assert all("cannot read this request" in answer["sentence"] for answer in answers)
    assert {answer["error"] for answer in answers} == {"UsageError"}


def test_a_cancel_reaches_the_order_it_is_for(pair: tuple[Channel, Far]) -> None:
    channel, far = pair
    orders = channel.orders()
    far.run("a")
    order = next(orders)
    far.send(type="cancel", id="b")
    assert not order.cancel_event.is_set()
    far.send(type="cancel", id="a")
    assert order.cancel_event.wait(30)


def test_the_end_of_the_player_cancels_and_ends(pair: tuple[Channel, Far]) -> None:
    channel, far = pair
    orders = channel.orders()
    far.run("a")
    order = next(orders)
    far.output.close()
    assert order.cancel_event.wait(30)
    assert list(orders) == []


def test_blocks_wait_for_room(pair: tuple[Channel, Far]) -> None:
    channel, far = pair
    orders = channel.orders()
    far.run("a", blocks=1)
    order: Order = next(orders)
    order.wait_for_room()
    waiter = threading.Thread(target=order.wait_for_room)
    waiter.start()
    far.send(type="more", id="a", blocks=1)
    waiter.join(30)
    assert not waiter.is_alive()
    order.cancel_event.set()
    with pytest.raises(CancelledError), cancellable(threading.Event()):
        _wait_cancelled(order)


def _wait_cancelled(order: Order) -> None:
    with cancellable(order.cancel_event):
        order.wait_for_room()
