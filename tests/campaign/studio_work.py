"""What four people do in a studio at once, until its server is gone: each has things of their own,
so that the ledger knows what each thing may be."""

import hashlib
import io
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import soundfile as sf

from distill.library.workspace import Workspace
from distill.settings import SAMPLE_RATE
from tests.campaign.studio import ANY, GONE, Gone, Key, Ledger, Refused, Tab, corpus_id, tab_of

EDITS = (
    "reverse --from 2f --to 6f",
    "shuffle --from 1f --to 9f --block 2f --seed 3",
    "repeat --from 3f --to 5f",
    "drift --from 2f --to 6f --amount 0.5 --seed 4",
    "heal --from 2f --to 4f --seed 4",
)
"""Lines of edits; the last two take the model."""

CHOICES = ("x", "y", "same")

TAKES: dict[str, Any] = {"duration": 0.2}

PAUSE_S = 0.05
"""Seconds between two requests of one person."""


class Person:
    """Somebody at work in a tab of their own.

    Args:
        workspace: The workspace, whose server runs.
        tab: The tab.
        ledger: What is kept.
        rng: Draws what is done.
    """

    def __init__(
        self, workspace: Workspace, tab: Tab, ledger: Ledger, rng: np.random.Generator
    ) -> None:
        self.workspace = workspace
        self.tab = tab
        self.ledger = ledger
        self.rng = rng
        self.count = 0
        self.begin()

    def begin(self) -> None:
        """Look at what is there, before the work."""

    def deeds(self) -> Sequence[Callable[[], None]]:
        """What this person does, one of them at a time."""
        raise NotImplementedError

    def work(self, is_over: threading.Event) -> None:
        """Do one thing after the other."""
        try:
            while not is_over.wait(PAUSE_S):
                self.count += 1
                deeds = self.deeds()
                deeds[int(self.rng.integers(len(deeds)))]()
        except Gone as error:
            self.ledger.departures.append(str(error))
        except Refused as error:
            self.ledger.harms.append(f"{type(self).__name__}: {error}")
        except BaseException as error:
            # Else its thread alone would know.
            self.ledger.harms.append(f"{type(self).__name__}: {error!r}")
            raise

    def change(self, key: Key, value: Any, ask: Callable[[], Any], read: Callable[[], Any]) -> Any:
        """Ask for a value of a thing; None where the request was lost with the player."""
        self.ledger.ask(key, value)
        try:
            answer = ask()
        except Refused as error:
            self.lose(error)
            self.ledger.settle(key, read)
            return None
        self.ledger.keep(key, read() if _is_open(value) else value)
        return answer

    def lose(self, error: Refused) -> None:
        """Note that a request died with the player; any other refusal is raised."""
        if error.kind != "PlayerError":
            raise error
        self.ledger.losses.append(error.sentence)

    def task(self, method: str, path: str, body: Any) -> dict[str, Any] | None:
        """A task of the player that is done; None for one that was lost with it.

        Of several, each is waited for; the last one counts.
        """
        answer = self.tab.ask(method, path, body)
        last = None
        for asked in answer if isinstance(answer, list) else [answer]:
            last = self.tab.task(asked["id"])
            for render in last["renders"]:
                self.ledger.keep(("render", render), [False, ""])
            if last["state"] == "failed":
                self.lose(Refused(503, "PlayerError", last["error"]))
                last = None
        return last


def _is_open(value: Any) -> bool:
    return value == ANY or (isinstance(value, list | tuple) and any(map(_is_open, value)))


# --- reading --------------------------------------------------------------------------------------


def read_thing(tab: Tab, workspace: Workspace, key: Key) -> Any:
    """The value of a thing, as a tab sees it; `GONE` for none."""
    kind, name, *rest = key
    try:
        if kind == "render":
            render = tab.ask("GET", f"/renders/{name}")
            return [render["starred"], render["notes"]]
        if kind == "model":
            models = tab.ask("GET", "/models")["models"]
            return [model["notes"] for model in models if model["id"] == name]
        if kind == "document":
            document = tab.ask("GET", f"/documents/{name}")
            lines = [edit["line"] for edit in document["edits"]]
            return [document["rev"], document["cursor"], lines]
        if kind == "preset":
            preset = tab.ask("GET", f"/presets/{name}")
            return [preset["notes"], preset["settings"]]
        if kind == "draft":
            return tab.ask("GET", f"/drafts/{name}")["draft"]
        if kind == "comparison":
            pairs = tab.ask("GET", f"/comparisons/{name}")["pairs"]
            return [[pair["choice"], pair["why"]] for pair in pairs]
        if kind == "choice":
            files = tab.ask("GET", f"/corpora/{name}")["listing"]["files"]
            return [[file["muted"], file["weight"]] for file in files if file["hash"] == rest[0]]
        assert kind == "sound"
        return hashlib.sha256((workspace.sounds / "busy" / name).read_bytes()).hexdigest()
    except FileNotFoundError:
        return GONE
    except Refused as error:
        if error.status != 404:
            raise
        return GONE


# --- people ---------------------------------------------------------------------------------------


class Editor(Person):
    """Edits a document, and makes new ones."""

    def begin(self) -> None:
        (document,) = self.tab.ask("GET", "/documents")["documents"]
        self.renders = [one["id"] for one in self.tab.ask("GET", "/renders")["renders"]]
        self.key = ("document", document["id"])
        self.path = f"/documents/{document['id']}"
        self.ledger.keep(self.key, self._read())

    def deeds(self) -> Sequence[Callable[[], None]]:
        return (self._edit, self._edit, self._edit, self._undo, self._redo, self._new, self._hear)

    def _read(self) -> Any:
        return read_thing(self.tab, self.workspace, self.key)

    def _edit(self) -> None:
        rev, cursor, lines = self.ledger.present(self.key)
        line = EDITS[int(self.rng.integers(len(EDITS)))]
        body = {"rev": rev, "line": line}
        value = [rev + 1, cursor + 1, [*lines[:cursor], ANY]]
        self.change(
            self.key, value, lambda: self.tab.ask("POST", f"{self.path}/edits", body), self._read
        )

    def _undo(self) -> None:
        rev, cursor, lines = self.ledger.present(self.key)
        if cursor:
            self._step("undo", [rev + 1, cursor - 1, lines])

    def _redo(self) -> None:
        rev, cursor, lines = self.ledger.present(self.key)
        if cursor < len(lines):
            self._step("redo", [rev + 1, cursor + 1, lines])

    def _step(self, deed: str, value: list[Any]) -> None:
        body = {"rev": value[0] - 1}
        self.change(
            self.key, value, lambda: self.tab.ask("POST", f"{self.path}/{deed}", body), self._read
        )

    def _new(self) -> None:
        body = {"kind": "render", "id": self.renders[0], "name": f"new {self.count}"}
        document = self.tab.ask("POST", "/documents", body)
        self.ledger.keep(("document", document["id"]), [document["rev"], 0, []])

    def _hear(self) -> None:
        try:
            self.tab.ask("GET", f"{self.path}/audio", rev=self.ledger.present(self.key)[0])
        except Refused as error:
            self.lose(error)


class Archivist(Person):
    """Notes, presets, drafts; deletes and brings back."""

    def begin(self) -> None:
        renders = self.tab.ask("GET", "/renders")["renders"]
        self.noted, self.deleted = (("render", render["id"]) for render in renders[:2])
        (preset,) = self.tab.ask("GET", "/presets")["presets"]
        self.preset = ("preset", preset["id"])
        self.title = f"{preset['folder']}/{preset['name']}"
        self.model = ("model", self.tab.ask("GET", "/models")["models"][0]["id"])
        self.draft = ("draft", "make-voices")
        for key in (self.noted, self.deleted, self.preset, self.model, self.draft):
            self.ledger.keep(key, read_thing(self.tab, self.workspace, key))

    def deeds(self) -> Sequence[Callable[[], None]]:
        return (self._note, self._save_preset, self._save_draft, self._note_model, self._bin)

    def _change(self, key: Key, value: Any, method: str, path: str, body: Any = None) -> None:
        self.change(
            key,
            value,
            lambda: self.tab.ask(method, path, body),
            lambda: read_thing(self.tab, self.workspace, key),
        )

    def _note(self) -> None:
        value = [bool(self.count % 2), f"note {self.count}"]
        body = {"starred": value[0], "notes": value[1]}
        self._change(self.noted, value, "PATCH", f"/renders/{self.noted[1]}", body)

    def _note_model(self) -> None:
        value = f"note {self.count}"
        self._change(self.model, [value], "PATCH", f"/models/{self.model[1]}", {"notes": value})

    def _save_preset(self) -> None:
        settings = {"temperature": 0.5 + 0.01 * (self.count % 40)}
        body = {"title": self.title, "settings": settings, "overwrite": True}
        body["notes"] = f"note {self.count}"
        self._change(self.preset, [body["notes"], settings], "PUT", "/presets", body)

    def _save_draft(self) -> None:
        value = {"n": self.count}
        self._change(self.draft, value, "PUT", f"/drafts/{self.draft[1]}", {"draft": value})

    def _bin(self) -> None:
        """Delete a render, or bring it back."""
        for key, path in ((self.deleted, "renders"), (self.preset, "presets")):
            place = f"/{path}/{key[1]}"
            value = self.ledger.present(key)
            self._change(key, GONE, "DELETE", place)
            self._change(key, value, "POST", f"{place}/restore")


class Musician(Person):
    """Lets the player make sounds."""

    def begin(self) -> None:
        self.render = self.tab.ask("GET", "/renders")["renders"][-1]["id"]
        models = self.tab.ask("GET", "/models")["models"]
        (self.model,) = (model["id"] for model in models if model["has_prior"])

    def deeds(self) -> Sequence[Callable[[], None]]:
        return (self._make, self._make, self._vary, self._again, self._compare)

    def _make(self) -> None:
        body = {"model": self.model, "settings": TAKES, "seed": self.count, "count": 2}
        self.task("POST", "/takes", body)

    def _vary(self) -> None:
        self.task("POST", f"/renders/{self.render}/vary", {"seed": self.count})

    def _again(self) -> None:
        self.task("POST", f"/renders/{self.render}/again", {})

    def _compare(self) -> None:
        sound = {"kind": "render", "id": self.render}
        pairs = [{"first": sound, "second": sound}] * 2
        task = self.task("POST", "/comparisons/sounds", {"pairs": pairs, "seed": self.count})
        if task is not None:
            value = [[None, ""]] * 2
            self.ledger.keep(("comparison", task["result"]["comparison"]), value)


class Listener(Person):
    """Votes, sends sounds, chooses among them."""

    def begin(self) -> None:
        (comparison,) = self.tab.ask("GET", "/comparisons")["comparisons"]
        self.votes = ("comparison", comparison["id"])
        self.corpus = corpus_id(self.workspace, "busy")
        files = self.tab.ask("GET", f"/corpora/{self.corpus}")["listing"]["files"]
        self.choice = ("choice", self.corpus, files[0]["hash"])
        for key in (self.votes, self.choice):
            self.ledger.keep(key, read_thing(self.tab, self.workspace, key))

    def deeds(self) -> Sequence[Callable[[], None]]:
        return (self._vote, self._take_back, self._send, self._send, self._choose)

    def _vote(self) -> None:
        # Not on the last pair: a comparison that is over takes no votes.
        choice = CHOICES[int(self.rng.integers(len(CHOICES)))]
        self._set_vote([choice, f"because {self.count}"])

    def _take_back(self) -> None:
        self._set_vote([None, ""])

    def _set_vote(self, vote: list[Any]) -> None:
        place = f"/comparisons/{self.votes[1]}/votes"
        pairs = list(self.ledger.present(self.votes))
        number = int(self.rng.integers(len(pairs) - 1))
        pairs[number] = vote
        body = {"pair": number + 1, "choice": vote[0], "why": vote[1]}
        order = ("DELETE", f"{place}/{number + 1}") if vote[0] is None else ("POST", place, body)
        self.change(self.votes, pairs, lambda: self.tab.ask(*order), self._read_votes)

    def _read_votes(self) -> Any:
        return read_thing(self.tab, self.workspace, self.votes)

    def _send(self) -> None:
        file = io.BytesIO()
        sound = 0.1 * self.rng.standard_normal(int(self.rng.integers(1000, 100_000)))
        sf.write(file, sound, SAMPLE_RATE, format="WAV")
        digest = hashlib.sha256(file.getvalue()).hexdigest()
        self.ledger.sent.add(digest)
        put = self.tab.ask(
            "PUT", f"/corpora/{self.corpus}/files", file.getvalue(), path=f"sent {self.count}.wav"
        )
        self.ledger.keep(("sound", put["name"]), digest)

    def _choose(self) -> None:
        value = [bool(self.count % 2), 1.0 + self.count % 3]
        name = self.choice[2]
        body = {"muted": {name: value[0]}, "weights": {name: value[1]}}
        self.change(
            self.choice,
            [value],
            lambda: self.tab.ask("PATCH", f"/corpora/{self.corpus}", body),
            lambda: read_thing(self.tab, self.workspace, self.choice),
        )


PEOPLE: tuple[type[Person], ...] = (Editor, Archivist, Musician, Listener)


class Crew:
    """All people at work, each in a thread.

    Args:
        workspace: The workspace, whose server runs.
        ledger: What is kept.
        seed: Of what they do.
    """

    def __init__(self, workspace: Workspace, ledger: Ledger, seed: Sequence[int]) -> None:
        self._is_over = threading.Event()
        people = []
        for number, kind in enumerate(PEOPLE):
            tab = tab_of(workspace)
            assert tab is not None
            people.append(kind(workspace, tab, ledger, np.random.default_rng([*seed, number])))
        self._threads = [
            threading.Thread(target=person.work, args=(self._is_over,)) for person in people
        ]
        self.people = people

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, once each has an answer, or knows that none will come."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()
