"""`distill encode`: any sound, or a folder of sounds, to codes files."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.inference.codes.file import load_codes


@pytest.mark.parametrize(
    ("rate", "channels", "n"),
    [(48_000, 1, 1), (48_000, 1, 5000), (8_000, 1, 4001), (192_000, 8, 30_011)],
)
def test_any_sound(run, trained: Path, rate: int, channels: int, n: int) -> None:
    """One sample; silence; the lowest rate; the highest rate with the most channels."""
    noise = 0.1 * np.random.default_rng(0).standard_normal((n, channels))
    sf.write("a.wav", np.zeros_like(noise) if n == 5000 else noise, rate)
    assert run("encode", trained, "a.wav").exit_code == 0
    assert run("decode", trained, "a.json", "-o", "b.wav").exit_code == 0
    sound, sample_rate = sf.read("b.wav")
    assert len(sound) == max(1, round(n * sample_rate / rate))
    assert np.isfinite(sound).all()


def test_a_folder(run, trained: Path, corpus_dir: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(corpus_dir, tmp_path / "in"))
    sf.write(folder / "low" / "pluck 0.flac", np.zeros(100), 48_000)
    (folder / "broken.wav").write_bytes(b"no sound")
    result = run("encode", trained, "in", "-o", "out", "--json", "--threads", "2")
    facts = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [entry["source"] for entry in facts["failed"]] == ["in/broken.wav"]
    names = {
        path.relative_to("out").as_posix() for path in Path("out").rglob("*") if path.is_file()
    }
    assert names == {entry["path"].removeprefix("out/") for entry in facts["files"]}
    assert {
        "low/pluck 0.wav.json",
        "low/pluck 0.flac.json",
        "low/pluck 1.json",
        "high/pluck 7.json",
    } <= names
    model = distill.load(trained, threads=1)
    assert load_codes("out/low/pluck 1.json") == distill.encode(
        model, folder / "low" / "pluck 1.wav"
    )
    (folder / "broken.wav").unlink()
    result = run("encode", trained, "in")
    assert (result.exit_code, result.stderr) == (0, "in-codes: 9 of 9 sounds (4.28 s).\n")


def test_where_it_goes_is_looked_at_before_the_work(run) -> None:
    for output, part in (
        ("no/x.json", "The folder 'no' does not exist"),
        ("x.wav", "end in .json"),
    ):
        result = run("encode", "none.sda", "none.wav", "-o", output)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert part in result.stderr


def test_a_folder_to_one_file_is_refused(run, trained: Path, corpus_dir: Path) -> None:
    result = run("encode", trained, corpus_dir, "-o", "x.json")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    empty = Path("empty")
    empty.mkdir()
    assert run("encode", trained, empty).exit_code == 2
    assert {path.name for path in Path.cwd().iterdir()} == {"empty"}


def test_channels_that_cancel_are_said(run, trained: Path) -> None:
    wave = np.sin(np.arange(9600) / 9) / 2
    sf.write("a.wav", np.stack([wave, -wave], 1), 48_000)
    assert "Left and right of 'a.wav' cancel" in run("encode", trained, "a.wav").stderr
    facts = json.loads(run("encode", trained, "a.wav", "-o", "b.json", "--json").stdout)
    assert "cancel" in facts["remark"]
    Path("in").mkdir()
    Path("a.wav").rename("in/a.wav")
    result = run("encode", trained, "in", "--json")
    assert "cancel" in json.loads(result.stdout)["files"][0]["remark"]
    assert "cancel" in run("encode", trained, "in", "-o", "out").stderr
    with pytest.warns(UserWarning, match="cancel"):
        distill.encode(distill.load(trained, threads=1), "in/a.wav")
