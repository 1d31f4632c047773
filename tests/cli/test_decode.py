"""`distill decode`: what `distill encode` wrote, back to sound, whole or in part."""

import json
from pathlib import Path

import numpy as np
import soundfile as sf

import distill
from distill.inference.codes.decode import column_sound
from distill.inference.codes.file import load_codes
from distill.library.documents import create_document
from distill.library.editing import Editor
from distill.library.sources import find_grid
from distill.library.workspace import open_workspace


def first_sound(corpus_dir: Path) -> Path:
    return corpus_dir / "low" / "pluck 0.wav"


def test_there_and_back(run, trained: Path, corpus_dir: Path, tmp_path: Path) -> None:
    sound = first_sound(corpus_dir)
    encoded = run("encode", trained, sound, "-o", "x.json.gz", "--threads", "1")
    assert (encoded.exit_code, encoded.stdout) == (0, "")
    assert encoded.stderr == "x.json.gz: 8 frames x 3 levels (0.15 s).\n"
    result = run("decode", trained, "x.json.gz", "-o", "y.wav", "--threads", "1")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "y.wav: 0.15 s.\n")
    info, source = sf.info(tmp_path / "y.wav"), sf.info(sound)
    assert (info.frames, info.samplerate, info.subtype) == (
        source.frames,
        source.samplerate,
        "PCM_24",
    )
    model = distill.load(trained, threads=1)
    decoded = sf.read(tmp_path / "y.wav", dtype="float32")[0]
    assert np.allclose(decoded, distill.decode(model, distill.encode(model, sound))[0], atol=1e-6)


def test_names_by_default_spare_the_recording(
    run, trained: Path, corpus_dir: Path, tmp_path: Path
) -> None:
    recording = tmp_path / "pluck.wav"
    recording.write_bytes(first_sound(corpus_dir).read_bytes())
    before = recording.read_bytes()
    assert run("encode", trained, "pluck.wav").exit_code == 0
    assert run("decode", trained, "pluck.json").exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "pluck.wav",
        "pluck.json",
        "pluck-decoded.wav",
    }
    assert recording.read_bytes() == before


def test_json(run, trained: Path, corpus_dir: Path) -> None:
    encoded = run("encode", trained, first_sound(corpus_dir), "-o", "x.json", "--json")
    facts = json.loads(encoded.stdout)
    assert (facts["path"], facts["frames"], facts["levels"], encoded.stderr) == ("x.json", 8, 3, "")
    decoded = run("decode", trained, "x.json", "-o", "y.wav", "--json")
    assert json.loads(decoded.stdout) == {
        "path": "y.wav",
        "duration_s": facts["n_samples"] / sf.info("y.wav").samplerate,
        "n_samples": facts["n_samples"],
    }
    assert decoded.stderr == ""


def test_codes_of_another_model_are_refused(run, trained: Path, corpus_dir: Path) -> None:
    run("encode", trained, first_sound(corpus_dir), "-o", "x.json")
    options = (
        "--steps",
        "1",
        "--batch-size",
        "2",
        "--codebook-size",
        "32",
        "--rvq-levels",
        "3",
        "--seed",
        "1",
    )
    assert run("train", corpus_dir, "-o", "other.sda", *options, "--threads", "1").exit_code == 0
    result = run("decode", "other.sda", "x.json", "-o", "y.wav")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "Error: " in result.stderr
    assert not Path("y.wav").exists()


def test_codes_outlast_a_longer_training(
    run, trained: Path, codec_only: Path, corpus_dir: Path
) -> None:
    """Codes are settled before the first step, so that only the sound of them changes with more of
    those."""
    assert run("encode", codec_only, first_sound(corpus_dir), "-o", "x.json").exit_code == 0
    assert run("decode", trained, "x.json", "-o", "later.wav").exit_code == 0
    assert run("decode", codec_only, "x.json", "-o", "early.wav").exit_code == 0
    early, later = (sf.read(name)[0] for name in ("early.wav", "later.wav"))
    assert len(early) == len(later)
    assert not np.array_equal(early, later)


def test_a_part_of_the_sound(run, trained: Path, corpus_dir: Path) -> None:
    run("encode", trained, corpus_dir / "high" / "pluck 7.wav", "-o", "x.json")
    run("decode", trained, "x.json", "-o", "whole.wav", "--levels", "1-2")
    result = run(
        "decode",
        trained,
        "x.json",
        "-o",
        "part.wav",
        "--levels",
        "1-2",
        "--from",
        "0.2",
        "--to",
        "0.5",
    )
    assert (result.exit_code, result.stderr) == (0, "part.wav: 0.30 s.\n")
    whole, part = (sf.read(name)[0] for name in ("whole.wav", "part.wav"))
    assert np.abs(part - whole[9 * 1024 : 23 * 1024]).max() < 1e-4
    run("decode", trained, "x.json", "-o", "all.wav")
    assert np.abs(sf.read("all.wav")[0] - whole).max() > 1e-3
    for options in (("--levels", "4"), ("--from", "9"), ("--from", "0.5", "--to", "0.2")):
        refused = run("decode", trained, "x.json", "-o", "none.wav", *options)
        assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert not Path("none.wav").exists()


def test_one_column(run, trained: Path, corpus_dir: Path) -> None:
    run("encode", trained, corpus_dir / "high" / "pluck 7.wav", "-o", "x.json")
    result = run("decode", trained, "x.json", "-o", "column.wav", "--column", "12f", "--json")
    assert json.loads(result.stdout) == {
        "path": "column.wav",
        "duration_s": 0.5,
        "n_samples": 24_000,
    }
    expected = column_sound(distill.load(trained, threads=1), load_codes("x.json"), 12)
    assert np.allclose(sf.read("column.wav", dtype="float32")[0], expected[0], atol=1e-5)
    for options in (("--column", "9"), ("--column", "x"), ("--column", "1f", "--levels", "1")):
        refused = run("decode", trained, "x.json", "-o", "none.wav", *options)
        assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert not Path("none.wav").exists()


def test_a_document_is_decoded_as_its_edits_left_it(
    run, trained: Path, corpus_dir: Path, tmp_path: Path
) -> None:
    place = open_workspace(tmp_path / "studio")
    grid = distill.encode(distill.load(trained, threads=1), first_sound(corpus_dir))
    document = create_document(place, grid, name="pluck")
    Editor(place).edit(document.id, "repeat")
    result = run("decode", trained, "pluck", "--workspace", "studio", "--threads", "1")
    assert result.exit_code == 0, result.stderr
    assert (
        sf.info(tmp_path / "pluck-decoded.wav").frames
        == find_grid(document.id, place.root).n_samples
    )
    assert "no document has that name" in run("decode", trained, "none").stderr
