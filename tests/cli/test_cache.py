import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("DISTILL_CACHE", str(folder))
    return folder


def test_size_clear_and_age(run, corpus_dir: Path, cache: Path) -> None:
    assert run("doctor", corpus_dir).exit_code == 0
    shown = run("cache")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert shown.stderr.startswith(f"{cache}: 8 sounds, ")
    assert shown.stderr.endswith(" MB.\n")
    assert run("cache", "--size").stderr == shown.stderr
    facts = json.loads(run("cache", "--older-than", "1", "--json").stdout)
    assert (facts["path"], facts["sounds"], facts["removed_sounds"]) == (str(cache), 8, 0)
    cleared = run("cache", "--clear", "--json")
    assert cleared.stderr == ""
    assert json.loads(cleared.stdout) == {
        "path": str(cache),
        "sounds": 0,
        "bytes": 0,
        "removed_sounds": 8,
        "removed_bytes": facts["bytes"],
    }
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_keep_leaves_so_much(run, corpus_dir: Path, cache: Path) -> None:
    assert run("doctor", corpus_dir).exit_code == 0
    before = json.loads(run("cache", "--json").stdout)
    assert json.loads(run("cache", "--keep", "20G", "--json").stdout) == before
    half = f"{before['bytes'] / 2e6:.6f}mb"
    facts = json.loads(run("cache", "--keep", half, "--json").stdout)
    assert facts["bytes"] <= before["bytes"] / 2
    assert 0 < facts["removed_sounds"] == 8 - facts["sounds"] < 8
    assert run("cache", "--keep", "0G").stderr.startswith(f"{cache}: 0 sounds, 0.0 MB. Removed: ")


@pytest.mark.parametrize(
    "arguments",
    [("--clear", "--size"), ("--older-than", "-1"), ("--older-than", "nan")]
    + [("--keep", "1G", "--clear")]
    + [
        ("--keep", size) for size in ("20", "-1G", "G", "1.G", "nanG", "1e3G", "٣G", "9" * 99 + "G")
    ],
)
def test_nonsense_is_refused(run, cache: Path, arguments: tuple[str, ...]) -> None:
    refused = run("cache", *arguments)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_scan_that_is_stopped_leaves_nothing_behind(
    run, corpus_dir: Path, cache: Path, tmp_path: Path, number: signal.Signals
) -> None:
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 8000 * 600)
    sf.write(sounds / "long.wav", noise, 8000, "ULAW")
    with subprocess.Popen(
        [sys.executable, "-m", "distill", "doctor", sounds], stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None and not any(cache.glob(".distill-*.tmp")):
            time.sleep(0.01)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    leftovers = list(cache.glob(".distill-*.tmp"))
    if number == signal.SIGKILL:
        assert len(leftovers) == 1
        assert run("doctor", corpus_dir).exit_code == 0
        leftovers = list(cache.glob(".distill-*.tmp"))
    else:
        assert (process.returncode, err) == (130, "Stopped.\n")
    assert leftovers == []
