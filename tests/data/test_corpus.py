import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.channels import ASSUMED_LAYOUT, UNKNOWN_LAYOUT
from distill.audio.formats import Encoding
from distill.audio.write import write_sound
from distill.data import pool as pools
from distill.data.corpus import CorpusReport, collect_audio_files, scan_corpus
from distill.data.curation import Curation
from distill.data.doctor import FileReport
from distill.errors import CorpusError, OutputError, UsageError
from distill.settings import SAMPLE_RATE, cache_dir

ON_WINDOWS = os.name == "nt"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sounds").mkdir()
    return tmp_path / "sounds"


def hit(seed: int, seconds: float = 0.3, level: float = 0.5) -> np.ndarray:
    """A struck sound `[1, N]` with its own pitches and decay."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    partials = rng.uniform(100, 5000, (6, 1))
    wave = (
        np.sin(2 * np.pi * partials * time_s) * np.exp(-rng.uniform(5, 40, (6, 1)) * time_s)
    ).sum(0)
    return (level * wave / np.abs(wave).max())[None].astype(np.float32)


def report_of(report: CorpusReport, name: str) -> FileReport:
    return next(file for file in report.files if file.name == name)


def test_lists_sounds_only_in_order(folder: Path) -> None:
    sounds = ["B.WAV", "a.aif", "deep/er/c.mp3", "ü 音.flac", "x" * 190 + ".opus"]
    others = [".hidden.wav", ".git/a.wav", "__MACOSX/a.wav", "notes.txt", "wav"]
    for name in sounds + others:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "folder.wav").mkdir()
    assert collect_audio_files(folder) == sorted(folder / name for name in sounds)
    assert collect_audio_files(str(folder)) == collect_audio_files(folder)


@pytest.mark.skipif(ON_WINDOWS, reason="POSIX links and pipes")
def test_links_are_followed_once_and_pipes_left_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    write_sound(tmp_path / "elsewhere" / "a.wav", hit(0))
    for name in ("first", "second"):
        (folder / name).symlink_to(tmp_path / "elsewhere")
    (folder / "circle").symlink_to(folder)
    (folder / "broken.wav").symlink_to(tmp_path / "nowhere.wav")
    os.mkfifo(folder / "pipe.wav")
    report = scan_corpus(folder)
    assert [file.name for file in report.files if file.used] in (["first/a.wav"], ["second/a.wav"])
    assert "cannot be opened" in report_of(report, "broken.wav").reason
    assert len(report.files) == 2


def test_unusable_folders(folder: Path) -> None:
    with pytest.raises(CorpusError, match="There is no folder") as caught:
        scan_corpus(folder / "nowhere")
    assert caught.value.exit_code == 2
    (folder / "a.txt").write_text("x")
    with pytest.raises(CorpusError, match="No sound files in"):
        scan_corpus(folder)
    with pytest.raises(CorpusError, match="is a file"):
        scan_corpus(folder / "a.txt")


def test_nothing_usable_says_why(folder: Path) -> None:
    for index in range(3):
        write_sound(folder / f"{index}.wav", np.zeros((1, 100 + index), np.float32))
    (folder / "text.wav").write_text("hello")
    with pytest.raises(CorpusError, match=r"Nothing usable in .*sounds: .*3 silent, 1 not audio"):
        scan_corpus(folder)


def test_skips_with_reasons(folder: Path) -> None:
    good = hit(0)
    write_sound(folder / "good.wav", good)
    (folder / "zero bytes.wav").touch()
    sf.write(folder / "no samples.wav", np.zeros((0, 1)), SAMPLE_RATE)
    (folder / "text.wav").write_text("hello " * 50)
    write_sound(folder / "silent.wav", good * 1e-6)
    sf.write(folder / "nan.wav", np.append(good[0], np.nan), SAMPLE_RATE, "FLOAT")
    write_sound(folder / "integers.wav", good * 32768, encoding=Encoding(bits="32f"))
    write_sound(folder / "cancels.wav", np.concatenate([good, -good]))
    shutil.copy(folder / "good.wav", folder / "later copy.wav")
    report = scan_corpus(folder, channels=1)
    reasons = {file.name: file.reason for file in report.files}
    assert reasons["zero bytes.wav"] == reasons["no samples.wav"] == "empty"
    assert "not audio" in reasons["text.wav"]
    assert reasons["silent.wav"] == "silent"
    assert "not numbers" in reasons["nan.wav"]
    assert "far beyond full scale" in reasons["integers.wav"]
    assert "channels cancel" in reasons["cancels.wav"]
    assert reasons["later copy.wav"] == "same content as good.wav"
    assert [clip.name for clip in report.clips] == ["good.wav"]
    assert report.verdict == "fix"


def test_never_too_short(folder: Path) -> None:
    lengths = {f"{n}.wav": n for n in (1, 2, 100, round(0.04 * SAMPLE_RATE))}
    for name, n in lengths.items():
        write_sound(folder / name, np.full((1, n), 0.3, np.float32))
    sf.write(folder / "fast.wav", [0.5], 192_000)
    report = scan_corpus(folder)
    assert {clip.name: clip.n_samples for clip in report.clips} == {**lengths, "fast.wav": 1}
    assert all(np.isfinite([clip.rms_db, clip.loudness]).all() for clip in report.clips)


def test_clip_and_report_values(folder: Path) -> None:
    sf.write(folder / "a.flac", np.repeat(hit(1, 1.0), 2, axis=0).T, 44_100)
    report = scan_corpus(folder)
    (clip,) = report.clips
    assert clip.audio().shape == (1, clip.n_samples)
    assert clip.duration_s == pytest.approx(SAMPLE_RATE / 44_100, abs=1e-4) == report.total_s
    assert report.layout[:2] == (1, 2)
    file = report.files[0]
    assert (file.sample_rate, file.channels, file.used) == (44_100, 2, True)
    assert file.peak_db == pytest.approx(-6.02, abs=0.01)
    assert file.duration_s == pytest.approx(clip.duration_s, abs=1e-4)
    assert -40 < clip.loudness == file.loudness < -5
    assert scan_corpus(folder, channels=2).clips[0].audio().shape == (2, clip.n_samples)


def test_the_layout_follows_the_corpus(folder: Path) -> None:
    for index in range(3):
        write_sound(folder / f"mono {index}.wav", hit(index))
    assert scan_corpus(folder).layout == (1, 1, "Mono.")
    write_sound(folder / "wide.wav", np.concatenate([hit(3), hit(4)]))
    write_sound(folder / "eight.wav", np.concatenate([hit(5 + i) for i in range(8)]))
    (folder / "text.wav").write_text("hello")
    report = scan_corpus(folder)
    assert report.layout == (
        2,
        2,
        "Stereo: left and right differ in 2 of 5 files (mono can be chosen).",
    )
    assert {clip.audio().shape[0] for clip in report.clips} == {2}
    assert np.array_equal(*next(clip for clip in report.clips if clip.name == "mono 0.wav").audio())
    as_mono = scan_corpus(folder, channels=1)
    assert as_mono.layout == (1, 1, "Mono, as was chosen.")
    assert {clip.channels for clip in as_mono.clips} == {1}


def test_flags(folder: Path) -> None:
    for index in range(5):
        write_sound(folder / f"plain {index}.wav", hit(index))
    write_sound(folder / "clipped.wav", hit(10, level=4.0), encoding=Encoding(bits="16"))
    write_sound(folder / "dc.wav", hit(11) + 0.1)
    write_sound(folder / "faint.wav", hit(12, level=0.001))
    write_sound(folder / "quiet.wav", hit(13, level=0.02))
    sf.write(folder / "again.ogg", hit(2)[0] / 4, SAMPLE_RATE, "VORBIS", format="OGG")
    report = scan_corpus(folder)
    assert report_of(report, "clipped.wav").flags == ("clipping",)
    assert report_of(report, "dc.wav").flags == ("DC offset",)
    assert report_of(report, "faint.wav").flags[0] == "nearly silent"
    assert report_of(report, "quiet.wav").flags[0].startswith("much quieter than the rest (-")
    assert report_of(report, "plain 2.wav").flags == ("near-duplicate of again.ogg",)
    assert not any(report_of(report, f"plain {index}.wav").flags for index in (0, 1, 3, 4))
    assert report.verdict == "go"
    assert any("1 file clips" in sentence for sentence in report.advice)


def test_file_that_ends_early_is_used_and_flagged(folder: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 3 * SAMPLE_RATE)
    sf.write(folder / "a.mp3", noise, SAMPLE_RATE, format="MP3")
    sf.write(folder / "b.mp3", hit(0)[0], SAMPLE_RATE, format="MP3")
    content = (folder / "a.mp3").read_bytes()
    (folder / "a.mp3").write_bytes(content[: len(content) // 2])
    report = scan_corpus(folder)
    assert report_of(report, "a.mp3").flags == ("cut short",)
    assert report_of(report, "b.mp3").flags == ()


def test_advice(folder: Path) -> None:
    write_sound(folder / "a.wav", hit(0, 0.5))
    (folder / "b.m4a").touch()
    (folder / "c.txt").touch()
    report = scan_corpus(folder)
    assert report.verdict == "fix"
    assert "too little sound" in report.advice[0]
    assert ".m4a" in report.advice[-1]
    assert report.other_files == 2


def test_progress(folder: Path) -> None:
    write_sound(folder / "a.wav", hit(0))
    write_sound(folder / "b.wav", hit(1))
    calls: list[tuple[int, int, str]] = []
    scan_corpus(folder, progress=lambda *call: calls.append(call))
    assert calls == [(0, 2, "a.wav"), (1, 2, "b.wav"), (2, 2, "")]


@pytest.mark.skipif(ON_WINDOWS, reason="names there are always Unicode")
def test_name_that_is_not_unicode(folder: Path) -> None:
    try:
        write_sound(folder / os.fsdecode(b"caf\xe9.wav"), hit(0))
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    assert scan_corpus(folder).clips[0].name == "caf\N{REPLACEMENT CHARACTER}.wav"


def test_second_scan_decodes_nothing(folder: Path) -> None:
    for index in range(20):
        write_sound(folder / f"{index}.wav", hit(index, 0.05))
    first = scan_corpus(folder)
    for path in folder.iterdir():
        # Same size and time, other content: who reads it again finds no sound.
        stat = path.stat()
        path.write_bytes(b"x" * stat.st_size)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert scan_corpus(folder) == first


@pytest.mark.parametrize(
    ("right", "word"), [(0.0, "right channel is silent in all"), (-1.0, "cancel in mono in all")]
)
def test_a_fault_of_all_files_is_said(folder: Path, right: float, word: str) -> None:
    for seed in range(3):
        left = hit(seed)
        write_sound(folder / f"{seed}.wav", np.concatenate([left, left * np.float32(right)]))
    report = scan_corpus(folder)
    assert len(report.clips) == 3
    assert any(word in sentence for sentence in report.advice)


def write_surround(path: Path, sounding: int, channels: int, kind: str = "WAVEX") -> None:
    """Write a hit on one of several channels."""
    audio = np.zeros((channels, hit(0).shape[1]), np.float32)
    audio[sounding] = hit(channels)
    sf.write(path, audio.T, SAMPLE_RATE, "PCM_24", format=kind)


def test_a_centre_channel_does_not_make_a_mono_corpus_stereo(folder: Path) -> None:
    for seed in range(3):
        write_sound(folder / f"{seed}.wav", hit(seed))
    write_surround(folder / "film.wav", 2, 6)
    report = scan_corpus(folder)
    assert report.layout.channels == report.layout.output_channels == 1
    assert report_of(report, "film.wav").flags == ()
    # Its left channel does.
    write_surround(folder / "film.wav", 0, 6)
    assert scan_corpus(folder).layout.channels == 2


def test_channels_without_loudspeakers_are_flagged(folder: Path) -> None:
    write_surround(folder / "stems.wav", 0, 12)
    write_surround(folder / "three.wav", 0, 3)
    write_surround(folder / "field.wav", 0, 4, "WAV")
    report = scan_corpus(folder)
    assert report_of(report, "stems.wav").flags == (UNKNOWN_LAYOUT,)
    assert report_of(report, "three.wav").flags == (UNKNOWN_LAYOUT,)
    (flag,) = report_of(report, "field.wav").flags
    assert flag == f"{ASSUMED_LAYOUT}, read as quadraphonic"
    advice = " ".join(report.advice)
    assert "2 files have channels of unknown layout" in advice
    assert "1 file has several channels and does not say for which loudspeakers" in advice


def test_the_result_does_not_depend_on_the_number_of_processes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(3):
        write_sound(folder / f"{index}.wav", hit(index))
        write_sound(folder / f"{index} louder.wav", hit(index, level=0.8))
    write_sound(folder / "wide.wav", np.concatenate([hit(3), hit(4)]))
    shutil.copy(folder / "1.wav", folder / "x same.wav")
    (folder / "broken.wav").write_bytes(b"RIFF" + bytes(60))
    if not ON_WINDOWS:
        (folder / "lost.wav").symlink_to(tmp_path / "nowhere.wav")
    monkeypatch.setattr(pools, "LEAST_S", 1e-9)
    reports, caches, told = [], [], []
    for jobs in (1, 2):
        monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / f"cache {jobs}"))
        for _ in range(2):
            calls: list[object] = []
            report = scan_corpus(
                folder,
                progress=lambda *facts, calls=calls: calls.append(facts),
                on_file=calls.append,
                jobs=jobs,
            )
            clips = [replace(clip, cache_path=Path(clip.cache_path.name)) for clip in report.clips]
            reports.append(replace(report, clips=tuple(clips)))
            told.append(calls)
        entries = [path for path in cache_dir().rglob("*") if path.is_file()]
        caches.append({path.name: path.read_bytes() for path in entries})
    assert all(report == reports[0] for report in reports)
    assert all(calls == told[0] for calls in told)
    assert caches[0] == caches[1]
    assert sum("near-duplicate" in flag for file in reports[0].files for flag in file.flags) == 3


@pytest.mark.parametrize("jobs", [0, -1, 65])
def test_a_number_of_processes_that_makes_no_sense_is_refused(folder: Path, jobs: int) -> None:
    write_sound(folder / "a.wav", hit(0))
    with pytest.raises(UsageError, match="--jobs must lie between 1 and 64"):
        scan_corpus(folder, jobs=jobs)


def test_a_cache_that_cannot_be_written_is_one_sentence_with_processes_too(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(4):
        write_sound(folder / f"{index}.wav", hit(index))
    (tmp_path / "file").touch()
    monkeypatch.setattr(pools, "LEAST_S", 1e-9)
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "file"))
    sentences = []
    for jobs in (1, 2):
        with pytest.raises(OutputError) as caught:
            scan_corpus(folder, jobs=jobs)
        sentences.append(str(caught.value))
    assert sentences[0] == sentences[1]


def test_a_muted_file_is_not_heard_by_processes_either(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(4):
        write_sound(folder / f"{index}.wav", hit(index))
    monkeypatch.setattr(pools, "LEAST_S", 1e-9)
    muted = scan_corpus(folder, jobs=1).files[0].content_hash
    monkeypatch.setenv("DISTILL_CACHE", str(folder / "cache"))
    report = scan_corpus(folder, curation=Curation(muted=frozenset([muted])), jobs=2)
    assert [clip.name for clip in report.clips] == ["1.wav", "2.wav", "3.wav"]
