"""Facts of the corpus that a draw takes from the model file: loudness, prompts, lengths, events."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from distill.errors import UsageError
from distill.inference.events.bank import EventBank, build_event_bank
from distill.inference.sampling.conditions import LengthLimits
from distill.inference.sampling.lead_in import (
    LeadIn,
    draw_lead_in,
    draw_nearest,
    with_metre,
)
from distill.inference.sampling.settings import Sampling
from distill.models.attribute_classifier import Targets
from distill.models.cancel_points import cancel_points
from distill.models.persistence import LoadedVQModel
from distill.models.prior_metadata import Recording


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
        prompt = draw(recordings, frames, sampling.like, seed)
    else:
        first_targets = targets.at(0)[0]
        prompt = draw_nearest(draw, recordings, frames, sampling.like, seed, first_targets)
    return with_metre(prompt, loaded.model.frame_rate)


def check_time(loaded: LoadedVQModel, sampling: Sampling, bars: float | None = None) -> None:
    """Check that the prior and its recordings have the time that is asked for.

    Args:
        loaded: the model.
        sampling: settings.
        bars: number of bars, if they say how long.

    Raises:
        NoPriorError: the model has no prior.
        UsageError: the prior does not know the beats of its recordings, or they have none.
    """
    loaded.require_prior()
    uses = {
        "--tempo": sampling.tempo is not None,
        "--bars": bars is not None,
        "--swing": sampling.swing > 0,
        "--form": bool(sampling.form),
    }
    options = [option for option, is_set in uses.items() if is_set]
    if not options:
        return
    facts = loaded.prior_facts
    if not facts.pulse_known:
        raise UsageError(
            f"The prior of {loaded.path} does not know the beats of its recordings: train it again "
            f"(`distill train-prior`), or leave out {options[0]}."
        )
    if sampling.tempo is None and corpus_tempo(facts.recordings) is None:
        raise UsageError(
            f"The recordings of {loaded.path} keep no beat: give --tempo with {options[0]}."
        )


def tempo_for(
    loaded: LoadedVQModel, sampling: Sampling, prompt: LeadIn | None, seed: int
) -> float | None:
    """The tempo of a sound in BPM; None for one that keeps no beat.

    It is that of the settings, else of the prompt. Where the prompt has none, but most recordings
    do, it is that of one of these, unless the prompt was chosen by its name.

    Args:
        loaded: the model.
        sampling: the settings.
        prompt: the prompt of the sound.
        seed: seed of the sound.
    """
    if sampling.free_time or sampling.tempo is not None:
        return sampling.tempo
    recordings = loaded.prior_facts.recordings
    tempos = {r.name: r.pulse.tempo for r in recordings if r.pulse is not None}
    names = prompt.names if prompt else ()
    # The recording heard last counts most.
    for name in reversed(names):
        if name in tempos:
            return tempos[name]
    if sampling.form or sampling.swing:
        return corpus_tempo(recordings)
    if sampling.like or not keeps_time(recordings):
        return None
    # Purpose 4 of the seed; a prompt takes 1 and 3.
    rng = np.random.default_rng((seed, 4))
    return list(tempos.values())[int(rng.integers(len(tempos)))]


def keeps_time(recordings: Sequence[Recording]) -> bool:
    """Whether at least half of the recordings, and any, have a pulse."""
    count = sum(recording.pulse is not None for recording in recordings)
    return 0 < len(recordings) <= 2 * count


def bar_beats(recordings: Sequence[Recording]) -> int:
    """Beats of a bar in most of the recordings that have a pulse; 4 where none has."""
    counts = Counter(r.pulse.bar_beats for r in recordings if r.pulse is not None)
    return counts.most_common(1)[0][0] if counts else 4


def corpus_tempo(recordings: Sequence[Recording]) -> float | None:
    """The middle one of the recordings' tempos in BPM; None where none has a pulse."""
    tempos = sorted(r.pulse.tempo for r in recordings if r.pulse is not None)
    return tempos[len(tempos) // 2] if tempos else None


def length_limits(loaded: LoadedVQModel) -> LengthLimits:
    """The lengths of the sounds that the prior learned to their ends."""
    facts = loaded.prior_facts
    # A recording that is cut off says nothing about length.
    lengths = [len(recording.codes) for recording in facts.recordings if recording.whole]
    return LengthLimits(shortest=min(lengths, default=1), longest=facts.longest_sound_frames)


def event_bank_for(loaded: LoadedVQModel, share: float = 0.0) -> EventBank | None:
    """The events of the recordings in the model file; None where it keeps none.

    Args:
        loaded: the model.
        share: share of the events to come from the second model of a blend.
    """
    with cancel_points():
        return build_event_bank(loaded.model, loaded.prior_facts.recordings, share)
