"""Training from Python: settings are checked first, a scan is reused, a prior joins the file."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import distill
from distill.errors import CheckpointError, OutputError, PriorPresentError, UsageError
from distill.models.persistence import load_model_v2, read_header
from distill.training.metrics import ModelSaved, StepMetrics, TrainingEvent
from distill.training.paths import log_path
from distill.workflows.train import check_training, prior_settings


@pytest.mark.parametrize(
    ("output", "settings", "error"),
    [
        ("x.wav", {}, OutputError),
        ("no/x.sda", {}, OutputError),
        ("x.sda", {"steps": 0}, UsageError),
        ("x.sda", {"steps": 1, "minutes": 1.0}, UsageError),
    ],
)
def test_what_cannot_work_is_refused_before_the_scan(
    tmp_path: Path, output: str, settings: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        check_training(tmp_path / output, False, settings)
    # The folder of sounds is not even looked for.
    with pytest.raises(error):
        distill.train(tmp_path / "nowhere", tmp_path / output, **settings)


def test_a_prior_is_kept_unless_it_is_to_be_discarded(trained: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(trained, tmp_path / "my.sda"))
    with pytest.raises(PriorPresentError):
        check_training(path, False, {})
    check_training(path, True, {})


def test_a_scan_can_be_trained_on(corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]) -> None:
    events: list[TrainingEvent] = []
    corpus = distill.scan_corpus(corpus_dir)
    result = distill.train(
        corpus, tmp_path / "my.sda", steps=3, callback=events.append, model_name="Plucks", **tiny
    )
    assert (result.steps, result.finished, result.path) == (3, True, str(tmp_path / "my.sda"))
    assert sum(isinstance(event, StepMetrics) for event in events) >= 1
    metadata = read_header(tmp_path / "my.sda")["metadata"]
    assert metadata["name"] == "Plucks"
    assert len(metadata["corpus"]) == len(corpus.clips)


def test_resume_goes_on_from_the_checkpoint(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    stop = threading.Event()
    path = tmp_path / "my.sda"

    def stop_soon(event: TrainingEvent) -> None:
        if isinstance(event, StepMetrics) and event.step >= 3:
            stop.set()

    first = distill.train(corpus_dir, path, steps=8, callback=stop_soon, cancel_event=stop, **tiny)
    assert not first.finished
    assert first.steps < 8
    result = distill.resume(path)
    assert (result.steps, result.finished) == (8, True)
    with pytest.raises(CheckpointError):
        distill.resume(path)


@pytest.mark.parametrize(("event", "steps"), [(StepMetrics, 1), (ModelSaved, 3)])
def test_an_error_in_a_callback_is_raised_once_all_is_saved(
    corpus_dir: Path,
    tmp_path: Path,
    tiny: dict[str, Any],
    event: type[TrainingEvent],
    steps: int,
) -> None:
    path = tmp_path / "my.sda"

    def fail(current: TrainingEvent) -> None:
        if isinstance(current, event):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        distill.train(corpus_dir, path, steps=3, callback=fail, **tiny)
    assert load_model_v2(path).metadata["training"]["steps_done"] == steps
    if steps < 3:
        assert distill.resume(path).finished
    assert load_model_v2(path).metadata["training"]["steps_done"] == 3
    assert sorted(tmp_path.iterdir()) == [path, log_path(path)]


def test_an_error_in_a_callback_keeps_the_prior(
    codec_only: Path, corpus_dir: Path, tmp_path: Path, tiny_prior: dict[str, Any]
) -> None:
    path = Path(shutil.copy(codec_only, tmp_path / "my.sda"))

    def fail(metrics: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        distill.train_prior(path, corpus_dir, callback=fail, **tiny_prior)
    assert load_model_v2(path).require_prior()
    assert load_model_v2(path).prior_facts.epochs_trained == 1


def test_settings_of_a_prior_suit_the_folder_unless_given(corpus_dir: Path) -> None:
    choice, count = prior_settings(corpus_dir, num_layers=3, num_heads=None)
    usual, _ = prior_settings(corpus_dir)
    assert count == 8
    assert choice.num_layers == 3 != usual.num_layers
    assert choice.num_heads == usual.num_heads
    with pytest.raises(UsageError, match="--heads"):
        prior_settings(corpus_dir, num_heads=0)


def test_a_prior_stopped_before_validation_leaves_the_file(
    corpus_dir: Path, codec_only: Path, tmp_path: Path, tiny_prior: dict[str, Any]
) -> None:
    path = Path(shutil.copy(codec_only, tmp_path / "my.sda"))
    before = path.read_bytes()
    stopped = threading.Event()
    stopped.set()
    result = distill.train_prior(path, corpus_dir, cancel_event=stopped, **tiny_prior)
    assert result["prior_model"] is None
    assert path.read_bytes() == before


def test_a_prior_joins_the_file_and_takes_its_checkpoint_away(
    corpus_dir: Path, codec_only: Path, tmp_path: Path, tiny_prior: dict[str, Any]
) -> None:
    path = Path(shutil.copy(codec_only, tmp_path / "my.sda"))
    epochs: list[int] = []
    settings = tiny_prior | {"max_epochs": 1}
    result = distill.train_prior(
        path, corpus_dir, callback=lambda metrics: epochs.append(metrics.epoch), **settings
    )
    assert epochs == [1]
    assert result["complete"].epochs_trained == 1
    assert load_model_v2(path).prior is not None
    assert sorted(tmp_path.iterdir()) == [path, log_path(path)]


@pytest.mark.parametrize("has_checkpoint", [True, False])
def test_a_prior_that_does_not_fit_on_the_disk_is_said(
    codec_only: Path,
    corpus_dir: Path,
    tmp_path: Path,
    tiny_prior: dict[str, Any],
    full_disk: Callable[[int | None], None],
    has_checkpoint: bool,
) -> None:
    path = Path(shutil.copy(codec_only, tmp_path / "m.sda"))
    before = path.read_bytes()

    def fill(metrics: Any) -> None:
        # A checkpoint is saved after the first epoch, before the first step of the second.
        if metrics.epoch == 2 or not has_checkpoint:
            full_disk(1_000)

    kept = "which goes on from its checkpoint" if has_checkpoint else "no checkpoint is saved"
    with pytest.raises(OutputError, match=rf"m\.sda: File too large\. .*{kept}"):
        distill.train_prior(path, corpus_dir, step_callback=fill, **tiny_prior | {"max_epochs": 2})
    assert path.read_bytes() == before
    files = ["m.sda", "m.sda.log.jsonl"]
    if has_checkpoint:
        files.append("m.sda.prior.ckpt")
    assert sorted(file.name for file in tmp_path.iterdir()) == files
