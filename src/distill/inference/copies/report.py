"""How much of a sound repeats the corpus."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SharedRun:
    """`seconds` of codes of `source` from `source_s` on that stand in the sound from `output_s` on.

    Single frames may differ. `bits` is what the run tells: much where a lot happens, little in
    silence.
    """

    seconds: float
    bits: float
    output_s: float
    source: str
    source_s: float


@dataclass(frozen=True)
class NearPassage:
    """`seconds` of `source` from `source_s` on that are nearest to the sound from `output_s` on.

    `is_same`: nearer than new sounds are.
    """

    seconds: float
    distance_db: float
    is_same: bool
    output_s: float
    source: str
    source_s: float


@dataclass(frozen=True)
class CopyReport:
    """How much of a sound repeats the corpus.

    `share` is the part of what is audible that lies in runs longer than chance or in passages that
    sound the same; `percent` is how far that is beyond the zero point, from 0 (as new sounds) to
    100. `runs` are the weightiest in level 1 and in levels 1 and 2.
    """

    percent: float
    share: float
    runs: tuple[SharedRun | None, ...]
    passage: NearPassage | None

    @property
    def sentence(self) -> str:
        """In plain words."""
        if self.percent < 0.5:
            return "It repeats your recordings no more than a new recording of yours would."
        near = self._source()
        where = (
            f", most plainly {near.source} from {near.source_s:.2f} s on (here at {near.output_s:.2f} s)"
            if near
            else ""
        )
        return f"About {self.percent:.0f} % of it repeats your recordings{where}."

    def _source(self) -> "SharedRun | NearPassage | None":
        """What best shows where it comes from: the passage, unless only codes are the same."""
        weightiest = max((run for run in self.runs if run), key=lambda run: run.bits, default=None)
        return self.passage if self.passage and self.passage.is_same else weightiest or self.passage
