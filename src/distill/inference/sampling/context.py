"""Facts of the corpus that a draw takes from the model file: loudness, prompts, lengths, events."""

from collections.abc import Callable

from distill.errors import UsageError
from distill.inference.events.bank import EventBank, build_event_bank
from distill.inference.sampling.conditions import LengthLimits
from distill.inference.sampling.lead_in import LeadIn, draw_lead_in, draw_nearest
from distill.inference.sampling.settings import Sampling
from distill.models.attribute_classifier import Targets
from distill.models.persistence import LoadedVQModel


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


def event_bank_for(loaded: LoadedVQModel) -> EventBank | None:
    """The events of the recordings in the model file; None where it keeps none."""
    return build_event_bank(loaded.model, loaded.prior_facts.recordings)
