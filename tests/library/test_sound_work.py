"""What the player makes of requests about sounds."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

import distill
from distill.audio.io import probe, read_audio
from distill.audio.level import integrated_loudness
from distill.errors import UsageError
from distill.library.peaks import sound_peaks
from distill.library.pictures import spectrogram
from distill.library.player_requests import (
    ConvertSound,
    DrawSound,
    FindSources,
    MeasureCurves,
    MeasureLoudness,
    Preview,
    PreviewSound,
)
from distill.library.previews import preview_sounds
from distill.library.workspace import open_workspace
from distill.settings import SAMPLE_RATE
from distill.workflows.beside_corpus import find_sources, measure_curves
from tests.library.player_work import Desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(open_workspace(tmp_path_factory.mktemp("studio")))


def test_a_sound_is_placed_in_the_corpus(desk: Desk, trained: Path, corpus_dir: Path) -> None:
    sound = corpus_dir / "high" / "pluck 7.wav"
    model = distill.load(trained, "cpu", 1)
    curves = desk.do(MeasureCurves(trained, sound))["curves"]
    for name, curve in measure_curves(model, sound).curves.items():
        assert np.allclose(np.array(curves[name], float), curve, atol=0.01, equal_nan=True)
    facts = desk.do(FindSources(trained, sound))
    report = find_sources(model, sound)
    assert facts["sentence"] == report.sentence
    assert facts["passage"]["source"] == "high/pluck 7.wav"


def test_the_loudness_of_a_stretch_is_that_of_both_loudspeakers(
    desk: Desk, corpus_dir: Path, tmp_path: Path
) -> None:
    sound = corpus_dir / "high" / "pluck 7.wav"
    audio = read_audio(sound)
    assert len(audio) == 1
    part = np.repeat(audio[:, 4800:9600], 2, axis=0)
    expected = pytest.approx(integrated_loudness(part, SAMPLE_RATE), abs=1e-6)
    assert desk.do(MeasureLoudness(sound, 0.1, 0.2))["loudness_lufs"] == expected
    whole = integrated_loudness(np.repeat(audio, 2, axis=0), SAMPLE_RATE)
    assert desk.do(MeasureLoudness(sound))["loudness_lufs"] == pytest.approx(whole, abs=1e-6)
    sf.write(tmp_path / "silence.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    assert desk.do(MeasureLoudness(tmp_path / "silence.wav"))["loudness_lufs"] is None
    with pytest.raises(UsageError, match="shorter than 60 s"):
        desk.do(MeasureLoudness(sound, 60.0))
    with pytest.raises(UsageError, match="ends after its begin"):
        desk.do(MeasureLoudness(sound, 0.2, 0.1))


def test_a_sound_is_drawn_into_the_cache_and_converted(
    desk: Desk, corpus_dir: Path, tmp_path: Path
) -> None:
    sound = corpus_dir / "low" / "pluck 2.wav"
    facts = desk.do(DrawSound(sound))
    assert facts["peaks"] == len(sound_peaks(desk.workspace, sound).values)
    assert facts["columns"] == spectrogram(desk.workspace, sound).columns
    desk.do(ConvertSound(sound, tmp_path / "a.flac"))
    assert np.array_equal(read_audio(tmp_path / "a.flac"), read_audio(sound))
    desk.do(ConvertSound(sound, tmp_path / "a.mp3", {"rate": 44_100, "bitrate": 96}))
    assert (probe(tmp_path / "a.mp3").sample_rate, probe(tmp_path / "a.mp3").format) == (
        44_100,
        "MP3",
    )
    with pytest.raises(UsageError, match="WAV has no bitrate"):
        desk.do(ConvertSound(sound, tmp_path / "b.wav", {"bitrate": 96}))


def test_previews_are_what_the_model_makes_now(
    desk: Desk, trained: Path, corpus_dir: Path, tmp_path: Path
) -> None:
    sounds = preview_sounds(trained, corpus_dir)[:2]
    told = len(desk.messages("written"))
    facts = desk.do(Preview(trained, tmp_path / "step-20", sounds, seeds=(4,)))
    assert desk.messages("written")[told]["facts"] == facts["files"][0]
    model = distill.load(trained, "cpu", 1)
    own = read_audio(facts["files"][0]["path"])
    expected = distill.decode(model, distill.encode(model, read_audio(sounds[0].path)))
    assert np.abs(own - expected).max() < 1e-6
    assert facts["files"][2]["seed"] == 4
    first = facts["files"][0]
    for name, path in (("loudness_lufs", first["path"]), ("recording_lufs", sounds[0].path)):
        assert first[name] == pytest.approx(
            desk.do(MeasureLoudness(Path(path)))["loudness_lufs"], abs=0.01
        )
    assert [Path(file["picture"]).exists() for file in facts["files"][:2]] == [True, True]
    # Three sounds, and a picture of each of the two recordings.
    assert len(list((tmp_path / "step-20").iterdir())) == 5


def test_a_preview_of_nothing_says_so(desk: Desk, trained: Path, corpus_dir: Path) -> None:
    with pytest.raises(UsageError, match="recordings or seeds"):
        desk.do(Preview(trained, corpus_dir))
    late = PreviewSound(corpus_dir / "low" / "pluck 0.wav", start_s=60.0)
    with pytest.raises(UsageError, match="has changed"):
        desk.do(Preview(trained, desk.workspace.root / "late", (late,)))
