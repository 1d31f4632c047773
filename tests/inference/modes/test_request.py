"""Making a sound again in the way that it was made."""

import numpy as np
import pytest

from distill.errors import UsageError
from distill.inference.modes.request import ModeSettings, Playing, Source

SILENCE = np.zeros((1, 10), np.float32)
EARLIER = ModeSettings("continue", "a.wav", "aa")


def continued(name: str, digest: str) -> Playing:
    return Playing.of("continue", Source(name, digest, SILENCE))


def test_the_same_source_under_any_name_will_do() -> None:
    again = continued("renamed.wav", "aa").again(EARLIER, "out.wav")
    assert again.way == EARLIER
    assert again.source is not None
    assert Playing().again(ModeSettings(), "out.wav") == Playing()


def test_a_missing_or_another_source_is_named() -> None:
    with pytest.raises(UsageError, match=r"out\.wav was made from 'a\.wav'.*--continue-from"):
        Playing().again(EARLIER, "out.wav")
    with pytest.raises(
        UsageError, match=r"'b\.wav' is not the sound that out\.wav was made from \('a\.wav'\)"
    ):
        continued("b.wav", "bb").again(EARLIER, "out.wav")
    with pytest.raises(UsageError, match=r"out\.wav was not made with --continue-from"):
        continued("a.wav", "aa").again(ModeSettings(), "out.wav")


def test_a_way_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="backwards"):
        ModeSettings("backwards")
