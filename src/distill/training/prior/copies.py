"""What a prior copies, told while it trains: a few sounds drawn from it, looked through by the copy
meter."""

from dataclasses import replace
from typing import Any

from distill.inference.generate import generate
from distill.inference.modes.request import Request
from distill.models.persistence import LoadedVQModel
from distill.models.prior import CodePrior
from distill.training.prior.verdict import Copying

DRAWN, DRAWN_S = 3, 4.0
"""Sounds drawn, and seconds of each: a few seconds of work."""


def draw_and_compare(
    loaded: LoadedVQModel, prior: CodePrior, metadata: dict[str, Any], epoch: int
) -> Copying:
    """How much sounds of `prior`, at the weights of `epoch`, repeat; `metadata` is what generating
    takes of a file's `prior_metadata`, among it the `copy_index`."""
    judged = replace(loaded, prior=prior.eval(), prior_metadata=metadata)
    request = Request(duration=DRAWN_S, count=DRAWN)
    reports = [sound.copy for sound in generate(judged, request)]
    return Copying(epoch, [report.percent for report in reports if report])
