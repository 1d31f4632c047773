"""Facts for programs: their names and order are the keys of `--json`."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

import distill
from distill.audio.channels import ASSUMED_LAYOUT
from distill.audio.io import UnreadableAudioError
from distill.audio.write import write_sound
from distill.errors import NotAModelError
from distill.models.persistence import read_header
from distill.models.sda_file import plain_copy, read_contents, write_contents
from distill.settings import SAMPLE_RATE
from distill.workflows.describe import (
    SoundFacts,
    corpus_facts,
    model_facts,
    model_or_sound_facts,
    sound_facts,
)
from tests.audio.clicks import rhythm

MODEL_KEYS = (
    "name id created distill_version sample_rate channels output_channels frame_rate "
    "codebook_size num_quantizers bits_per_second memory_frames memory_width level_health stereo "
    "corpus_files corpus_s corpus_loudness verdict verdict_kind licence has_prior prior_config "
    "prior_metadata steered_by tags recordings tempo pulse_known"
)
SOUND_KEYS = (
    "name duration_s format subtype sample_rate channels peak_db loudness tempo key software "
    "recipe recipe_loss reason remarks"
)


def test_a_model(trained: Path, codec_only: Path) -> None:
    facts = model_facts(trained)
    assert list(asdict(facts)) == MODEL_KEYS.split()
    header = read_header(trained)
    assert facts.id == header["metadata"]["id"]
    assert facts.has_prior
    assert facts.prior_config == header["prior_config"]
    assert facts.bits_per_second == facts.frame_rate * 3 * 5
    assert facts.prior_metadata is not None
    assert "recordings" not in facts.prior_metadata
    assert facts.prior_metadata["epochs_trained"] == header["prior_metadata"]["epochs_trained"]
    assert facts.tags == ["high", "low"]
    bare = model_facts(codec_only)
    assert (bare.has_prior, bare.prior_config, bare.prior_metadata) == (False, None, None)
    assert (bare.steered_by, bare.tags) == ([], [])


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder of a rhythm and a chord."""
    chord = sum(np.sin(2 * np.pi * hz * np.arange(72_000) / 24_000) for hz in (220, 264, 330))
    write_sound(tmp_path / "chord.wav", 0.1 * np.asarray(chord), 24_000)
    write_sound(tmp_path / "rhythm.wav", rhythm(120, 4).audio, 24_000)
    return tmp_path


def test_tempo_and_key_of_a_corpus_and_of_a_sound(music: Path) -> None:
    facts = corpus_facts(distill.scan_corpus(music))
    assert [(file.tempo, file.key) for file in facts.files] == [(None, "A minor"), (120.0, None)]
    assert facts.tempo is not None
    assert asdict(facts.tempo) == {"files": 1, "slowest": 120, "fastest": 120, "usual": None}
    assert facts.keys == {"A minor": 1}
    sound = sound_facts(music / "rhythm.wav")
    assert list(asdict(sound)) == SOUND_KEYS.split()
    in_corpus = asdict(facts.files[1])
    shared = asdict(sound).keys() & in_corpus.keys()
    assert {"name", "duration_s", "peak_db", "loudness", "tempo", "key"} <= shared
    assert {key: asdict(sound)[key] for key in shared} == {key: in_corpus[key] for key in shared}
    assert (sound.format, sound.subtype) == ("WAV", "PCM_24")
    assert (sound.software, sound.recipe, sound.recipe_loss) == ("", None, "")


def test_a_sound_with_remarks(tmp_path: Path) -> None:
    """Those of the sound and those of its header, each once."""
    noise = np.random.default_rng(0).uniform(-1, 1, (4, SAMPLE_RATE))
    layout = f"{ASSUMED_LAYOUT}, read as quadraphonic"
    loud = sound_facts(write_sound(tmp_path / "a.wav", 2 * noise))
    assert (loud.channels, loud.reason, loud.remarks) == (4, "", ["clipping", layout])
    silent = sound_facts(write_sound(tmp_path / "b.wav", 0 * noise))
    assert (silent.reason, silent.remarks) == ("silent", [layout])
    assert (silent.duration_s, silent.peak_db, silent.loudness) == (1.0, None, None)


def test_a_sound_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"text")
    for facts in (sound_facts, model_or_sound_facts):
        with pytest.raises(UnreadableAudioError, match=r"a\.wav"):
            facts(tmp_path / "a.wav")


def test_a_model_or_a_sound(trained: Path, music: Path) -> None:
    assert model_or_sound_facts(trained) == model_facts(trained)
    assert model_or_sound_facts(music / "chord.wav") == sound_facts(music / "chord.wav")
    # A sound under another name is one by its content.
    renamed = (music / "chord.wav").rename(music / "chord")
    assert isinstance(model_or_sound_facts(renamed), SoundFacts)
    renamed.write_text("text")
    with pytest.raises(NotAModelError, match="chord is not a Distill model"):
        model_or_sound_facts(renamed)


def test_tempo_of_a_model(tmp_path: Path, trained: Path) -> None:
    facts = model_facts(trained)
    assert (facts.recordings, facts.tempo, facts.pulse_known) == (8, None, True)
    contents = plain_copy(read_contents(trained), "contents")
    recordings = contents["prior_metadata"]["recordings"]
    for entry, tempo in zip(recordings, (90.0, 120.0, 121.0), strict=False):
        entry["pulse"] = {
            "tempo": tempo,
            "beats": torch.arange(4, dtype=torch.float64),
            "bar_beats": 4,
            "first_downbeat": 0,
            "confidence": 1.0,
        }
    write_contents(tmp_path / "m.sda", contents)
    tempo = model_facts(tmp_path / "m.sda").tempo
    assert tempo is not None
    assert asdict(tempo) == {"files": 3, "slowest": 90, "fastest": 121, "usual": 120.5}
    # A file of an earlier version.
    del contents["prior_metadata"]["pulse_known"]
    for entry in recordings:
        entry.pop("pulse", None)
    write_contents(tmp_path / "m.sda", contents)
    old = model_facts(tmp_path / "m.sda")
    assert (old.tempo, old.pulse_known) == (None, False)
