"""Routes that need no player: each resource from its making to its end."""

from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from distill.errors import OutputError, RevisionError, TooLittleRoomError
from distill.library.corpora import find_corpus
from distill.library.corpus_folders import remember_corpus
from distill.library.corpus_listing import keep_scan
from distill.library.documents import create_document
from distill.library.picture_cache import content_hash
from distill.library.renders import load_render
from distill.library.workspace import Workspace
from distill.training.config import default_minutes
from distill.ui.api import error_response
from distill.ui.context import Context
from distill.ui.routes.places import token_of_path
from tests.library.makers import grid, keep

API = "/api/v1"


def scanned(workspace: Workspace, folder: Path, names: list[str]) -> dict[str, str]:
    """Keep a scan of files, as a job does; returns their hashes by name."""
    hashes = {name: content_hash(workspace, folder / name) for name in names}
    files = [
        {
            "name": name,
            "hash": digest,
            "used": True,
            "reason": "",
            "flags": ["clipping"],
            "advice": ["record it lower"],
            "clipped_at_s": [0.25],
            "duration_s": 0.5,
            "loudness": -12.0,
            "tempo": None,
            "key": None,
        }
        for name, digest in hashes.items()
    ]
    facts = {"verdict": "go", "advice": ["All is well."], "total_s": 1.0, "files": files}
    keep_scan(workspace, find_corpus(workspace, folder), facts)
    return hashes


def test_a_corpus_from_its_place_to_its_end(
    client: TestClient, context: Context, sounds: Path
) -> None:
    token = token_of_path(context.secret, sounds.parent)
    (place,) = [
        place for place in client.get(f"{API}/places/{token}").json() if place["name"] == "voices"
    ]
    assert (place["sounds"], place["is_counted"], place["has_folders"]) == (3, True, True)
    corpus = client.post(f"{API}/corpora", json={"place": place["token"]}).json()
    assert (corpus["folder"], corpus["is_owned"]) == (str(sounds), False)
    url = f"{API}/corpora/{corpus['id']}"
    unread = client.get(url).json()["listing"]["files"]
    assert len(unread) == 3
    assert not any(file["is_measured"] for file in unread)
    by_name = client.get(f"{url}/audio", params={"name": "low/b.wav"})
    assert by_name.content == (sounds / "low" / "b.wav").read_bytes()
    assert by_name.headers["cache-control"] == "no-store"
    missing = client.get(f"{url}/audio", params={"name": "../voices/a.wav"})
    assert (missing.status_code, "no sound" in missing.json()["error"]) == (404, True)
    hashes = scanned(context.workspace, sounds, ["a.wav", "low/b.wav"])
    choices = {"muted": {hashes["a.wav"]: True}, "weights": {hashes["low/b.wav"]: 2}}
    tags = {"tags": {hashes["a.wav"]: ["drums", "drums"]}, "notes": {hashes["a.wav"]: " hum "}}
    listing = client.patch(url, json=choices | tags).json()["listing"]
    first, second, third = listing["files"]
    assert (third["name"], third["is_measured"]) == ("c.aiff", False)
    assert (first["advice"], first["clipped_at_s"]) == (["record it lower"], [0.25])
    assert listing["default_minutes"] == default_minutes(1.0)
    assert (first["muted"], first["tags"], first["note"]) == (True, ["drums"], "hum")
    assert (second["weight"], second["muted"]) == (2, False)
    for wrong in (
        {"weights": {hashes["a.wav"]: 99}},
        {"muted": {"ab" * 32: True}},
        {"muted": {hashes["a.wav"]: 1}},
        {"tags": {hashes["a.wav"]: [""]}},
    ):
        assert client.patch(url, json=wrong).status_code == 400
    assert client.get(url).json()["listing"] == listing
    assert corpus["id"] in [entry["id"] for entry in client.get(f"{API}/corpora").json()["corpora"]]
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404
    assert (sounds / "a.wav").exists()


def test_sounds_are_dropped_into_a_new_corpus(
    client: TestClient, workspace: Workspace, sounds: Path
) -> None:
    corpus = client.post(f"{API}/corpora", json={"name": "dropped"}).json()
    assert corpus["is_owned"]
    url = f"{API}/corpora/{corpus['id']}/files"
    content = (sounds / "a.wav").read_bytes()
    answer = client.put(url, params={"path": "kicks/a.wav"}, content=content).json()
    path = workspace.sounds / "dropped" / "kicks" / "a.wav"
    assert path.read_bytes() == content
    assert answer["name"] == "kicks/a.wav"
    other = (sounds / "low" / "b.wav").read_bytes()
    assert client.put(url, params={"path": "kicks/a.wav"}, content=other).json()["name"] == (
        "kicks/a-2.wav"
    )
    hashes = scanned(workspace, path.parent.parent, ["kicks/a.wav"])
    again = client.put(url, params={"path": "b.wav"}, content=content).json()
    assert (again["is_present"], again["hash"]) == (True, hashes["kicks/a.wav"])
    for name in ("dropped", "a/b", "..", ""):
        assert client.post(f"{API}/corpora", json={"name": name}).status_code == 400


def test_a_sound_is_played_in_ranges(
    client: TestClient, workspace: Workspace, sounds: Path
) -> None:
    remember_corpus(workspace, sounds)
    digest = scanned(workspace, sounds, ["low/b.wav"])["low/b.wav"]
    url = f"{API}/sounds/{digest}"
    assert client.get(url).json()["name"] == "low/b.wav"
    content = (sounds / "low" / "b.wav").read_bytes()
    whole = client.get(f"{url}/audio")
    assert (whole.content, whole.headers["content-type"]) == (content, "audio/wav")
    assert "immutable" in whole.headers["cache-control"]
    part = client.get(f"{url}/audio", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, content[100:200])
    assert client.get(f"{url}/audio", headers={"Range": "bytes=999999-"}).status_code == 416
    (sounds / "low" / "b.wav").write_bytes(content[:-2])
    assert client.get(f"{url}/audio").status_code == 404


def test_a_render_from_its_list_to_the_bin(client: TestClient, workspace: Workspace) -> None:
    renders = [keep(workspace, workspace.renders / f"{n}.wav", seed=n) for n in range(3)]
    page = client.get(f"{API}/renders", params={"limit": 2}).json()
    assert [row["seed"] for row in page["renders"]] == [2, 1]
    assert page["renders"][0]["hash"] == renders[2].sha256
    assert page["renders"][0]["loudness_lufs"] == renders[2].loudness_lufs
    assert page["total"] == 3
    rest = client.get(f"{API}/renders", params={"limit": 2, "cursor": page["cursor"]}).json()
    assert ([row["seed"] for row in rest["renders"]], rest["cursor"]) == ([0], "")
    url = f"{API}/renders/{renders[0].id}"
    shown = client.patch(url, json={"starred": True, "notes": "warm"}).json()
    assert (shown["starred"], shown["notes"], shown["is_same"]) == (True, "warm", True)
    answer = client.get(url)
    assert answer.json()["commands"]["star"].split()[:4] == [
        "distill",
        "renders",
        "star",
        renders[0].id,
    ]
    kept = client.get(url, headers={"If-None-Match": answer.headers["etag"]})
    assert (kept.status_code, kept.headers["cache-control"]) == (304, "private, no-cache")
    client.patch(url, json={"notes": "warmer"})
    assert client.get(url, headers={"If-None-Match": answer.headers["etag"]}).status_code == 200
    found = client.get(f"{API}/renders", params={"starred": "true", "q": "warm"}).json()
    assert [row["id"] for row in found["renders"]] == [renders[0].id]
    sound = client.get(f"{API}/sounds/{shown['hash']}/audio").content
    assert sound == client.get(f"{url}/audio").content == renders[0].path.read_bytes()
    export = client.get(f"{url}/export", params={"format": "wav"})
    assert "attachment" in export.headers["content-disposition"]
    assert client.get(f"{url}/export", params={"format": "codes"}).content[:2] == b"\x1f\x8b"
    assert client.get(f"{url}/export", params={"format": "exe"}).status_code == 400
    assert client.delete(url, params={"for_good": "true"}).json()["id"] == renders[0].id
    assert client.get(url).status_code == 404
    assert client.get(f"{API}/sounds/{shown['hash']}").status_code == 404
    assert load_render(workspace, renders[1].id).id == renders[1].id


def test_a_document_is_edited_in_the_order_of_its_revisions(
    client: TestClient, workspace: Workspace
) -> None:
    render = keep(workspace, workspace.renders / "codes.wav", seed=9)
    body = {"kind": "render", "id": render.id, "name": "dialogue"}
    document = client.post(f"{API}/documents", json=body).json()
    url = f"{API}/documents/{document['id']}"
    frames = document["frames"]
    answer = client.get(f"{url}/grid")
    levels = int(answer.headers["x-levels"])
    codes = np.frombuffer(answer.content[: 2 * frames * levels], "<u2").reshape(frames, levels)
    assert len(answer.content) == 2 * codes.size + -(-codes.size // 8)
    (edit,) = client.post(f"{url}/edits", json={"rev": 0, "line": "reverse"}).json()
    assert (edit["rev"], edit["line"]) == (1, "reverse")
    part = client.get(f"{url}/grid", params={"from": 1, "to": 3, "rev": 1})
    assert np.array_equal(
        np.frombuffer(part.content[: 4 * levels], "<u2").reshape(2, levels), codes[::-1][1:3]
    )
    late = client.post(f"{url}/edits", json={"rev": 0, "line": "reverse"})
    assert (late.status_code, late.json()["kind"], late.json()["rev"]) == (409, "RevisionError", 1)
    assert client.get(f"{url}/grid", params={"rev": 0}).status_code == 409
    assert client.get(f"{url}/script").text == "reverse\n"
    step = client.post(f"{url}/undo", json={"rev": 1}).json()
    assert (step["rev"], step["cursor"]) == (2, 0)
    assert client.get(f"{url}/grid").content == answer.content
    assert client.post(f"{url}/undo", json={"rev": 2}).status_code == 400
    assert client.post(f"{url}/redo", json={"rev": 2}).json()["cursor"] == 1
    wrong = client.post(f"{url}/edits", json={"rev": 3, "line": "paste --with /etc/passwd"})
    assert wrong.status_code in (400, 404, 422)
    assert client.get(f"{url}/codes").content[:2] == b"\x1f\x8b"
    sent = client.put(
        f"{API}/documents", params={"name": "a.json.gz"}, content=client.get(f"{url}/codes").content
    )
    assert sent.json()["frames"] == frames
    assert (
        client.put(f"{API}/documents", params={"name": "a.json"}, content=b"{}").status_code == 422
    )
    # A sound is encoded by a model that is named.
    refused = client.put(f"{API}/documents", params={"name": "a.wav"}, content=b"RIFF")
    assert (refused.status_code, "choose one" in refused.json()["error"]) == (400, True)
    assert client.patch(url, json={"name": "other"}).json()["name"] == "other"
    # Its model is not in the library.
    assert client.get(f"{url}/audio").status_code == 422


def test_locks_are_sent_as_bits(client: TestClient, workspace: Workspace) -> None:
    document = create_document(workspace, grid(), "locked")
    url = f"{API}/documents/{document.id}"
    client.post(f"{url}/edits", json={"rev": 0, "line": "lock --levels 1"})
    answer = client.get(f"{url}/grid")
    bits = np.frombuffer(answer.content[-2:], np.uint8)
    locked = np.unpackbits(bits, bitorder="little")[:15].reshape(5, 3)
    assert locked.tolist() == [[1, 0, 0]] * 5


def test_presets_and_drafts(client: TestClient) -> None:
    body = {"title": "drums/warm", "settings": {"temperature": 0.8, "way": "loop"}}
    preset = client.put(f"{API}/presets", json=body).json()
    assert preset["settings"] == body["settings"]
    assert client.put(f"{API}/presets", json=body).status_code == 400
    assert client.put(f"{API}/presets", json=body | {"overwrite": True}).status_code == 200
    wrong = client.put(f"{API}/presets", json={"title": "b", "settings": {"temperature": -1}})
    assert "wildness" in wrong.json()["error"]
    assert len(client.get(f"{API}/presets", params={"q": "loop"}).json()["presets"]) == 1
    url = f"{API}/presets/{preset['id']}"
    assert client.delete(url, params={"for_good": "true"}).status_code == 200
    assert client.get(url).status_code == 404
    draft = f"{API}/drafts/make-voices"
    assert client.get(draft).json() == {"draft": {}}
    for text in ("a", "b"):
        assert client.put(draft, json={"draft": {"seed": text}}).status_code == 204
        assert client.get(draft).json() == {"draft": {"seed": text}}
    assert client.delete(draft).status_code == 204
    assert client.delete(draft).status_code == 204
    assert client.get(draft).json() == {"draft": {}}


def test_a_job_names_its_folder_by_id(
    client: TestClient, workspace: Workspace, sounds: Path
) -> None:
    corpus = remember_corpus(workspace, sounds)
    wrong = [
        {"kind": "train", "corpus": str(sounds)},
        {"kind": "train", "corpus": corpus.id, "settings": {"no_such": 1}},
        {"kind": "train-prior", "corpus": corpus.id},
        {"kind": "continue", "corpus": corpus.id, "model": "/etc/passwd"},
        {"kind": "format", "corpus": corpus.id},
    ]
    for body in wrong:
        assert client.post(f"{API}/jobs", json=body).status_code in (400, 404), body
    assert client.get(f"{API}/jobs").json() == []


def test_a_file_is_shown_on_this_machine_alone(
    client: TestClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = keep(context.workspace, context.workspace.renders / "shown.wav")
    url = f"{API}/renders/{render.id}/reveal"
    commands: list[list[str]] = []
    monkeypatch.setattr("subprocess.Popen", lambda command, **_: commands.append(command))
    assert client.post(url).status_code == 204
    assert str(render.path.parent) in commands[0][-1]
    monkeypatch.setattr(context, "is_local", False)
    assert client.post(url).status_code == 403
    assert len(commands) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RevisionError("It has changed."), 409),
        (TooLittleRoomError("No room."), 507),
        (OutputError("Cannot write."), 500),
    ],
)
def test_errors_have_their_status(error: Exception, status: int) -> None:
    assert error_response(error).status_code == status


def test_a_full_disk_is_told_as_such() -> None:
    error = OutputError("Cannot write.")
    error.__cause__ = OSError(28, "No space left on device")
    assert error_response(error).status_code == 507
