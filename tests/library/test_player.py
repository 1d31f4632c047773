"""The player with its real process and small real models."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.errors import CancelledError, ModelFileError, PlayerError, UsageError
from distill.inference.codes.file import load_codes
from distill.inference.codes.grid import CodeGrid
from distill.library.documents import create_document, open_document
from distill.library.editing import Editor
from distill.library.player import MOST_STARTS, Player
from distill.library.player_requests import (
    Decode,
    DecodeEntry,
    Edit,
    EditDocument,
    Encode,
    Generate,
    Picture,
    PlayerRequest,
    Stream,
    Urgency,
    Warm,
)
from distill.library.player_task import PlayerEvent, PlayerTask, TaskState
from distill.library.renders import load_render
from distill.library.workspace import Workspace, open_workspace
from distill.models.persistence import LoadedVQModel
from distill.settings import SAMPLE_RATE
from distill.workflows.generate import generate_files
from distill.workflows.request import make_request

LONG_S = 300.0
"""Seconds of sound that no machine makes before it is told to stop."""

WAIT_S = 300.0
"""Seconds after which a test counts as hanging."""


class Log:
    """Events of a player, which a test can wait for."""

    def __init__(self) -> None:
        self.events: list[PlayerEvent] = []
        self._news = threading.Condition()

    def __call__(self, event: PlayerEvent) -> None:
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def wait(self, kind: str, task: PlayerTask | None = None, after: int = 0) -> PlayerEvent:
        """The first event of that kind and task, from number `after` on."""
        return self.wait_for(lambda event: (event.type, event.task) == (kind, task), after)

    def wait_for(self, fits: Callable[[PlayerEvent], bool], after: int = 0) -> PlayerEvent:
        """The first event that fits, from number `after` on."""

        def found() -> list[PlayerEvent]:
            return [event for event in self.events[after:] if fits(event)]

        with self._news:
            assert self._news.wait_for(lambda: bool(found()), WAIT_S)
            return found()[0]

    def order(self, kind: str, tasks: list[PlayerTask]) -> list[PlayerTask]:
        """The `tasks` in the order of their events of that kind."""
        return [e.task for e in self.events if e.type == kind and e.task in tasks]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("studio"))


@pytest.fixture(scope="module")
def log() -> Log:
    return Log()


@pytest.fixture(scope="module")
def player(studio: Workspace, log: Log) -> Iterator[Player]:
    with Player(studio, on_event=log, threads=1) as player:
        yield player


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return distill.load(trained, "cpu", threads=1)


@pytest.fixture(scope="module")
def grid(loaded: LoadedVQModel) -> CodeGrid:
    (sound,) = distill.generate(loaded, duration=1.2, seed=1)
    return distill.edit.cut(distill.encode(loaded, sound.audio), 0.3, 0.5).grid


@pytest.fixture(scope="module")
def codes(grid: CodeGrid, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return distill.save_codes(tmp_path_factory.mktemp("codes") / "first.json", grid)


def run(player: Player, request: PlayerRequest) -> dict[str, Any]:
    return player.submit(request).result(WAIT_S)


# --- what it makes --------------------------------------------------------------------------------


def test_sounds_are_those_of_generate(
    player: Player, studio: Workspace, loaded: LoadedVQModel, trained: Path, tmp_path: Path
) -> None:
    settings = {"duration": 0.8, "seed": 3, "count": 2, "brightness": np.array([20.0, 80.0])}
    facts = run(player, Generate(model=trained, output=tmp_path / "a.wav", settings=settings))
    own = generate_files(loaded, tmp_path / "b.wav", make_request(**settings))
    for written, entry in zip(own, facts["files"], strict=True):
        assert Path(entry["path"]).read_bytes() == written.path.read_bytes()
        assert entry["seed"] == written.sound.recipe.seed
        # Every face sees it in the history.
        render = load_render(studio, entry["render"])
        assert render.path == Path(entry["path"])
        assert np.array_equal(load_codes(entry["codes"]).codes, written.sound.grid.codes)


def test_an_earlier_sound_is_made_again(player: Player, trained: Path, tmp_path: Path) -> None:
    first = tmp_path / "a.wav"
    run(player, Generate(model=trained, output=first, settings={"duration": 0.5, "seed": 9}))
    run(player, Generate(model=trained, output=tmp_path / "b.wav", again=first))
    assert (tmp_path / "b.wav").read_bytes() == first.read_bytes()


def test_a_blend_is_that_of_generate(
    player: Player, loaded: LoadedVQModel, trained: Path, shifted: Path, tmp_path: Path
) -> None:
    settings = {"duration": 0.5, "seed": 3, "blend": [str(shifted), 0.4]}
    run(player, Generate(model=trained, output=tmp_path / "a.wav", settings=settings))
    (own,) = generate_files(loaded, tmp_path / "b.wav", make_request(**settings))
    assert (tmp_path / "a.wav").read_bytes() == own.path.read_bytes()
    assert own.sound.recipe.blend is not None


def test_codes_are_those_of_encode_and_sounds_those_of_decode(
    player: Player, loaded: LoadedVQModel, trained: Path, corpus_dir: Path, tmp_path: Path
) -> None:
    sound = corpus_dir / "low" / "pluck 3.wav"
    facts = run(player, Encode(model=trained, sound=sound, output=tmp_path / "a.json"))
    grid = distill.encode(loaded, sound)
    assert np.array_equal(distill.load_codes(tmp_path / "a.json").codes, grid.codes)
    assert facts["frames"] == len(grid.codes)
    part = Decode(
        model=trained,
        codes=tmp_path / "a.json",
        output=tmp_path / "a.wav",
        start="0.1",
        stop="9f",
        levels="1-2",
    )
    run(player, part)
    region = distill.parse_region(grid, "0.1", "9f", "1-2")
    distill.decode_to_file(loaded, grid, tmp_path / "b.wav", region)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_single_columns_and_entries_sound_as_they_do_elsewhere(
    player: Player, loaded: LoadedVQModel, trained: Path, codes: Path, tmp_path: Path
) -> None:
    run(player, Decode(model=trained, codes=codes, output=tmp_path / "a.wav", column="5f"))
    distill.decode_column(loaded, codes, "5f", tmp_path / "b.wav")
    run(player, DecodeEntry(model=trained, entry="2:7", output=tmp_path / "c.wav"))
    distill.decode_entry(loaded, "2:7", tmp_path / "d.wav")
    sounds = [(tmp_path / f"{name}.wav").read_bytes() for name in "abcd"]
    assert sounds[0] == sounds[1]
    assert sounds[2] == sounds[3]


def test_edits_are_those_of_distill_edit(
    player: Player,
    loaded: LoadedVQModel,
    trained: Path,
    codes: Path,
    grid: CodeGrid,
    tmp_path: Path,
) -> None:
    lines = ("heal --seed 4", f"blend '{codes}' --amount 0.5 --from 0.2", "reverse --to 0.4")
    request = Edit(codes=codes, output=tmp_path / "a.json", lines=lines, model=trained)
    facts = run(player, request)
    expected = distill.edit.heal(loaded, grid, seed=4).grid
    expected = distill.edit.blend(loaded, expected, codes, 0.5, start="0.2").grid
    expected = distill.edit.reverse(expected, stop=0.4).grid
    assert np.array_equal(distill.load_codes(tmp_path / "a.json").codes, expected.codes)
    assert [step["operation"] for step in facts["steps"]] == ["heal", "blend", "reverse"]


def test_a_document_takes_edits_all_or_none(
    player: Player, studio: Workspace, loaded: LoadedVQModel, trained: Path, grid: CodeGrid
) -> None:
    document = create_document(studio, grid)
    lines = ("reverse", "heal --seed 4")
    trial = EditDocument(document.id, lines, model=trained, is_trial=True)
    assert run(player, trial)["revision"] == 0
    facts = run(player, EditDocument(document.id, lines, model=trained))
    assert facts["revision"] == open_document(studio, document.id).revision > 0
    expected = distill.edit.heal(loaded, distill.edit.reverse(grid).grid, seed=4).grid
    edited = Editor(studio).grid(open_document(studio, document.id))
    assert np.array_equal(edited.codes, expected.codes)
    with pytest.raises(UsageError):
        run(player, EditDocument(document.id, ("reverse", "melt"), model=trained))
    assert open_document(studio, document.id).revision == facts["revision"]


def test_codes_become_a_picture(player: Player, trained: Path, codes: Path, tmp_path: Path) -> None:
    run(player, Picture(codes=codes, output=tmp_path / "a.png", model=trained))
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_stream_is_that_of_distill(player: Player, loaded: LoadedVQModel, trained: Path) -> None:
    task = player.submit(Stream(model=trained, settings={"seed": 5}))
    # More than are made ahead.
    blocks = list(islice(task.blocks(), 20))
    task.cancel()
    for block, expected in zip(blocks, distill.stream(loaded, seed=5).blocks(), strict=False):
        samples = np.frombuffer(block.samples, "<f4").reshape(-1, block.channels).T
        assert np.array_equal(samples, expected.sound)
        assert np.array_equal(block.codes, expected.codes)
        assert block.sample_rate == SAMPLE_RATE
    with pytest.raises(CancelledError):
        task.result(WAIT_S)


def test_a_stream_is_steered_while_it_runs(
    player: Player, log: Log, loaded: LoadedVQModel, trained: Path
) -> None:
    other = player.submit(Stream(model=trained))
    task = player.submit(Stream(model=trained, settings={"seed": 5}))
    # While it waits: nothing is lost.
    task.steer(tags={"violin": 1})
    other.cancel()
    blocks = task.blocks()
    first = next(blocks)
    assert "violin" in log.wait("steered", task).facts["error"]
    with pytest.raises(UsageError, match="between 0 and 100"):
        task.steer(brightness=101)
    mark = len(log.events)
    task.steer(brightness=100, guidance=20)
    assert log.wait("steered", task, mark).facts == {"error": None}
    steered = [first, *islice(blocks, 30)]
    task.cancel()
    plain = islice(distill.stream(loaded, seed=5).blocks(), len(steered))
    equal = [np.array_equal(a.codes, b.codes) for a, b in zip(steered, plain, strict=True)]
    # From one block on it goes its own way.
    assert equal[0]
    assert not equal[-1]


# --- cancelling -----------------------------------------------------------------------------------


def _long_sound(folder: Path) -> Path:
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE * 10).astype(np.float32)
    with sf.SoundFile(folder / "long.wav", "w", SAMPLE_RATE, 1, "PCM_16") as file:
        for _ in range(round(LONG_S / 10)):
            file.write(0.1 * noise)
    return folder / "long.wav"


def _long_codes(grid: CodeGrid, folder: Path, seconds: float = LONG_S) -> Path:
    repeats = round(seconds * grid.frame_rate / len(grid.codes))
    codes = np.tile(grid.codes, (repeats, 1))
    n_samples = len(codes) * grid.frame_hop
    seams = tuple(range(50, len(codes), 50))
    long = replace(grid, codes=codes, n_samples=n_samples, seams=seams)
    return distill.save_codes(folder / "long.json", long)


LONG: dict[str, Callable[[Path, CodeGrid, Path], PlayerRequest]] = {
    "generate": lambda model, grid, folder: Generate(
        model=model, output=folder / "out.flac", settings={"duration": LONG_S}
    ),
    "stream": lambda model, grid, folder: Stream(model=model),
    "encode": lambda model, grid, folder: Encode(
        model=model, sound=_long_sound(folder), output=folder / "out.json"
    ),
    "decode": lambda model, grid, folder: Decode(
        model=model, codes=_long_codes(grid, folder), output=folder / "out.wav"
    ),
    "heal": lambda model, grid, folder: Edit(
        codes=_long_codes(grid, folder, 60.0),
        output=folder / "out.json",
        lines=("heal",),
        model=model,
    ),
    "blend": lambda model, grid, folder: Edit(
        codes=_long_codes(grid, folder),
        output=folder / "out.json",
        lines=(
            "drift --amount 0.5",
            *[f"blend '{folder / 'long.json'}' --amount 0.5"] * 20,
        ),
        model=model,
    ),
}


@pytest.mark.parametrize("kind", LONG)
def test_what_runs_is_cancelled_and_leaves_nothing(
    kind: str, player: Player, log: Log, trained: Path, grid: CodeGrid, tmp_path: Path
) -> None:
    request = LONG[kind](trained, grid, tmp_path)
    before = sorted(tmp_path.iterdir())
    task = player.submit(request)
    log.wait("progress", task)
    task.cancel()
    with pytest.raises(CancelledError):
        task.result(WAIT_S)
    assert task.state == TaskState.CANCELLED
    assert sorted(tmp_path.iterdir()) == before
    # A second time, and after the end, it changes nothing.
    task.cancel()
    assert task.state == TaskState.CANCELLED


def test_what_waits_is_cancelled_at_once(player: Player, trained: Path, tmp_path: Path) -> None:
    first = player.submit(Stream(model=trained))
    task = player.submit(Generate(model=trained, output=tmp_path / "a.wav"))
    assert task in player.tasks()
    task.cancel()
    with pytest.raises(CancelledError, match="waited"):
        task.result(0)
    assert player.tasks() == [first]
    first.cancel()


def test_progress_grows_to_the_whole(
    player: Player, log: Log, trained: Path, codes: Path, tmp_path: Path
) -> None:
    task = player.submit(
        Generate(model=trained, output=tmp_path / "a.wav", settings={"duration": 20.0})
    )
    task.result(WAIT_S)
    steps = [e.facts["done"] for e in log.events if e.task is task and e.type == "progress"]
    assert steps == sorted(steps)
    assert task.total > 20 * 40
    assert len(task.files) == 1


# --- order ----------------------------------------------------------------------------------------


def test_the_most_urgent_goes_first(
    player: Player, log: Log, trained: Path, codes: Path, tmp_path: Path
) -> None:
    first = player.submit(Stream(model=trained))
    log.wait("running", first)
    requests: dict[str, tuple[PlayerRequest, Urgency | None]] = {
        "index": (Picture(codes=codes, output=tmp_path / "a.png"), None),
        "preview": (DecodeEntry(trained, "1:1", tmp_path / "p.wav"), Urgency.PREVIEW),
        "generate": (Generate(trained, tmp_path / "g.wav", {"duration": 0.2}), None),
        "later": (Generate(trained, tmp_path / "h.wav", {"duration": 0.2}), None),
        "edit": (Edit(codes, tmp_path / "e.json", ("reverse",)), None),
        "audition": (DecodeEntry(trained, "1:2", tmp_path / "q.wav"), None),
    }
    tasks = {name: player.submit(*request) for name, request in requests.items()}
    expected = ["audition", "edit", "generate", "later", "preview", "index"]
    assert player.tasks() == [first, *(tasks[name] for name in expected)]
    first.cancel()
    for task in tasks.values():
        task.result(WAIT_S)
    assert log.order("running", list(tasks.values())) == [tasks[name] for name in expected]


def test_a_preview_gives_way_and_begins_again(
    player: Player, log: Log, trained: Path, tmp_path: Path
) -> None:
    settings = {"duration": 20.0, "seed": 1}
    preview = player.submit(
        Generate(trained, tmp_path / "long.wav", settings), urgency=Urgency.PREVIEW
    )
    log.wait("progress", preview)
    audition = player.submit(DecodeEntry(trained, "1:2", tmp_path / "q.wav"))
    audition.result(WAIT_S)
    assert not preview.is_over
    assert preview.result(WAIT_S)["files"]
    assert log.order("running", [preview, audition]) == [preview, audition, preview]


# --- models ---------------------------------------------------------------------------------------


def test_two_models_stay_in_memory(player: Player, trained: Path, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.sda" for name in "abc"]
    for path in paths:
        shutil.copy(trained, path)
    for number in (0, 1, 0, 2):
        run(player, DecodeEntry(paths[number], "1:1", tmp_path / "out.wav"))
    assert player.models == [paths[0], paths[2]]


def test_a_model_that_was_replaced_is_read_again(
    player: Player, trained: Path, codec_only: Path, corpus_dir: Path, tmp_path: Path
) -> None:
    path = tmp_path / "m.sda"
    sound = corpus_dir / "low" / "pluck 3.wav"
    for model in (trained, codec_only):
        shutil.copy(model, tmp_path / "new")
        os.replace(tmp_path / "new", path)
        run(player, Encode(model=path, sound=sound, output=tmp_path / "a.json"))
        expected = distill.encode(distill.load(model, "cpu", threads=1), sound)
        assert np.array_equal(distill.load_codes(tmp_path / "a.json").codes, expected.codes)


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_for", "error", "words"),
    [
        (lambda m, c, t: Generate(t / "no.sda", t / "a.wav"), ModelFileError, "no.sda"),
        (lambda m, c, t: Generate(m, t / "a.wav", {"colour": 1}), UsageError, "colour"),
        (lambda m, c, t: Generate(m, t / "a.wav", {"duration": "long"}), UsageError, "duration"),
        (lambda m, c, t: Generate(m, t / "a.wav", {"duration": -1}), UsageError, "--duration"),
        (lambda m, c, t: Stream(m, {"tempo": "x"}), UsageError, "tempo"),
        (lambda m, c, t: Stream(m, {"bars": 2}), UsageError, "bars"),
        (lambda m, c, t: Edit(c, t / "a.json", ("melt",)), UsageError, "melt"),
        (lambda m, c, t: Edit(c, t / "a.json", ("heal",)), UsageError, "model"),
        (
            lambda m, c, t: Edit(c, t / "a.json", ("cut --by 1",)),
            UsageError,
            "by",
        ),
    ],
)
def test_an_error_is_that_of_the_command(
    player: Player,
    trained: Path,
    codes: Path,
    tmp_path: Path,
    request_for: Callable[[Path, Path, Path], PlayerRequest],
    error: type[Exception],
    words: str,
) -> None:
    before = player.process_id
    task = player.submit(request_for(trained, codes, tmp_path))
    with pytest.raises(error, match=words):
        task.result(WAIT_S)
    assert task.state == TaskState.FAILED
    # No reason to start again.
    assert player.process_id == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_after_a_crash_it_says_what_it_worked_on_and_the_others_go_on(
    player: Player, log: Log, trained: Path, tmp_path: Path
) -> None:
    lost = player.submit(Generate(trained, tmp_path / "lost.wav", {"duration": LONG_S}))
    other = player.submit(Generate(trained, tmp_path / "other.wav", {"duration": 0.3}))
    log.wait("progress", lost)
    mark = len(log.events)
    assert player.process_id is not None
    os.kill(player.process_id, signal.SIGKILL)
    with pytest.raises(PlayerError, match=r"while it generated .*lost\.wav"):
        lost.result(WAIT_S)
    assert other.result(WAIT_S)["files"]
    assert [path.name for path in tmp_path.iterdir()] == ["other.wav"]
    kinds = [e.type for e in log.events[mark:] if e.task is None]
    assert kinds == ["died", "warming", "ready"]


def test_a_process_that_cannot_start_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Path
) -> None:
    program = shutil.which("false")
    if program is None:
        pytest.skip("needs the program false")
    monkeypatch.setattr(sys, "executable", program)
    with Player(open_workspace(tmp_path)) as player:
        task = player.submit(DecodeEntry(trained, "1:1", tmp_path / "a.wav"))
        with pytest.raises(PlayerError, match=r"cannot start .*player\.log"):
            task.result(WAIT_S)


DIES_WHEN_READY = """#!/bin/sh
echo x >> "$0.starts"
echo '{"type": "ready"}'
"""


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
def test_a_process_that_ends_once_it_is_ready_is_given_up_until_the_next_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Path
) -> None:
    program = tmp_path / "program"
    program.write_text(DIES_WHEN_READY)
    program.chmod(0o755)
    starts = tmp_path / "program.starts"
    log = Log()
    python = sys.executable
    monkeypatch.setattr(sys, "executable", str(program))
    with Player(open_workspace(tmp_path), on_event=log) as player:
        last = log.wait_for(lambda event: "error" in event.facts)
        assert (last.type, player.process_id) == ("died", None)
        assert "ends as soon as it is ready" in last.facts["error"]
        assert starts.read_text().count("x") == MOST_STARTS
        monkeypatch.setattr(sys, "executable", python)
        task = player.submit(DecodeEntry(trained, "1:1", tmp_path / "a.wav"))
        assert task.result(WAIT_S)["n_samples"] > 0


DIES_OF_ITS_FIRST_REQUEST = """#!/bin/sh
echo '{"type": "ready"}'
if [ -e "$0.died" ]; then cat > "$0.input"; else touch "$0.died"; read order; fi
"""


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
def test_whoever_asks_again_at_once_after_a_crash_gets_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program"
    program.write_text(DIES_OF_ITS_FIRST_REQUEST)
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    log = Log()
    request = DecodeEntry("a.sda", "1:1", tmp_path / "a.wav")
    again: list[PlayerTask] = []

    def ask_again(event: PlayerEvent) -> None:
        if event.type == "failed":
            again.append(player.submit(request))
        log(event)

    with Player(open_workspace(tmp_path), on_event=ask_again) as player:
        player.submit(request)
        log.wait("died")
        log.wait("running", again[0])
    assert [event.type for event in log.events].count("warming") == 2


def test_a_request_that_cannot_be_sent_fails_and_the_next_one_is_done(
    player: Player, trained: Path, tmp_path: Path
) -> None:
    bad = player.submit(Generate(trained, tmp_path / "a.wav", {"seed": object()}))
    with pytest.raises(UsageError, match="cannot send this request"):
        bad.result(WAIT_S)
    assert run(player, DecodeEntry(trained, "1:1", tmp_path / "b.wav"))["n_samples"] > 0


def test_a_player_that_is_closed_has_cancelled_all(
    studio: Workspace, trained: Path, tmp_path: Path
) -> None:
    with Player(studio) as player:
        task = player.submit(Generate(trained, tmp_path / "a.wav"))
    assert task.state == TaskState.CANCELLED
    assert player.process_id is None
    with pytest.raises(PlayerError, match="closed"):
        player.submit(Generate(trained, tmp_path / "a.wav"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_player_that_only_loads_torch_yet_is_not_waited_for(studio: Workspace) -> None:
    player = Player(studio)
    player.start()
    process = player._process
    assert process is not None
    assert not player.is_ready
    player.close()
    assert process.returncode == -signal.SIGKILL
    assert player.process_id is None


def test_a_model_is_loaded_before_it_is_used(player: Player, trained: Path) -> None:
    assert run(player, Warm(trained)) == {"model": str(trained)}
    assert player.models[-1] == trained


ORPHAN = """
import os, sys, time
from pathlib import Path
from distill.library.player import Player
from distill.library.player_requests import Stream
from distill.library.workspace import open_workspace
player = Player(open_workspace(Path(sys.argv[1])))
player.submit(Stream(model=sys.argv[2]))
while not player.is_ready:
    time.sleep(0.05)
print(player.process_id, flush=True)
time.sleep(1000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_process_does_not_outlive_its_player(studio: Workspace, trained: Path) -> None:
    command = [sys.executable, "-c", ORPHAN, str(studio.root), str(trained)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        process = Path("/proc") / parent.stdout.readline().strip()
        assert process.exists()
        parent.kill()
    end = time.monotonic() + WAIT_S
    while process.exists() and "Z" not in (process / "stat").read_text().split()[2]:
        assert time.monotonic() < end
        time.sleep(0.05)
