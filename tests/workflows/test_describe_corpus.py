"""Facts about a folder of sounds: their names and order are the keys of `--json`."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

import distill
from distill.audio.write import write_sound
from distill.settings import SAMPLE_RATE
from distill.workflows.describe_corpus import corpus_facts

CORPUS_KEYS = (
    "folder verdict advice total_s channels output_channels layout tempo keys used skipped "
    "other_files files"
)
FILE_KEYS = (
    "name used reason flags duration_s sample_rate channels peak_db loudness tempo key hash "
    "advice clipped_at_s"
)


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
