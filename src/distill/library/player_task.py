"""A request to the player while it waits, runs and ends, and the news of it."""

import base64
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from distill.errors import CancelledError, DistillError
from distill.inference.sampling.curves import Steering, change_steering
from distill.library.player_request import PlayerRequest, Urgency

AHEAD_BLOCKS = 8
"""Blocks of a stream that are made before one is taken: two seconds."""


class TaskState(StrEnum):
    """Where a task stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Block:
    """A quarter of a second of a stream.

    Attributes:
        samples: Interleaved float32 (little endian): `N` times `C` channels.
        codes: Codes of each frame in it, `t` lists of `Q` numbers.
        channels: `C`.
        sample_rate: In Hz.
    """

    samples: bytes
    codes: list[list[int]]
    channels: int
    sample_rate: int

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Block":
        """The block that the player process sent."""
        return cls(
            samples=base64.b64decode(content["samples"]),
            codes=content["codes"],
            channels=content["channels"],
            sample_rate=content["sample_rate"],
        )


class PlayerTask:
    """A request in the hands of a player; `Player.submit` makes it.

    Attributes:
        id: Its id.
        request: What is asked for.
        urgency: What it goes before.
        state: Where it stands.
        done: How much of it is done, mostly in code frames.
        total: All of it, in the same unit; 0 before that is clear.
        files: Facts of the files that were written so far.
    """

    def __init__(
        self,
        task_id: str,
        request: PlayerRequest,
        urgency: Urgency,
        cancel: Callable[["PlayerTask"], None],
        ask_for_blocks: Callable[["PlayerTask", int], None],
        steer: Callable[["PlayerTask", dict[str, Any]], None],
    ) -> None:
        self.id = task_id
        self.request = request
        self.urgency = urgency
        self.state = TaskState.WAITING
        self.done = 0
        self.total = 0
        self.files: list[dict[str, Any]] = []
        self.is_cancel_asked = False
        self.gives_way = False
        # Of the steering, asked for before it ran.
        self.early_changes: list[dict[str, Any]] = []
        self._cancel = cancel
        self._ask_for_blocks = ask_for_blocks
        self._steer = steer
        self._future: Future[dict[str, Any]] = Future()
        self._blocks: queue.SimpleQueue[Block | None] = queue.SimpleQueue()

    @property
    def future(self) -> Future[dict[str, Any]]:
        """Its result, once it is there."""
        return self._future

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or badly."""
        return self._future.done()

    def cancel(self) -> None:
        """Leave the task: at once if it waits, else within half a second. What is over stays."""
        self._cancel(self)

    def result(self, timeout_s: float | None = None) -> dict[str, Any]:
        """Wait for the facts of the result, as `--json` of the command prints them.

        Raises:
            CancelledError: It was cancelled.
            PlayerError: The player process ended while it worked on it.
            DistillError: What went wrong, as the command says it.
            TimeoutError: It takes longer than `timeout_s` seconds; it goes on.
        """
        return self._future.result(timeout_s)

    def blocks(self) -> Iterator[Block]:
        """Blocks of a stream, each as soon as it is there, until the task is cancelled.

        Raises:
            DistillError: What went wrong, as `distill.stream` says it.
        """
        while (block := self._blocks.get()) is not None:
            self._ask_for_blocks(self, 1)
            yield block
        error = self._future.exception()
        if error is not None and not isinstance(error, CancelledError):
            raise error

    def steer(self, **changes: Any) -> None:
        """Steer a stream another way, from its next event on; nothing else follows.

        What is heard until then was drawn before: `AHEAD_BLOCKS` at most, and the event in hand.
        The player tells `steered` once it is taken up, with a sentence as `error` where this model
        cannot follow; then all stays as it was.

        Args:
            changes: As for `Stream.steer` of `distill.stream`.

        Raises:
            UsageError: A value is out of range.
        """
        change_steering(Steering(), **changes)
        self._steer(self, changes)

    # --- for the player -----------------------------------------------------------------------

    def take_block(self, block: Block) -> None:
        """Put a block where `blocks` finds it."""
        self._blocks.put(block)

    def end(self, state: TaskState, outcome: dict[str, Any] | DistillError) -> None:
        """End with facts, or with an error."""
        self.state = state
        if isinstance(outcome, DistillError):
            self._future.set_exception(outcome)
        else:
            self._future.set_result(outcome)
        self._blocks.put(None)


@dataclass(frozen=True)
class PlayerEvent:
    """News of the player.

    Attributes:
        type: `warming`, `ready` or `died` of the process; `waiting`, `running`, `progress`,
            `written`, `steered`, `done`, `failed` or `cancelled` of a task.
        task: The task; None for the process.
        facts: What there is to say, as JSON can hold it. Of `died`: `exit_code`; and `error`, a
            sentence, where no other process was started.
    """

    type: str
    task: PlayerTask | None = None
    facts: dict[str, Any] = field(default_factory=dict)


class Patience:
    """A call that comes later, unless it is given up before.

    Args:
        seconds: Time until the call.
        call: The function to call.
    """

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._timer = threading.Timer(seconds, call)
        self._timer.daemon = True
        self._timer.start()

    def give_up(self) -> None:
        """Let the call not come."""
        self._timer.cancel()
