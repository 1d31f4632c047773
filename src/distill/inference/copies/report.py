"""The copy report: how much of a sound repeats the corpus, and where that is plainest."""

from dataclasses import dataclass

LEAST_PERCENT = 0.5
"""Percent below which the sentence says "no more than a new recording": it would round to 0 %."""


@dataclass(frozen=True)
class SharedRun:
    """A run of codes that the sound shares with a recording. Single frames may differ.

    Attributes:
        seconds: Length of the run.
        bits: Its surprise under a bigram model of the corpus: high for events, low for silence.
        output_s: Where the run begins in the sound, in seconds.
        source: Name of the recording.
        source_s: Where the run begins in the recording, in seconds.
    """

    seconds: float
    bits: float
    output_s: float
    source: str
    source_s: float


@dataclass(frozen=True)
class NearPassage:
    """The passage of a recording that sounds most like a passage of the sound.

    Attributes:
        seconds: Length of the passage.
        distance_db: RMS difference of the log-mel bands, in dB.
        is_same: Whether the two are nearer than new recordings come to the corpus.
        output_s: Where the passage begins in the sound, in seconds.
        source: Name of the recording.
        source_s: Where the passage begins in the recording, in seconds.
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

    Attributes:
        percent: The share beyond the zero point: 0 as in new recordings, 100 when all is repeated.
        share: Share of the audible frames that lie in a shared run or in a passage that sounds
            the same, from 0 to 1.
        runs: The run with the most bits in level 1, and in levels 1 and 2; None without a run.
        passage: The longest passage that sounds the same, else the nearest one; None in silence.
    """

    percent: float
    share: float
    runs: tuple[SharedRun | None, ...]
    passage: NearPassage | None

    @property
    def sentence(self) -> str:
        """The report in one plain sentence."""
        if self.percent < LEAST_PERCENT:
            return "It repeats your recordings no more than a new recording of yours would."
        origin = self._plainest_origin()
        if origin is None:
            return f"About {self.percent:.0f} % of it repeats your recordings."
        return (
            f"About {self.percent:.0f} % of it repeats your recordings, most plainly "
            f"{origin.source} from {origin.source_s:.2f} s on (here at {origin.output_s:.2f} s)."
        )

    def _plainest_origin(self) -> SharedRun | NearPassage | None:
        """The best evidence: the passage that sounds the same, else the heaviest shared run."""
        if self.passage and self.passage.is_same:
            return self.passage
        heaviest = max((run for run in self.runs if run), key=lambda run: run.bits, default=None)
        return heaviest or self.passage
