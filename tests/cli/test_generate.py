import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.fades import FADE_OUT_S
from distill.audio.limiter import limiter_reach
from distill.settings import SAMPLE_RATE
from tests.audio.sofa_files import write_sofa

SHORT = ["--duration", "0.5", "--threads", "1"]


def test_several_sounds(run, trained: Path, tmp_path: Path) -> None:
    result = run("generate", trained, "-o", "new.wav", "-n", "2", "--seed", "7", *SHORT)
    assert (result.exit_code, result.stdout) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new-1.wav", "new-2.wav"]
    for i, line in enumerate(result.stderr.splitlines()):
        assert re.match(
            rf"new-{i + 1}\.wav: 0\.5 s, -\d+\.\d LUFS, seed {7 + i}, after hearing .+\. ", line
        )
        assert re.search("repeats (no passage|passages) of your recordings", line)
        info = sf.info(tmp_path / f"new-{i + 1}.wav")
        assert (info.samplerate, info.subtype, info.frames) == (
            SAMPLE_RATE,
            "PCM_24",
            SAMPLE_RATE // 2,
        )
    assert not np.array_equal(*(sf.read(tmp_path / f"new-{i}.wav")[0] for i in (1, 2)))


def test_the_same_seed_gives_the_same_file(run, trained: Path, tmp_path: Path) -> None:
    run("generate", trained, "-o", "here.wav", "--seed", "8", *SHORT)
    run("generate", trained, "-o", "pair.wav", "-n", "2", "--seed", "7", *SHORT)
    command = [
        sys.executable,
        "-m",
        "distill",
        "generate",
        trained,
        "-o",
        "there.wav",
        "--seed",
        "8",
        *SHORT,
    ]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout == ""
    here = (tmp_path / "here.wav").read_bytes()
    assert here == (tmp_path / "there.wav").read_bytes() == (tmp_path / "pair-2.wav").read_bytes()


def test_json(run, trained: Path) -> None:
    result = run(
        "generate",
        trained,
        "-o",
        "new.wav",
        "--temperature",
        "0.8",
        "--top-k",
        "5",
        "--json",
        *SHORT,
    )
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    assert result.stderr.startswith("new.wav: ")
    facts = json.loads(result.stdout)
    (sound,) = facts["files"]
    assert (sound["path"], sound["duration_s"], sound["sample_rate"]) == (
        "new.wav",
        0.5,
        SAMPLE_RATE,
    )
    settings = {"temperature": 0.8, "top_k": 5, "top_p": 0.97, "lead_in": 4.0, "like": ""}
    time = {"tempo": None, "swing": 0.0, "free_time": False, "form": "", "form_variation": 0.1}
    assert sound["sampling"] == settings | {"nearness": 0.5} | time
    assert 0 <= sound["copy"]["passage_percent"] <= 100
    repeat = run("generate", trained, "-o", "again.wav", "--seed", sound["seed"], "--json", *SHORT)
    assert json.loads(repeat.stdout)["files"][0]["seed"] == sound["seed"]


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "opus", "mp3", "aiff"])
def test_again(run, trained: Path, tmp_path: Path, ending: str) -> None:
    first = f"first.{ending}"
    run("generate", trained, "-o", first, "--temperature", "0.8", "--max-copy", "100", *SHORT)
    assert run("generate", trained, "--again", first, "-o", f"same.{ending}").exit_code == 0
    run("generate", trained, "--again", first, "-o", f"long.{ending}", "--duration", "1")
    sounds = [sf.read(tmp_path / name)[0] for name in (first, f"same.{ending}", f"long.{ending}")]
    assert np.array_equal(sounds[0], sounds[1])
    assert len(sounds[2]) == SAMPLE_RATE
    # To where the end fades out, and a peak yet to come lowers the limiter.
    alike = round((0.5 - FADE_OUT_S) * SAMPLE_RATE) - limiter_reach(SAMPLE_RATE)
    difference = np.abs(sounds[0][:alike] - sounds[2][:alike]).max()
    is_lossy = ending in ("ogg", "opus", "mp3")
    assert difference == 0 if not is_lossy else difference < 0.1 * np.abs(sounds[0]).max()


def test_again_in_the_same_form(run, trained: Path, tmp_path: Path) -> None:
    form = ["--rate", "44100", "--mono", "--bits", "16", "--loudness-target", "-20"]
    result = run("generate", trained, "-o", "a.wav", "--json", *form, *SHORT)
    (facts,) = json.loads(result.stdout)["files"]
    assert facts["sample_rate"] == 44_100
    assert facts["loudness_lufs"] == pytest.approx(-20, abs=0.5)
    again = ["generate", trained, "--again", "a.wav"]
    assert run(*again, "-o", "b.wav", "--bits", "16").exit_code == 0
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    run(*again, "-o", "c.wav", "--rate", "48000")
    info = sf.info(tmp_path / "c.wav")
    assert (info.samplerate, info.channels, info.frames) == (48_000, 1, SAMPLE_RATE // 2)


def test_binaural_again(run, trained: Path, tmp_path: Path) -> None:
    sofa = write_sofa(tmp_path / "head.sofa")
    place = ["--binaural", "head.sofa", "--azimuth", "0:0,0.4:-30"]
    assert run("generate", trained, "-o", "a.wav", *place, *SHORT).exit_code == 0
    assert sf.info(tmp_path / "a.wav").channels == 2
    # Its own file is found by name and hash, in this folder.
    assert run("generate", trained, "--again", "a.wav", "-o", "b.wav").exit_code == 0
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    sofa.rename(tmp_path / "other.sofa")
    result = run("generate", trained, "--again", "a.wav", "-o", "c.wav")
    assert "made binaural with 'head.sofa', which lies neither" in result.stderr
    assert result.stderr.count("\n") == 1
    place[1] = "other.sofa"
    run("generate", trained, "--again", "a.wav", "-o", "d.wav", *place)
    assert np.array_equal(sf.read(tmp_path / "a.wav")[0], sf.read(tmp_path / "d.wav")[0])


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (["none.sofa"], "There is no SOFA file none.sofa"),
        (["text.sofa"], "text.sofa is no SOFA file"),
        (["head.sofa", "--azimuth", "120"], "head.sofa has nothing within 15 degrees of azimuth"),
        (["head.sofa", "--azimuth", "left"], "--azimuth takes degrees"),
        (["head.sofa", "--mono"], "Two ears take two channels"),
    ],
)
def test_places_that_cannot_be_are_one_sentence(
    run, trained: Path, tmp_path: Path, place: list[str], sentence: str
) -> None:
    write_sofa(tmp_path / "head.sofa")
    (tmp_path / "text.sofa").write_text("no sofa")
    result = run("generate", trained, "-o", "a.wav", "--binaural", *place, *SHORT)
    assert result.exit_code in (1, 2)
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["head.sofa", "text.sofa"]


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("a.mp3", ["--bits", "16"], "MP3 has no bits: leave out --bits, or ask for --bitrate."),
        ("a.wav", ["--bitrate", "128"], "WAV has no bitrate: leave out --bitrate, or write .mp3"),
        ("a.mp3", ["--bitrate", "200"], "MP3 has no bitrate of 200 kb/s at 48,000 Hz: the nearest"),
        ("a.opus", ["--rate", "44100"], "Opus has no sample rate of 44,100 Hz: ask for one of"),
        ("a.flac", ["--bits", "32f"], "FLAC has --bits 16 or 24."),
        ("a.wav", ["--rate", "96"], "--rate must lie between 8,000 and 192,000."),
        ("a.wav", ["--width", "2"], "A mono sound has no width: leave out --width."),
        ("a.wma", [], "Sounds are written as .wav, .flac, .ogg, .opus, .mp3, .aiff, .aif: let"),
        ("a.wav", ["--format", "mp3"], "--format mp3 does not go with the name 'a.wav'."),
        ("a.wav", ["--loudness-target", "0"], "The limiter brings this sound to"),
    ],
)
def test_forms_that_cannot_be_are_one_sentence(
    run, trained: Path, tmp_path: Path, name: str, options: list[str], sentence: str
) -> None:
    result = run("generate", trained, "-o", name, *options, *SHORT)
    assert result.exit_code in (1, 2)
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_format_without_a_name(run, trained: Path, tmp_path: Path) -> None:
    run("generate", trained, "--format", "opus", "--bitrate", "96", *SHORT)
    assert [path.name for path in tmp_path.iterdir()] == ["generated.opus"]


def test_again_finds_the_model_by_itself(run, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    run("generate", trained, "-o", "sounds/first.wav", *SHORT)
    (tmp_path / "broken.sda").write_bytes(b"no model")
    nowhere = run("generate", "--again", "sounds/first.wav", "-o", "same.wav")
    assert nowhere.exit_code == 2
    assert "lies neither beside it nor in this folder" in nowhere.stderr
    for folder in (tmp_path, tmp_path / "sounds"):
        shutil.copy(trained, folder / "my.sda")
        assert (
            run(
                "generate", "--again", "sounds/first.wav", "-o", "same.wav", "--overwrite"
            ).exit_code
            == 0
        )
        assert np.array_equal(
            *(sf.read(tmp_path / name)[0] for name in ("sounds/first.wav", "same.wav"))
        )
        (folder / "my.sda").unlink()
        (tmp_path / "same.wav").unlink()
    assert "Which model?" in run("generate").stderr


def test_a_sound_of_another_model_is_refused_by_name(
    run, trained: Path, codec_only: Path, tmp_path: Path
) -> None:
    run("generate", trained, "-o", "first.wav", *SHORT)
    refused = run("generate", codec_only, "--again", "first.wav", "-o", "new.wav")
    assert refused.exit_code == 1
    assert "first.wav was made with another model" in refused.stderr
    assert run("generate", trained, "--again", "first.wav", "-n", "2").exit_code == 2
    sf.write(tmp_path / "foreign.wav", np.zeros(100), SAMPLE_RATE)
    assert (
        "foreign.wav does not say how it was made"
        in run("generate", trained, "--again", "foreign.wav").stderr
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.wav", "foreign.wav"]


def test_never_under_max_copy_is_said(run, trained: Path) -> None:
    """At temperature 0 every draw is the same, and its file says what was kept."""
    result = run(
        "generate",
        trained,
        "-o",
        "a.wav",
        "--temperature",
        "0",
        "--max-copy",
        "0",
        "--json",
        *SHORT,
    )
    (sound,) = json.loads(result.stdout)["files"]
    assert sound["under_max_copy"] == (sound["copy"]["passage_percent"] == 0)
    facts = run(
        "generate", trained, "-o", "a.wav", "--temperature", "0", "--max-copy", "0", *SHORT
    ).stderr
    assert ("None of 8 draws stayed under --max-copy 0" in facts) == (not sound["under_max_copy"])


@pytest.mark.parametrize(
    "mode",
    [
        ("--continue-from", "a.wav", "--duration", "0.2"),
        ("--variation-of", "a.wav"),
        ("--infill", "a.wav", "--from", "0.3", "--to", "0.5"),
    ],
)
def test_changes_to_the_source_are_said(run, trained: Path, mode: tuple[str, ...]) -> None:
    """Channels that cancel in mono, and peaks above full scale: all of it is lowered alike."""
    wave = 2 * np.sin(np.arange(48_000) / 9)
    sf.write("a.wav", np.stack([wave, -wave], 1), 48_000, "FLOAT")
    result = run("generate", trained, *mode, "-n", "2", "-o", "b.wav", "--threads", "1")
    assert result.exit_code == 0
    assert result.stderr.count("cancel in mono") == 1
    assert result.stderr.count("all of it is lowered by 6.0 dB") == 1
    facts = run("generate", trained, *mode, "-o", "c.wav", "--threads", "1", "--json").stdout
    remarks = json.loads(facts)["files"][0]["remarks"]
    assert ["lowered" in remark for remark in remarks] == [True, False]
    if mode[0] != "--variation-of":
        kept = sf.read("c.wav")[0][:9600]
        np.testing.assert_allclose(kept, np.stack([wave, -wave], 1)[:9600] / 2, atol=1e-5)


def test_a_blend_and_the_same_again(run, trained: Path, shifted: Path, tmp_path: Path) -> None:
    shutil.copy(shifted, tmp_path / "other.sda")
    made = run(
        "generate", trained, "-o", "a.wav", "--blend", "other.sda:0.4", "--seed", "3", *SHORT
    )
    assert (made.exit_code, made.stdout) == (0, "")
    alone = run("generate", trained, "-o", "b.wav", "--seed", "3", *SHORT)
    assert alone.exit_code == 0
    assert (tmp_path / "a.wav").read_bytes() != (tmp_path / "b.wav").read_bytes()
    again = run("generate", trained, "-o", "c.wav", "--again", "a.wav")
    assert again.exit_code == 0
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "c.wav").read_bytes()


@pytest.mark.parametrize(
    ("blends", "sentence"),
    [
        (["other.sda"], "--blend takes a model file and its share, such as other.sda:0.4."),
        (["other.sda:nan"], "The share of --blend must lie between 0 and 1."),
        (["a.sda:0.2", "b.sda:0.2"], "Two models blend, no more: give --blend once."),
        (["none.sda:0.2"], "There is no model file at none.sda: check the name and the folder."),
    ],
)
def test_a_blend_that_cannot_be_is_one_sentence(
    run, trained: Path, tmp_path: Path, blends: list[str], sentence: str
) -> None:
    options = [part for blend in blends for part in ("--blend", blend)]
    result = run("generate", trained, "-o", "a.wav", *options, *SHORT)
    assert result.exit_code != 0
    assert " ".join(result.stderr.split()) == f"Error: {sentence}"
    assert not list(tmp_path.iterdir())
