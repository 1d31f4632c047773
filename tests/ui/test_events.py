"""Events: what tabs hear of the server, and of what other processes change."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession

from distill.library.documents import create_document, undo
from distill.library.editing import Editor
from distill.library.job_types import JobOrder
from distill.library.presets import save_preset
from distill.library.workspace import Workspace, open_workspace
from distill.ui.context import Context
from distill.ui.hub import MOST_EVENTS, Hub
from distill.ui.job_watch import JobWatch
from distill.ui.library_watch import LibraryWatch
from distill.ui.watch import Watch
from tests.library.makers import grid, keep
from tests.page.waiting import until as wait
from tests.ui.conftest import URL, WS

ORIGIN = {"Origin": URL}


def message(socket: WebSocketTestSession) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(socket.receive_text())
    return content


def until(socket: WebSocketTestSession, kind: str) -> dict[str, Any]:
    """The next event of a type."""
    while (event := message(socket))["type"] != kind:
        pass
    return event


def test_two_tabs_hear_the_same_and_what_they_missed(client: TestClient, context: Context) -> None:
    with client.websocket_connect(f"{WS}/events", headers=ORIGIN) as first:
        first.send_text("{}")
        hello = message(first)["hello"]
        assert not hello["is_reset"]
        context.hub.publish("disk", "disk.low", {"free_bytes": 7})
        event = until(first, "disk.low")
        assert (event["topic"], event["data"]) == ("disk", {"free_bytes": 7})
    since = {"since": event["n"] - 1, "run": hello["run"]}
    with client.websocket_connect(f"{WS}/events", headers=ORIGIN) as second:
        second.send_text(json.dumps(since))
        assert not message(second)["hello"]["is_reset"]
        assert until(second, "disk.low") == event
    with client.websocket_connect(f"{WS}/events", headers=ORIGIN) as third:
        third.send_text(json.dumps(since | {"run": "another"}))
        assert message(third)["hello"]["is_reset"]


@pytest.mark.parametrize("text", ["", "[]", '{"since": "a"}', '{"more": 1}', "x" * 70_000])
def test_a_first_message_that_is_none_ends_the_connection(client: TestClient, text: str) -> None:
    with client.websocket_connect(f"{WS}/events", headers=ORIGIN) as socket:
        socket.send_text(text)
        assert socket.receive()["type"] == "websocket.close"


def test_changes_of_other_processes_are_heard(
    client: TestClient, context: Context, workspace: Workspace
) -> None:
    document = create_document(workspace, grid(), "codes")
    with client.websocket_connect(f"{WS}/events", headers=ORIGIN) as socket:
        socket.send_text("{}")
        message(socket)
        render = keep(workspace, workspace.renders / "new.wav")
        assert render.id in until(socket, "library.render")["data"]["added"]
        save_preset(workspace, "warm", {"temperature": 0.5})
        assert until(socket, "library.preset")["data"]["added"] == ["warm.json"]
        Editor(workspace).edit(document.id, "reverse")
        event = until(socket, "doc.edited")
        assert event["topic"] == f"doc:{document.id}"
        undo(workspace, document.id)
        assert until(socket, "doc.edited")["topic"] == f"doc:{document.id}"


def test_the_watch_looks_at_once_where_something_has_changed(
    context: Context, workspace: Workspace
) -> None:
    watch = Watch(context, look_s=3600.0)
    watch.start()
    try:
        keep(workspace, workspace.renders / "new.wav")
        context.has_changed.set()
        wait(lambda: [event.type for event in context.hub.after(0) or []], "news")
    finally:
        watch.stop()


def test_changes_by_tabs_wake_the_watch_and_reading_does_not(
    client: TestClient, context: Context, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = keep(workspace, workspace.renders / "new.wav")
    calls: list[str] = []
    monkeypatch.setattr(context.has_changed, "set", lambda: calls.append("set"))
    client.get(f"/api/v1/renders/{render.id}").raise_for_status()
    client.patch(f"/api/v1/renders/{render.id}", json={"no such entry": 1})
    assert not calls
    client.patch(f"/api/v1/renders/{render.id}", json={"starred": True}).raise_for_status()
    assert calls == ["set"]


def test_a_hub_forgets_the_oldest() -> None:
    hub = Hub()
    for number in range(MOST_EVENTS + 10):
        hub.publish("disk", "disk.ok", {"number": number})
    assert hub.after(5) is None
    kept = hub.after(10)
    assert kept is not None
    assert [event.n for event in kept] == list(range(11, MOST_EVENTS + 11))
    assert hub.after(hub.last) == []


def test_jobs_of_other_processes_are_watched(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio")
    old = job_lines(workspace, "20261129-010101-000000aaaa")
    watch = JobWatch(workspace)
    assert watch.look() == []
    new = job_lines(workspace, "20261129-020202-000000bbbb")
    add_event(old, 3, "JobResumed")
    news = watch.look()
    assert {(item.job, item.event.n) for item in news if item.event} == {
        (old.name, 3),
        (new.name, 1),
        (new.name, 2),
    }
    # Neither process lives, and neither said its last word.
    watch._next_alive = 0.0
    assert {item.job for item in watch.look() if item.event is None} == {old.name, new.name}
    watch._next_alive = 0.0
    assert watch.look() == []
    add_event(new, 3, "JobDone")
    assert [item.event.type for item in watch.look() if item.event] == ["JobDone"]


def job_lines(workspace: Workspace, job_id: str) -> Path:
    """A job that was cut off after two events; returns its folder."""
    folder = workspace.jobs / job_id
    folder.mkdir(parents=True)
    order = JobOrder(
        id=job_id, kind="scan", title="a", arguments={"sounds": "a"}, created=1.0, distill="0"
    )
    (folder / "job.json").write_text(json.dumps({"version": 1, **vars(order)}))
    add_event(folder, 1, "JobRunning")
    add_event(folder, 2, "ScanProgress")
    return folder


def add_event(folder: Path, number: int, kind: str) -> None:
    with open(folder / "events.jsonl", "a") as file:
        file.write(json.dumps({"n": number, "t": 1.0, "type": kind}) + "\n")


def test_models_and_comparisons_are_watched(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio")
    watch = LibraryWatch(workspace)
    assert watch.look() == []
    (workspace.models / "old").mkdir(parents=True)
    (workspace.models / "old" / "a.sda").write_bytes(b"a")
    (workspace.models / ".hidden.sda").write_bytes(b"a")
    (workspace.comparisons / "c").mkdir(parents=True)
    (workspace.comparisons / "c" / "comparison.json").write_text("{}")
    changes = {change.kind: change for change in watch.look()}
    assert {kind: change.added for kind, change in changes.items()} == {
        "model": ["old/a.sda"],
        "comparison": ["c"],
    }
    (workspace.models / "old" / "a.sda").unlink()
    (change,) = watch.look()
    assert (change.kind, change.gone) == ("model", ["old/a.sda"])
    assert watch.look() == []
