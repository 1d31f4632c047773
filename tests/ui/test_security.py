"""Attacks on the server, one by one, and that each of them ends."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from distill.library.corpus_folders import remember_corpus
from distill.library.corpus_listing import keep_scan
from distill.library.picture_cache import content_hash
from distill.library.workspace import Workspace
from distill.ui.api import HttpError
from distill.ui.context import Context
from distill.ui.drops import LARGEST_DROP, MOST_FILES, Drops
from distill.ui.files import LARGEST_UPLOAD
from distill.ui.routes.places import token_of_path
from distill.ui.session import load_secret
from tests.ui.conftest import OWN, URL, WS

MODELS = "/api/v1/models"


def status(client: TestClient, headers: Mapping[str, str], method: str = "GET") -> int:
    return int(client.request(method, MODELS, headers=headers).status_code)


# --- who asks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.com",
        "evil.com:8765",
        "localhost.evil.com",
        "127.0.0.1@evil.com",
        "127.0.0.1:8765, evil.com",
        "0.0.0.0",
        "2130706433",
        "[::1].evil.com",
        "localhost:port",
        "",
    ],
)
def test_a_foreign_host_is_refused_everywhere(client: TestClient, host: str) -> None:
    assert status(client, {"Host": host}) == 403
    assert client.get("/", headers={"Host": host}).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(
            f"{WS}/events", headers={"Host": host, "Origin": f"http://{host}"}
        ),
    ):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "LOCALHOST", "[::1]:9", "studio.local:80"])
def test_own_names_are_let_in(client: TestClient, host: str) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    headers = {"Host": host, "Cookie": cookie, "Origin": f"http://{host}"}
    assert status(client, headers) == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9", "http://127.0.0.1", "file://"]
)
def test_a_foreign_origin_is_refused(client: TestClient, origin: str) -> None:
    answer = client.get(MODELS, headers={"Origin": origin})
    assert answer.status_code == 403
    assert not any(name.startswith("access-control") for name in answer.headers)
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(f"{WS}/events", headers={"Origin": origin}),
    ):
        pass


def test_a_websocket_needs_an_origin_and_a_cookie(client: TestClient) -> None:
    for path in (f"{WS}/events", f"{WS}/live"):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(path):
            pass
        with client.websocket_connect(path, headers={"Origin": URL}):
            pass
    client.cookies.clear()
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(f"{WS}/events", headers={"Origin": URL}),
    ):
        pass


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"])
def test_changes_need_the_header_of_the_page(client: TestClient, method: str) -> None:
    assert status(client, {"X-Distill": ""}, method) == 403
    assert client.request(method, "/", headers={"X-Distill": ""}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_other_sites_are_refused(client: TestClient, site: str) -> None:
    assert status(client, {"Sec-Fetch-Site": site}) == 403
    assert status(client, {"Sec-Fetch-Site": site}, "POST") == 403
    assert status(client, {"Sec-Fetch-Site": "same-origin"}) == 200


def test_nothing_is_told_without_the_cookie(stranger: TestClient, context: Context) -> None:
    document = stranger.app.app.routes  # type: ignore[attr-defined]
    paths = {route.path for route in document if route.path.startswith("/api")}
    assert len(paths) > 50
    for path in paths | {"/api", "/api/nothing", "/api/openapi.json", "/api/v1/session"}:
        answer = stranger.get(re.sub(r"{[^}]*}", "1", path))
        assert answer.status_code == 401
        assert answer.json()["kind"] == "Login"
    # Of another workspace, or made up.
    for value in ("", "1.a", load_secret(context.workspace).make_code()):
        assert status(stranger, {"Cookie": f"{context.secret.cookie_name}={value}"}) == 401


def test_a_code_is_used_once(stranger: TestClient, context: Context) -> None:
    code = context.secret.make_code()
    answer = stranger.post("/api/v1/session", json={"code": code})
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 200
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    stranger.cookies.clear()
    assert stranger.post("/api/v1/session", json={"code": code}).status_code == 401
    assert status(stranger, {}) == 401


# --- what browsers are told -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/app.js", "/sounds/x", MODELS, "/api/v1/nothing"])
def test_every_answer_has_its_headers(client: TestClient, path: str) -> None:
    for answer in (client.get(path), client.get(path, headers={"Host": "evil.example"})):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "cache-control" in answer.headers


def test_each_page_has_a_nonce_of_its_own(stranger: TestClient) -> None:
    nonces = set()
    for _ in range(3):
        answer = stranger.get("/make/voices")
        (nonce,) = re.findall(r'nonce="([^"]{16,})"', answer.text)
        assert f"'nonce-{nonce}'" in answer.headers["content-security-policy"]
        nonces.add(nonce)
    assert len(nonces) == 3


# --- paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/.distill/session.json",
        "//etc/passwd",
        "/app.js%00.txt",
        "/static/../../session.py",
    ],
)
def test_no_path_leads_to_a_file(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert "nonce" in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("text", ["..", "..%2f..", "%2fetc%2fpasswd", "a%00b", "A", "a" * 80])
@pytest.mark.parametrize("kind", ["renders", "documents", "models", "jobs", "corpora", "drafts"])
def test_ids_are_no_paths(client: TestClient, kind: str, text: str) -> None:
    answer = client.get(f"/api/v1/{kind}/{text}")
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]


def test_a_place_token_cannot_be_made_up(client: TestClient, context: Context) -> None:
    token = token_of_path(context.secret, Path("/"))
    assert client.get(f"/api/v1/places/{token}").status_code == 200
    text, _, signature = token.partition(".")
    other, _, _ = token_of_path(load_secret(context.workspace), Path("/etc")).partition(".")
    for forged in (f"{other}.{signature}", f"{text}.", text, f"{text}.{signature[:-1]}x"):
        assert client.get(f"/api/v1/places/{forged}").status_code == 404
        assert client.post("/api/v1/corpora", json={"place": forged}).status_code == 404


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_link_out_of_a_corpus_is_not_followed(
    client: TestClient, workspace: Workspace, sounds: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "private.wav"
    outside.write_bytes((sounds / "a.wav").read_bytes()[:-2])
    (sounds / "link.wav").symlink_to(outside)
    corpus = remember_corpus(workspace, sounds)
    names = ("a.wav", "link.wav")
    hashes = [content_hash(workspace, sounds / name) for name in names]
    facts = {"verdict": "go", "advice": [], "total_s": 1.0}
    empty = {
        "used": True,
        "reason": "",
        "flags": [],
        "advice": [],
        "clipped_at_s": [],
        "duration_s": 1.0,
    }
    files = [
        {"name": name, "hash": key, "loudness": None, "tempo": None, "key": None, **empty}
        for name, key in zip(names, hashes, strict=True)
    ]
    keep_scan(workspace, corpus, facts | {"files": files})
    own, linked = (client.get(f"/api/v1/sounds/{key}/audio") for key in hashes)
    assert own.status_code == 200
    assert linked.status_code == 404
    url = f"/api/v1/corpora/{corpus.id}/audio"
    own, linked = (client.get(url, params={"name": name}) for name in names)
    assert own.status_code == 200
    assert linked.status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "../a.wav",
        "/etc/a.wav",
        "a/../b.wav",
        "C:a.wav",
        "a\\b.wav",
        "a\0.wav",
        ".a.wav",
        ".hidden/a.wav",
        "con.wav",
        "a/NUL.wav",
        "a//b.wav",
        "a.exe",
        "a.wav.exe",
        "x" * 300 + ".wav",
        "/".join("abcdefghi") + ".wav",
        "a\u202egnp.wav",
        "",
    ],
)
def test_names_of_uploads_lead_nowhere(
    client: TestClient, workspace: Workspace, sounds: Path, name: str
) -> None:
    corpus = remember_corpus(workspace, sounds)
    answer = client.put(f"/api/v1/corpora/{corpus.id}/files", params={"path": name}, content=b"x")
    assert answer.status_code == 400
    assert not (workspace.corpora / corpus.id).exists()


def test_an_upload_goes_into_the_workspace_and_nowhere_else(
    client: TestClient, workspace: Workspace, sounds: Path
) -> None:
    before = sorted(sounds.rglob("*"))
    corpus = remember_corpus(workspace, sounds)
    url = f"/api/v1/corpora/{corpus.id}/files"
    sent = "<img src=x onerror=alert(1)>.wav"
    answer = client.put(url, params={"path": sent}, content=b"no sound at all")
    assert answer.status_code == 201
    # Windows takes no such signs: the corpus may be moved there.
    name = "_img src=x onerror=alert(1)_.wav"
    assert (answer.json()["name"], answer.json()["is_present"]) == (name, False)
    assert sorted(sounds.rglob("*")) == before
    assert [path.name for path in (workspace.corpora / corpus.id).iterdir()] == [name]
    # Nor does anything of it stay where it was received.
    assert [path.name for path in workspace.hidden.rglob("*.wav")] == [name]


# --- sizes ----------------------------------------------------------------------------------------


def test_long_bodies_are_refused(client: TestClient, workspace: Workspace, sounds: Path) -> None:
    corpus = remember_corpus(workspace, sounds)
    long = {"draft": {"text": "x" * (1 << 20)}}
    assert client.put("/api/v1/drafts/a", json=long).status_code == 413
    url = f"/api/v1/corpora/{corpus.id}/files?path=a.wav"
    stated = {"Content-Length": str(LARGEST_UPLOAD + 1)}
    assert client.put(url, content=b"", headers=stated).status_code == 413

    def pieces() -> object:
        yield b"a"
        yield b"b"

    # Without a length nobody knows whether it fits.
    assert client.put(url, content=pieces()).status_code == 411  # type: ignore[arg-type]
    assert client.put(url, content=b"ab", headers={"Content-Length": "9"}).status_code == 400


def test_a_drop_ends_somewhere() -> None:
    drops = Drops()
    for _ in range(MOST_FILES):
        drops.add("a", 1)
    with pytest.raises(HttpError):
        drops.add("a", 1)
    with pytest.raises(HttpError):
        drops.add("b", LARGEST_DROP + 1)
    drops.end("a")
    drops.add("a", LARGEST_DROP)


def test_an_upload_that_would_fill_the_disk_is_refused(
    client: TestClient, workspace: Workspace, sounds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = remember_corpus(workspace, sounds)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1 << 30})())
    url = f"/api/v1/corpora/{corpus.id}/files?path=a.wav"
    answer = client.put(url, content=b"abc")
    assert answer.status_code == 507
    assert "Make room" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", ""),
        (b"[1]", ""),
        (b"[" * 5000, ""),
        (b'{"title": 1, "settings": {}}', "title"),
        (b'{"title": "a", "settings": {}, "more": 1}', "more"),
        (b'{"title": "a"}', "settings"),
        (b'{"title": "a", "settings": {"temperature": 1e999}}', ""),
    ],
)
def test_bodies_that_make_no_sense_are_a_sentence(
    client: TestClient, body: bytes, field: str
) -> None:
    answer = client.put("/api/v1/presets", content=body)
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert answer.json()["error"].endswith(".")


def test_only_what_is_known_is_asked(client: TestClient) -> None:
    assert client.get(MODELS, params={"path": "/etc"}).status_code == 400
    assert client.get("/api/v1/renders", params={"limit": "many"}).json()["field"] == "limit"
    assert client.request("OPTIONS", MODELS, headers=OWN).status_code == 405
