"""Work of the player process, done here: no test needs a process to see what a request gives."""

import io
import json
import threading
from typing import Any

from distill.cancellation import cancellable
from distill.claims import release_all
from distill.library.player_channel import Channel, Order
from distill.library.player_process import WORK
from distill.library.player_requests import PlayerRequest, request_from_json
from distill.library.player_worker import Worker
from distill.library.workspace import Workspace


class Desk:
    """A worker whose messages are kept.

    Args:
        workspace: The workspace.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._output = io.BytesIO()
        channel = Channel(lines=io.BytesIO(), output=self._output)
        self.workspace = workspace
        self.worker = Worker(workspace, channel)

    def order(self, request: PlayerRequest) -> Order:
        """`request` as it comes out of the pipe."""
        passed = request_from_json(json.loads(json.dumps(request.to_json())))
        return Order(id="1", request=passed, threads=1, room=threading.Semaphore(8))

    def do(self, request: PlayerRequest) -> dict[str, Any]:
        """The facts of the result."""
        order = self.order(request)
        try:
            with cancellable(order.cancel_event):
                return WORK[type(order.request)](self.worker, order)
        finally:
            release_all()

    def messages(self, kind: str) -> list[dict[str, Any]]:
        """The messages of a kind that were sent so far."""
        sent = [json.loads(line) for line in self._output.getvalue().splitlines()]
        return [message for message in sent if message["type"] == kind]
