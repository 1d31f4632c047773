"""Codes to edit."""

from pathlib import Path

import pytest

import distill
from distill.inference.codes.grid import CodeGrid


@pytest.fixture(scope="module")
def pair(trained: Path, corpus_dir: Path) -> tuple[CodeGrid, CodeGrid]:
    """Codes of a short and of a longer pluck."""
    model = distill.load(trained, threads=1)
    short = distill.encode(model, corpus_dir / "low" / "pluck 0.wav")
    long = distill.encode(model, corpus_dir / "high" / "pluck 4.wav")
    return short, long
