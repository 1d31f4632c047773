"""News of the player as events for the tabs."""

from typing import Any

from distill.library.codes_requests import DecodeDocument, EditDocument
from distill.library.player_task import PlayerEvent
from distill.ui.hub import Hub
from distill.ui.words import page_words

TYPES = {
    "waiting": "take.waiting",
    "running": "take.running",
    "progress": "take.drawing",
    "written": "take.ready",
    "steered": "take.steered",
    "done": "take.done",
    "failed": "take.failed",
    "cancelled": "take.cancelled",
}
"""Types of events of a task."""


def publish(hub: Hub, event: PlayerEvent) -> None:
    """Pass news of the player on."""
    task = event.task
    if task is None:
        hub.publish("player", f"player.{event.type}", event.facts)
        return
    data: dict[str, Any] = {"task": task.id, "kind": task.request.kind, "state": str(task.state)}
    if isinstance(task.request, EditDocument | DecodeDocument):
        data |= {"document": task.request.document}
    if event.type == "progress":
        data |= event.facts
    elif event.type == "written":
        data |= {"render": event.facts.get("render"), "copy": event.facts.get("copy")}
    elif event.type in ("failed", "steered"):
        data |= {"error": page_words(event.facts.get("error") or "")}
    elif event.type == "done" and "comparison" in event.facts:
        data |= {"comparison": event.facts["comparison"]}
    hub.publish("player", TYPES[event.type], data)
