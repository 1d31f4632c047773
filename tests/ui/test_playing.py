"""Routes that the player answers, with its real process and a small real model."""

import io
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from starlette.testclient import TestClient

from distill.library.corpus_folders import remember_corpus
from distill.library.document_file import read_document
from distill.library.documents import document_folder
from distill.library.previews import SEEDS
from distill.library.renders import load_render
from distill.library.workspace import Workspace
from distill.ui.context import Context
from tests.ui.conftest import URL, WS
from tests.ui.test_events import message, until
from tests.ui.test_routes import API, scanned

WAIT_S = 300.0
"""Seconds after which a test counts as hanging."""


@pytest.fixture(scope="module")
def model(workspace: Workspace, trained: Path) -> str:
    """Id of a model with a prior in the library."""
    workspace.models.mkdir(exist_ok=True)
    (workspace.models / "plucks.sda").write_bytes(trained.read_bytes())
    return "plucks"


def finished(client: TestClient, task: dict[str, Any]) -> dict[str, Any]:
    """A task once it is over."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        shown: dict[str, Any] = client.get(f"{API}/takes/{task['id']}").json()
        if shown["state"] not in ("waiting", "running"):
            return shown
        time.sleep(0.05)
    raise AssertionError("it hangs")


def test_a_model_is_shown_with_its_codes(client: TestClient, model: str) -> None:
    shown = client.get(f"{API}/models/{model}").json()
    assert (shown["file"], shown["has_prior"], len(shown["corpus"])) == ("plucks.sda", True, 8)
    assert sorted(shown["tags"]) == ["high", "low"]
    levels = client.get(f"{API}/models/{model}/codebook").json()
    assert [sum(level["counts"]) > 0 for level in levels] == [True] * shown["levels"]
    url = f"{API}/models/{model}/entries/1/3/audio"
    assert client.get(url).content[:4] == b"RIFF"
    assert client.get(f"{API}/models/{model}/entries/1/999/audio").status_code == 400
    noted = client.patch(f"{API}/models/{model}", json={"name": "My plucks"}).json()
    assert noted["name"] == "My plucks"


def test_a_model_is_sent(client: TestClient, model: str, trained: Path) -> None:
    content = trained.read_bytes()
    again = client.put(f"{API}/models", params={"name": "other.sda"}, content=content)
    assert "already" in again.json()["error"]
    shown = client.get(f"{API}/models/{model}").json()
    deleted = client.delete(f"{API}/models/{shown['id']}", params={"for_good": "true"})
    assert deleted.json()["id"] == shown["id"]
    sent = client.put(f"{API}/models", params={"name": "plucks.sda"}, content=content)
    assert (sent.status_code, sent.json()["file"]) == (201, "plucks.sda")
    broken = client.put(f"{API}/models", params={"name": "b.sda"}, content=content[:-100])
    assert broken.status_code == 422
    assert client.put(f"{API}/models", params={"name": "a.wav"}, content=b"").status_code == 400


def test_takes_become_renders_and_documents(
    client: TestClient, context: Context, workspace: Workspace, model: str
) -> None:
    body = {"model": model, "settings": {"duration": 0.5, "temperature": 0.9}, "seed": 5}
    line = client.post(f"{API}/takes/command", json=body | {"count": 2}).json()["command"]
    assert "--duration 0.5 --temperature 0.9 --number 2 --seed 5" in line
    assert client.post(f"{API}/models/{model}/warm").status_code == 204
    tasks = client.post(f"{API}/takes", json=body | {"count": 2}).json()
    takes = [finished(client, task) for task in tasks]
    assert [(take["state"], len(take["renders"])) for take in takes] == [("done", 1)] * 2
    render = load_render(workspace, takes[1]["renders"][0])
    assert (render.seed, render.recipe["sampling"]["temperature"]) == (6, 0.9)
    types = {event.type for event in context.hub.after(0) or []}
    assert {"player.ready", "take.drawing", "take.ready", "take.done"} <= types
    again = finished(client, client.post(f"{API}/renders/{render.id}/again", json={}).json())
    (second,) = again["renders"]
    assert (
        client.get(f"{API}/renders/{second}/audio").content
        == client.get(f"{API}/renders/{render.id}/audio").content
    )
    check_export(client, render.id)
    for wrong in ({"way": "continue"}, {"temperature": -1}, {"no_such": 1}):
        refused = client.post(f"{API}/takes", json={"model": model, "settings": wrong})
        assert refused.status_code == 400
    longer = {"way": "continue", "duration": 0.4}
    source = {"kind": "render", "id": render.id}
    order = {"model": model, "settings": longer, "source": source}
    (longer_take,) = client.post(f"{API}/takes", json=order).json()
    assert finished(client, longer_take)["state"] == "done"
    check_document(client, workspace, render.id)


def check_export(client: TestClient, render: str) -> None:
    """Take a render away in other forms."""
    url = f"{API}/renders/{render}/export"
    for name, begin in (("opus", b"OggS"), ("aiff", b"FORM"), ("mp3", b"ID3")):
        sent = client.get(url, params={"format": name})
        assert sent.content.startswith(begin)
        assert sent.headers["content-disposition"].endswith(f'.{name}"')
    form = {"format": "wav", "rate": 44_100, "bits": "16", "mono": "true", "loudness_target": -20}
    content = io.BytesIO(client.get(url, params=form).content)
    info = sf.info(content)
    assert (info.samplerate, info.subtype, info.frames) == (44_100, "PCM_16", 22_050)
    for wrong in ({"format": "wav", "bitrate": 96}, {"format": "opus", "rate": 44_100}):
        assert client.get(url, params=wrong).status_code == 400


def check_document(client: TestClient, workspace: Workspace, render: str) -> None:
    """Edit the codes of a render, with the model and without, and hear them."""
    document = client.post(f"{API}/documents", json={"kind": "render", "id": render}).json()
    url = f"{API}/documents/{document['id']}"
    first = {"rev": 0, "line": "drift --amount 0.5 --seed 3"}
    (edit,) = client.post(f"{url}/edits", json=first).json()
    assert (edit["rev"], edit["frames"]) == (1, document["frames"])
    kept = read_document(document_folder(workspace, document["id"]))
    assert kept.edits[0].model
    late = client.post(f"{url}/edits", json=first)
    assert late.status_code == 409
    whole = client.get(f"{url}/audio")
    assert whole.content == client.get(f"{url}/audio", params={"rev": 1}).content
    part = client.get(f"{url}/audio", params={"from": "2f", "to": "6f", "levels": "1"})
    assert 44 < len(part.content) < len(whole.content)
    trial = client.post(f"{url}/try", json={"rev": 1, "lines": ["reverse"]})
    assert trial.content[:4] == b"RIFF"
    assert trial.content != whole.content
    assert client.get(url).json()["rev"] == 1
    check_sounds(client, url, document["frames"])


def check_sounds(client: TestClient, url: str, frames: int) -> None:
    """Hear a document before its last edit, a column of it, and what an edit would change."""
    now = client.get(f"{url}/audio")
    view = client.get(url).json()
    assert view["grid"] == view["edits"][0]["grid"]
    before = client.get(f"{url}/audio", params={"grid": view["first"]})
    assert before.content != now.content
    assert before.headers["x-span"] == f"0,{frames}"
    assert client.get(f"{url}/audio", params={"grid": "ab" * 16}).status_code == 404
    assert client.get(f"{url}/audio", params={"rev": 0}).status_code == 409
    column = client.get(f"{url}/audio", params={"column": "3f"})
    assert (column.headers["x-span"], column.content[:4]) == ("3,4", b"RIFF")
    body = {"rev": 1, "lines": ["repeat --from 4f --to 6f"], "around": 2}
    first, again = (client.post(f"{url}/try", json=body) for _ in range(2))
    start, stop = map(int, first.headers["x-span"].split(","))
    # Equal codes may hide where the two frames more begin.
    assert 2 <= start < stop <= 10
    assert (again.headers["x-span"], again.content) == (first.headers["x-span"], first.content)
    sound = client.get(f"{url}/sound", params={"rev": 1}).json()
    assert sound["loudness_lufs"] == pytest.approx(float(now.headers["x-loudness"]), abs=0.01)
    assert client.get(f"{API}/sounds/{sound['hash']}/audio").content == now.content
    assert client.get(f"{API}/sounds/{sound['hash']}/peaks").status_code == 200
    model = view["model"]
    curves = client.get(f"{API}/sounds/{sound['hash']}/descriptors", params={"model": model})
    assert len(curves.json()["curves"]["loudness"]) > 0


def test_what_browsers_cannot_play_is_converted_and_drawn(
    client: TestClient, workspace: Workspace, model: str, sounds: Path
) -> None:
    remember_corpus(workspace, sounds)
    url = f"{API}/sounds/{scanned(workspace, sounds, ['c.aiff'])['c.aiff']}"
    for _ in range(2):
        assert client.get(f"{url}/audio").content[:4] == b"fLaC"
    peaks = client.get(f"{url}/peaks", params={"per": 1024})
    values = np.frombuffer(peaks.content, np.int8).reshape(-1, 2)
    assert (len(values), values.max(), peaks.headers["x-sample-rate"]) == (24, 39, "48000")
    assert client.get(f"{url}/peaks", params={"per": 7}).status_code == 400
    assert client.get(f"{url}/spectrogram").json()["tiles"] == 1
    for name in ("thumbnail", "spectrogram/0"):
        assert client.get(f"{url}/{name}").content[8:12] == b"WEBP"
    assert client.get(f"{url}/spectrogram/5").status_code == 404
    # A sine at 0.3 from both loudspeakers, of 600 Hz, where K-weighting takes 0.6 dB.
    for _ in range(2):
        loudness = client.get(f"{url}/loudness", params={"start": 0.0, "stop": 0.5}).json()
        assert loudness["loudness_lufs"] == pytest.approx(-11.1, abs=0.1)
    assert client.get(f"{url}/loudness", params={"start": 3.0}).status_code == 400
    measured = client.get(f"{url}/descriptors", params={"model": model})
    known = {"If-None-Match": measured.headers["etag"]}
    again = client.get(f"{url}/descriptors", params={"model": model}, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    curves = measured.json()
    assert set(curves["curves"]) == {"loudness", "brightness", "noisiness", "pitch", "onsets"}
    body = {"kind": "sound", "id": url.rpartition("/")[2], "model": model}
    assert client.post(f"{API}/documents", json=body).json()["frames"] == 24
    sent = client.put(
        f"{API}/documents",
        params={"name": "c.aiff", "model": model},
        content=(sounds / "c.aiff").read_bytes(),
    ).json()
    assert (sent["frames"], sent["name"], bool(sent["model"])) == (24, "c", True)


def test_two_takes_are_compared_without_names(
    client: TestClient, workspace: Workspace, model: str
) -> None:
    body = {"model": model, "settings": {"duration": 0.5}, "seed": 1, "count": 2}
    takes = [finished(client, task) for task in client.post(f"{API}/takes", json=body).json()]
    first, second = ({"kind": "render", "id": take["renders"][0]} for take in takes)
    order = {"pairs": [{"first": first, "second": second}], "sides": ["old", "new"], "seed": 1}
    made = finished(client, client.post(f"{API}/comparisons/sounds", json=order).json())
    url = f"{API}/comparisons/{made['result']['comparison']}"
    blind = client.get(url)
    assert "generated" not in json.dumps(blind.json()["pairs"])
    assert blind.json()["result"] is None
    for side in "xy":
        assert client.get(f"{url}/pairs/1/{side}/audio").content[:4] == b"RIFF"
    assert client.get(f"{url}/pairs/1/same/audio").status_code == 400
    voted = client.post(f"{url}/votes", json={"pair": 1, "choice": "x", "why": "warmer"}).json()
    assert sorted(voted["result"]["preferred"]) == [0, 1]
    assert voted["pairs"][0]["x"] != voted["pairs"][0]["y"]
    assert client.post(f"{url}/votes", json={"pair": 1, "choice": "y"}).status_code == 400
    assert client.delete(url, params={"for_good": "true"}).json()["id"] == url.rpartition("/")[2]


def test_a_stream_plays_is_steered_and_stops(client: TestClient, model: str) -> None:
    start = {"model": model, "settings": {"temperature": 0.8}, "seed": 3}
    with client.websocket_connect(f"{WS}/live", headers={"Origin": URL}) as socket:
        socket.send_text("nonsense")
        assert "error" in json.loads(socket.receive_text())
        socket.send_text(json.dumps({"start": start | {"model": "none"}}))
        assert "error" in json.loads(socket.receive_text())
        socket.send_text(json.dumps({"start": start}))
        assert json.loads(socket.receive_text())["state"] == "waiting"
        heard = []
        for number in range(3):
            block = json.loads(socket.receive_text())["block"]
            samples = np.frombuffer(socket.receive_bytes(), "<f4")
            heard.append(samples)
            assert block["start_s"] == pytest.approx(number * 0.25, abs=0.03)
            assert len(samples) % block["channels"] == 0
        assert np.abs(np.concatenate(heard)).max() > 0
        with client.websocket_connect(f"{WS}/live", headers={"Origin": URL}) as other:
            assert "Another tab" in json.loads(other.receive_text())["end"]["error"]
        socket.send_text(json.dumps({"steer": {"brightness": 500}}))
        socket.send_text(json.dumps({"steer": {"brightness": 90}}))
        socket.send_text(json.dumps({"stop": True}))
        messages = []
        while "end" not in (messages[-1] if messages else {}):
            received = socket.receive()
            if received.get("text"):
                messages.append(json.loads(received["text"]))
        assert messages[-1]["end"]["error"] == ""
        assert any("between 0 and 100" in said.get("error", "") for said in messages)


def test_a_scan_and_a_training_are_heard_to_their_end(
    client: TestClient,
    corpus_dir: Path,
    context: Context,
    tiny: dict[str, Any],
    tiny_prior: dict[str, Any],
) -> None:
    remember_corpus(context.workspace, corpus_dir)
    (corpus,) = [
        entry
        for entry in client.get(f"{API}/corpora").json()["corpora"]
        if entry["folder"] == str(corpus_dir)
    ]
    with client.websocket_connect(f"{WS}/events", headers={"Origin": URL}) as socket:
        socket.send_text("{}")
        assert "hello" in message(socket)
        scan = client.post(f"{API}/corpora/{corpus['id']}/scan").json()
        assert scan["corpus"] == corpus["id"]
        assert until(socket, "job.verdict")["data"]["job"] == scan["id"]
        until(socket, "job.done")
        listing = client.get(f"{API}/corpora/{corpus['id']}").json()["listing"]
        assert listing["used"] == 8
        settings = {"steps": 4, **tiny}
        order = {"kind": "train", "corpus": corpus["id"], "settings": settings, "prior": tiny_prior}
        training = client.post(f"{API}/jobs", json=order).json()
        number = until(socket, "job.saved")["data"]["event"]["n"]
        until(socket, "job.done")
    detail = client.get(f"{API}/jobs/{training['id']}").json()
    assert detail["job"]["state"] == "done"
    assert detail["curves"]["StepMetrics"]
    events = client.get(f"{API}/jobs/{training['id']}/events", params={"after": number}).json()
    assert events[0]["n"] > number
    assert client.post(f"{API}/jobs/{training['id']}/stop").status_code == 400
    check_previews(client, training["id"])


def seeds_of(preview: dict[str, Any]) -> list[int]:
    """Seeds of the new sounds of a preview."""
    return [file["seed"] for file in preview["files"] if file["seed"] is not None]


def check_previews(client: TestClient, job: str) -> None:
    """Hear what the player made once the prior was there; the fixed set is that of the library."""
    end = time.monotonic() + WAIT_S
    whole: list[dict[str, Any]] = []
    while not whole and time.monotonic() < end:
        time.sleep(0.1)
        previews = client.get(f"{API}/jobs/{job}").json()["previews"]
        # Those of best epochs hold new sounds alone.
        whole = [each for each in previews if seeds_of(each) and each["files"][0]["hash"]]
    preview = whole[-1]
    assert seeds_of(preview) == list(SEEDS)
    assert {file["is_held_out"] for file in preview["files"]} == {True, False}
    assert preview["files"][-1]["copy_percent"] is not None
    assert preview["files"][0]["hash"]
    url = f"{API}/jobs/{job}/previews/{preview['number']}"
    assert client.get(f"{url}/0/audio").content[:4] == b"RIFF"
    assert client.get(f"{url}/99/audio").status_code == 404
    assert client.get(f"{url}/0/picture").content[8:12] == b"WEBP"
    # New sound has no recording to be compared with.
    assert client.get(f"{url}/{len(preview['files']) - 1}/picture").status_code == 404
