"""`distill corpus`, and the commands that follow its choices."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from distill.cli import app
from distill.models.persistence import load_model_v2, read_header
from tests.library.makers import write_sound

SMALL = ["--steps", "3", "--codebook-size", "32", "--rvq-levels", "2", "--batch-size", "2"]


@pytest.fixture(autouse=True)
def _own_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTILL_WORKSPACE", str(tmp_path / "studio"))


@pytest.fixture
def folder(corpus_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(corpus_dir, tmp_path / "mine"))


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def facts(*arguments: object) -> Any:
    result = CliRunner().invoke(app, [str(argument) for argument in (*arguments, "--json")])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_choices_are_made_shown_and_taken_back(folder: Path) -> None:
    assert "muted" in run("corpus", "mute", folder, "low/pluck 0.wav")
    run("corpus", "weight", folder, "high", "--weight", 2)
    run("corpus", "tag", folder, "high/pluck 4.wav", "--tag", "bright", "--tag", "bell")
    run("corpus", "note", folder, "high/pluck 4.wav", "--text", "the best take")
    listing = facts("corpus", "list", folder)
    files = {file["name"]: file for file in listing["files"]}
    assert files["low/pluck 0.wav"]["muted"]
    assert files["high/pluck 4.wav"]["weight"] == 2
    assert files["high/pluck 4.wav"]["tags"] == ["bright", "bell"]
    assert "the best take" in run("corpus", "show", folder, "high/pluck 4.wav")
    text = run("corpus", "list", folder)
    assert "1 muted" in text
    assert facts("corpus", "list")["corpora"][0]["id"] == listing["id"]
    run("corpus", "unmute", listing["id"], "low/pluck 0.wav")
    assert facts("corpus", "list", folder)["muted"] == 0
    moved = facts("corpus", "move", listing["id"], folder.rename(folder.parent / "elsewhere"))
    assert (moved["weighted"], moved["tagged"], moved["is_there"]) == (4, 1, True)
    assert moved["id"] in run("corpus", "list")


def test_what_is_removed_for_good_is_not_in_the_bin(folder: Path, tmp_path: Path) -> None:
    run("corpus", "add", folder, write_sound(tmp_path / "new.wav", seed=1))
    text = run("corpus", "remove", folder, "new (added).wav", "--for-good")
    assert "deleted for good." in text
    assert "in the bin" not in text


def test_what_is_removed_comes_back(folder: Path, tmp_path: Path) -> None:
    added = facts("corpus", "add", folder, write_sound(tmp_path / "new.wav", seed=1))
    removed = facts("corpus", "remove", folder, "new (added).wav")
    (path,) = facts("corpus", "restore", removed["deleted_id"])["files"]
    assert Path(path).name == "new.wav"
    files = {file["hash"]: file for file in facts("corpus", "list", folder)["files"]}
    assert files[added["files"][0]["hash"]]["name"] == "new (added).wav"
    text = run("corpus", "remove", folder, "new (added).wav")
    assert "`distill corpus restore " in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("mute", "{}", "none.wav"),
        ("mute", "no-such-corpus", "a.wav"),
        ("move", "no-such-corpus", "{}"),
        ("weight", "{}", "low", "--weight", "11"),
        ("tag", "{}", "low"),
        ("add", "{}", "none.wav"),
        ("list", "no such folder"),
    ],
)
def test_bad_input_is_one_sentence(folder: Path, arguments: tuple[str, ...]) -> None:
    words = [word.replace("{}", str(folder)) for word in arguments]
    result = CliRunner().invoke(app, ["corpus", *words])
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert result.output.strip().startswith("Error: ")
    assert result.output.strip().endswith((".", "id"))


def test_training_hears_what_was_chosen_and_the_file_says_so(folder: Path, tmp_path: Path) -> None:
    run("corpus", "mute", folder, "low/pluck 0.wav")
    run("corpus", "weight", folder, "low/pluck 1.wav", "--weight", 3)
    output = run("train", folder, "-o", tmp_path / "a.sda", *SMALL)
    assert "Your choices: 1 muted, 1 with a weight" in output
    metadata = load_model_v2(tmp_path / "a.sda").metadata
    assert [entry["name"] for entry in metadata["muted"]] == ["low/pluck 0.wav"]
    weights = {entry["name"]: entry.get("weight", 1) for entry in metadata["corpus"]}
    assert "low/pluck 0.wav" not in weights
    assert weights["low/pluck 1.wav"] == 3
    run("train", folder, "-o", tmp_path / "b.sda", "--ignore-choices", *SMALL)
    assert len(load_model_v2(tmp_path / "b.sda").metadata["corpus"]) == 8
    assert "1 file is muted" in run("doctor", folder)
    assert "muted" not in run("doctor", folder, "--ignore-choices")


def test_a_version_goes_on_from_a_model_and_its_prior_learns_on(
    trained: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = shutil.copy(trained, tmp_path / "plucks.sda")
    run("corpus", "mute", folder, "low/pluck 0.wav")
    run("train", folder, "--continue-model", model, "--steps", 2, "--batch-size", 2)
    version = tmp_path / "plucks-v2.sda"
    header = read_header(version)
    assert header["metadata"]["version"] == 2
    assert header["has_prior"]
    output = run("train-prior", version, folder, "--epochs", 1)
    assert "learns on" in output
    prior = load_model_v2(version)
    assert prior.prior_metadata is not None
    assert "learns_on_from" in prior.prior_metadata["training"]
    recordings = [recording.name for recording in prior.prior_facts.recordings]
    assert "low/pluck 0.wav" not in recordings
    index = prior.prior_facts.copy_index
    assert index is not None
    # Version 1 has heard it: what repeats it is a copy.
    assert "low/pluck 0.wav" in {entry["name"] for entry in index["encodings"]}
    assert prior.prior_metadata["curation"]["muted"][0]["name"] == "low/pluck 0.wav"
    run("train", folder, "--continue-model", version, "--steps", 2, "--batch-size", 2)
    assert read_header(tmp_path / "plucks-v3.sda")["metadata"]["version"] == 3


def test_training_refuses_choices_that_it_cannot_read_and_names_the_way_around(
    folder: Path, tmp_path: Path
) -> None:
    run("corpus", "mute", folder, "low/pluck 0.wav")
    (record,) = (tmp_path / "studio/.distill/corpora").glob("*.json")
    record.write_text("{")
    arguments = ["train", str(folder), "-o", str(tmp_path / "my.sda"), *SMALL]
    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code == 1
    assert f"{record.name} is damaged" in refused.output
    assert "--ignore-choices" in refused.output
    run(*arguments, "--ignore-choices")


@pytest.mark.parametrize("kind", ["jobs", "models", "renders", "presets", "corpus"])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_list_makes_no_workspace(tmp_path: Path, kind: str, options: list[str]) -> None:
    run(kind, "list", *options)
    assert not (tmp_path / "studio").exists()


def test_listing_a_folder_makes_no_workspace(folder: Path, tmp_path: Path) -> None:
    assert len(facts("corpus", "list", folder)["files"]) == 8
    assert not (tmp_path / "studio").exists()
