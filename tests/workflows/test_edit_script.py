"""Scripts of edits: reading, and applying their steps."""

from pathlib import Path

import numpy as np
import pytest

import distill
from distill.errors import UsageError
from distill.inference.codes.grid import CodeGrid
from distill.workflows.edit_script import LARGEST_SCRIPT, Step, apply, check_model, read_script


@pytest.fixture(scope="module")
def grid(trained: Path, corpus_dir: Path) -> CodeGrid:
    loaded = distill.load(trained, threads=1)
    return distill.encode(loaded, corpus_dir / "low" / "pluck 0.wav")


def test_steps_know_their_line(tmp_path: Path) -> None:
    path = tmp_path / "edits.txt"
    path.write_text("\ufeff# first\n\nreverse\ncut --to 1f\n", encoding="utf-8")
    steps = read_script(path)
    assert [step.name for step in steps] == ["reverse", "cut"]
    assert [step.where for step in steps] == [f"{path}, line 3: ", f"{path}, line 4: "]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"reverse\nwrong\n", "line 2: There is no edit 'wrong'"),
        (b'swap "b.json', "line 1: No closing quotation"),
        (b"\xff\xfe\xfd", "it is no plain text"),
        (b"#" * (LARGEST_SCRIPT + 1), "too long"),
    ],
)
def test_files_that_are_no_scripts(tmp_path: Path, content: bytes, part: str) -> None:
    path = tmp_path / "edits.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=part):
        read_script(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_script(tmp_path / "none.txt")


def test_a_model_is_needed_by_some_edits_only() -> None:
    plain = [Step("reverse"), Step("cut")]
    assert not check_model(plain, has_model=False)
    assert not check_model(plain, has_model=True)
    assert check_model([*plain, Step("clear")], has_model=True)
    with pytest.raises(UsageError, match=r"^x\.txt, line 3: clear needs the model"):
        check_model([*plain, Step("clear", where="x.txt, line 3: ")], has_model=False)


def test_a_step_is_the_edit_of_its_name(trained: Path, grid: CodeGrid) -> None:
    loaded = distill.load(trained, threads=1)
    assert (
        apply(Step("reverse", {"stop": "4f"}), grid).grid
        == distill.edit.reverse(grid, 0, "4f").grid
    )
    cleared = apply(Step("clear", {"start": "4f"}), grid, loaded).grid
    assert cleared == distill.edit.clear(loaded, grid, "4f").grid
    assert not np.array_equal(cleared.codes, grid.codes)


def test_errors_begin_with_the_place_of_the_step(grid: CodeGrid) -> None:
    step = Step("reverse", {"levels": "bass"}, where="x.txt, line 7: ")
    with pytest.raises(UsageError, match=r"^x\.txt, line 7: .*bass"):
        apply(step, grid)
