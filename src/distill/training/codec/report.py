"""Reports of a codec in training."""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor


@dataclass(frozen=True)
class TrainerReport:
    """How far a training is, and how well it goes.

    Attributes:
        step: Steps done.
        progress: 0 at the start, 1 at the end.
        elapsed_s: Seconds spent, validation and saving included, earlier runs too.
        realtime_factor: Seconds of sound in training batches per second of time.
        batch_size: Crops of a step, in all processes; fewer after memory has run out.
        first_distance: Mel distance before the decoder had learned anything; infinite before the
            codebooks are settled.
        codebooks_ready: Whether the codebooks are settled.
        is_done: Whether the budget is used up.
        is_healthy: Whether the loss of the last step was a number.
        is_cut_short: Whether an early stop has been decided.
    """

    step: int
    progress: float
    elapsed_s: float
    realtime_factor: float
    batch_size: int
    first_distance: float
    codebooks_ready: bool
    is_done: bool
    is_healthy: bool
    is_cut_short: bool


class CorpusMeasures(NamedTuple):
    """The codec on its whole corpus: code counts `[Q, K]`, and the stereo image (empty of mono)."""

    code_counts: Tensor
    stereo: dict[str, list[float]]
