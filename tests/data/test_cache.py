import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.channels import UNKNOWN_LAYOUT
from distill.audio.io import UnreadableAudioError, read_audio
from distill.audio.parts import WRONG_LENGTH
from distill.audio.stereo import mix_channels
from distill.audio.write import write_sound
from distill.data.cache import cached_sound, cached_width, hash_of
from distill.errors import OutputError
from distill.settings import SAMPLE_RATE


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (3 * 44_100, 2))
    sf.write(tmp_path / "a.wav", noise, 44_100, "FLOAT")
    return tmp_path / "a.wav"


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_holds_what_the_reader_gives(sound: Path, channels: int) -> None:
    entry = cached_sound(sound, channels)
    audio = entry.audio()
    assert isinstance(audio, np.memmap)
    assert audio.shape == (channels, 3 * SAMPLE_RATE) == (channels, entry.measurements.n_samples)
    assert audio.dtype == np.float32
    np.testing.assert_allclose(audio, mix_channels(read_audio(sound), channels), atol=1e-6)
    assert entry.path.name == f"{hash_of(sound)}-{SAMPLE_RATE}-{channels}.npy"


def test_second_time_decodes_and_writes_nothing(sound: Path, cache: Path) -> None:
    first = cached_sound(sound)
    # The time of the measurements is that of the last use.
    others = [path for path in cache.rglob("*") if path != first.path.with_suffix(".json")]
    before = {path: path.stat().st_mtime_ns for path in others}
    assert len(before) == 3
    assert cached_sound(sound) == first
    assert {path: path.stat().st_mtime_ns for path in others} == before
    assert len(list(cache.rglob("*"))) == 4


def test_same_content_elsewhere_is_shared(sound: Path, tmp_path: Path, cache: Path) -> None:
    (tmp_path / "b.wav").write_bytes(sound.read_bytes())
    assert cached_sound(tmp_path / "b.wav") == cached_sound(sound)
    assert len(list(cache.glob("*.npy"))) == 1


def test_changed_file_is_read_anew(sound: Path) -> None:
    old = cached_sound(sound)
    write_sound(sound, np.full((1, 480), 0.25, np.float32))
    new = cached_sound(sound)
    assert new.content_hash != old.content_hash
    assert new.audio().shape == (1, 480)


@pytest.mark.parametrize(
    "damage", ["cut the sound", "remove the sound", "garble the json", "old version"]
)
def test_damaged_entries_are_not_believed(sound: Path, damage: str) -> None:
    entry = cached_sound(sound)
    expected = np.array(entry.audio())
    notes = entry.path.with_suffix(".json")
    if damage == "cut the sound":
        entry.path.write_bytes(entry.path.read_bytes()[:1000])
    elif damage == "remove the sound":
        entry.path.unlink()
    else:
        notes.write_text("{" if damage == "garble the json" else '{"version": 0}')
    np.testing.assert_array_equal(cached_sound(sound).audio(), expected)


def test_killed_run_leaves_nothing_that_is_believed(sound: Path, cache: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from distill.data.cache import cache_file, cached_sound, hash_of\n"
        "target = cached_sound(Path(sys.argv[1])).path\n"
        "target.unlink(); target.with_suffix('.json').unlink()\n"
        "with cache_file(target) as file:\n"
        "    file.write(bytes(1000)); file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(sound)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert cached_sound(sound).audio().shape == (1, 3 * SAMPLE_RATE)


def test_two_at_once_agree(sound: Path, cache: Path) -> None:
    entries: list[object] = []
    threads = [
        threading.Thread(target=lambda: entries.append(cached_sound(sound))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert entries == [cached_sound(sound)] * 4
    assert not [path for path in cache.rglob("*") if path.suffix == ".tmp"]


def test_unusable_sound_is_remembered_without_audio(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", np.zeros((1, 480), np.float32))
    entry = cached_sound(tmp_path / "a.wav")
    assert entry.measurements.reason == "silent"
    assert not entry.path.exists()
    assert cached_sound(tmp_path / "a.wav") == entry


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableAudioError, match="No such file"):
        cached_sound(tmp_path / "a.wav")


def test_cache_that_cannot_be_written(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(OutputError, match=r"file.cache: .*; set DISTILL_CACHE to a folder"):
        cached_sound(sound)


def test_full_disk_names_the_cache(sound: Path, cache: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(OutputError, match="DISTILL_CACHE"):
            cached_sound(sound)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [name for name in os.listdir(cache) if name != "index"] == []


def test_width_is_measured_once(sound: Path, tmp_path: Path) -> None:
    width = cached_width(sound)
    assert (width.channels, width.duration_s) == (2, 3.0)
    assert width.side_db == pytest.approx(-3.0, abs=0.1)
    stat = sound.stat()
    sound.write_bytes(b"x" * stat.st_size)
    os.utime(sound, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert cached_width(sound) == width
    sf.write(tmp_path / "mono.wav", np.full(480, 0.5), 48_000)
    assert cached_width(tmp_path / "mono.wav") == (1, -120.0, 0.01)


def test_channels_that_cancel_are_silent_in_mono_only(tmp_path: Path) -> None:
    wave = np.sin(np.arange(4800) / 9).astype(np.float32)
    write_sound(tmp_path / "a.wav", np.stack([wave, -wave]))
    assert cached_sound(tmp_path / "a.wav", 1).measurements.reason.startswith(
        "silent once mixed to mono"
    )
    assert cached_sound(tmp_path / "a.wav", 2).measurements.reason == ""


def test_a_sound_above_the_hearing_of_the_model_is_said_to_be_that(tmp_path: Path) -> None:
    """Not to have channels that cancel, of which it has one."""
    time = np.arange(96_000) / 96_000
    sf.write(tmp_path / "bat.wav", 0.5 * np.hanning(96_000) * np.sin(2e5 * time), 96_000, "FLOAT")
    assert cached_sound(tmp_path / "bat.wav").measurements.reason.startswith("silent below 24 kHz")


def test_a_wrong_length_in_a_header_is_kept_with_the_measurements(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    sf.write(path, np.sin(np.arange(48_000) / 9) / 2, 48_000)
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = bytes(4)
    path.write_bytes(content)
    measurements = cached_sound(path).measurements
    assert (measurements.reason, measurements.remark) == ("", WRONG_LENGTH)
    assert (measurements.frames, measurements.promised) == (48_000, 48_000)


def surround(path: Path, sounding: dict[int, float], channels: int = 6) -> np.ndarray:
    """Write noise on some channels of a WAV with the mask of its count; return one channel."""
    noise = np.random.default_rng(0).uniform(-1, 1, SAMPLE_RATE).astype(np.float32)
    audio = np.zeros((SAMPLE_RATE, channels), np.float32)
    for channel, factor in sounding.items():
        audio[:, channel] = factor * noise
    sf.write(path, audio, SAMPLE_RATE, "FLOAT", format="WAVEX")
    return noise


@pytest.mark.parametrize("channels", [1, 2])
def test_surround_is_folded(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "a.wav"
    noise = surround(path, {0: 0.2, 2: 0.3, 3: 0.9})
    entry = cached_sound(path, channels)
    left, right = (0.2 + 0.3 * 0.5**0.5) * noise, 0.3 * 0.5**0.5 * noise
    expected = [left, right] if channels == 2 else [(left + right) / 2]
    np.testing.assert_allclose(entry.audio(), expected, atol=1e-6)
    np.testing.assert_allclose(mix_channels(read_audio(path), channels), expected, atol=1e-6)
    assert entry.measurements.channels == 6
    # The file itself is measured before the fold.
    assert entry.measurements.peak == pytest.approx(0.9, abs=1e-3)


def test_a_loud_fold_is_lowered_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    noise = surround(path, {0: 0.9, 1: 0.5, 2: 0.9, 4: 0.9})
    audio = cached_sound(path, 2).audio()
    assert np.abs(audio).max() == pytest.approx(1.0, abs=1e-6)
    right = 0.5 + 0.9 * 0.5**0.5
    left = 0.9 + 2 * 0.9 * 0.5**0.5
    np.testing.assert_allclose(
        audio, np.outer([1, right / left], noise) / np.abs(noise).max(), atol=1e-5
    )


def test_a_centre_alone_has_no_width(tmp_path: Path) -> None:
    surround(tmp_path / "a.wav", {2: 0.5})
    assert cached_width(tmp_path / "a.wav").side_db < -100
    assert cached_sound(tmp_path / "a.wav", 2).measurements.side_db < -100
    surround(tmp_path / "a.wav", {4: 0.5})
    assert cached_width(tmp_path / "a.wav").side_db == pytest.approx(-3.0, abs=0.1)


def test_an_lfe_alone_is_skipped_for_that_reason(tmp_path: Path) -> None:
    surround(tmp_path / "a.wav", {3: 0.5})
    reason = cached_sound(tmp_path / "a.wav").measurements.reason
    assert reason == "silent once folded to stereo (only its LFE channel sounds)"
    with pytest.raises(UnreadableAudioError, match="only its LFE channel sounds"):
        read_audio(tmp_path / "a.wav")


def test_remarks_on_the_layout_are_kept(tmp_path: Path) -> None:
    surround(tmp_path / "a.wav", {0: 0.5}, channels=5)
    for _ in range(2):
        assert cached_sound(tmp_path / "a.wav").measurements.layout_remark == UNKNOWN_LAYOUT
