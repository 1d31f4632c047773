"""Several processes train one model: alike to the bit, and as one process does."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import distill
from distill.errors import UsageError
from distill.models.persistence import load_model_v2
from distill.ranks import Place
from distill.training.checkpoint import load_checkpoint
from distill.training.many_processes import check_devices, open_world
from distill.training.metrics import StepMetrics, TrainingEvent
from distill.training.paths import checkpoint_path
from distill.training.world import World, share_of
from tests.conftest import TINY, TINY_PRIOR
from tests.training.processes import (
    check_alike,
    check_ends,
    notes,
    run_by_torchrun,
    run_together,
)

PRIOR = TINY_PRIOR | {"max_epochs": 2}

TRAIN = """
def see(event):
    assert RANK == 0
    if isinstance(event, StepMetrics):
        note("use", [level.perplexity for level in event.levels])
sounds, settings = sys.argv[1], json.loads(sys.argv[2])
result = distill.train(sounds, "m.sda", callback=see, **settings)
note("end", [result.steps, result.finished, result.stopped_early, result.train_loss])
"""


def weights_of(path: Path) -> dict[str, torch.Tensor]:
    return load_model_v2(path).model.state_dict()


# --- one process ----------------------------------------------------------------------------------


def test_a_world_of_one_has_all_and_asks_nobody() -> None:
    alone = open_world("cpu")
    assert type(alone) is World
    assert (alone.size, alone.is_first) == (1, True)
    assert alone.share(7) == (slice(0, 7), 1.0)
    assert alone.first_does(lambda: 3) == alone.in_turn(lambda: 3) == alone.first_says(3)
    assert not torch.distributed.is_initialized()


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 8])
def test_shares_make_up_the_batch(size: int, batch_size: int) -> None:
    rows: list[int] = []
    total = 0.0
    for rank in range(size):
        share = share_of(Place(rank=rank, size=size), batch_size)
        own = list(range(batch_size))[share.rows]
        assert own
        if share.weight:
            rows += own
        total += share.weight
    assert rows == list(range(batch_size))
    assert total == pytest.approx(1)


def test_more_devices_than_there_are_give_a_sentence() -> None:
    with pytest.raises(UsageError, match=r"--devices 63 is too many: this machine has \d+ cores"):
        check_devices(63, "cpu")
    with pytest.raises(UsageError, match="--devices must lie between"):
        check_devices(0, "cpu")
    check_devices(1, "cpu")


# --- the codec ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def codec_folder(corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a codec that two processes have trained, for 8 steps."""
    folder = tmp_path_factory.mktemp("codec")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISTILL_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        check_ends(run_together(folder, TRAIN, corpus_dir, json.dumps(TINY | {"steps": 8})))
    return folder


def test_two_processes_train_as_one_does(
    codec_folder: Path, corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    assert len(check_alike(codec_folder)) == 1
    use = []

    def see(event: TrainingEvent) -> None:
        if isinstance(event, StepMetrics):
            use.append([level.perplexity for level in event.levels])

    path = tmp_path / "alone.sda"
    alone = distill.train(corpus_dir, path, steps=8, callback=see, **tiny)
    first, second = notes(codec_folder, "end")
    assert first == second == [[8, True, False, pytest.approx(alone.train_loss, rel=1e-3)]]
    hashes = [load_model_v2(file).model.codebook_hash() for file in (path, codec_folder / "m.sda")]
    assert hashes[0] == hashes[1]
    # Use of the codes is counted over all crops, whoever heard them.
    assert notes(codec_folder, "use") == [use]


SPOIL = """
import atexit
# Runs after all that is registered later.
atexit.register(lambda: note("is_joined", torch.distributed.is_initialized()))
if RANK == 1:
    def spoil(self, *arguments, step=trainer.CodecTrainer._descend):
        step(self, *arguments)
        if self.step_count == 4:
            next(self.codec.parameters()).data.view(-1)[0] += 1e-6
    trainer.CodecTrainer._descend = spoil
save_every_step()
"""


def test_processes_that_differ_are_found_out_and_save_nothing_more(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    ends = run_together(tmp_path, SPOIL + TRAIN, corpus_dir, json.dumps(tiny | {"steps": 8}))
    for end in ends:
        assert end.returncode == 1
        assert "The weights of process 1 of 2 differ from those of process 0" in end.stderr
    # With threads of the group still running, the end of the interpreter would abort now and then.
    assert notes(tmp_path, "is_joined") == [[False], [False]]
    assert load_checkpoint(checkpoint_path(tmp_path / "m.sda"))["trainer"]["step"] == 4


KILL = """
if RANK == 1 and not place.restarts:
    def step(self, step=trainer.CodecTrainer.step):
        if self.step_count == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(self)
    trainer.CodecTrainer.step = step
save_every_step()
note("start", place.restarts)
"""


def test_a_process_that_is_killed_costs_nothing(
    codec_folder: Path, corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    settings = json.dumps(tiny | {"steps": 8})
    end = run_by_torchrun(tmp_path, KILL + TRAIN, corpus_dir, settings)
    assert end.returncode == 0, end.stderr
    assert notes(tmp_path, "start") == [[0, 1], [0, 1]]
    killed, whole = (weights_of(folder / "m.sda") for folder in (tmp_path, codec_folder))
    assert all(torch.equal(killed[name], whole[name]) for name in whole)


STOP = """
cancel = threading.Event()
def stop(event):
    assert RANK == 0
    if isinstance(event, StepMetrics) and event.step == 3:
        cancel.set()
sounds, settings = sys.argv[1], json.loads(sys.argv[2])
result = distill.train(sounds, "m.sda", callback=stop, cancel_event=cancel, **settings)
note("end", [result.steps, result.finished])
"""


def test_a_stop_by_the_first_stops_all_and_any_number_goes_on(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    check_ends(run_together(tmp_path, STOP, corpus_dir, json.dumps(tiny | {"steps": 8})))
    assert notes(tmp_path, "end") == [[[3, False]], [[3, False]]]
    assert len(check_alike(tmp_path)) == 1
    assert distill.resume(tmp_path / "m.sda").steps == 8


LITTLE_MEMORY = """
def forward(model, audio, *others, forward=VQVAE.forward):
    if RANK == 1 and len(audio) > 1:
        raise torch.OutOfMemoryError("CUDA out of memory.")
    return forward(model, audio, *others)
VQVAE.forward = forward
def see(event):
    if isinstance(event, BatchHalved):
        note("halved", [event.step, event.batch_size])
sounds, settings = sys.argv[1], json.loads(sys.argv[2])
result = distill.train(sounds, "m.sda", callback=see, **settings)
note("end", result.steps)
"""


def test_used_up_memory_of_one_halves_the_batch_of_all(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    check_ends(run_together(tmp_path, LITTLE_MEMORY, corpus_dir, json.dumps(tiny | {"steps": 6})))
    assert notes(tmp_path, "halved") == [[[1, 2]]]
    assert notes(tmp_path, "end") == [[6], [6]]
    check_alike(tmp_path)


EARLY = """
run.should_stop = lambda curve: len(curve) == 2
def measure(*arguments, measure=trainer.measure_distances):
    assert RANK == 0, "the first one validates"
    return measure(*arguments)
trainer.measure_distances = measure
"""


def test_an_early_stop_is_one_of_all(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    check_ends(run_together(tmp_path, EARLY + TRAIN, corpus_dir, json.dumps(tiny | {"steps": 18})))
    first, second = notes(tmp_path, "end")
    assert first == second
    # The second validation comes after 6 of 18 steps, and a stop adds 15 %.
    assert first[0][:3] == [7, True, True]
    check_alike(tmp_path)


OWN_CLOCKS = """
import itertools
readings = itertools.count()
# Two seconds pass for the first process whenever it looks at the clock. That of the other one
# stands, and does not matter.
time.perf_counter = (lambda: 0.0) if RANK else (lambda: 2.0 * next(readings))
"""


def test_time_is_over_for_all_at_one_step(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    check_ends(
        run_together(tmp_path, OWN_CLOCKS + TRAIN, corpus_dir, json.dumps(tiny | {"minutes": 1}))
    )
    first, second = notes(tmp_path, "end")
    assert first == second
    assert first[0][0] > 1
    check_alike(tmp_path)


# --- the prior ------------------------------------------------------------------------------------

TRAIN_PRIOR = """
save_every_step()
def see(metrics):
    assert RANK == 0
sounds, settings = sys.argv[1], json.loads(sys.argv[2])
result = distill.train_prior("m.sda", sounds, callback=see, step_callback=see, **settings)
note("end", [result["history"], result["complete"].interrupted])
"""

KILL_PRIOR = """
if RANK == 1 and not place.restarts:
    def after(self, loss, after=prior_run.PriorRun._after_step):
        if self.progress.step == 8:
            os.kill(os.getpid(), signal.SIGKILL)
        return after(self, loss)
    prior_run.PriorRun._after_step = after
note("start", place.restarts)
"""


@pytest.fixture(scope="module")
def prior_folder(
    codec_only: Path, corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a model whose prior two processes have trained."""
    folder = tmp_path_factory.mktemp("prior")
    shutil.copy(codec_only, folder / "m.sda")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISTILL_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        check_ends(run_together(folder, TRAIN_PRIOR, corpus_dir, json.dumps(PRIOR)))
    return folder


def prior_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_model_v2(folder / "m.sda").require_prior().state_dict()


def test_processes_train_a_prior_alike(prior_folder: Path) -> None:
    # At every step, and after every epoch.
    assert len(check_alike(prior_folder)) > 8
    first, second = notes(prior_folder, "end")
    assert first == second
    history, is_interrupted = first[0]
    assert [point["epoch"] for point in history] == [1, 2]
    assert not is_interrupted
    assert prior_of(prior_folder)


def test_a_process_that_is_killed_costs_a_prior_nothing(
    prior_folder: Path, codec_only: Path, corpus_dir: Path, tmp_path: Path
) -> None:
    shutil.copy(codec_only, tmp_path / "m.sda")
    end = run_by_torchrun(tmp_path, KILL_PRIOR + TRAIN_PRIOR, corpus_dir, json.dumps(PRIOR))
    assert end.returncode == 0, end.stderr
    assert notes(tmp_path, "start") == [[0, 1], [0, 1]]
    killed, whole = prior_of(tmp_path), prior_of(prior_folder)
    assert all(torch.equal(killed[name], whole[name]) for name in whole)
