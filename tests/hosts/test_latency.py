"""Names of latencies."""

import pytest

from distill.errors import UsageError
from distill.hosts.latency import LATENCIES, frames_ahead
from tests.models.codecs import untrained


def test_each_name_looks_ahead_less() -> None:
    codec = untrained()
    assert [frames_ahead(codec, name) for name in LATENCIES] == [21, 10, 2]
    assert [frames_ahead(untrained(decoder_layers=2), name) for name in LATENCIES] == [6, 3, 0]


def test_another_name_is_refused() -> None:
    with pytest.raises(UsageError, match="'short': choose full, half, low"):
        frames_ahead(untrained(), "short")
