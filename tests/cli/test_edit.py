"""`distill edit`: every edit on files, the same by script, and errors in one sentence."""

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import distill
from distill.cli.edit import app, split_docstring
from distill.inference.codes.file import load_codes, save_codes
from distill.inference.codes.grid import CodeGrid
from distill.workflows.edit import EDITS, needs_model

OPERATIONS = {
    "set": "--code 3 --from 2f --to 4f --levels timbre",
    "replace": "--old FIRST --new NEXT",
    "crop": "--from 0.05",
    "cut": "--from 2f --to 4f",
    "copy": "--from 2f --to 4f --at 0 --mode overwrite",
    "paste": "b.json --at 0.1 --to 3f --levels 1-2",
    "move": "--from 2f --to 4f --at 0",
    "reverse": "--levels detail",
    "repeat": "--to 0.05 --times 3",
    "stretch": "--factor 1.5",
    "shuffle": "--block 0.05 --seed 3",
    "swap": "b.json --from 1f --to 3f",
    "transplant": "b.json --levels structure",
    "blend": "b.json --amount 0.5",
    "drift": "--amount 1 --seed 1",
    "clear": "--from 4f",
    "heal": "--from 2f --to 5f --temperature 2",
    "lock": "--levels 1",
    "unlock": "--from 3f",
}


@pytest.fixture(scope="module")
def encoded(trained: Path, corpus_dir: Path) -> tuple[CodeGrid, CodeGrid]:
    model = distill.load(trained, threads=1)
    sounds = (corpus_dir / "low" / "pluck 0.wav", corpus_dir / "high" / "pluck 4.wav")
    a, b = (distill.encode(model, sound) for sound in sounds)
    return a, b


@pytest.fixture
def grids(encoded: tuple[CodeGrid, CodeGrid], tmp_path: Path) -> tuple[CodeGrid, CodeGrid]:
    for name, grid in zip(("a.json", "b.json"), encoded, strict=True):
        save_codes(tmp_path / name, grid)
    return encoded


def call(name: str, codec: Path, *files: object) -> list[object]:
    return ["edit", name, *([codec] if needs_model(name) else []), *files]


def test_every_edit_is_a_command() -> None:
    assert set(EDITS) == set(OPERATIONS)
    assert [command.name for command in app.registered_commands] == [*EDITS, "run"]


def test_help_comes_from_the_docstring() -> None:
    def edit(grid: str, start: str, amount: float, code: int) -> None:
        """First line.

        Between `start` and
        the `end`.

        Args:
            amount: How much,
                from 0 to 1. In Python also an array.
            code: The code. The last one
                wins.
        """

    text, helps = split_docstring(edit)
    assert text == "First line.\n\nBetween --from and the `end`."
    assert helps == {"amount": "How much, from 0 to 1.", "code": "The code. The last one wins."}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation(
    run, trained: Path, grids: tuple[CodeGrid, CodeGrid], tmp_path: Path, name: str
) -> None:
    first = int(grids[0].codes[0, 0])
    options = OPERATIONS[name].replace("FIRST", str(first)).replace("NEXT", str((first + 1) % 32))
    result = run(
        *call(name, trained, "a.json"), *shlex.split(options), "-o", "out.json.gz", "--json"
    )
    assert (result.exit_code, result.stderr) == (0, "")
    facts = json.loads(result.stdout)
    edited = load_codes(tmp_path / "out.json.gz")
    assert (facts["operation"], facts["path"], facts["frames"]) == (
        name,
        "out.json.gz",
        len(edited.codes),
    )
    assert (facts["n_samples"], facts["levels"]) == (edited.n_samples, 3)
    assert (edited != grids[0]) is (name != "unlock")
    script = tmp_path / "one.txt"
    script.write_text(f"# {name}\n\n{name} {options}\n")
    files = [trained, "a.json"] if needs_model(name) else ["a.json"]
    assert run("edit", "run", *files, "--script", script, "-o", "line.json").exit_code == 0
    assert load_codes(tmp_path / "line.json") == edited


@pytest.mark.parametrize("words", ["reverse none.json", "heal none.sda none.json"])
def test_where_it_goes_is_looked_at_before_the_work(run, words: str) -> None:
    result = run("edit", *words.split(), "-o", "no/out.json")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "The folder 'no' does not exist" in result.stderr


@pytest.mark.parametrize("name", ["heal", "drift", "shuffle"])
def test_seeds_beyond_all_bounds(
    run, trained: Path, grids: tuple[CodeGrid, CodeGrid], name: str
) -> None:
    options = {"drift": ["--amount", "0.5"], "shuffle": ["--block", "1f"], "heal": ["--to", "4f"]}[
        name
    ]
    result = run(*call(name, trained, "a.json"), *options, "--seed", 10**20, "-o", "out.json")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "--seed must lie between 0 and" in result.stderr


def test_heal_the_seams_of_a_region(
    run, trained: Path, grids: tuple[CodeGrid, CodeGrid], tmp_path: Path
) -> None:
    long = distill.edit.repeat(grids[0], times=5).grid
    save_codes(tmp_path / "long.json", replace(long, seams=(12, 30)))
    heal = [
        *call("heal", trained, "long.json"),
        "--from",
        "8f",
        "--to",
        "20f",
        "--temperature",
        "4",
    ]
    assert run(*heal, "--seams", "-o", "seam.json").exit_code == 0
    assert run(*heal, "-o", "all.json").exit_code == 0
    (tmp_path / "edits.txt").write_text("heal --from 8f --to 20f --temperature 4 --seams\n")
    assert (
        run(
            "edit", "run", trained, "long.json", "--script", "edits.txt", "-o", "line.json"
        ).exit_code
        == 0
    )
    seam, everything, line = (
        load_codes(tmp_path / f"{name}.json") for name in ("seam", "all", "line")
    )
    assert line == seam
    assert seam.seams == everything.seams == (30,)
    changed, all_changed = (
        np.flatnonzero((grid.codes != long.codes).any(1)) for grid in (seam, everything)
    )
    assert 8 <= changed.min() <= changed.max() < 12
    assert all_changed.max() > 12
    result = run(*call("heal", trained, "long.json"), "--from", "31f", "--seams", "-o", "out.json")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "No edit has left a seam" in result.stderr


def test_a_script_of_many_lines(
    run, trained: Path, grids: tuple[CodeGrid, CodeGrid], tmp_path: Path
) -> None:
    text = (
        "reverse --to 4f\nblend b.json --amount 0.5 # half\n\n"
        "lock --levels structure\nrepeat --times 2\n"
    )
    (tmp_path / "edits.txt").write_text(text)
    result = run(
        "edit", "run", trained, "a.json", "--script", "edits.txt", "-o", "out.json", "--json"
    )
    model = distill.load(trained)
    expected = distill.edit.reverse(grids[0], stop="4f").grid
    expected = distill.edit.blend(model, expected, tmp_path / "b.json", 0.5).grid
    expected = distill.edit.repeat(distill.edit.lock(expected, levels="structure").grid).grid
    assert load_codes(tmp_path / "out.json") == expected
    steps = json.loads(result.stdout)["steps"]
    assert [step["operation"] for step in steps] == ["reverse", "blend", "lock", "repeat"]
    assert [step["locked"] for step in steps] == [0, 0, 8, 8]
    assert 0 < steps[1]["distance"] < 0.5


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("fly --to 3", "fly"),
        ("reverse --form 1", "--form"),
        ("reverse a b", "a"),
        ("copy --from 1f", "--at"),
        ("copy --at 0 --mode sideways", "sideways"),
        ("set --code x", "x"),
        ("set --code 32", "no code 32"),
        ("cut", "nothing of the sound"),
        ("cut --from 5", "past the end"),
        ("reverse --from soon", "soon"),
        ("reverse --levels bass", "bass"),
        ("swap none.json", "none.json"),
        ("drift --amount 0.5", "needs the model"),
        ('swap "b.json', "quotation"),
        ("reverse --help", "--help"),
        ("--help", "--help"),
        ("reverse -o x.json", "-o"),
        ("run", "run"),
    ],
)
def test_errors_name_the_line(
    run, grids: tuple[CodeGrid, CodeGrid], tmp_path: Path, line: str, part: str
) -> None:
    (tmp_path / "edits.txt").write_text(f"reverse\n{line}\n")
    before = set(tmp_path.iterdir())
    result = run("edit", "run", "a.json", "--script", "edits.txt", "-o", "out.json")
    assert result.exit_code in (1, 2)
    assert result.stderr.startswith("Error: edits.txt, line 2: ")
    assert part in result.stderr
    assert (result.stdout, result.stderr.count("\n")) == ("", 1)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("reverse none.json -o out.json", "no codes file at none.json"),
        ("reverse a.json -o out.wav", ".json"),
        ("reverse a.json -o no/out.json", "no"),
        ("reverse a.json --from 1 -o out.json", "past the end: 'pluck 0.wav' lasts 0.15 s (8f)"),
        ("swap a.json other.json -o out.json", "different models"),
        ("blend none.sda a.json b.json --amount 1 -o out.json", "none.sda"),
        ("blend CODEC a.json b.json --amount 2 -o out.json", "--amount"),
        ("drift CODEC other.json --amount 1 -o out.json", "another model"),
        ("run a.json --script none.txt -o out.json", "none.txt"),
        ("run a.json --script data.bin -o out.json", "no plain text"),
        ("run a.json --script long.txt -o out.json", "too long"),
        ("run CODEC a.json b.json --script good.txt -o out.json", "one codes file"),
    ],
)
def test_one_sentence(
    run, trained: Path, grids: tuple[CodeGrid, CodeGrid], tmp_path: Path, words: str, part: str
) -> None:
    other = json.loads((tmp_path / "b.json").read_text()) | {"codebook_hash": "00"}
    (tmp_path / "other.json").write_text(json.dumps(other))
    (tmp_path / "data.bin").write_bytes(b"\xff\xfe\xfd")
    (tmp_path / "long.txt").write_text("#" * (2 << 20))
    (tmp_path / "good.txt").write_text("reverse\n")
    before = set(tmp_path.iterdir())
    result = run("edit", *(trained if word == "CODEC" else word for word in words.split()))
    assert result.exit_code in (1, 2)
    assert result.stderr.startswith("Error: ")
    assert part in result.stderr
    assert (result.stdout, result.stderr.count("\n")) == ("", 1)
    assert set(tmp_path.iterdir()) == before


def test_help_loads_nothing_heavy_and_fits() -> None:
    code = (
        "import sys\nfrom distill.cli import app\n"
        "for name in sys.argv[1:]:\n    app(['edit', name, '--help'], standalone_mode=False)\n"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    environment = {"COLUMNS": "80", "PYTHONIOENCODING": "utf-8", "TERM": "dumb", "PATH": ""}
    words = [sys.executable, "-c", code, *OPERATIONS, "run"]
    result = subprocess.run(
        words, env=environment, capture_output=True, text=True, encoding="utf-8", check=True
    )
    help_text, loaded = result.stdout.split("LOADED")
    assert max(map(len, help_text.splitlines())) <= 80
    assert {"torch", "numpy"} & set(loaded.split()) == set()
