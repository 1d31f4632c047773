"""How much a prior copies, measured on sounds that it generates."""

from pathlib import Path

import pytest

from distill.models.persistence import load_model_v2
from distill.training.prior import copies
from distill.training.prior.copies import measure_copying


def test_each_sound_has_its_percentage(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "SOUND_S", 0.5)
    loaded = load_model_v2(trained)
    result = measure_copying(loaded, epoch=4)
    assert result.epoch == 4
    assert len(result.percents) == copies.SOUNDS
    assert all(0 <= percent <= 100 for percent in result.percents)
    assert measure_copying(loaded, epoch=4) == result
