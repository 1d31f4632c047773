"""Facts about results: their names and order are the keys of `--json`."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import distill
from distill.inference.codes.grid import CodeGrid
from distill.workflows.describe_results import (
    edited_facts,
    encoded_facts,
    generated_facts,
    prior_training_facts,
    step_facts,
)

STEP_KEYS = "operation changed locked kept_back remark distance changed_frames"
GENERATED_KEYS = (
    "path seed duration_s sample_rate loudness_lufs sampling way steering model_hash heard "
    "timing remarks copy draws under_max_copy blend"
)
PRIOR_KEYS = (
    "model dataset file_count unknown_files epochs_trained final_perplexity best_perplexity "
    "elapsed_s interrupted verdict verdict_kind level_losses copying prior_config history warnings"
)


@pytest.fixture(scope="module")
def grid(trained: Path, corpus_dir: Path) -> CodeGrid:
    model = distill.load(trained, threads=1)
    return distill.encode(model, corpus_dir / "low" / "pluck 0.wav")


def test_an_encoded_sound(grid: CodeGrid) -> None:
    assert asdict(encoded_facts(Path("x.json"), grid)) == {
        "path": Path("x.json"),
        "frames": len(grid.codes),
        "levels": 3,
        "n_samples": grid.n_samples,
        "duration_s": grid.seconds,
        "gain": grid.gain,
        "remark": "",
    }
    remark = "Left and right cancel."
    assert encoded_facts(Path("x.json"), grid, remark).remark == remark


def test_an_edited_sound(grid: CodeGrid) -> None:
    facts = asdict(edited_facts(Path("x.json"), grid))
    assert list(facts) == ["path", "frames", "levels", "n_samples", "duration_s"]
    assert (facts["frames"], facts["duration_s"]) == (len(grid.codes), grid.seconds)


def test_steps_count_what_changed_and_what_was_locked(grid: CodeGrid) -> None:
    held = distill.edit.lock(grid, "0f", "2f", "1")
    facts = step_facts("lock", grid, held)
    assert list(asdict(facts)) == STEP_KEYS.split()
    assert (facts.changed, facts.locked, facts.kept_back) == (0, 2, 0)
    new_code = (int(grid.codes[0, 0]) + 1) % 32
    painted = distill.edit.set_code(held.grid, new_code, "0f", "1f", "1")
    facts = step_facts("set", held.grid, painted)
    assert (facts.changed, facts.kept_back, facts.distance) == (0, 1, None)
    longer = distill.edit.repeat(grid, times=2)
    assert step_facts("repeat", grid, longer).changed is None


def test_a_blend_says_how_exact_it_is(trained: Path, corpus_dir: Path, grid: CodeGrid) -> None:
    model = distill.load(trained, threads=1)
    other = distill.encode(model, corpus_dir / "high" / "pluck 4.wav")
    blended = distill.edit.blend(model, grid, other, 0.5)
    facts = step_facts("blend", grid, blended)
    assert blended.distance is not None
    assert facts.distance == pytest.approx(blended.distance.mean())


def test_a_generated_sound(trained: Path) -> None:
    model = distill.load(trained, threads=1)
    (sound,) = distill.generate(model, 0.3, seed=5)
    facts = asdict(generated_facts(Path("new.wav"), sound))
    assert list(facts) == GENERATED_KEYS.split()
    assert (facts["seed"], facts["under_max_copy"]) == (5, None)
    assert facts["sampling"] == asdict(sound.recipe.sampling)
    assert facts["way"] == asdict(sound.recipe.way)
    assert sound.copy is not None
    for limit in (0.0, 100.0):
        bounded = generated_facts(Path("new.wav"), sound, max_copy=limit)
        assert bounded.under_max_copy is (sound.copy.passage_percent <= limit)


def test_a_trained_prior(
    corpus_dir: Path, codec_only: Path, tmp_path: Path, tiny_prior: dict[str, Any]
) -> None:
    path = Path(shutil.copy(codec_only, tmp_path / "my.sda"))
    result = distill.train_prior(path, corpus_dir, **tiny_prior | {"max_epochs": 1})
    facts = prior_training_facts(path, corpus_dir, result)
    assert list(asdict(facts)) == PRIOR_KEYS.split()
    assert (facts.epochs_trained, facts.file_count, facts.unknown_files) == (1, 8, 0)
    assert facts.best_perplexity == facts.final_perplexity
    # Before the first epoch there is no perplexity to speak of.
    assert prior_training_facts(path, corpus_dir, result | {"history": []}).best_perplexity is None
