"""Preparation of a corpus for prior training: every sound is encoded and measured.

That takes minutes for an hour of sound, the first time: it says how far it is.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from distill.audio.pulse import Pulse
from distill.cancellation import check_each
from distill.data.dataset import ClipRegion, Split
from distill.settings import SAMPLE_RATE
from distill.training.metrics import PreparationMetrics
from distill.training.prior.encoding import Encoder
from distill.training.prior.region_traits import RegionTraits

# Encodings that take as long as descriptors and pulse.
TRAIT_PASSES = 2

PreparationCallback = Callable[[PreparationMetrics], None]


class PreparedRegions(NamedTuple):
    """Regions of sounds, encoded and measured.

    Attributes:
        codes: For each region, its codes `[T, Q]` in every encoding.
        descriptors: Descriptors `[T, 5]` of each region.
        pulses: Pulse of each region; None where it has none.
    """

    codes: list[list[Tensor]]
    descriptors: list[np.ndarray]
    pulses: list[Pulse | None]


class PreparedSounds(NamedTuple):
    """A corpus, encoded and measured.

    Attributes:
        train: The training regions.
        held_out: The held-out regions.
    """

    train: PreparedRegions
    held_out: PreparedRegions


def prepare_sounds(
    split: Split, encoder: Encoder, traits: RegionTraits, callback: PreparationCallback
) -> PreparedSounds:
    """Encode and measure all regions, as far as the cache does not hold them.

    Args:
        split: Training and held-out regions.
        encoder: Encodes them.
        traits: Measures them.
        callback: Gets the progress.

    Raises:
        CancelledError: The event of this block of `cancellable` was set.
        OutputError: The cache cannot be written.
    """
    count = len(encoder.encodings)
    regions = [*split.train, *split.held_out]
    progress = _Progress(regions, count + TRAIT_PASSES, callback)
    for region in check_each(regions):
        encoder.encode(region, progress.add)
        traits.descriptors_and_pulse(region)
        progress.end_region()
    # All comes from the cache now. Small arrays that were kept from above would lie between the
    # large buffers of the encoder, and break up the memory: by half a gigabyte for an hour.
    return PreparedSounds(
        train=_load(split.train, encoder, traits),
        held_out=_load(split.held_out, encoder, traits),
    )


def _load(regions: Sequence[ClipRegion], encoder: Encoder, traits: RegionTraits) -> PreparedRegions:
    """All of some regions, which the cache holds."""
    both = [traits.descriptors_and_pulse(region) for region in check_each(regions)]
    return PreparedRegions(
        codes=[encoder.encode(region, _ignore) for region in check_each(regions)],
        descriptors=[descriptors for descriptors, _ in both],
        pulses=[pulse for _, pulse in both],
    )


def _ignore(seconds: float) -> None:
    """Nobody waits for what is in the cache."""


class _Progress:
    """Tells how far a preparation is.

    Args:
        regions: In the order in which they are prepared.
        passes: Times that they are gone through.
        callback: Gets the progress.
    """

    def __init__(
        self,
        regions: Sequence[ClipRegion],
        passes: int,
        callback: PreparationCallback,
    ) -> None:
        self._names = [region.clip.name for region in regions]
        self._costs = [passes * region.n_samples / SAMPLE_RATE for region in regions]
        self._total = max(sum(self._costs), 1e-9)
        self._callback = callback
        self._done = 0
        self._whole = 0.0
        self._part = 0.0
        self._tell()

    def add(self, seconds: float) -> None:
        """Count `seconds` of sound of the present region, gone through once."""
        # Frames at its end are padded, and its tail is cut.
        self._part = min(self._part + seconds, self._costs[self._done])
        self._tell()

    def end_region(self) -> None:
        """Count the present region as done."""
        self._whole += self._costs[self._done]
        self._done += 1
        self._part = 0.0
        self._tell()

    def _tell(self) -> None:
        has_more = self._done < len(self._names)
        self._callback(
            PreparationMetrics(
                done=self._done,
                total=len(self._names),
                progress=min(1.0, (self._whole + self._part) / self._total),
                name=self._names[self._done] if has_more else "",
            )
        )
