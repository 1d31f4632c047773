"""Outcomes of comparisons of sounds, kept in the cache: no scan compares a pair again."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from distill.data.cache import CachedSound, load_outcomes, save_outcomes
from distill.errors import OutputError


class Comparisons:
    """Which sounds of a scan are the same as others, as far as it was found out before or now.

    Args:
        sounds: The sounds, in the order of the scan.
    """

    def __init__(self, sounds: Sequence[CachedSound]) -> None:
        self._sounds = sounds
        self._outcomes: dict[int, dict[str, bool]] = {}
        self._news: set[int] = set()

    def outcome(self, index: int, other: int, compare: Callable[[], bool]) -> bool:
        """Whether sound `index` is the same as sound `other`; `compare` tells where none knows."""
        if index not in self._outcomes:
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
