import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import distill
from distill.inference.codes.file import save_codes
from distill.inference.codes.grid import CodeGrid

NAMES = ["Structure", "Timbre", "Detail"]


@pytest.fixture
def grid(trained: Path, corpus_dir: Path, tmp_path: Path) -> CodeGrid:
    """The codes of a pluck, also in `x.json`."""
    grid = distill.encode(distill.load(trained, threads=1), corpus_dir / "high" / "pluck 7.wav")
    save_codes(tmp_path / "x.json", grid)
    return grid


def test_a_letter_for_each_code(run, grid: CodeGrid) -> None:
    result = run("codes", "x.json")
    assert (result.exit_code, result.stdout) == (0, "")
    lines = result.stderr.splitlines()
    assert lines[0] == f"'pluck 7.wav': {len(grid.codes)} frames x 3 levels (0.92 s)."
    assert lines[1].strip() == "0.00 s"
    for q, name in enumerate(NAMES):
        letters = lines[2 + q].removeprefix(f"{name:10}")
        assert letters == "".join(
            "0123456789abcdefghijklmnopqrstuv"[code] for code in grid.codes[:, q]
        )
    assert [line.split()[0] for line in lines[-3:]] == NAMES


def test_colours_in_a_terminal(run, grid: CodeGrid) -> None:
    result = run("codes", "x.json", "--levels", "1", FORCE_COLOR="1", COLORTERM="truecolor")
    backgrounds = re.findall(r"48;2;\d+;\d+;\d+", result.stderr)
    assert len(set(backgrounds)) == len(set(grid.codes[:, 0].tolist()))


def test_use_here_and_in_the_corpus(run, trained: Path, grid: CodeGrid) -> None:
    result = run("codes", "x.json", "--model", trained, "--json", "--png", "x.png")
    facts = json.loads(result.stdout)
    counts = distill.load(trained, threads=1).metadata["code_counts"]
    assert (facts["frames"], facts["source"], [level["name"] for level in facts["levels"]]) == (
        len(grid.codes),
        "pluck 7.wav",
        NAMES,
    )
    for q, level in enumerate(facts["levels"]):
        values, here = np.unique(grid.codes[:, q], return_counts=True)
        assert {entry["code"]: entry["count"] for entry in level["codes"]} == dict(
            zip(values, here, strict=True)
        )
        assert all(entry["corpus_count"] == counts[q, entry["code"]] for entry in level["codes"])
        assert level["never_in_corpus"] == sum(int(counts[q, value] == 0) for value in values)
    with Image.open("x.png") as image:
        assert image.format == "PNG"
    assert "Not in corpus" in run("codes", "x.json", "--model", trained).stderr


def test_a_part_of_it(run, grid: CodeGrid) -> None:
    facts = json.loads(
        run("codes", "x.json", "--from", "3f", "--to", "7f", "--levels", "detail", "--json").stdout
    )
    (level,) = facts["levels"]
    assert level["name"] == "Detail"
    assert sum(entry["count"] for entry in level["codes"]) == 4


def test_a_model_that_did_not_make_them(
    run, bare_model: Path, grid: CodeGrid, tmp_path: Path
) -> None:
    other = replace(grid, codebook_hash="0" * 64)
    save_codes(tmp_path / "x.json", other)
    result = run("codes", "x.json", "--model", bare_model, "--png", "x.png")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert not Path("x.png").exists()


def test_more_levels_or_codes_than_the_model_has(
    run, trained: Path, grid: CodeGrid, tmp_path: Path
) -> None:
    extra = replace(grid, codes=np.tile(grid.codes, 2), level_names=grid.level_names * 2)
    larger = replace(grid, codes=grid.codes + 32, codebook_size=64)
    for misfit in (extra, larger):
        save_codes(tmp_path / "x.json", misfit)
        result = run("codes", "x.json", "--model", trained)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert "'pluck 7.wav' have levels or codes that" in result.stderr
