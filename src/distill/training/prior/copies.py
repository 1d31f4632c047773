"""How much a prior copies, during training: a few generated sounds, judged by the copy meter."""

from distill.inference.generate import generate
from distill.inference.modes.request import Request
from distill.models.persistence import LoadedVQModel
from distill.training.prior.verdict import Copying

# Sounds that are generated, and seconds of each: a few seconds of work, and enough for a median.
SOUNDS = 3
SOUND_S = 4.0


def measure_copying(model: LoadedVQModel, epoch: int) -> Copying:
    """Generate a few sounds, and measure how much of each repeats passages of the corpus.

    Args:
        model: Generates; its prior is in eval mode, and keeps a `copy_index`.
        epoch: Number of the epoch that the prior's weights come from.
    """
    request = Request(duration=SOUND_S, count=SOUNDS)
    reports = [sound.copy for sound in generate(model, request)]
    percents = [report.passage_percent for report in reports if report]
    return Copying(epoch=epoch, percents=percents)
