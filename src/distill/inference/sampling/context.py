"""Facts about the corpus that a draw takes from the model file."""

from collections.abc import Callable

from torch import Tensor

from distill.errors import UsageError
from distill.inference.sampling.conditions import LengthLimits
from distill.inference.sampling.lead_in import LeadIn, draw_lead_in, draw_near
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.unit_selection import FrameBank, build_frame_bank
from distill.models.attribute_classifier import Targets
from distill.models.persistence import LoadedVQModel

SILENT_DB = -54.0
"""dBFS of a frame that is taken for silent: what is brought to the level of the corpus may lie
under -60 then."""


def corpus_loudness(loaded: LoadedVQModel) -> float:
    """LUFS; NaN where the model does not say."""
    return float(loaded.metadata.get("corpus_loudness", float("nan")))


def lead_in_of(
    loaded: LoadedVQModel,
    sampling: Sampling,
    seed: int,
    draw: Callable[..., LeadIn] = draw_lead_in,
    asked: Targets | None = None,
) -> LeadIn | None:
    """What the prior hears before it begins, near to what is `asked` at first; None for nothing.
    `UsageError` where no recording is like `sampling` says.

    `draw` is `draw_lead_in`, or what has its arguments.
    """
    recordings = loaded.prior_facts.recordings
    if sampling.like and not recordings:
        raise UsageError(
            f"{loaded.path} keeps no recordings to begin from: train its prior again, or leave out --like."
        )
    frames = round(sampling.lead_in * loaded.model.frame_rate)
    if not recordings or not frames:
        return None
    if asked is None:
        return draw(recordings, frames, sampling.like, seed)
    return draw_near(draw, recordings, frames, sampling.like, seed, asked.at(0)[0])


def length_limits(loaded: LoadedVQModel) -> LengthLimits:
    """As long as the sounds that the prior learned to their ends."""
    facts = loaded.prior_facts
    whole = [len(recording.codes) for recording in facts.recordings if recording.whole]
    return LengthLimits(min(whole, default=1), facts.longest_sound_frames)


def frame_bank_for(
    loaded: LoadedVQModel, sampling: Sampling, may_last: bool = False
) -> FrameBank | None:
    """The frames of the corpus that finer codes are taken from; None where all are drawn.

    Unless things `may_last`, silence ends when it has lasted for as long as the longest of the
    corpus, and sounds grow old as those of the corpus do.
    """
    assert loaded.prior is not None

    def hearing(codes: Tensor) -> Tensor:
        return loaded.model.frame_levels(loaded.model.rvq.lookup(codes)) < SILENT_DB

    recordings = loaded.prior_facts.recordings
    return build_frame_bank(
        loaded.prior, recordings, sampling.free_levels, None if may_last else hearing, not may_last
    )
