"""Wrong input: one sentence on stderr, the exit code, and no file left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from distill.cli import app

# The command, its exit code, and a part of the sentence.
WRONG = [
    ("doctor nowhere", 2, "nowhere"),
    ("doctor note.txt", 2, "note.txt is a file"),
    ("doctor empty", 2, "No sound files in empty"),
    ("doctor unusable", 2, "unusable"),
    ("train", 2, "Name the folder of sounds"),
    ("train nowhere -o x.sda", 2, "nowhere"),
    ("train note.txt -o x.sda", 2, "note.txt is a file"),
    ("train empty -o x.sda", 2, "No sound files in empty"),
    ("train unusable -o x.sda", 2, "unusable"),
    ("train SOUNDS -o x.wav", 1, ".sda"),
    ("train SOUNDS -o no/x.sda", 1, "'no' does not exist"),
    ("train SOUNDS -o empty/x.sda --device gpu", 2, "Unknown device 'gpu'"),
    ("train SOUNDS -o x.sda --steps 2 --minutes 1", 2, "only one of"),
    ("train SOUNDS -o x.sda --steps 0", 2, "--steps"),
    ("train SOUNDS -o x.sda --minutes nan", 2, "--minutes"),
    ("train SOUNDS -o x.sda --epochs -1", 2, "--epochs"),
    ("train SOUNDS -o x.sda --rvq-levels 9", 2, "--rvq-levels"),
    ("train SOUNDS -o x.sda --codebook-size 1", 2, "--codebook-size"),
    ("train SOUNDS -o x.sda --batch-size 0", 2, "--batch-size"),
    ("train SOUNDS -o x.sda --lr 0", 2, "--lr"),
    ("train SOUNDS -o x.sda --threads 0", 2, "--threads"),
    ("train SOUNDS -o x.sda --seed -1", 2, "--seed"),
    ("train SOUNDS -o fake.sda", 1, "no usable Distill model"),
    ("train --resume none.sda", 1, "no checkpoint"),
    ("train --resume CODEC --rvq-levels 3", 2, "leave out --rvq-levels"),
    ("train --resume CODEC --lr 0.1", 2, "leave out --lr"),
    ("train --resume CODEC --no-early-stop", 2, "leave out --no-early-stop"),
    ("train --resume CODEC -o x.sda", 2, "leave out --output"),
    ("train-prior none.sda SOUNDS", 1, "no model file at none.sda"),
    ("train-prior fake.sda SOUNDS", 1, "fake.sda is not a Distill model"),
    ("train-prior CODEC nowhere", 2, "nowhere"),
    ("train-prior CODEC note.txt", 2, "note.txt is a file"),
    ("train-prior CODEC empty", 2, "No sound files in empty"),
    ("train-prior CODEC SOUNDS --epochs 0", 2, "--epochs"),
    ("train-prior CODEC SOUNDS --hidden-size 33", 2, "--hidden-size (33)"),
    ("train-prior CODEC SOUNDS --heads 0", 2, "--heads"),
    ("train-prior CODEC SOUNDS --layers 0", 2, "--layers"),
    ("train-prior CODEC SOUNDS --lr nan", 2, "--lr"),
    ("train-prior CODEC SOUNDS --device gpu", 2, "Unknown device 'gpu'"),
    ("generate none.sda", 1, "no model file at none.sda"),
    ("generate fake.sda", 1, "fake.sda is not a Distill model"),
    ("generate empty", 1, "empty is not a file"),
    ("generate CODEC", 1, "run `distill train-prior"),
    ("generate MODEL -o x.wma", 1, ".wav"),
    ("generate MODEL -o no/x.wav", 1, "'no' does not exist"),
    ("generate MODEL --duration 0", 2, "--duration"),
    ("generate MODEL --duration nan", 2, "--duration"),
    ("generate MODEL --duration 1e9", 2, "--duration"),
    ("generate MODEL -n 0", 2, "-n"),
    ("generate MODEL --temperature -1", 2, "--temperature"),
    ("generate MODEL --top-k -1", 2, "--top-k"),
    ("generate MODEL --top-p 0", 2, "--top-p"),
    ("generate MODEL --seed -1", 2, "--seed"),
    ("generate MODEL --threads -1", 2, "--threads"),
    ("generate MODEL --device gpu", 2, "Unknown device 'gpu'"),
    ("encode none.sda note.txt", 1, "no model file at none.sda"),
    ("encode MODEL nowhere.wav", 1, "nowhere.wav"),
    ("encode MODEL note.txt", 1, "note.txt"),
    ("encode MODEL empty", 2, "No sound files in empty"),
    ("encode MODEL unusable/text.wav", 1, "unusable/text.wav"),
    ("encode MODEL note.txt -o x.wav", 1, ".json"),
    ("decode none.sda x.json", 1, "no model file at none.sda"),
    ("decode MODEL nowhere.json", 1, "no codes file at nowhere.json"),
    ("decode MODEL note.txt", 1, "note.txt is not a codes file"),
    ("decode MODEL note.txt -o x.wma", 1, ".wav"),
    ("decode MODEL note.txt -o no/x.wav", 1, "'no' does not exist"),
    ("train SOUNDS -o CODEC", 1, "replace it with --overwrite"),
    ("train SOUNDS -o MODEL --overwrite", 1, "--discard-prior"),
    ("train SOUNDS -o folder.sda", 1, "is a folder"),
    ("train --resume CODEC --overwrite", 2, "leave out --overwrite"),
    ("generate MODEL -o kick.wav", 1, "'kick.wav' exists already"),
    ("generate MODEL -n 2 -o kick.wav", 1, "'kick-1.wav' exists already"),
    ("generate MODEL -o folder.wav --overwrite", 1, "is a folder"),
    ("generate MODEL --continue-from kick.wav -o kick.wav --overwrite", 1, "read by this command"),
    ("generate MODEL --variation-of kick.wav -o link.wav --overwrite", 1, "read by this command"),
    ("generate MODEL --infill link.wav -o kick.wav --overwrite", 1, "read by this command"),
    ("generate --again kick.wav -o empty/../kick.wav --overwrite", 1, "read by this command"),
    ("encode MODEL kick.wav -o kick.json", 1, "'kick.json' exists already"),
    ("encode MODEL kick.wav -o folder.json", 1, "is a folder"),
    ("encode MODEL unusable -o codes", 1, "'codes/text.json' exists already"),
    ("encode MODEL unusable -o note.txt", 1, "'note.txt' is a file"),
    ("decode MODEL kick.json -o kick.wav", 1, "'kick.wav' exists already"),
    ("codes kick.json --png kick.wav --overwrite", 1, ".png"),
    ("codes kick.json --png heat.png", 1, "'heat.png' exists already"),
    ("codebook MODEL --png heat.png", 1, "'heat.png' exists already"),
    ("codebook MODEL --entry 1:1 -o kick.wav", 1, "'kick.wav' exists already"),
    ("codebook MODEL --previews note.txt", 1, "'note.txt' is a file"),
    ("edit reverse kick.json -o kick.json --overwrite", 1, "read by this command"),
    ("edit reverse note.txt -o kick.json", 1, "'kick.json' exists already"),
    ("edit swap note.txt kick.json -o kick.json --overwrite", 1, "read by this command"),
    ("edit run note.txt --script kick.json -o kick.json --overwrite", 1, "read by this command"),
    ("edit run note.txt --script swap.txt -o kick.json --overwrite", 1, "read by this command"),
    ("export none.sda --to nn -o my.ts", 1, "no model file at none.sda"),
    ("export MODEL --to nn -o x.wav", 1, ".ts"),
    ("export MODEL --to nn -o kick.ts", 1, "'kick.json' exists already"),
    ("export MODEL --to nn -o kick.ts --overwrite", 1, "'kick.json' is no file of an export"),
    ("info none.sda", 1, "no model file at none.sda"),
    ("info note.txt", 1, "note.txt is not a Distill model"),
    ("info empty", 1, "empty is not a file"),
]


@pytest.fixture
def litter(tmp_path: Path) -> Path:
    """A folder of things that are not what they should be."""
    (tmp_path / "note.txt").write_text("hello")
    (tmp_path / "fake.sda").write_text("hello")
    (tmp_path / "empty").mkdir()
    (tmp_path / "unusable").mkdir()
    (tmp_path / "unusable" / "text.wav").write_text("hello")
    for name in ("kick.wav", "kick-1.wav", "kick.json", "heat.png"):
        (tmp_path / name).write_text("precious")
    for name in ("folder.wav", "folder.json", "folder.sda", "codes"):
        (tmp_path / name).mkdir()
    (tmp_path / "codes" / "text.json").write_text("precious")
    (tmp_path / "link.wav").symlink_to("kick.wav")
    (tmp_path / "swap.txt").write_text("swap kick.json\n")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "exit_code", "part"), WRONG, ids=[command for command, *_ in WRONG]
)
@pytest.mark.parametrize("as_json", [False, True], ids=["", "--json"])
def test_one_sentence(
    run,
    litter: Path,
    trained: Path,
    codec_only: Path,
    corpus_dir: Path,
    command: str,
    exit_code: int,
    part: str,
    as_json: bool,
) -> None:
    before = {path: path.read_bytes() for path in litter.rglob("*") if path.is_file()}
    names = {"SOUNDS": corpus_dir, "MODEL": trained, "CODEC": codec_only}
    arguments = [names.get(word, word) for word in command.split()]
    result = run(*arguments, *(["--json"] if as_json else []))
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert part in result.stderr
    assert {path: path.read_bytes() for path in litter.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["info"],
        ["train", "x", "--steps", "many"],
        ["generate", "m.sda", "--loud"],
    ],
)
def test_what_cannot_be_parsed(run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage: " in result.stderr


@pytest.mark.parametrize("value", ["9" * 10_000, "a " * 5_000, "\x1b[31m" * 2_000])
@pytest.mark.parametrize(
    "words", ["generate m.sda --seed", "train x --steps", "edit", "train --", ""]
)
def test_a_long_value_is_not_repeated_in_full(run, words: str, value: str) -> None:
    arguments = words.split()
    if words.endswith("--"):
        arguments[-1] += value
    else:
        arguments.append(value)
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr) < 2_500
    assert "\x1b" not in result.stderr
    assert "…" in result.stderr


def test_help_is_not_cut(run) -> None:
    for words in ((), ("edit",)):
        text = run(*words).stdout
        assert len(text) > 1_000
        assert "…" not in text


def test_names_are_shown_as_they_are(run) -> None:
    result = run("doctor", "[bold]no such[/bold] :star: folder")
    assert "[bold]no such[/bold] :star: folder" in result.stderr


def test_errors_in_a_process_of_its_own(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "distill.cli", "info", "none.sda"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert (
        result.stderr
        == "Error: There is no model file at none.sda: check the name and the folder.\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="a folder in use cannot be removed there")
def test_a_current_folder_that_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    command = f'rmdir "{folder}" && exec "{sys.executable}" -m distill.cli info "{tmp_path}/a.sda"'
    result = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: The current folder cannot be used (No such file")
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
@pytest.mark.parametrize(
    "command",
    [
        "encode MODEL pipe",
        "generate MODEL --continue-from pipe",
        "generate MODEL --variation-of pipe",
        "generate MODEL --infill pipe --from 0 --to 1",
        "generate --again pipe",
        "generate MODEL --again pipe",
        "train-prior pipe SOUNDS",
        "train --resume pipe.sda",
        "decode MODEL pipe",
        "codes pipe",
        "doctor pipe",
        "edit run note.txt --script pipe -o new.json",
    ],
)
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(
    run, litter: Path, trained: Path, corpus_dir: Path, command: str
) -> None:
    for name in ("pipe", "pipe.sda.train.ckpt"):
        os.mkfifo(litter / name)
    names = {"SOUNDS": corpus_dir, "MODEL": trained}
    result = run(*(names.get(word, word) for word in command.split()))
    assert result.exit_code in (1, 2)
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        "doctor NAME",
        "train NAME -o x.sda",
        "train SOUNDS -o NAME.sda",
        "train --resume NAME",
        "train-prior NAME SOUNDS",
        "train-prior MODEL NAME",
        "generate NAME",
        "generate MODEL -o NAME.wav",
        "generate MODEL --again NAME",
        "encode NAME note.txt",
        "encode MODEL NAME",
        "encode MODEL empty -o NAME",
        "decode MODEL NAME",
        "codes NAME",
        "codebook NAME",
        "codebook MODEL --previews NAME",
        "info NAME",
        "edit reverse NAME -o x.json",
        "edit run note.txt --script NAME -o x.json",
    ],
)
def test_a_name_longer_than_any_file_has_is_refused(
    run, litter: Path, trained: Path, corpus_dir: Path, command: str
) -> None:
    names = {"SOUNDS": corpus_dir, "MODEL": trained}
    words = (word.replace("NAME", "9" * 400) for word in command.split())
    result = run(*(names.get(word, word) for word in words))
    assert result.exit_code in (1, 2)
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


def numbers_of_commands() -> list[tuple[str, str]]:
    """Every option of every command that takes a number."""
    group = typer.main.get_command(app)
    found = []
    for name, command in group.commands.items():
        for option in command.params:
            if (
                option.type.name in ("int", "integer", "float")
                and option.param_type_name == "option"
            ):
                found.append((name, option.opts[0]))
    return found


@pytest.mark.parametrize(("command", "option"), numbers_of_commands())
@pytest.mark.parametrize("value", ["1000000000000", "-1"])
def test_a_number_far_too_large_or_small_is_refused_at_once(
    run, model: Path, corpus_dir: Path, tmp_path: Path, command: str, option: str, value: str
) -> None:
    codes = tmp_path / "codes.json"
    arguments = {
        "doctor": [corpus_dir],
        "train": [corpus_dir, "-o", "new.sda"],
        "train-prior": [model, corpus_dir],
        "generate": [model],
        "encode": [model, corpus_dir / "low" / "pluck 0.wav"],
        "decode": [model, codes],
        "convert": [corpus_dir / "low" / "pluck 0.wav", "--format", "flac"],
        "play": [model, "--output", "none", "--osc-port", "0"],
        "pack": [model, "-o", "kit"],
        "push": [model, "me/my", "--sounds"],
        "export": [model, "--to", "nn", "-o", "my.ts"],
        "codebook": [model],
        "cache": [],
    }[command]
    if option in ("--loudness-target", "--level") and value == "-1":
        value = "-1000"
    if option == "--seed" and value != "-1":
        value = str(2**63)
    before = sorted(tmp_path.iterdir())
    refused = run(command, *arguments, f"{option}={value}")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert option in refused.stderr
    assert sorted(tmp_path.iterdir()) == before
