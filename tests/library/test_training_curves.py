from pathlib import Path
from shutil import copy

import pytest

from distill.errors import ModelFileError
from distill.library.training_curves import model_curves
from distill.training.metrics import ModelSaved, PriorStepMetrics
from distill.training.paths import log_path
from distill.workflows.training_log import TrainingLog
from tests.library.records import step


def test_the_curves_of_a_log_and_of_a_file_agree(trained: Path, tmp_path: Path) -> None:
    logged = model_curves(trained)
    alone = model_curves(copy(trained, tmp_path / "alone.sda"))
    assert (logged.source, alone.source) == ("log", "model")
    assert logged.steps[0]["step"] == 1
    assert logged.steps[-1]["step"] == 120
    assert not alone.steps
    for curve in ("validations", "prior_epochs"):
        ours, theirs = getattr(logged, curve), getattr(alone, curve)
        assert [point["val_loss"] for point in ours] == [point["val_loss"] for point in theirs]
        assert ours


def test_steps_that_were_done_again_count_once(tmp_path: Path) -> None:
    model = tmp_path / "my.sda"
    # Each run keeps its first and its last step, whatever the time between them.
    for numbers in ((1, 50), (40, 60)):
        with TrainingLog(model) as log:
            for number in numbers:
                log.write(step(number, mel_loss=100.0 - number))
                log.write(PriorStepMetrics(epoch=1, step=number, steps_per_epoch=9, loss=1.0))
            log.write(ModelSaved(step=60, path="my.sda"))
    with TrainingLog(model) as log:
        log.write(PriorStepMetrics(epoch=1, step=1, steps_per_epoch=9, loss=1.0))
        log.write(ModelSaved(step=60, path="my.sda"))
    curves = model_curves(model)
    assert [point["step"] for point in curves.steps] == [1, 40, 60]
    # A prior that is trained anew replaces the one before.
    assert [point["step"] for point in curves.prior_steps] == [1]


def test_damaged_lines_are_no_points(tmp_path: Path) -> None:
    model = tmp_path / "my.sda"
    lines = [
        '{"n":1,"t":1,"type":"StepMetrics","step":"one"}',
        '{"n":2,"t":1,"type":"StepMetrics"}',
        '{"n":3,"t":1,"type":"StepMetrics","step":3,"mel_loss":null}',
        "nonsense",
    ]
    log_path(model).write_text("\n".join(lines) + "\n")
    assert [point["step"] for point in model_curves(model).steps] == [3]


def test_without_model_and_log_there_are_no_curves(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="no model file"):
        model_curves(tmp_path / "my.sda")
