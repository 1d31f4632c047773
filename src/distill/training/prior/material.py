"""Material: the sounds that a model file keeps, for generation to take events and prompts from."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from distill.audio.pulse import Pulse
from distill.data.dataset import ClipRegion, Split
from distill.training.prior.attribute_targets import AttributeTargets, attribute_targets
from distill.training.prior.preparation import PreparedSounds


class Material(NamedTuple):
    """Regions of sounds with all that is known of them, training regions first.

    Files that are held out whole follow. The prior does not learn from them, so that it can be
    judged by them. But a musician wants to hear all files again. The held-out end of a file is left
    out: it would pass for a sound that begins there.

    Attributes:
        regions: The regions.
        learned: Number of training regions.
        codes: Codes `[T, Q]` of each region, in every encoding.
        attributes: Attributes of every frame of the regions.
        pulses: Pulse of each region, in seconds from its start; None where it has none.
    """

    regions: Sequence[ClipRegion]
    learned: int
    codes: Sequence[Sequence[Tensor]]
    attributes: AttributeTargets
    pulses: Sequence[Pulse | None]


def collect_material(
    split: Split, sounds: PreparedSounds, gains: Sequence[float], frame_rate: float
) -> Material:
    """The material of a corpus.

    Args:
        split: Training and held-out regions.
        sounds: Their codes and measures, in the same order.
        gains: Gain of each encoding, in dB.
        frame_rate: Code frames per second.
    """
    chosen = [i for i, region in enumerate(split.held_out) if region.start == 0]
    regions = [*split.train, *(split.held_out[i] for i in chosen)]
    train, held_out = sounds
    codes = [*train.codes, *(held_out.codes[i] for i in chosen)]
    descriptors = [*train.descriptors, *(held_out.descriptors[i] for i in chosen)]
    learned = len(split.train)
    return Material(
        regions=regions,
        learned=learned,
        codes=codes,
        attributes=attribute_targets(regions, learned, descriptors, codes, gains, frame_rate),
        pulses=[*train.pulses, *(held_out.pulses[i] for i in chosen)],
    )
