"""Every command and script of the guides runs, on real recordings where there are any, with a
budget of seconds."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from PIL import Image
from typer.testing import CliRunner

from distill.cli import app
from distill.library.models import list_models
from distill.library.workspace import open_workspace
from distill.settings import SAMPLE_RATE
from distill.workflows import hub_sounds
from tests.audio.sofa_files import write_sofa
from tests.workflows.fake_hub import connected_hub

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
CODES = (GUIDES / "codes.md").read_text(encoding="utf-8")
SCULPTING = (GUIDES / "sculpting.md").read_text(encoding="utf-8")
WEB_ONNX = (GUIDES / "web-onnx.md").read_text(encoding="utf-8")
MAX_PD = (GUIDES / "max-pd.md").read_text(encoding="utf-8")
SAMPLERS = (GUIDES / "samplers.md").read_text(encoding="utf-8")
HUB = (GUIDES / "hub.md").read_text(encoding="utf-8")
LIVE = (GUIDES / "live.md").read_text(encoding="utf-8")
LOGS = (GUIDES / "logs.md").read_text(encoding="utf-8")
CORPORA = os.environ.get("DISTILL_CORPORA")
QUICK = {
    "--minutes 20": "--steps 12 --batch-size 2 --codebook-size 16",
    "--minutes 10": "--steps 4 --batch-size 2",
    "--pairs 12": "--pairs 3",
    "-n 4": "-n 3",
    "--sounds --max-copy 20": "--sounds --max-copy 100",
    "--one-shots 32 --loops 8": "--one-shots 2 --loops 1 --tempo 120 --bars 0.25 --max-copy 100",
    "--one-shots 0 --loops 4 --tempo 84 --bars 1": (
        "--one-shots 0 --loops 1 --tempo 120 --bars 0.25 --max-copy 100"
    ),
    "--one-shots 16 --loops 0": "--one-shots 1 --loops 0 --max-copy 100",
    "--duration 8": "--duration 0.5",
    "--duration 1": "--duration 0.5",
    # Other tests listen at the port as well.
    "--output none": "--output none --osc-port 0",
    "train-prior my.sda sounds": (
        "train-prior my.sda sounds --epochs 1 --layers 1 --hidden-size 32 --heads 2"
    ),
}
LOOPS = {"loop_amen": 1.7533}
STROKES = {"ghe1": 0.59, "ghe3": 2.39, "na": 0.72, "te1": 0.18, "tun1": 2.34}
SHORT_STROKES = {
    name: 0.1 + 0.1 * number
    for number, name in enumerate(("ke1", "tas1", "na", "ghe1", "ghe2", "tun1", "te1"))
}
ATTRIBUTES = ("reset", "levels", "gain", "rate_is_right")
"""Of a file for nn~."""

LARGEST_PICTURE = 60_000
NAMED_ID = re.compile(r"(?:play|restore) ([0-9a-f-]{20,})")
"""An id that a command prints, for the next command."""

small = pytest.mark.usefixtures("small_networks")


def make_sounds(folder: Path) -> None:
    """Sounds of the names and lengths that the guide has: a loop of hits, and strokes that die
    away."""
    rng = np.random.default_rng(0)
    lengths = {f"loops/{name}": seconds for name, seconds in LOOPS.items()}
    lengths |= {f"tabla/tabla_{name}": seconds for name, seconds in STROKES.items()}
    for name, seconds in lengths.items():
        t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        since = t % 0.22 if name.startswith("loops") else t
        sound = 0.4 * np.exp(-12 * since) * np.sin(2 * np.pi * rng.uniform(80, 800) * t)
        path = folder / f"{name}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        sf.write(path, sound + 1e-3 * rng.standard_normal(len(t)), SAMPLE_RATE)


def link_sounds(folder: Path, corpora: Path) -> None:
    """The loop of the guide, and all strokes."""
    files = [corpora / "loops" / f"{name}.flac" for name in LOOPS]
    for file in [*files, *(corpora / "tabla").glob("*.flac")]:
        link = folder / file.parent.name / file.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)


def commands(guide: str) -> list[str]:
    return re.findall(r"^ +distill (.+)$", guide, re.MULTILINE)


def run(command: str) -> str:
    for slow, quick in QUICK.items():
        command = command.replace(slow, quick)
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 0, f"{command}: {result.output}"
    return result.output


@small
def test_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    corpora = Path(CORPORA) if CORPORA else None
    if corpora and (corpora / "loops").is_dir() and (corpora / "tabla").is_dir():
        link_sounds(tmp_path / "sounds", corpora)
    else:
        make_sounds(tmp_path / "sounds")
    for name, script in re.findall(r"```text\n# (\S+)\n(.+?)```", CODES, re.DOTALL):
        (tmp_path / name).write_text(script)
    for command in commands(CODES):
        run(command)
    pieces = {
        name: sf.read(tmp_path / name)[0]
        for name in ("dialogue.wav", "healed.wav", "turn.wav", "between.wav", "piece.wav")
    }
    bar = round(LOOPS["loop_amen"] * SAMPLE_RATE)
    assert all(np.abs(sound).max() > 0.01 for sound in pieces.values())
    assert all(len(sound) > 3.9 * bar for sound in pieces.values())
    # Each is another, and none is the loop as it was.
    for name in ("turn.wav", "between.wav"):
        assert np.abs(pieces[name] - pieces["dialogue.wav"])[: 2 * bar].max() > 0.01


def write_strokes(home: Path) -> None:
    """The folder of the guide, with fewer and shorter strokes, and a loop beside it."""
    (home / "tabla").mkdir()
    rng = np.random.default_rng(0)
    names = {f"tabla/tabla_{name}": seconds for name, seconds in SHORT_STROKES.items()}
    for name, seconds in (names | {"loop_tabla": 1.0}).items():
        t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        sound = 0.4 * np.exp(-12 * (t % 0.25)) * np.sin(2 * np.pi * rng.uniform(80, 800) * t)
        sf.write(home / f"{name}.flac", sound + 1e-3 * rng.standard_normal(len(t)), SAMPLE_RATE)


@small
def test_sculpting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = tmp_path / "Distill"
    (studio / "models").mkdir(parents=True)
    monkeypatch.chdir(studio / "models")
    monkeypatch.setenv("DISTILL_WORKSPACE", str(studio))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    write_strokes(tmp_path)
    # Ids are new in every run: those of the guide stand for them, in the order of their printing.
    shown = list(dict.fromkeys(NAMED_ID.findall(SCULPTING)))
    printed: list[str] = []
    for command in commands(SCULPTING):
        for old, new in zip(shown, printed, strict=False):
            command = command.replace(old, new)
        output = run(command.replace("~", str(tmp_path)))
        printed += [text for text in NAMED_ID.findall(output) if text not in printed]
    assert len(shown) == len(printed) == 4
    (model,) = [m for m in list_models(open_workspace(studio)).models if m.version == 3]
    assert model.parent.name == "tabla-v2"
    assert model.notes
    heard = {file.name for file in model.corpus if not file.muted}
    assert {"loop_tabla (added).flac", "second-3 (added).wav"} <= heard
    assert not heard & {"tabla_ghe1.flac", "tabla_tas1.flac", "tabla_ke1.flac"}


@small
def test_samplers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    make_sounds(tmp_path / "sounds")
    ring = tuple((float(azimuth), 0.0) for azimuth in range(0, 360, 10))
    write_sofa(tmp_path / "head.sofa", places=ring)
    for command in commands(SAMPLERS):
        run(command)
    assert len(list((tmp_path / "kit").rglob("*.wav"))) == 3
    named = set(re.findall(r"`(kit\.\w+)`", SAMPLERS))
    assert named == {path.name for path in (tmp_path / "kit").glob("kit.*")}
    assert [path.parent.name for path in (tmp_path / "slow").rglob("*.wav")] == ["loops"]
    (small,) = (tmp_path / "mpc").rglob("*.wav")
    info = sf.info(small)
    assert (info.samplerate, info.channels, info.subtype) == (44_100, 1, "PCM_16")
    (code,) = re.findall(r"```python\n(.+?)```", SAMPLERS, re.DOTALL)
    quick = "one_shots=1, loops=0, max_copy=100"
    exec(code.replace("one_shots=16, loops=4", quick), {})
    assert (tmp_path / "kit-2" / "kit.json").exists()


@small
def test_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    make_sounds(tmp_path / "sounds")
    for command in commands(LOGS):
        run(command.partition(" > ")[0])
    assert (tmp_path / "my.sda.log.jsonl").exists()
    assert list((tmp_path / "runs" / "board").iterdir())
    (code,) = re.findall(r"```python\n(.+?)```", LOGS, re.DOTALL)
    exec(code, {})


def test_live(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What plays to nobody; sound cards and JACK are not everywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    shutil.copy(trained, "my.sda")
    (knobs,) = re.findall(r"```toml\n(.+?)```", LIVE, re.DOTALL)
    (tmp_path / "knobs.toml").write_text(knobs)
    for command in commands(LIVE):
        if "--output none" in command:
            run(command)
    for again in ("again.flac", "once-more.flac"):
        assert (tmp_path / again).read_bytes() == (tmp_path / "take.flac").read_bytes()
    (code,) = re.findall(r"```python\n(.+?)```", LIVE, re.DOTALL)
    exec(code, {})
    assert sf.info("python.wav").duration > 0.9


@small
def test_max_pd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    make_sounds(tmp_path / "sounds")
    for command in commands(MAX_PD):
        run(command)
    named = set(re.findall(r"`(my[\w-]*\.\w+)`", MAX_PD))
    assert named <= {path.name for path in tmp_path.glob("my*")}
    facts = json.loads((tmp_path / "quick.json").read_text())
    rows = re.findall(r"^\| `(\w+)` \| (\d+) ms \| (\d+) ms", MAX_PD, re.MULTILINE)
    assert (facts["latency"]["name"], *_whole_ms(facts)) in rows
    (code,) = re.findall(r"```python\n(.+?)```", MAX_PD, re.DOTALL)
    exec(code, {})
    facts = json.loads((tmp_path / "again.json").read_text())
    assert (facts["latency"]["name"], *_whole_ms(facts)) in rows
    assert set(re.findall(r"`set (\w+)", MAX_PD)) <= set(ATTRIBUTES)


def test_web_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    make_sounds(tmp_path / "sounds")
    for command in commands(WEB_ONNX):
        run(command)
    named = re.findall(r"^\| `(\w+\.\w+)` \|", WEB_ONNX, re.MULTILINE)
    assert sorted(named) == sorted(path.name for path in (tmp_path / "web").iterdir())
    loop = next((tmp_path / "sounds" / "loops").iterdir())
    (player,) = re.findall(r"^python (web/.+) guitar.wav again.wav$", WEB_ONNX, re.MULTILINE)
    subprocess.run([sys.executable, player, str(loop), "again.wav"], check=True)
    assert sf.info("again.wav").frames == sf.info(loop).frames
    (code,) = re.findall(r"```python\n(.+?)```", WEB_ONNX, re.DOTALL)
    compile(code, "guide", "exec")


def _whole_ms(facts: dict[str, Any]) -> tuple[str, str]:
    """Latency of `decode` and of `forward`, in whole milliseconds."""
    ms = facts["latency"]["ms"]
    return f"{ms['decode']:.0f}", f"{ms['forward']:.0f}"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_hub(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hub_sounds, "SECONDS", 0.3)
    shutil.copy(trained, tmp_path / "my.sda")
    with connected_hub(tmp_path, monkeypatch) as hub:
        for command in commands(HUB):
            run(command)
        (code,) = re.findall(r"```python\n(.+?)```", HUB, re.DOTALL)
        exec(code, {})
        assert hub.private == {"somebody/my-sounds", "somebody/more-sounds"}
    assert (tmp_path / "theirs.sda").exists()
    assert (tmp_path / "new.wav").exists()
    assert (tmp_path / "copy.sda").exists()


def test_pictures_are_those_that_the_commands_make() -> None:
    shown = set(re.findall(r"\]\((\S+\.png)\)", CODES))
    original = {shlex.split(command)[-1] for command in commands(CODES) if "--png" in command}
    assert shown == original == {path.name for path in GUIDES.glob("*.png")}
    for name in shown:
        assert (GUIDES / name).stat().st_size < LARGEST_PICTURE
        Image.open(GUIDES / name).verify()
