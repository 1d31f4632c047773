"""Promises of docs/trust.md that no single module keeps, and the tests that it names."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import distill

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))

JOURNEY = """
import sys
sent = []
sys.addaudithook(lambda event, details: sent.append(event) if event.startswith("socket.") else None)
import distill
sounds, model = sys.argv[1:]
codec = dict(hidden_size=16, codebook_size=16, num_quantizers=2, batch_size=2, crop_frames=8)
distill.train(sounds, model, steps=2, threads=1, **codec)
prior = dict(max_epochs=1, hidden_size=16, num_layers=1, num_heads=2, batch_size=2, encodings=1)
distill.train_prior(model, sounds, context_s=0.5, min_steps_per_epoch=1, threads=1, **prior)
loaded = distill.load(model, threads=1)
distill.generate(loaded, duration=0.2)[0].save("new.wav")
distill.encode(loaded, "new.wav")
print(sent)
"""
"""From a folder of sounds to a new one; prints what was asked of the network."""


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_the_tests_that_the_page_names_are_there(file: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")


def test_the_page_names_tests() -> None:
    assert len(NAMED) > 15


def test_nothing_is_sent(corpus_dir: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", JOURNEY, str(corpus_dir), str(tmp_path / "m.sda")]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (result.returncode, result.stdout.strip()) == (0, "[]"), result.stderr


def test_results_hold_no_path(trained: Path, corpus_dir: Path, tmp_path: Path) -> None:
    model = distill.load(trained, threads=1)
    sound = corpus_dir / "low" / "pluck 0.wav"
    codes = distill.encode(model, sound)
    results = [
        trained,
        distill.save_codes(tmp_path / "codes.json", codes),
        distill.generate(model, duration=0.2, seed=1)[0].save(tmp_path / "new.wav"),
        distill.generate(model, seed=1, variation_of=sound)[0].save(tmp_path / "var.wav"),
    ]
    distill.decode(model, codes, tmp_path / "again.wav")
    for path in (*results, tmp_path / "again.wav"):
        content = path.read_bytes()
        for folder in (corpus_dir, tmp_path, Path.home(), trained.parent):
            assert str(folder).encode() not in content, path
