"""`distill pack`."""

import json
from pathlib import Path

ARGUMENTS = ["--seed", "3", "--max-copy", "100", "--threads", "1"]


def test_a_kit(run, trained: Path, tmp_path: Path) -> None:
    options = ["--one-shots", "2", "--loops", "1", "--tempo", "120", "--bars", "0.5"]
    result = run("pack", trained, "-o", "kit", *options, *ARGUMENTS)
    assert result.exit_code == 0
    assert result.stdout == ""
    *lines, last = result.stderr.splitlines()
    assert last == "kit: 3 sounds."
    assert [line.split("/")[0] for line in lines] == ["one-shots", "one-shots", "loops"]
    assert lines[2].endswith(": 1.00 s, 120 BPM.")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kit"]
    again = run("pack", trained, "-o", "kit", *options, *ARGUMENTS)
    assert again.exit_code == 1
    assert "'kit' exists already" in again.stderr


def test_json(run, trained: Path, tmp_path: Path) -> None:
    result = run(
        "pack", trained, "-o", "kit", "--one-shots", "1", "--loops", "0", "--json", *ARGUMENTS
    )
    facts = json.loads(result.stdout)
    assert facts["folder"] == "kit"
    (sound,) = facts["sounds"]
    assert (tmp_path / "kit" / sound["file"]).exists()


def test_what_cannot_be_is_one_sentence(run, trained: Path, tmp_path: Path) -> None:
    for options in (
        ["--one-shots", "999"],
        ["--bitrate", "96"],
        ["--width", "2"],
        ["--loops", "-1"],
    ):
        result = run("pack", trained, "-o", "kit", *options, *ARGUMENTS)
        assert result.exit_code == 2
        assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
