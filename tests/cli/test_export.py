"""`distill export`."""

import json
from pathlib import Path

import pytest

from distill.hosts import parity


def test_a_file_for_nn(run, trained: Path, tmp_path: Path) -> None:
    result = run("export", trained, "--to", "nn", "-o", "my.ts", "--threads", "1")
    assert result.exit_code == 0
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    assert first == (
        "my.ts: latency of forward 491 ms (23552 samples), encode 21 ms (1024 samples), "
        "decode 469 ms (22528 samples)."
    )
    assert second.startswith("Compared for 4.")
    assert second.endswith("100 % of columns encoded alike.")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my-help.pd", "my.json", "my.ts"]
    again = run("export", trained, "--to", "nn", "-o", "my.ts")
    assert again.exit_code == 1
    assert "'my.ts' and 2 more exist already" in again.stderr
    assert run("export", trained, "--to", "nn", "-o", "my.ts", "--overwrite").exit_code == 0


def test_json(run, codec_only: Path, tmp_path: Path) -> None:
    result = run("export", codec_only, "--to", "nn", "-o", "my.ts", "--latency", "low", "--json")
    assert result.stderr == ""
    facts = json.loads(result.stdout)
    assert facts["files"] == ["my.ts", "my.json", "my-help.pd"]
    assert facts["facts"]["latency"]["samples"]["forward"] == 4096
    assert facts["parity"]["source"] == "noise"


def test_what_cannot_be_is_one_sentence(
    run, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for options, part in (
        (["--to", "nn", "-o", "my.wav"], "end so"),
        (["--to", "nn", "-o", "no/my.ts"], "'no' does not exist"),
        (["-o", "my.ts", "--to", "vst"], "'vst'"),
        (["--to", "nn", "-o", "my.ts", "--latency", "none"], "'none'"),
    ):
        result = run("export", trained, *options)
        assert result.exit_code != 0
        assert result.stderr.count("\n") == 1
        assert part in result.stderr
    monkeypatch.setattr(parity, "LARGEST_DIFFERENCE", 0.0)
    result = run("export", trained, "--to", "nn", "-o", "my.ts", "--threads", "1")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The file would sound other than the model")
    assert list(tmp_path.iterdir()) == []
