"""A furnished workspace, a tab of its page, and what the page was told is kept."""

import http.client
import json
import shutil
import threading
import time
import urllib.parse
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from distill.errors import UsageError
from distill.library import job_work
from distill.library.comparison import Couple
from distill.library.comparison_sounds import create_comparison
from distill.library.corpora import find_corpus
from distill.library.corpus_folders import remember_corpus
from distill.library.document_work import document_of_render
from distill.library.job_here import begin_here
from distill.library.job_kinds import kind_of, parse_arguments
from distill.library.models import add_model
from distill.library.presets import save_preset
from distill.library.rendering import History, generate_renders
from distill.library.workspace import Workspace, open_workspace
from distill.models.persistence import load_model_v2
from distill.ui.server import running_server
from distill.ui.session import load_secret
from distill.workflows.request import make_request

RENDERS = 3
"""Sounds in the history of a furnished workspace."""

PAIRS = 3
"""Pairs of its comparison."""

PATIENCE_S = 300.0
"""Seconds for an answer, after which a server counts as hanging."""

GONE = "gone"
"""What is kept of a thing that was deleted."""

ANY = "*"
"""Agrees with any text: an edit that was asked for, in the words of the script."""


# --- furnishing -----------------------------------------------------------------------------------


def furnish(whole: Path) -> None:
    """Make a workspace `studio` in the current folder: models, two corpora, renders, a document, a
    preset, a comparison.

    Args:
        whole: Folder of the material.
    """
    workspace = open_workspace("studio")
    for name in ("model", "codec"):
        add_model(workspace, whole / f"{name}.sda", name)
    # One that is trained on, and one that sounds are sent to.
    for name in ("quiet", "busy"):
        shutil.copytree(whole / "sounds", workspace.sounds / name)
        remember_corpus(workspace, workspace.sounds / name)
        _scan(workspace, workspace.sounds / name)
    loaded = load_model_v2(workspace.models / "model.sda")
    folder = workspace.renders / "2026-01-01"
    folder.mkdir(parents=True)
    request = make_request(duration=0.3, seed=5, count=RENDERS)
    results = list(generate_renders(loaded, folder / "new.wav", request, History(workspace)))
    renders = [result.render for result in results if result.render is not None]
    document_of_render(workspace, renders[0].id, "first")
    save_preset(workspace, "drums/warm", {"temperature": 0.8})
    couples = [Couple(first=renders[0].path, second=renders[1].path)] * PAIRS
    create_comparison(workspace, couples, ("one", "two"), seed=1)


def _scan(workspace: Workspace, folder: Path) -> None:
    arguments = kind_of("scan").check(workspace, parse_arguments("scan", {"sounds": str(folder)}))
    with begin_here(workspace.root, "scan", arguments) as run:
        run.take_turn()
        job_work.scan(run, arguments)


def corpus_id(workspace: Workspace, name: str) -> str:
    """The id of a corpus of a furnished workspace."""
    return find_corpus(workspace, workspace.sounds / name).id


# --- a tab ----------------------------------------------------------------------------------------


class Gone(Exception):
    """The server does not answer any more."""


class Refused(Exception):
    """An answer other than the wanted one.

    Args:
        status: Status code.
        kind: Class of the error.
        sentence: What it says.
    """

    def __init__(self, status: int, kind: str, sentence: str) -> None:
        # All, so that it passes between processes.
        super().__init__(status, kind, sentence)
        self.status = status
        self.kind = kind
        self.sentence = sentence

    def __str__(self) -> str:
        return f"{self.status} {self.kind}: {self.sentence}"


class Tab:
    """A browser that has logged in.

    Args:
        workspace: The workspace, whose server runs.
    """

    def __init__(self, workspace: Workspace) -> None:
        address = running_server(workspace)
        if address is None:
            raise Gone
        secret = load_secret(workspace)
        self._host = urllib.parse.urlsplit(address.url).netloc
        cookie = f"{secret.cookie_name}={secret.make_cookie(time.time())}"
        self._headers = {"Cookie": cookie, "X-Distill": "1"}

    def ask(self, method: str, place: str, body: Any = None, /, **query: Any) -> Any:
        """The answer to a request: JSON, or bytes.

        Args:
            method: GET, POST, PUT, PATCH or DELETE.
            place: Below `/api/v1`.
            body: Bytes, or what JSON can hold.
            query: Parameters.

        Raises:
            Refused: The server refuses it.
            Gone: It is gone.
        """
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        url = f"/api/v1{place}?{urllib.parse.urlencode(query)}"
        # A new one each time: servers close idle ones, and those look like ones that died.
        connection = http.client.HTTPConnection(self._host, timeout=PATIENCE_S)
        try:
            connection.request(method, url, content, self._headers)
            with connection.getresponse() as response:
                answer = response.read()
                kind = response.headers.get("content-type", "")
                status = response.status
        except TimeoutError as error:
            raise Refused(0, "Hang", f"{method} {place} got no answer") from error
        except (OSError, http.client.HTTPException) as error:
            raise Gone(f"{method} {place} got no answer: {error!r}") from error
        finally:
            connection.close()
        value = json.loads(answer) if kind.startswith("application/json") and answer else answer
        if status >= 400:
            raise Refused(status, value["kind"], value["error"])
        return value

    def task(self, task_id: str) -> dict[str, Any]:
        """A task of the player, once it is over."""
        end = time.monotonic() + PATIENCE_S
        while True:
            task: dict[str, Any] = self.ask("GET", f"/takes/{task_id}")
            if task["state"] not in ("waiting", "running"):
                return task
            if time.monotonic() > end:
                raise Refused(0, "Hang", f"a task is {task['state']} for ever")
            time.sleep(0.02)


def tab_of(workspace: Workspace) -> Tab | None:
    """A tab, once the server of a workspace answers."""
    with suppress(Gone, UsageError):
        tab = Tab(workspace)
        tab.ask("GET", "/session")
        return tab
    return None


# --- what is kept ---------------------------------------------------------------------------------

Key = tuple[str, ...]


class Ledger:
    """What the server has said that it keeps, and what it was asked for without an answer.

    Attributes:
        possible: Values that each thing may have.
        harms: What went wrong, in sentences.
        departures: Sentences of requests for which the server was gone.
        losses: Sentences of requests that died with the player.
        sent: Hashes of sounds that were sent.
    """

    def __init__(self) -> None:
        self.possible: dict[Key, list[Any]] = {}
        self.harms: list[str] = []
        self.departures: list[str] = []
        self.losses: list[str] = []
        self.sent: set[str] = set()
        self._lock = threading.Lock()

    def keep(self, key: Key, value: Any) -> None:
        """The server has answered: a thing has this value, and no other."""
        with self._lock:
            self.possible[key] = [value]

    def present(self, key: Key) -> Any:
        """The value that was kept last."""
        return self.possible[key][0]

    def ask(self, key: Key, value: Any) -> None:
        """The server is asked for this value: until it answers, both may be."""
        with self._lock:
            self.possible[key] = [*self.possible.get(key, []), value]

    def agrees(self, key: Key, value: Any) -> bool:
        """Whether a thing may have this value."""
        return any(_agree(value, one) for one in self.possible[key])

    def settle(self, key: Key, read: Callable[[], Any]) -> None:
        """After a request that was lost with the player: what came of it?"""
        value = read()
        if not self.agrees(key, value):
            self.harms.append(f"{key} is {value}, not one of {self.possible[key]}")
        self.keep(key, value)


def _agree(value: Any, wanted: Any) -> bool:
    if wanted == ANY:
        return True
    if isinstance(wanted, list | tuple) and isinstance(value, list | tuple):
        return len(value) == len(wanted) and all(map(_agree, value, wanted))
    return bool(value == wanted)
