"""The player: one process for all inference of a workspace, and its queue.

A face asks here and never loads torch itself. Requests wait in the order of their urgency. The
queue stays on this side of the pipe: where the process dies, only what it worked on is lost. It
starts again by itself, and the others go on.

Both sides send JSON, one message a line: nothing in it can run.
"""

import heapq
import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from distill.errors import CancelledError, DistillError, OutputError, PlayerError, UsageError
from distill.library.player_messages import encode_message, encode_order, error_of
from distill.library.player_request import PlayerRequest, Urgency
from distill.library.player_task import (
    AHEAD_BLOCKS,
    Block,
    Patience,
    PlayerEvent,
    PlayerTask,
    TaskState,
)
from distill.library.workspace import Workspace, new_id, open_workspace

MOST_STARTS = 3
"""Processes in a row that may end without work in hand and without a result, before the player
gives up until the next request."""

PATIENCE_S = 5.0
"""Seconds that the process has for leaving a request, or for its end, before it is killed. It looks
ten times a second; only reading a file from a disk that hangs takes so long."""

LARGEST_LOG = 1 << 20
"""Bytes of the log, about, beyond which it begins anew."""


class Player:
    """Makes sounds in a process of its own.

    Args:
        workspace: The workspace. Default: that of `open_workspace`.
        on_event: Called with each `PlayerEvent`, by a thread of the player; it must be quick.
        threads: Threads of the process. Default: one a core, and one while a training runs.

    Example:
        with Player() as player:
            task = player.submit(Generate(model="my.sda", output="new.wav"))
            print(task.result()["files"][0]["path"])
    """

    def __init__(
        self,
        workspace: Workspace | None = None,
        on_event: Callable[[PlayerEvent], None] = lambda event: None,
        threads: int | None = None,
    ) -> None:
        self.workspace = workspace or open_workspace()
        self.threads = threads
        self._on_event = on_event
        # Again by the same thread: an event may ask for the next request.
        self._lock = threading.RLock()
        self._queue: list[tuple[Urgency, int, PlayerTask]] = []
        self._numbers = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._patience: Patience | None = None
        self._is_ready = False
        self._is_closed = False
        self._ends_in_vain = 0
        self._models: list[Path] = []
        self.current: PlayerTask | None = None

    # --- for faces ----------------------------------------------------------------------------

    def __enter__(self) -> "Player":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_ready(self) -> bool:
        """Whether the process has loaded torch and takes requests."""
        return self._is_ready

    @property
    def models(self) -> list[Path]:
        """Model files that the process holds in memory, the one used last at the end."""
        return list(self._models)

    @property
    def process_id(self) -> int | None:
        """Id of the process; None where there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process, if there is none: it takes seconds until it is ready."""
        with self._lock:
            if self._is_closed:
                raise PlayerError("The player is closed: make another one.")
            if self._process is None:
                self._launch()

    def submit(self, request: PlayerRequest, urgency: Urgency | None = None) -> PlayerTask:
        """Ask for work; it begins once nothing more urgent waits.

        Previews and work for the index that run give way to what is more urgent, and begin again
        later.

        Args:
            request: What to do.
            urgency: What it goes before; by default that of its kind.

        Raises:
            PlayerError: The player is closed.
        """
        task = PlayerTask(
            task_id=new_id(),
            request=request,
            urgency=request.urgency if urgency is None else urgency,
            cancel=self._cancel,
            ask_for_blocks=self._ask_for_blocks,
            steer=self._steer,
        )
        with self._lock:
            self.start()
            self._put(task)
            self._let_pass(task)
            self._run_next()
        return task

    def tasks(self) -> list[PlayerTask]:
        """The task that runs, then those that wait, in their order."""
        with self._lock:
            waiting = [task for _, _, task in sorted(self._queue, key=lambda entry: entry[:2])]
            running = [] if self.current is None else [self.current]
            return [*running, *(task for task in waiting if not task.is_over)]

    def close(self) -> None:
        """Cancel all tasks and end the process."""
        with self._lock:
            self._is_closed = True
            process = self._process
            for task in self.tasks():
                self._cancel(task)
        if process is None:
            return
        if not self._is_ready:
            # It only loads torch yet, and would not see the end of its input before that is done.
            process.kill()
        with suppress(OSError):
            # At the end of its input it ends; it may have died before.
            _input(process).close()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._listener is not None and self._listener is not threading.current_thread():
            self._listener.join()

    # --- queue --------------------------------------------------------------------------------

    def _put(self, task: PlayerTask) -> None:
        task.state = TaskState.WAITING
        heapq.heappush(self._queue, (task.urgency, next(self._numbers), task))
        self._tell("waiting", task)

    def _let_pass(self, task: PlayerTask) -> None:
        """Let the current task give way, if it is one that does, and less urgent than `task`."""
        current = self.current
        if current is None or current.is_cancel_asked or current.gives_way:
            return
        if current.urgency >= Urgency.PREVIEW and task.urgency < current.urgency:
            current.gives_way = True
            self._send(encode_message({"type": "cancel", "id": current.id}))

    def _run_next(self) -> None:
        """Send the next task to the process, if that is idle."""
        while self._is_ready and self.current is None and self._queue:
            _, _, task = heapq.heappop(self._queue)
            if task.is_over:
                continue
            try:
                order = encode_order(task.id, task.request, self.threads, AHEAD_BLOCKS)
            except UsageError as error:
                self._end(task, TaskState.FAILED, error)
                continue
            self.current = task
            task.state = TaskState.RUNNING
            self._tell("running", task)
            self._send(order)
            for changes in task.early_changes:
                self._steer(task, changes)

    def _cancel(self, task: PlayerTask) -> None:
        with self._lock:
            if task.is_over or task.is_cancel_asked:
                return
            task.is_cancel_asked = True
            if task is not self.current:
                self._end(task, TaskState.CANCELLED, CancelledError("Cancelled while it waited."))
                return
            self._send(encode_message({"type": "cancel", "id": task.id}))
            process = self._process
            if process is not None:
                self._patience = Patience(PATIENCE_S, process.kill)

    def _ask_for_blocks(self, task: PlayerTask, count: int) -> None:
        with self._lock:
            if task is self.current:
                self._send(encode_message({"type": "more", "id": task.id, "blocks": count}))

    def _steer(self, task: PlayerTask, changes: dict[str, Any]) -> None:
        with self._lock:
            if task is self.current:
                self._send(encode_message({"type": "steer", "id": task.id, "changes": changes}))
            else:
                task.early_changes.append(changes)

    def _end(
        self, task: PlayerTask, state: TaskState, outcome: dict[str, Any] | DistillError
    ) -> None:
        """End `task`; where it was the current one, the next may begin."""
        if task is self.current:
            self.current = None
            if self._patience is not None:
                self._patience.give_up()
                self._patience = None
        task.end(state, outcome)
        facts = {"error": str(outcome)} if isinstance(outcome, DistillError) else outcome
        self._tell(str(state), task, facts)

    def _tell(
        self, kind: str, task: PlayerTask | None = None, facts: dict[str, Any] | None = None
    ) -> None:
        self._on_event(PlayerEvent(type=kind, task=task, facts=facts or {}))

    # --- process ------------------------------------------------------------------------------

    def _launch(self) -> None:
        # Whatever folder this runs in, its own modules come first.
        command = [sys.executable, "-P", "-m", "distill.library.player_process"]
        command.append(str(self.workspace.root))
        log = self.workspace.hidden / "player.log"
        try:
            is_long = log.exists() and log.stat().st_size > LARGEST_LOG
            with open(log, "wb" if is_long else "ab") as words:
                process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words
                )
        except OSError as error:
            raise OutputError(
                f"The player cannot start: {error.strerror or error}; look at {log}."
            ) from error
        self._process = process
        self._tell("warming")
        self._listener = threading.Thread(target=self._listen, args=(process,), daemon=True)
        self._listener.start()

    def _send(self, line: bytes) -> None:
        process = self._process
        if process is None:
            return
        # One that has died is noticed by whoever listens to it.
        with suppress(OSError, ValueError):
            pipe = _input(process)
            pipe.write(line)
            pipe.flush()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Take the messages of a process until it ends, then start another one."""
        assert process.stdout is not None
        for line in process.stdout:
            # The last line of a process that was killed may be torn.
            if line.endswith(b"\n"):
                with self._lock:
                    self._receive(json.loads(line))
        code = process.wait()
        process.stdout.close()
        with suppress(OSError):
            _input(process).close()
        with self._lock:
            self._bury(code)

    def _receive(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "ready":
            self._is_ready = True
            self._tell("ready")
            self._run_next()
            return
        task = self.current
        if task is None or message["id"] != task.id:
            return
        if kind == "progress":
            task.done = message["done"]
            task.total = message["total"]
            self._tell(kind, task, {"done": task.done, "total": task.total})
        elif kind == "block":
            task.take_block(Block.from_json(message))
        elif kind == "written":
            task.files.append(message["facts"])
            self._tell(kind, task, message["facts"])
        elif kind == "steered":
            self._tell(kind, task, {"error": message["error"]})
        else:
            self._ends_in_vain = 0
            # An order that could not be read has changed nothing.
            if "models" in message:
                self._models = [Path(path) for path in message["models"]]
            self._finish(task, message)
            self._run_next()

    def _finish(self, task: PlayerTask, message: dict[str, Any]) -> None:
        """End `task` as the process says, or let it wait again where it gave way."""
        if message["type"] == "done":
            self._end(task, TaskState.DONE, message["facts"])
        elif message["type"] == "failed":
            self._end(task, TaskState.FAILED, error_of(message))
        elif task.gives_way and not task.is_cancel_asked:
            task.gives_way = False
            self.current = None
            self._put(task)
        else:
            self._end(task, TaskState.CANCELLED, CancelledError(message["sentence"]))

    def _bury(self, code: int) -> None:
        """After the end of the process: say what it worked on, and start another one."""
        was_ready = self._is_ready
        # A request that ends the process is lost with it, so that it comes to an end by itself.
        is_in_vain = self.current is None
        self._is_ready = False
        self._process = None
        self._models = []
        self._lose_current(code)
        if self._is_closed:
            return
        self._ends_in_vain += is_in_vain
        if self._ends_in_vain >= MOST_STARTS:
            log = self.workspace.hidden / "player.log"
            deed = "ends as soon as it is ready" if was_ready else "cannot start"
            self._give_up(
                code, PlayerError(f"The player {deed} (exit code {code}): {log} says why.")
            )
            return
        self._tell("died", facts={"exit_code": code})
        # Whoever heard of it may have asked for more already, or closed the player.
        if self._process is not None or self._is_closed:
            return
        try:
            self._launch()
        except OutputError as error:
            self._give_up(code, error)

    def _give_up(self, code: int, error: DistillError) -> None:
        """Let all waiting tasks fail; the next request tries to start a process again."""
        self._ends_in_vain = 0
        # What is asked for at this news begins with another process.
        tasks = self.tasks()
        self._tell("died", facts={"exit_code": code, "error": str(error)})
        for task in tasks:
            if not task.is_over:
                self._end(task, TaskState.FAILED, error)

    def _lose_current(self, code: int) -> None:
        task = self.current
        if task is None:
            return
        if task.is_cancel_asked or self._is_closed:
            self._end(task, TaskState.CANCELLED, CancelledError("Cancelled before it was done."))
            return
        request = task.request
        sentence = (
            f"The player ended (exit code {code}) while it {request.verb} {request.subject}: "
            "it has started again, so try once more."
        )
        self._end(task, TaskState.FAILED, PlayerError(sentence))


def _input(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdin is not None
    return process.stdin
