"""How far a codec that plays live looks ahead, and how late its sound comes.

A code frame is decoded from frames after it: with fewer of them the sound comes sooner, and is less
like the recording.
"""

from distill.errors import UsageError
from distill.models.layers import KERNEL
from distill.models.vqvae import VQVAE

LATENCIES = ("full", "half", "low")
"""Names of latencies, the longest first."""

_SHARES = {"full": 1.0, "half": 0.5, "low": 0.1}
"""Share of the frames that the decoder looks ahead."""


def check_latency(latency: str) -> None:
    """Raise `UsageError` unless there is a latency of this name."""
    if latency not in _SHARES:
        raise UsageError(f"There is no latency '{latency}': choose {', '.join(LATENCIES)}.")


def frames_ahead(codec: VQVAE, latency: str) -> int:
    """Code frames that the decoder looks ahead.

    Args:
        codec: The codec.
        latency: One of `LATENCIES`.

    Raises:
        UsageError: It is none of them.
    """
    check_latency(latency)
    whole = codec.config["decoder_layers"] * (KERNEL // 2)
    return int(whole * _SHARES[latency])
