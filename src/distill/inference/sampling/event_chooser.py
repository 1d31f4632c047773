"""Decisions on events: which one comes in a slot, alone or blended, and what comes back."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.inference.events.bank import EventBank
from distill.inference.sampling.event_choice import (
    PRIOR_WEIGHT,
    RECENT_HALF,
    Place,
    SteeringScores,
    event_scores,
    partner_scores,
    squared_distances,
)
from distill.inference.sampling.sampler import sample, uniform
from distill.inference.sampling.settings import Sampling

OTHER_TEMPO_COST = 6.0
"""Cost in nats per octave between the tempo of a template and the nearest octave of that asked for:
3 at most."""
TEMPLATE_PRIOR_WEIGHT = 0.05
"""Weight of the prior's log-probability of the first code of a template. A larger one brings the
same few sounds again and again."""
RECENT_TEMPLATE_COST = 1.0
"""Cost in nats of each time that a recording was the template, halved with each template after
it."""
NO_PULSE_COST = 20.0
"""Cost in nats of a template without a pulse for a sound in time."""
SINGLE_DB = 20.0
"""Level in dB below the loudest event of its recording from which an event is no sound of its own:
what sounds then is mostly the one before."""
ALIKE = 0.15
"""Squared distance of mean latents (unit: total variance of all latents) below which two recorded
events count as the same sound."""
LONG_S = 1.0
"""Seconds from which an event as recorded is a passage: it is blended, unless all is near."""
MOST_STRETCH = 1.5
"""Times its recorded length that an event may last where another could take its place."""
LEAST_SHARE = 0.35
"""Share of the weaker event in a blend, at least: below, one hears the other alone."""
LONG_LEAST_SHARE = 0.45
"""The same for events from `LONG_S` on, which the ear and the copy meter have time to recognise."""
DRIFT = 0.15
"""Change of that share over an event, at most."""


class Decision(NamedTuple):
    """The events of a slot: `event`, blended with `partner` by `weights` if there is one."""

    event: int
    partner: int | None = None
    weights: tuple[float, float] = (0.0, 0.0)

    def recorded_frames(self, bank: EventBank) -> float:
        """Length of the longer of its events, in frames."""
        partner = self.event if self.partner is None else self.partner
        return float(max(bank.reach[self.event], bank.reach[partner]))


class EventChooser:
    """Makes the decisions of one stream.

    Args:
        bank: the events.
        sampling: settings.
        generator: source of all random numbers.
        number: number of the stream, for its targets.
        steering: scores by targets, if there are any.
    """

    def __init__(
        self,
        bank: EventBank,
        sampling: Sampling,
        generator: torch.Generator,
        number: int = 0,
        steering: SteeringScores | None = None,
    ) -> None:
        self.bank = bank
        self.sampling = sampling
        self.generator = generator
        self.number = number
        self.steering = steering
        # How often each event, and each template, came lately.
        self._recency = np.zeros(len(bank))
        self._template_recency = np.zeros(len(bank.recordings))
        # The kit: what stands for a cue, and for all that sound like it.
        self._kit: dict[int, Decision] = {}
        self._steering_scores = np.zeros(len(bank))
        self._steered_frame = -1

    def steer(self, steering: SteeringScores | None) -> None:
        """Score by other targets from now on; None for none."""
        self.steering = steering
        self._steering_scores = np.zeros(len(self.bank))
        self._steered_frame = -1

    def draw_by(self, sampling: Sampling) -> None:
        """Choose by other settings from now on; what the kit holds was chosen by those before."""
        if sampling != self.sampling:
            self.sampling = sampling
            self._kit.clear()

    def forget(self) -> None:
        """Choose as if nothing had been chosen yet."""
        self._recency[:] = 0
        self._template_recency[:] = 0
        self._kit.clear()

    def template(self, t: int, tempo: float | None, log_probs: Tensor | None) -> int:
        """Choose the recording that the sound from frame `t` on follows.

        Args:
            t: number of the frame.
            tempo: of the sound in BPM; None for one that keeps no beat.
            log_probs: log-probabilities `[K]` of the prior for its first code, if known.
        """
        bank = self.bank
        first = np.array([events[0] for events in bank.events_of])
        scores = bank.log_weight - RECENT_TEMPLATE_COST * self._template_recency
        if log_probs is not None:
            scores += TEMPLATE_PRIOR_WEIGHT * log_probs.double().numpy()[bank.first_code[first]]
        by_event = self._scores_by_targets(t)
        scores += [by_event[events].mean() for events in bank.events_of]
        if tempo is not None:
            octaves = np.log2(bank.tempo / tempo)
            off = np.abs(octaves - np.round(octaves))
            scores -= np.where(np.isnan(off), NO_PULSE_COST, OTHER_TEMPO_COST * np.nan_to_num(off))
        like = self.sampling.like.lower()
        is_like = np.array([like in recording.name.lower() for recording in bank.recordings])
        if is_like.any():
            scores[~is_like] = -np.inf
        return self.sample(scores)

    def single_event(self, recording: int) -> int:
        """An event of `recording` that is a sound of its own: not faint, and with room to ring."""
        bank = self.bank
        events = bank.events_of[recording]
        loud = events[bank.level[events] >= bank.level[events].max() - SINGLE_DB]
        frames = bank.reach[loud]
        fit = loud[frames >= np.median(frames)]
        return int(fit[int(self.uniform() * len(fit))])

    def remember_template(self, recording: int) -> None:
        """Note that `recording` is the template now."""
        self._template_recency /= 2
        self._template_recency[recording] += 1

    def decide(self, place: Place, t: int, log_probs: Tensor) -> Decision:
        """The events of a slot: those of the last cue like it, unless they vary.

        A drum is the same drum whenever it is struck. Where targets steer, each event is chosen by
        them.

        Args:
            place: the slot.
            t: number of its first frame.
            log_probs: log-probabilities `[K]` of the prior for its first code.
        """
        # From the middle of the dial on, more and more stands as its template has it.
        as_recorded = max(0.0, 2 * self.sampling.nearness - 1) ** 2
        if self.uniform() < as_recorded:
            return Decision(place.cue)
        alike = self._alike(place.cue)
        if alike is not None and self.steering is None:
            earlier = self._kit[alike]
            is_short = place.frames > MOST_STRETCH * earlier.recorded_frames(self.bank)
            if not is_short and self.uniform() >= self.sampling.form_variation:
                return earlier
        decision = self._new_decision(place, t, log_probs)
        # A variation passes; the kit stays.
        if alike is None:
            self._kit[place.cue] = decision
        return decision

    def _alike(self, cue: int) -> int | None:
        """The cue with a decision that sounds most like `cue`; None where none is alike."""
        # Parts of a steady sound that came back would make a beat of their own.
        if not self._kit or self.bank.steady[cue]:
            return None
        cues = list(self._kit)
        distances = squared_distances(self.bank, self.bank.mean[cues], self.bank.mean[cue])
        nearest = int(distances.argmin())
        return cues[nearest] if distances[nearest] < ALIKE else None

    def _new_decision(self, place: Place, t: int, log_probs: Tensor) -> Decision:
        nearness = self.sampling.nearness
        scores = event_scores(self.bank, place, self._recency, nearness)
        scores += self.bank.log_weight[self.bank.recording]
        scores += PRIOR_WEIGHT * log_probs.double().numpy()[self.bank.first_code]
        scores += self._scores_by_targets(t)
        others = self._others()
        event = self.sample(_without(others, scores))
        self._recency *= 0.5 ** (1 / RECENT_HALF)
        self._recency[event] += 1
        is_long = place.frames > LONG_S * self.bank.codec.frame_rate
        share = min(1.0, 2 - 2 * nearness) if is_long else 1 - nearness
        if self.uniform() >= share or len(self.bank) < 2:
            return Decision(event)
        scores = partner_scores(self.bank, place, event) + self._scores_by_targets(t)
        partner = self.sample(_without(others, scores))
        least = LONG_LEAST_SHARE if is_long else LEAST_SHARE
        first = least + (1 - 2 * least) * self.uniform()
        last = first + DRIFT * (2 * self.uniform() - 1)
        last = min(max(last, least), 1 - least)
        return Decision(event, partner, (first, last))

    def _others(self) -> np.ndarray | None:
        """Events `[N]` (bool) that are of the model of a blend that is not drawn now; None without
        a blend. Each model is drawn as often as its share says, whatever sounds alike."""
        if not self.bank.share:
            return None
        return ~self.bank.comes_from(int(self.uniform() < self.bank.share))

    def _scores_by_targets(self, t: int) -> np.ndarray:
        """Scores `[N]` of the events by the targets from frame `t` on; zero without any."""
        # Choices at one frame share them.
        if self.steering is not None and self._steered_frame != t:
            self._steering_scores = self.steering.scores(t, self.number)
            self._steered_frame = t
        return self._steering_scores

    def uniform(self) -> float:
        """The next random number, 0 to 1."""
        return float(uniform(1, self.generator))

    def sample(self, scores: np.ndarray) -> int:
        """An index of `scores`, drawn as the settings say."""
        return int(sample(torch.from_numpy(scores)[None], self.sampling, self.generator))


def _without(events: np.ndarray | None, scores: np.ndarray) -> np.ndarray:
    """`scores` `[N]` without those of `events` `[N]` (bool); all where none would be left."""
    if events is None:
        return scores
    rest = np.where(events, -np.inf, scores)
    return rest if np.isfinite(rest).any() else scores
