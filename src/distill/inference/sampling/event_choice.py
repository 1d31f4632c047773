"""Choice of events: which recorded event comes at a cue, and with which it is blended.

Unit selection (Hunt & Black 1996) over events in place of frames. Within an event what follows is
what followed in the recording, so that hits decay and tones hold. The target cost is the distance
to the event of the model; the join cost counts where a steady sound goes on. The prior's
probability of the first code, and the targets of steering, weigh in.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.inference.events.bank import EventBank
from distill.models.attribute_classifier import Targets
from distill.models.prior_blend import Prior

TARGET_COST = 6.0
"""Cost of the squared distance of mean latents (unit: total variance of all latents) to the event
to resemble, at nearness 0.5. It grows from half of this at 0 to half as much again at 1."""
JOIN_COST = 1.0
"""Cost of the squared distance of the frame before, in the same unit, in steady sounds."""
OTHER_RECORDING_COST = 1.0
"""Cost of an event of another recording than the template, in nats: sounds keep their character."""
ITSELF_COST = 3.0
"""Cost of the template's own event, in nats: the order in time would be as recorded."""
SUCCESSOR_COST = 40.0
"""Cost of the event that followed in the recording, in nats: two in their order are a copy."""
RECENT_COST = 0.5
"""Cost of each time that an event was chosen, in nats; it halves every `RECENT_HALF` choices."""
RECENT_HALF = 24
"""Choices after which a choice counts half."""
WRONG_EDGE_COST = 3.0
"""Cost in nats of an event at the beginning or end of a recording for a cue that is not, or the
reverse."""
STRETCH_COST = 2.0
"""Cost of an octave of stretching, in nats."""
PRIOR_WEIGHT = 0.3
"""Weight of the prior's log-probability of the first code of an event."""
PARTNER_LENGTH_COST = 2.0
"""Cost of an octave between the lengths of two events to blend, in nats."""


STEERING_WEIGHT = 3.0
"""Weight of the mean log-likelihood of the targets: one choice stands for many frames."""


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


class SteeringScores:
    """Scores events by how well their frames follow the targets.

    Args:
        bank: the events.
        prior: its attribute classifier predicts the attributes.
        targets: the attributes to follow.
    """

    def __init__(self, bank: EventBank, prior: Prior, targets: Targets) -> None:
        assert prior.reader is not None
        self.classifier = prior.reader
        self.targets = targets
        self.prediction = bank.predict(prior)
        # Of each frame: its event, and how many frames it comes after the first one of that.
        starts = bank.start.astype(int)
        T = np.array([len(recording.codes[0]) for recording in bank.recordings])
        first_frame = starts + (np.cumsum(T) - T)[bank.recording]
        lengths = np.diff(np.append(first_frame, T.sum()))
        event = np.repeat(np.arange(len(bank)), lengths)
        self._event = torch.from_numpy(event)
        self._age = torch.from_numpy(np.arange(T.sum()) - first_frame[event])
        self._lengths = torch.from_numpy(lengths).clamp(min=1)

    def scores(self, t: int, stream: int) -> np.ndarray:
        """Mean log-likelihood `[N]` of the targets over the frames of each event, begun at frame
        `t`, times guidance and `STEERING_WEIGHT`.

        Args:
            t: number of the frame at which the event is to begin.
            stream: number of the stream, whose targets count.
        """
        rows = self.targets.values
        own = rows[min(stream, len(rows) - 1)]
        # An event lasts: the targets of all of its frames count.
        frame = (t + self._age).clamp(max=len(own) - 1)
        values = own[frame.to(own.device)].to(self.prediction.mean)
        by_frame = self.classifier.log_likelihood(self.prediction, values).float().cpu()
        total = torch.zeros(len(self._lengths)).index_add_(0, self._event, by_frame)
        mean = (total / self._lengths).double().numpy()
        scores: np.ndarray = STEERING_WEIGHT * self.targets.guidance * mean
        return scores


def event_scores(bank: EventBank, place: Place, used: np.ndarray, nearness: float) -> np.ndarray:
    """Score `[N]` in nats of each event for a place, without prior and steering.

    Args:
        bank: the events.
        place: where the event is to stand.
        used: how often each event was chosen lately, `[N]`.
        nearness: 0 for free, 1 for as recorded.
    """
    cue = place.cue
    scores = -TARGET_COST * (0.5 + nearness) * squared_distances(bank, bank.mean, bank.mean[cue])
    scores -= OTHER_RECORDING_COST * (bank.recording != bank.recording[cue])
    scores -= RECENT_COST * used
    scores -= WRONG_EDGE_COST * (bank.begins != bank.begins[cue])
    scores -= WRONG_EDGE_COST * (bank.ends != bank.ends[cue])
    scores -= STRETCH_COST * np.log2(np.maximum(place.frames / bank.reach, 1))
    scores[cue] -= ITSELF_COST
    following = successor(bank, place.previous)
    if following is not None:
        scores[following] -= SUCCESSOR_COST
    if place.latents is not None and bank.steady[cue]:
        scores -= JOIN_COST * squared_distances(bank, bank.before, place.latents)
    return scores


def successor(bank: EventBank, event: int | None) -> int | None:
    """The event that follows `event` in its recording; None after its last one."""
    if event is None or event + 1 >= len(bank) or bank.begins[event + 1]:
        return None
    return event + 1


def partner_scores(bank: EventBank, place: Place, event: int) -> np.ndarray:
    """Score `[N]` in nats of each event as the one that `event` is blended with at a place."""
    scores = -TARGET_COST / 2 * squared_distances(bank, bank.mean, bank.mean[place.cue])
    # Of what goes on steadily, any part may be taken.
    lengths = np.minimum(bank.reach, np.maximum(bank.frames, place.frames))
    scores -= PARTNER_LENGTH_COST * np.abs(np.log2(lengths / max(place.frames, 1)))
    scores -= WRONG_EDGE_COST * (bank.begins != bank.begins[event])
    scores[event] = -np.inf
    is_own = bank.recording == bank.recording[event]
    if bank.steady[event] and not is_own.all():
        # A steady sound blended with itself, a little later, would be itself.
        scores[is_own] = -np.inf
    return scores


def squared_distances(bank: EventBank, latents: Tensor, one: Tensor) -> np.ndarray:
    """Squared distances `[N]` of `latents` `[N, D]` to `one` `[D]`, relative to the variance."""
    squares = (latents - one.to(latents)).square().sum(1)
    distances: np.ndarray = (squares / bank.variance).double().numpy()
    return distances
