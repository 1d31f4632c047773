"""Kills of job, player, server, or all of them at once, while people work in a studio.

What the server has said that it keeps is there afterwards, every file is whole, and every job is
shown as what it is.
"""

import hashlib
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile as sf

from distill import process
from distill.inference.codes.file import load_codes
from distill.library.job_events import parse_event
from distill.library.leftovers import clear_workspace
from distill.library.workspace import Workspace, open_workspace
from distill.training.codec import run as codec_run
from tests.campaign.aftermath import DAMAGE, SOUND_ENDINGS, contents, files_below, is_temporary
from tests.campaign.forked import run_to_end
from tests.campaign.jobs import SAVE_EVERY_S
from tests.campaign.material import CODEC, PRIOR, STEPS, material
from tests.campaign.nursery import Child, Nursery, wait_until
from tests.campaign.report import Plan, Tally
from tests.campaign.studio import Gone, Ledger, Refused, Tab, corpus_id, furnish, tab_of
from tests.campaign.studio_work import Crew, read_thing
from tests.campaign.trials import Harm, Result, in_parallel, work_off

NAME = "studio-kills"
COUNT = 200
TAKES_S = 600

SERVER = "distill"
PLAYER = "distill.library.player_process"
JOB = "distill.library.run_job"

TARGETS = (
    *[frozenset([SERVER, PLAYER, JOB])] * 5,
    *[frozenset([JOB]), frozenset([PLAYER]), frozenset([SERVER])],
    *[frozenset([SERVER, PLAYER])],
)
"""Sets of processes that are killed at once, as often as they stand here."""

START_S = 300.0
"""Seconds for a server to answer."""

JOB_S = 900.0
"""Seconds for a job to end."""

STOPPED = 130
"""Exit code of a command that was asked to end."""

END_S = 120.0
"""Seconds for all processes to end once the server has."""


class _Case(NamedTuple):
    """The job that runs meanwhile: what is posted, and the file of the model that it makes."""

    body: dict[str, Any]
    makes: str = ""


CASES = (
    _Case({"kind": "train", "name": "my", "settings": {"steps": STEPS, **CODEC}}, "quiet.sda"),
    _Case({"kind": "train-prior", "model": "codec", "settings": PRIOR}, "codec.sda"),
    _Case({"kind": "scan"}),
)


class _Whole(NamedTuple):
    """A job that nobody disturbed: its seconds, and what its model says."""

    seconds: float
    model: str


class HarmDone(Exception):
    """Harm that a kill has done.

    Args:
        what: One word.
        message: What happened.
    """

    def __init__(self, what: str, message: str) -> None:
        # Both, so that it passes between processes.
        super().__init__(what, message)
        self.what = what

    def __str__(self) -> str:
        return str(self.args[1])


def run(plan: Plan) -> Tally:
    """Kill at random moments, look at everything, and go on."""
    material(plan.shared)
    in_parallel(_make_template, [plan], plan)
    cases = range(min(len(CASES), plan.count))
    wholes = in_parallel(partial(_undisturbed, plan), cases, plan)
    return work_off(NAME, plan, partial(_trial, plan, wholes))


def _make_template(plan: Plan) -> None:
    folder = plan.folder / "template"
    folder.mkdir()
    ended = run_to_end(partial(furnish, material(plan.shared)), folder, plan.folder / "logs")
    if ended.fault():
        raise RuntimeError(f"the studio cannot be furnished: {ended}")


# --- a studio -------------------------------------------------------------------------------------


class _Studio:
    """A furnished workspace with its processes.

    Args:
        plan: The plan.
        folder: Empty folder for it.
        nursery: Starts its processes.
        case: The job that runs in it.
    """

    def __init__(self, plan: Plan, folder: Path, nursery: Nursery, case: _Case) -> None:
        self.folder = folder
        self.nursery = nursery
        self.case = case
        shutil.copytree(plan.folder / "template" / "studio", folder / "studio")
        self.workspace = open_workspace(folder / "studio")
        self.server: Child | None = None

    def open(self) -> Tab:
        """Start a server; a tab of it."""
        words = ["distill", "ui", "--no-browser", "--port", "0"]
        words += ["--workspace", str(self.workspace.root)]
        self.server = self.nursery.start(words, self.folder / "server.log")
        try:
            tab: Tab = wait_until(lambda: tab_of(self.workspace), START_S, "the server")
        except TimeoutError as error:
            words_of = (self.folder / "server.log").read_text()[-600:]
            raise HarmDone("server", f"{error}: {words_of}") from error
        return tab

    def order(self, tab: Tab) -> str:
        """Order the job; its id."""
        body = self.case.body | {"corpus": corpus_id(self.workspace, "quiet")}
        if "model" in body:
            models = tab.ask("GET", "/models")["models"]
            (body["model"],) = (
                one["id"] for one in models if one["file"] == f"{body['model']}.sda"
            )
        return str(tab.ask("POST", "/jobs", body)["id"])

    def process(self, module: str) -> int | None:
        """Id of the process of a module; None where none lives."""
        pids = [member.pid for member in self.nursery.members() if member.module == module]
        return pids[0] if pids else None

    def kill(self, modules: frozenset[str]) -> frozenset[str]:
        """Kill processes at once; those that lived."""
        found = [member for member in self.nursery.members() if member.module in modules]
        for member in found:
            with suppress(ProcessLookupError):
                os.kill(member.pid, signal.SIGKILL)
        pids = {member.pid for member in found}
        wait_until(
            lambda: not pids & {member.pid for member in self.nursery.members()}, END_S, "death"
        )
        return frozenset(member.module for member in found)

    def close(self) -> None:
        """End the server politely, and wait until all its processes are gone."""
        assert self.server is not None
        self.server.send_signal(signal.SIGTERM)
        try:
            code = self.server.wait(END_S)
            wait_until(lambda: not self.nursery.members(), END_S, "the end of all processes")
        except TimeoutError as error:
            raise HarmDone("orphan", f"{error}: {self.nursery.members()}") from error
        if code != STOPPED:
            raise HarmDone("server", f"it ended with exit code {code}")

    def model(self) -> str:
        """What the model of the job says; empty for a job without."""
        return contents(self.workspace.models / self.case.makes) if self.case.makes else ""


def _nursery(folder: Path) -> Nursery:
    folder.mkdir()
    environment = {"DISTILL_CACHE": str(folder / "cache"), "XDG_DATA_HOME": str(folder / "data")}
    return Nursery(folder, environment, _prepare)


def _prepare() -> None:
    """In the nursery: trainings save often, and the bin is that of the trial."""
    # Else trainings, which let other programs go first, would have no end on a busy machine.
    process.set_priority = lambda priority: None
    codec_run.FIRST_SAVE_S = SAVE_EVERY_S
    codec_run.SAVE_EVERY_S = SAVE_EVERY_S
    with suppress(ImportError):
        from send2trash import plat_other

        plat_other.HOMETRASH = os.path.join(os.environ["XDG_DATA_HOME"], "Trash")
        plat_other.HOMETRASH_B = os.fsencode(plat_other.HOMETRASH)


def _undisturbed(plan: Plan, number: int) -> _Whole:
    folder = plan.folder / f"whole-{number}"
    with _nursery(folder) as nursery:
        studio = _Studio(plan, folder, nursery, CASES[number])
        tab = studio.open()
        ledger = Ledger()
        crew = Crew(studio.workspace, ledger, [plan.seed, number])
        crew.start()
        began = time.monotonic()
        job = studio.order(tab)
        _finish(tab, job)
        seconds = time.monotonic() - began
        crew.stop()
        _judge(studio, tab, ledger, job)
        return _Whole(seconds=seconds, model=studio.model())


# --- trials ---------------------------------------------------------------------------------------


def _trial(plan: Plan, wholes: list[_Whole], index: int) -> Result:
    rng = np.random.default_rng([plan.seed, *NAME.encode(), index])
    number = index % len(CASES)
    targets = TARGETS[int(rng.integers(len(TARGETS)))]
    moment = float(rng.uniform(0, wholes[number].seconds))
    folder = plan.folder / f"trial-{index}"
    harm = None
    killed: frozenset[str] = frozenset()
    with _nursery(folder) as nursery:
        try:
            studio = _Studio(plan, folder, nursery, CASES[number])
            killed = _disturb(studio, targets, moment, [plan.seed, index])
            if studio.model() != wholes[number].model:
                raise HarmDone("changed", "the model is another than that of an unbroken run")
        except (HarmDone, Refused, Gone, TimeoutError) as error:
            what = getattr(error, "what", type(error).__name__.lower())
            names = "+".join(sorted(targets))
            harm = Harm(what, f"{error} ({names} after {moment:.2f} s, {folder.name})")
    if harm is None:
        shutil.rmtree(folder)
    roles = {SERVER: "server", PLAYER: "player", JOB: "job"}
    outcome = " and ".join(sorted(roles[module] for module in killed)) or "nobody"
    return Result(outcome=f"{outcome} killed", harm=harm, place=CASES[number].body["kind"])


def _disturb(
    studio: _Studio, targets: frozenset[str], moment: float, seed: list[int]
) -> frozenset[str]:
    """Work in a studio, kill, and judge what is left; the processes that were killed."""
    tab = studio.open()
    ledger = Ledger()
    crew = Crew(studio.workspace, ledger, seed)
    orders: list[str] = []
    before = {job["id"] for job in tab.ask("GET", "/jobs")}
    ordering = threading.Thread(target=_order, args=(studio, orders, ledger))
    crew.start()
    began = time.monotonic()
    ordering.start()
    time.sleep(max(0.0, began + moment - time.monotonic()))
    killed = studio.kill(targets)
    crew.stop()
    ordering.join()
    if SERVER in killed:
        tab = studio.open()
    else:
        ledger.harms += ledger.departures
    if killed == {PLAYER}:
        _judge_losses(tab, ledger)
    if ledger.harms:
        raise HarmDone("answer", "; ".join(ledger.harms[:3]))
    job = _judge_job(studio, tab, before, orders, killed)
    _finish(tab, job)
    _judge(studio, tab, ledger, job)
    return killed


def _order(studio: _Studio, orders: list[str], ledger: Ledger) -> None:
    tab = tab_of(studio.workspace)
    try:
        if tab is not None:
            orders.append(studio.order(tab))
    except Gone as error:
        ledger.departures.append(str(error))
    except Refused as error:
        # A job that is killed while it starts is said to have ended.
        if "ended before it began" not in error.sentence:
            ledger.harms.append(str(error))


def _judge_losses(tab: Tab, ledger: Ledger) -> None:
    """After the death of the player alone: every task is over, and says what was being made."""
    for task in tab.ask("GET", "/takes"):
        ended = tab.task(task["id"])
        if ended["state"] == "failed" and ended["error"] not in ledger.losses:
            ledger.losses.append(ended["error"])
    for sentence in ledger.losses:
        if not sentence.startswith("The player ended (exit code -9) while it "):
            raise HarmDone("sentence", sentence)
    if len(ledger.losses) > 1:
        raise HarmDone("lost", f"one player lost {len(ledger.losses)} requests")


def _judge_job(
    studio: _Studio, tab: Tab, before: set[str], orders: list[str], killed: frozenset[str]
) -> str:
    """Whether the job is shown as what it is; it goes on where it was cut off. Its id."""
    new = [job for job in tab.ask("GET", "/jobs") if job["id"] not in before]
    if len(new) > 1 or not {job["id"] for job in new} >= set(orders):
        raise HarmDone("jobs", f"{orders} were ordered, {len(new)} are there")
    if not new:
        # It was killed before it was ordered.
        return studio.order(tab)
    (job,) = new
    _check_events(studio.workspace, job["id"])
    # An order without a process is cut off, too.
    states = {"cut-off", "done"}
    if JOB not in killed:
        states |= {"running", "waiting"}
    if job["state"] not in states:
        raise HarmDone("state", f"{job['state']} after a kill of {sorted(killed)}")
    is_alive = studio.process(JOB) is not None
    if (
        job["state"] == "cut-off"
        and is_alive
        and tab.ask("GET", f"/jobs/{job['id']}")["job"]["state"] == "cut-off"
    ):
        raise HarmDone("state", "cut-off, while its process lives")
    if job["state"] == "cut-off":
        if not job["sentence"].startswith("Cut off "):
            raise HarmDone("sentence", job["sentence"])
        tab.ask("POST", f"/jobs/{job['id']}/resume")
    return str(job["id"])


def _check_events(workspace: Workspace, job: str) -> None:
    events = workspace.jobs / job / "events.jsonl"
    # It may have been killed before its first event.
    lines = events.read_bytes().split(b"\n")[:-1] if events.exists() else []
    if None in map(parse_event, lines):
        raise HarmDone("torn", "a line of events.jsonl")


def _finish(tab: Tab, job: str) -> None:
    """Wait until a job is done."""

    def state() -> str:
        found: dict[str, Any] = tab.ask("GET", f"/jobs/{job}")["job"]
        if found["state"] in ("failed", "stopped", "cut-off"):
            raise HarmDone("next-run", f"{found['state']}: {found['sentence']}")
        return "done" if found["state"] == "done" else ""

    wait_until(state, JOB_S, "the end of the job")


# --- afterwards -----------------------------------------------------------------------------------


def _judge(studio: _Studio, tab: Tab, ledger: Ledger, job: str) -> None:
    """Whether all is there that was kept, whole and usable, and nothing else."""
    _judge_kept(studio.workspace, tab, ledger)
    _judge_lists(tab)
    _check_events(studio.workspace, job)
    studio.close()
    if ledger.harms:
        raise HarmDone("answer", "; ".join(ledger.harms[:3]))
    # As the next server does.
    clear_workspace(studio.workspace)
    _judge_files(studio.workspace, ledger)


def _judge_kept(workspace: Workspace, tab: Tab, ledger: Ledger) -> None:
    for key in ledger.possible:
        value = read_thing(tab, workspace, key)
        if not ledger.agrees(key, value):
            raise HarmDone("lost", f"{key} is {value}, not one of {ledger.possible[key]}")


def _judge_lists(tab: Tab) -> None:
    """Every list is read without a remark, and what it names can be used."""
    for place in ("renders", "models", "presets", "documents", "comparisons", "corpora"):
        answer = tab.ask("GET", f"/{place}")
        if remarks := answer.get("problems", []) + answer.get("remarks", []):
            raise HarmDone("damaged", remarks[0])
    for row in tab.ask("GET", "/renders")["renders"]:
        render = tab.ask("GET", f"/renders/{row['id']}")
        if not (render["exists"] and render["is_same"] and render["has_codes"]):
            raise HarmDone("damaged", f"render {row['id']}: {render}")
        tab.ask("GET", f"/renders/{row['id']}/export", format="codes")
    for document in tab.ask("GET", "/documents")["documents"]:
        tab.ask("GET", f"/documents/{document['id']}/grid")
        tab.ask("GET", f"/documents/{document['id']}/script")
    for comparison in tab.ask("GET", "/comparisons")["comparisons"]:
        for pair in comparison["pairs"]:
            place = f"/comparisons/{comparison['id']}/pairs/{pair['number']}"
            tab.ask("GET", f"{place}/x/audio")
            tab.ask("GET", f"{place}/y/audio")
    (model,) = (one for one in tab.ask("GET", "/models")["models"] if one["file"] == "model.sda")
    # The player, too, is there.
    body = {"model": model["id"], "settings": {"duration": 0.2}, "seed": 1}
    (asked,) = tab.ask("POST", "/takes", body)
    task = tab.task(asked["id"])
    if task["state"] != "done":
        raise HarmDone("player", f"a take is {task['state']}: {task['error']}")


def _judge_files(workspace: Workspace, ledger: Ledger) -> None:
    known = _sounds_of(workspace.sounds / "quiet")
    for path in files_below(workspace.root):
        place = path.relative_to(workspace.root)
        if is_temporary(path) or path.name.startswith(".session-") or "scratch" in place.parts:
            raise HarmDone("litter", f"{place} was left")
        try:
            _read(path)
        except DAMAGE as error:
            raise HarmDone("torn", f"{place}: {error}") from error
    if strange := _sounds_of(workspace.sounds / "busy") - known - ledger.sent:
        raise HarmDone("torn", f"{len(strange)} sounds of the corpus were never sent")
    for folder in [*workspace.documents.glob("*"), *workspace.comparisons.glob("*")]:
        if not list(folder.glob("*.json")):
            raise HarmDone("litter", f"{folder.name} is half made")
    if list((workspace.hidden / "queue").glob("*")) or list(workspace.models.glob("*.ckpt")):
        raise HarmDone("litter", "a checkpoint or a ticket was left")


def _sounds_of(folder: Path) -> set[str]:
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in files_below(folder)}


def _read(path: Path) -> None:
    """Read a file as a whole. One of `DAMAGE` if it is torn."""
    readers: dict[str, Callable[[Path], object]] = {
        ".sda": contents,
        ".json": lambda path: json.loads(path.read_bytes()),
        ".gz": load_codes,
        **dict.fromkeys(SOUND_ENDINGS, sf.read),
    }
    read = readers.get(path.suffix)
    if read is not None:
        read(path)
