"""Facts for programs: their names and order are the keys of `--json`."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import distill
from distill.audio.channels import ASSUMED_LAYOUT
from distill.audio.io import UnreadableAudioError
from distill.audio.write import write_sound
from distill.errors import NotAModelError
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import Region
from distill.inference.codes.usage import read_codebook_usage
from distill.models.persistence import read_header
from distill.models.sda_file import plain_copy, read_contents, write_contents
from distill.settings import SAMPLE_RATE
from distill.workflows.describe import (
    SoundFacts,
    codebook_level,
    codes_facts,
    codes_level,
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
LEVEL_KEYS = "name codebook_size utilisation perplexity counts dead_codes"
CODES_KEYS = (
    "path source model_id frames frame_rate n_samples duration_s channels gain width locked"
)
CODES_LEVEL_KEYS = "name used codebook_size perplexity never_in_corpus codes"
CORPUS_KEYS = (
    "folder verdict advice total_s channels output_channels layout tempo keys used skipped "
    "other_files files"
)
SOUND_KEYS = (
    "name duration_s format subtype sample_rate channels peak_db loudness tempo key software "
    "recipe recipe_loss reason remarks"
)
FILE_KEYS = "name used reason flags duration_s sample_rate channels peak_db loudness tempo key hash"


@pytest.fixture(scope="module")
def grid(trained: Path, corpus_dir: Path) -> CodeGrid:
    model = distill.load(trained, threads=1)
    return distill.encode(model, corpus_dir / "high" / "pluck 7.wav")


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


def test_a_codebook(trained: Path) -> None:
    usage = read_codebook_usage(trained)
    facts = codebook_level(usage, 1)
    assert list(asdict(facts)) == LEVEL_KEYS.split()
    assert facts.name == "Timbre"
    assert facts.counts is not None
    assert facts.dead_codes == [code for code, count in enumerate(facts.counts) if count == 0]
    assert facts.utilisation == 1 - len(facts.dead_codes) / 32


def test_a_codebook_of_an_earlier_version(trained: Path) -> None:
    usage = read_codebook_usage(trained)
    uncounted = replace(usage, counts=(None, None, None))
    facts = codebook_level(uncounted, 0)
    assert (facts.counts, facts.dead_codes) == (None, None)
    assert facts.utilisation == usage.health[0]["utilisation"]
    nothing = codebook_level(replace(uncounted, health=()), 0)
    assert (nothing.utilisation, nothing.perplexity) == (None, None)


def test_codes(grid: CodeGrid) -> None:
    locked = distill.edit.lock(grid, levels="1").grid
    facts = codes_facts(Path("x.json"), locked)
    assert list(asdict(facts)) == CODES_KEYS.split()
    assert (facts.source, facts.frames) == ("pluck 7.wav", len(grid.codes))
    assert facts.locked == len(grid.codes)
    assert codes_facts(Path("x.json"), grid).locked == 0


def test_a_level_of_codes(grid: CodeGrid) -> None:
    facts = codes_level(grid, 2, Region(3, 7))
    assert list(asdict(facts)) == CODES_LEVEL_KEYS.split()
    assert (facts.name, facts.never_in_corpus) == ("Detail", None)
    assert facts.used == len(facts.codes) == len(np.unique(grid.codes[3:7, 2]))
    assert sum(entry.count for entry in facts.codes) == 4
    assert [list(entry) for entry in asdict(facts)["codes"]] == [["code", "count", "share"]] * (
        facts.used
    )


def test_a_level_of_codes_beside_the_corpus(trained: Path, grid: CodeGrid) -> None:
    usage = read_codebook_usage(trained)
    counts = usage.counts[0]
    assert counts is not None
    facts = codes_level(grid, 0, use=usage)
    assert facts.never_in_corpus == sum(counts[entry.code] == 0 for entry in facts.codes)
    for entry in asdict(facts)["codes"]:
        assert list(entry) == ["code", "count", "share", "corpus_count", "corpus_share"]
        assert entry["corpus_count"] == counts[entry["code"]]
        assert entry["corpus_share"] == pytest.approx(counts[entry["code"]] / counts.sum())


def test_a_corpus(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 3 * SAMPLE_RATE)).astype(np.float32)
    write_sound(tmp_path / "good.wav", noise)
    write_sound(tmp_path / "silent.wav", np.zeros((1, 480), np.float32))
    facts = corpus_facts(distill.scan_corpus(tmp_path))
    keys = asdict(facts)
    assert list(keys) == CORPUS_KEYS.split()
    assert [list(file) for file in keys["files"]] == [FILE_KEYS.split()] * 2
    assert (facts.folder, facts.verdict, facts.used, facts.skipped) == (str(tmp_path), "go", 1, 1)
    good, silent = facts.files
    assert (good.used, good.reason, good.duration_s) == (True, "", 3.0)
    assert (silent.used, silent.reason, silent.loudness) == (False, "silent", None)
    assert facts.tempo is None
    assert facts.keys == {}


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
    assert (facts.recordings, facts.tempo, facts.pulse_known) == (7, None, True)
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
