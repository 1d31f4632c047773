"""What a test asks of the server beside its page, to prepare something or to compare with."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import APIResponse, BrowserContext

from tests.page.waiting import until

BASE = "/api/v1"


class Server:
    """The server, asked with the cookies of a browser.

    Args:
        context: The browser.
        url: Address of the server.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self._requests = context.request
        self._url = url + BASE

    def fetch(self, verb: str, path: str, body: Any = None) -> APIResponse:
        """The answer to a request, of any status."""
        content = None if body is None else json.dumps(body)
        headers = {"X-Distill": "1", "Content-Type": "application/json"}
        return self._requests.fetch(self._url + path, method=verb, headers=headers, data=content)

    def ask(self, verb: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer, which must be no error."""
        answer = self.fetch(verb, path, body)
        assert answer.ok, f"{verb} {path}: {answer.status} {answer.text()}"
        return answer.json() if answer.body() else None

    def get(self, path: str) -> Any:
        """The JSON of a resource."""
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON of an answer to an order."""
        return self.ask("POST", path, body or {})

    def put(self, path: str, file: Path) -> Any:
        """The JSON of an answer to a file that was sent."""
        headers = {"X-Distill": "1", "Content-Type": "application/octet-stream"}
        content = file.read_bytes()
        answer = self._requests.put(self._url + path, headers=headers, data=content)
        assert answer.ok, f"PUT {path}: {answer.status} {answer.text()}"
        return answer.json()

    # --- what tests often need ----------------------------------------------------------------

    def sound(self, corpus: str, name: str) -> dict[str, Any]:
        """The file of a corpus whose name ends so, once the corpus was scanned."""
        listing = self.get(f"/corpora/{corpus}")["listing"]
        # Before the first scan, names are all that is there.
        if not listing or not listing["verdict"]:
            self.post(f"/corpora/{corpus}/scan")

        def listed() -> Any:
            files = (self.get(f"/corpora/{corpus}")["listing"] or {"files": []})["files"]
            # Before it was measured, a file has a name alone.
            measured = (file for file in files if file["hash"])
            return next((file for file in measured if file["name"].endswith(name)), None)

        return dict(until(listed, f"{name} is listed"))

    def model(self) -> dict[str, Any]:
        """The first model that can generate."""
        return next(model for model in self.get("/models")["models"] if model["has_prior"])

    def takes(self, count: int = 1, seed: int = 1, **settings: Any) -> list[dict[str, Any]]:
        """New renders, once they are ready, by seed."""
        before = {line["id"] for line in self.renders()}
        body = {"model": self.model()["id"], "seed": seed, "count": count, "settings": settings}
        self.post("/takes", body)

        def new() -> Any:
            lines = [line for line in self.renders() if line["id"] not in before]
            return lines if len(lines) == count else None

        return sorted(until(new, "the takes are ready"), key=lambda line: int(line["seed"]))

    def renders(self) -> list[dict[str, Any]]:
        """All renders, the latest first."""
        return list(self.get("/renders?limit=200")["renders"])

    def renders_like(self, text: str) -> list[dict[str, Any]]:
        """Renders whose name or notes hold a text."""
        return list(self.get(f"/renders?q={text}")["renders"])

    def grid(self, document: str) -> tuple[np.ndarray, np.ndarray]:
        """Codes and locks of a document, both `[T, Q]`."""
        answer = self.fetch("GET", f"/documents/{document}/grid")
        assert answer.ok, answer.text()
        shape = int(answer.headers["x-frames"]), int(answer.headers["x-levels"])
        count = shape[0] * shape[1]
        content = answer.body()
        codes = np.frombuffer(content[: 2 * count], dtype="<u2").reshape(shape)
        bits = np.frombuffer(content[2 * count :], dtype=np.uint8)
        locks = np.unpackbits(bits, bitorder="little")[:count].reshape(shape)
        return codes, locks.astype(bool)
