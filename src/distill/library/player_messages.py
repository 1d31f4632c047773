"""Messages between the player and its process: JSON, one a line."""

import json
from typing import Any

from distill import errors
from distill.errors import DistillError, UsageError
from distill.library.player_request import PlayerRequest

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""Errors of reading and writing content of any form."""


def encode_message(message: dict[str, Any]) -> bytes:
    """A message to the process, as a line."""
    return json.dumps(message, default=_as_list).encode() + b"\n"


def encode_order(task_id: str, request: PlayerRequest, threads: int | None, blocks: int) -> bytes:
    """The message that lets the process begin with a request.

    Args:
        task_id: Id of its task.
        request: The request.
        threads: Threads to compute on; None for those of the moment.
        blocks: Blocks of a stream that are made before one is taken.

    Raises:
        UsageError: The request holds something that JSON cannot.
    """
    order = {"type": "run", "id": task_id, "threads": threads, "blocks": blocks}
    try:
        return encode_message(order | {"request": request.to_json()})
    except UNREADABLE as error:
        raise UsageError(
            f"The player cannot send this request ({error}): give numbers, texts and lists."
        ) from error


def refusal_of(line: bytes, error: Exception) -> dict[str, Any]:
    """The answer to a line that is no message: the end of its task, where it names one."""
    try:
        message = json.loads(line)
        # Others than `run` end no task.
        task_id = message["id"] if message["type"] == "run" else None
    except UNREADABLE:
        task_id = None
    sentence = f"The player cannot read this request ({type(error).__name__}: {error}): check it."
    return {"type": "failed", "id": task_id, "error": "UsageError", "sentence": sentence}


def error_of(message: dict[str, Any]) -> DistillError:
    """The error that the process met, of the same class."""
    cls = getattr(errors, message["error"], DistillError)
    error: DistillError = cls(message["sentence"])
    return error


def _as_list(value: Any) -> Any:
    """A curve as JSON can hold it: an array as lists."""
    return value.tolist()
