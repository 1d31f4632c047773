"""Choice of events: which recorded event comes at a cue, and with which it is blended.

Unit selection (Hunt & Black 1996) over events in place of frames. Within an event what follows is
what followed in the recording, so that hits decay and tones hold. The target cost is the distance
to the event of the model; the join cost counts where a steady sound goes on. The prior's
probability of the first code, and the targets of steering, weigh in.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.inference.events.bank import EventBank
from distill.models.attribute_classifier import AttributeClassifier, Prediction, Targets

TARGET = 6.0
"""Cost of the squared distance of mean latents (unit: total variance of all latents) to the event
to resemble, at nearness 0.5. It grows from half of this at 0 to half as much again at 1."""
JOIN = 1.0
"""Cost of the squared distance of the frame before, in the same unit, in steady sounds."""
OTHER_RECORDING = 1.0
"""Cost of an event of another recording than the model's, in nats: a sound keeps its character."""
ITSELF = 3.0
"""Cost of the model's own event, in nats: the order in time would be as recorded."""
SUCCESSOR = 40.0
"""Cost of the event that followed in the recording, in nats: two in their order are a copy."""
RECENT = 0.5
"""Cost of each time that an event was chosen, in nats; it halves every `RECENT_HALF` choices."""
RECENT_HALF = 24
"""Choices after which a choice counts half."""
WRONG_EDGE = 3.0
"""Cost in nats of an event that begins or ends a recording where none does, or the reverse."""
STRETCH = 2.0
"""Cost of an octave of stretching, in nats."""
PRIOR = 0.3
"""Weight of the prior's log-probability of the first code of an event."""
PARTNER_LENGTH = 2.0
"""Cost of an octave between the lengths of two events to blend, in nats."""


STEERING = 3.0
"""Weight of the mean log-likelihood of the targets over the frames of an event. One choice stands
for many frames, whose likelihoods are not independent: they count as three."""


class Place(NamedTuple):
    """The place of an event to choose.

    Attributes:
        cue: recorded event to resemble.
        frames: length of the place in code frames.
        previous: event before it; None where there is none.
        latents: latents `[D]` of the frame before it; None where a sound begins.
    """

    cue: int
    frames: int
    previous: int | None
    latents: Tensor | None


@dataclass(frozen=True)
class SteeringScores:
    """Scores events by how well their frames follow the targets.

    Attributes:
        classifier: predicts attributes.
        predictions: its predictions for the frames `[T]` of each recording.
        targets: the attributes to follow.
    """

    classifier: AttributeClassifier
    predictions: list[Prediction]
    targets: Targets

    def scores(self, bank: EventBank, t: int, stream: int) -> np.ndarray:
        """Mean log-likelihood `[N]` of the targets over the frames of each event, begun at frame
        `t`, times the guidance.

        Args:
            bank: the events.
            t: number of the frame at which the event is to begin.
            stream: number of the stream, whose targets count.
        """
        # An event lasts: the targets of all of its frames count.
        likelihood = []
        for recording, prediction in enumerate(self.predictions):
            own = bank.events_of[recording]
            starts = torch.from_numpy(bank.start[own].astype(int))
            T = len(prediction.mean)
            frame = torch.arange(T)
            event = torch.searchsorted(starts, frame, right=True) - 1
            age = frame - starts[event]
            values = self._values(t, int(age.max()) + 1, stream)[age]
            by_frame = self.classifier.log_likelihood(prediction, values)
            total = torch.zeros(len(own)).index_add_(0, event, by_frame.float().cpu())
            count = torch.bincount(event, minlength=len(own)).clamp(min=1)
            likelihood.append(total / count)
        mean = torch.cat(likelihood).double().numpy()
        scores: np.ndarray = STEERING * self.targets.guidance * mean
        return scores

    def _values(self, t: int, frames: int, stream: int) -> Tensor:
        """Targets `[frames, A]` of a stream from frame `t` on."""
        rows = self.targets.values
        own = rows[min(stream, len(rows) - 1)]
        index = torch.arange(t, t + frames).clamp(max=len(own) - 1)
        return own[index].to(self.predictions[0].mean)


def event_scores(bank: EventBank, place: Place, used: np.ndarray, nearness: float) -> np.ndarray:
    """Score `[N]` in nats of each event for a place, without prior and steering.

    Args:
        bank: the events.
        place: where the event is to stand.
        used: how often each event was chosen lately, `[N]`.
        nearness: 0 for free, 1 for as recorded.
    """
    cue = place.cue
    scores = -TARGET * (0.5 + nearness) * squared_distances(bank, bank.mean, bank.mean[cue])
    scores -= OTHER_RECORDING * (bank.recording != bank.recording[cue])
    scores -= RECENT * used
    scores -= WRONG_EDGE * (bank.begins != bank.begins[cue])
    scores -= WRONG_EDGE * (bank.ends != bank.ends[cue])
    scores -= STRETCH * np.log2(np.maximum(place.frames / bank.frames, 1))
    scores[cue] -= ITSELF
    if place.previous is not None and place.previous + 1 < len(bank):
        scores[place.previous + 1] -= SUCCESSOR
    if place.latents is not None and bank.steady[cue]:
        scores -= JOIN * squared_distances(bank, bank.before, place.latents)
    return scores


def partner_scores(bank: EventBank, place: Place, event: int) -> np.ndarray:
    """Score `[N]` in nats of each event as the one that `event` is blended with at a place."""
    scores = -TARGET / 2 * squared_distances(bank, bank.mean, bank.mean[place.cue])
    scores -= PARTNER_LENGTH * np.abs(np.log2(bank.frames / max(place.frames, 1)))
    scores -= WRONG_EDGE * (bank.begins != bank.begins[event])
    scores[event] = -np.inf
    return scores


def squared_distances(bank: EventBank, latents: Tensor, one: Tensor) -> np.ndarray:
    """Squared distances `[N]` of `latents` `[N, D]` to `one` `[D]`, relative to the variance."""
    squared = (latents - one.to(latents)).square().sum(1)
    distances: np.ndarray = (squared / bank.variance).double().numpy()
    return distances
