import json
from pathlib import Path

import numpy as np
import soundfile as sf
from PIL import Image

import distill
from distill.inference.codes.decode import entry_sound
from distill.models.persistence import save_model_v2


def test_use_of_each_level(run, trained: Path) -> None:
    result = run("codebook", trained, "--json", "--png", "heat.png")
    facts = json.loads(result.stdout)
    counts = distill.load(trained, threads=1).metadata["code_counts"]
    assert [level["counts"] for level in facts["levels"]] == counts.tolist()
    for level, row in zip(facts["levels"], counts, strict=True):
        assert level["dead_codes"] == (row == 0).nonzero()[:, 0].tolist()
    with Image.open("heat.png") as image:
        assert image.format == "PNG"
    table = run("codebook", trained).stderr.splitlines()
    assert [line.split()[0] for line in table] == ["Level", "Structure", "Timbre", "Detail"]


def test_every_code_as_a_sound(run, trained: Path) -> None:
    result = run("codebook", trained, "--previews", "out/entries", "--json", "--threads", "1")
    assert json.loads(result.stdout)["preview_count"] == 96
    names = sorted(path.as_posix() for path in Path("out/entries").rglob("*.wav"))
    assert names == [
        f"out/entries/{folder}/{i:02d}.wav"
        for folder in ("1-structure", "2-timbre", "3-detail")
        for i in range(32)
    ]
    sound = sf.read("out/entries/2-timbre/07.wav", dtype="float32")[0]
    assert np.allclose(sound, entry_sound(distill.load(trained, threads=1), 1, 7)[0], atol=1e-5)


def test_one_code_as_a_sound(run, trained: Path) -> None:
    result = run(
        "codebook", trained, "--entry", "timbre:7", "-o", "e.wav", "--json", "--threads", "1"
    )
    assert (result.exit_code, json.loads(result.stdout)["entry"]) == (0, "e.wav")
    sound = sf.read("e.wav", dtype="float32")[0]
    assert np.allclose(sound, entry_sound(distill.load(trained, threads=1), 1, 7)[0], atol=1e-5)
    assert (
        run("codebook", trained, "--entry", "2:7").stderr.splitlines()[-1] == "entry.wav: code 2:7."
    )
    assert Path("entry.wav").read_bytes() == Path("e.wav").read_bytes()
    for entry in ("7", "1:", "1:x", "1-2:7", "4:0", "1:32", ":3"):
        refused = run("codebook", trained, "--entry", entry, "-o", "none.wav")
        assert (refused.exit_code, refused.stderr.splitlines()[-1][:6]) == (2, "Error:")
    assert not Path("none.wav").exists()


def test_a_folder_that_cannot_be_made(run, trained: Path) -> None:
    Path("out").write_text("in the way")
    result = run("codebook", trained, "--previews", "out/entries")
    assert result.exit_code == 1
    assert result.stderr == "Error: 'out' is a file: name a folder for the results.\n"


def test_a_model_of_an_earlier_version(run, trained: Path, tmp_path: Path) -> None:
    loaded = distill.load(trained, threads=1)
    del loaded.metadata["code_counts"]
    path = save_model_v2(tmp_path / "older.sda", loaded.model, loaded.metadata)
    facts = json.loads(run("codebook", path, "--json", "--png", "heat.png").stdout)
    assert [level["counts"] for level in facts["levels"]] == [None] * 3
    assert all(level["perplexity"] > 1 for level in facts["levels"])
    assert run("codebook", path).stderr.count("unknown") == 3
