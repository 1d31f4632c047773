import json
import re
import subprocess
import sys
from pathlib import Path

import soundfile as sf

from distill.settings import SAMPLE_RATE

SHORT = ["--duration", "0.5", "--threads", "1"]


def test_several_sounds(run, trained: Path, tmp_path: Path) -> None:
    result = run("generate", trained, "-o", "new.wav", "-n", "2", "--seed", "7", *SHORT)
    assert (result.exit_code, result.stdout) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new-1.wav", "new-2.wav"]
    for i, line in enumerate(result.stderr.splitlines()):
        assert re.match(rf"new-{i + 1}\.wav: 0\.5 s, -\d+\.\d LUFS, seed {7 + i}\. ", line)
        assert "shared with the corpus" in line or "Shares no coarse codes with the corpus" in line
        info = sf.info(tmp_path / f"new-{i + 1}.wav")
        assert (info.samplerate, info.subtype, info.frames) == (SAMPLE_RATE, "PCM_24", SAMPLE_RATE // 2)
    assert (tmp_path / "new-1.wav").read_bytes() != (tmp_path / "new-2.wav").read_bytes()


def test_the_same_seed_gives_the_same_file(run, trained: Path, tmp_path: Path) -> None:
    run("generate", trained, "-o", "here.wav", "--seed", "8", *SHORT)
    run("generate", trained, "-o", "pair.wav", "-n", "2", "--seed", "7", *SHORT)
    command = [sys.executable, "-m", "distill", "generate", trained, "-o", "there.wav", "--seed", "8", *SHORT]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    here = (tmp_path / "here.wav").read_bytes()
    assert here == (tmp_path / "there.wav").read_bytes() == (tmp_path / "pair-2.wav").read_bytes()


def test_json(run, trained: Path) -> None:
    result = run("generate", trained, "-o", "new.wav", "--temperature", "0.8", "--top-k", "5", "--json", *SHORT)
    assert (result.exit_code, result.stderr, result.stdout.count("\n")) == (0, "", 1)
    said = json.loads(result.stdout)
    (sound,) = said["files"]
    assert (sound["path"], sound["duration_s"], sound["sample_rate"]) == ("new.wav", 0.5, SAMPLE_RATE)
    assert sound["sampling"] == {"temperature": 0.8, "top_k": 5, "top_p": 0.9}
    again = run("generate", trained, "-o", "again.wav", "--seed", sound["seed"], "--json", *SHORT)
    assert json.loads(again.stdout)["files"][0]["seed"] == sound["seed"]
