"""A model that plays, and what plays it."""

from pathlib import Path

import pytest

import distill
from distill.models.persistence import LoadedVQModel


@pytest.fixture(scope="session")
def model(trained: Path) -> LoadedVQModel:
    """The small model of plucks, on one thread."""
    return distill.load(trained, "cpu", 1)
