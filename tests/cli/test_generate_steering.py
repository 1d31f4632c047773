"""`distill generate` with something asked of it."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

SHORT = ["--duration", "0.5", "--threads", "1"]
ASKED = [
    "--brightness",
    "0:10,0.4:90",
    "--loudness",
    "70",
    "--tag",
    "high:2",
    "--tag",
    "low",
    "--guidance",
    "2",
]


def samples(name: str) -> np.ndarray:
    return sf.read(name)[0]


@pytest.mark.parametrize("way", [[], ["--one-shot"]])
def test_what_is_asked_is_in_the_recipe(run, trained: Path, tmp_path: Path, way: list[str]) -> None:
    original = run("generate", trained, "-o", "first.wav", "--json", *ASKED, *way, *SHORT)
    (facts,) = json.loads(original.stdout)["files"]
    assert facts["steering"]["brightness"] == [[0, 10], [0.4, 90]]
    assert (facts["steering"]["tags"], facts["steering"]["guidance"]) == (
        [["high", 2], ["low", 1]],
        2,
    )
    assert run("generate", trained, "--again", "first.wav", "-o", "same.wav").exit_code == 0
    assert np.array_equal(samples("first.wav"), samples("same.wav"))
    run("generate", trained, "--again", "first.wav", "--brightness", "95", "-o", "other.wav")
    assert not np.array_equal(samples("first.wav"), samples("other.wav"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--brightness", "120"],
            "--brightness is a percentile of your sounds: give values between 0 and 100.",
        ),
        (["--brightness", "-5"], "between 0 and 100"),
        (["--brightness", "0:20,5:90,3:40"], "The times of --brightness must increase"),
        (["--brightness", "bright"], "--brightness takes a number"),
        (["--tag", "drums"], "there are high, low."),
        (["--guidance", "30"], "--guidance must lie between 0 and 20."),
        (["--loop", "--pitch", "0:20,1:30"], "give --pitch one value, not a curve."),
    ],
)
def test_errors_are_one_sentence(
    run, trained: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    refused = run("generate", trained, *options, *SHORT)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert message in refused.stderr
    assert not list(tmp_path.glob("*.wav"))


def test_other_ways_can_be_steered(run, trained: Path, tmp_path: Path) -> None:
    sf.write(tmp_path / "tone.wav", 0.2 * np.sin(np.arange(48_000) / 20), 48_000)
    ways = (
        ["--loop", *SHORT],
        ["--continue-from", "tone.wav", *SHORT],
        ["--variation-of", "tone.wav", "--threads", "1"],
        ["--infill", "tone.wav", "--from", "0.3", "--to", "0.6", "--threads", "1"],
    )
    for way in ways:
        free, bright = (
            run(
                "generate", trained, *way, "--seed", "1", "-o", f"{name}.wav", "--overwrite", *extra
            )
            for name, extra in (("free", []), ("bright", ["--brightness", "95", "--guidance", "5"]))
        )
        assert (free.exit_code, bright.exit_code) == (0, 0), bright.stderr
        assert not np.array_equal(samples("free.wav"), samples("bright.wav"))
