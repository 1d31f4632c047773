"""Outcomes of comparisons of sounds, kept in the cache: no scan compares a pair again."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from distill.data.cache import CachedSound, load_outcomes, save_outcomes
from distill.data.fingerprint import is_same_sound
from distill.data.measurements import Measurements
from distill.data.pool import Pool, Task
from distill.errors import OutputError

_COMPARISON_S = 0.015
"""Seconds that it takes to compare two sounds, about."""


class Comparisons:
    """Which sounds of a scan are the same as others, as far as it was found out before or now.

    Args:
        sounds: The sounds, in the order of the scan.
        pool: Processes that compare ahead.
    """

    def __init__(self, sounds: Sequence[CachedSound], pool: Pool | None = None) -> None:
        self._sounds = sounds
        self._pool = pool or Pool(jobs=1)
        self._wait: Callable[[int], None] = lambda index: None
        self._outcomes: dict[int, dict[str, bool]] = {}
        self._news: set[int] = set()

    def begin(self, likely: Sequence[Sequence[int]]) -> None:
        """Begin to compare each sound with those of `likely`, one after the other until one is it.

        Args:
            likely: For each sound, the indices of others.
        """
        tasks = {}
        for index, others in enumerate(likely):
            outcomes = load_outcomes(self._sounds[index]) if others else {}
            if _is_open(outcomes, [self._sounds[other].content_hash for other in others]):
                tasks[index] = _task([self._sounds[i] for i in (index, *others)])
            else:
                self._outcomes[index] = outcomes
        self._wait = self._pool.begin(tasks)

    def outcome(self, index: int, other: int, compare: Callable[[], bool]) -> bool:
        """Whether sound `index` is the same as sound `other`; `compare` tells where none knows."""
        if index not in self._outcomes:
            self._wait(index)
            self._outcomes[index] = load_outcomes(self._sounds[index])
        outcomes = self._outcomes[index]
        content_hash = self._sounds[other].content_hash
        if content_hash not in outcomes:
            outcomes[content_hash] = compare()
            self._news.add(index)
        return outcomes[content_hash]

    def save(self) -> None:
        """Keep what was found out now. A cache that cannot be written is none the worse for it."""
        with suppress(OutputError):
            for index in sorted(self._news):
                save_outcomes(self._sounds[index], self._outcomes[index])
        self._news.clear()


def compare_ahead(plain_sounds: Sequence[dict[str, Any]]) -> None:
    """Compare the first sound with the others, one after the other until one is the same."""
    sounds = [
        CachedSound(
            content_hash=plain["hash"],
            path=Path(plain["path"]),
            measurements=Measurements(fingerprint=plain["fingerprint"]),
        )
        for plain in plain_sounds
    ]
    comparisons = Comparisons(sounds)

    def is_same(other: CachedSound) -> bool:
        pair = [(sound.measurements.fingerprint, sound.audio()) for sound in (sounds[0], other)]
        return is_same_sound(*pair)

    for index, other in enumerate(sounds[1:], 1):
        if comparisons.outcome(0, index, partial(is_same, other)):
            break
    comparisons.save()


def _is_open(outcomes: dict[str, bool], others: Sequence[str]) -> bool:
    """Whether something has to be compared to find the first of `others` that is the same."""
    for content_hash in others:
        is_same = outcomes.get(content_hash)
        if is_same is not False:
            return is_same is None
    return False


def _task(sounds: Sequence[CachedSound]) -> Task:
    """Compare the first sound with the others."""
    plain_sounds = [
        {
            "hash": sound.content_hash,
            "path": str(sound.path),
            "fingerprint": sound.measurements.fingerprint,
        }
        for sound in sounds
    ]
    seconds = (len(sounds) - 1) * _COMPARISON_S
    return Task({"do": "compare", "sounds": plain_sounds}, seconds)
