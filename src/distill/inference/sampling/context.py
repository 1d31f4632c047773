"""Facts of the corpus that a draw takes from the model file: loudness, prompts, lengths, frames."""

from collections.abc import Callable

from torch import Tensor

from distill.errors import UsageError
from distill.inference.sampling.conditions import LengthLimits
from distill.inference.sampling.frame_bank import build_frame_bank
from distill.inference.sampling.lead_in import LeadIn, draw_lead_in, draw_nearest
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.unit_selection import FrameBank
from distill.models.attribute_classifier import Targets
from distill.models.persistence import LoadedVQModel

SILENT_CORPUS_DB = -54.0
"""Level in dBFS below which a frame is silent. Once a gain has brought it to the level of the
corpus, it may lie below -60 dBFS, where sounds are cut."""


def corpus_loudness(loaded: LoadedVQModel) -> float:
    """Loudness of the corpus in LUFS; NaN where the model file does not state it."""
    return float(loaded.metadata.get("corpus_loudness", float("nan")))


def lead_in_for(
    loaded: LoadedVQModel,
    sampling: Sampling,
    seed: int,
    draw: Callable[..., LeadIn] = draw_lead_in,
    targets: Targets | None = None,
) -> LeadIn | None:
    """Draw the prompt of a sound from the recordings in the model file.

    Args:
        loaded: the model.
        sampling: length of the prompt and the name it must match.
        seed: seed of the sound.
        draw: `draw_lead_in`, or a function with its arguments.
        targets: attributes that steer; the prompt is then near to those of the first frame.

    Returns:
        The prompt; None where the file keeps no recordings, or its length is 0.

    Raises:
        UsageError: where no recording matches `sampling.like`.
    """
    recordings = loaded.prior_facts.recordings
    if sampling.like and not recordings:
        raise UsageError(
            f"{loaded.path} keeps no recordings to begin from: train its prior again, or leave "
            "out --like."
        )
    # Priors of older files begin from nothing.
    frames = round(sampling.lead_in * loaded.model.frame_rate)
    if not recordings or not frames:
        return None
    if targets is None:
        return draw(recordings, frames, sampling.like, seed)
    return draw_nearest(draw, recordings, frames, sampling.like, seed, targets.at(0)[0])


def length_limits(loaded: LoadedVQModel) -> LengthLimits:
    """The lengths of the sounds that the prior learned to their ends."""
    facts = loaded.prior_facts
    # A recording that is cut off says nothing about length.
    lengths = [len(recording.codes) for recording in facts.recordings if recording.whole]
    return LengthLimits(shortest=min(lengths, default=1), longest=facts.longest_sound_frames)


def frame_bank_for(
    loaded: LoadedVQModel,
    sampling: Sampling,
    may_sustain: bool = False,
) -> FrameBank | None:
    """The frames of the corpus that finer codes are taken from; None where all codes are drawn.

    Args:
        loaded: a model with a prior.
        sampling: levels that the prior draws itself.
        may_sustain: lets silence and sounds last for any time. If not, silence ends after the
            longest of the corpus, and sounds decay as those of the corpus do.
    """
    codec = loaded.model

    def is_silent(codes: Tensor) -> Tensor:
        return codec.frame_levels(codec.rvq.lookup(codes)) < SILENT_CORPUS_DB

    return build_frame_bank(
        loaded.require_prior(),
        loaded.prior_facts.recordings,
        sampling.free_levels,
        is_silent=None if may_sustain else is_silent,
        match_age=not may_sustain,
    )
