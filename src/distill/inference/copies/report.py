"""The copy report: how much of a sound repeats the corpus, and where that is plainest."""

from dataclasses import dataclass

LEAST_PERCENT = 0.5
"""Percent below which the sentence does not name a figure: it would round to 0 %."""


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
        is_passage: Whether it holds two events or more, or lasts over 1 s.
        output_s: Where the passage begins in the sound, in seconds.
        source: Name of the recording.
        source_s: Where the passage begins in the recording, in seconds.
    """

    seconds: float
    distance_db: float
    is_same: bool
    is_passage: bool
    output_s: float
    source: str
    source_s: float


@dataclass(frozen=True)
class RepeatedPassage:
    """A passage of the sound that repeats a recording.

    Attributes:
        seconds: Length of the passage.
        output_s: Where it begins in the sound, in seconds.
        source: Name of the recording.
        source_s: Where it begins in the recording, in seconds.
    """

    seconds: float
    output_s: float
    source: str
    source_s: float


@dataclass(frozen=True)
class CopyReport:
    """How much of a sound repeats the corpus.

    An event is an onset and what follows until the next one. A passage is two or more events in
    their order from one recording, or more than 1 s of it.

    Attributes:
        passage_percent: What repeats passages, beyond the zero point: 0 as in new recordings, 100
            when all of it does.
        event_percent: What else is repeated, beyond the zero point: single events as recorded.
        share: Share of the audible frames that are repeated at all, from 0 to 1.
        passage_share: Share of them that lie in a repeated passage.
        runs: The run with the most bits in level 1, and in levels 1 and 2; None without a run.
        passage: The longest passage that sounds the same, else the longest event, else the nearest
            window; None in silence.
        repeats: All passages that repeat recordings, in the order of the sound. None lies within
            another one.
    """

    passage_percent: float
    event_percent: float
    share: float
    passage_share: float
    runs: tuple[SharedRun | None, ...]
    passage: NearPassage | None
    repeats: tuple[RepeatedPassage, ...] = ()

    @property
    def sentence(self) -> str:
        """The report in one or two plain sentences: on passages, then on single events."""
        if self.event_percent < LEAST_PERCENT:
            return self._on_passages()
        return (
            f"{self._on_passages()} {self.event_percent:.0f} % is made of single sounds of yours "
            "in a new order."
        )

    def _on_passages(self) -> str:
        if self.passage_percent < LEAST_PERCENT:
            return (
                "It repeats no passage of your recordings, beyond what a new recording of yours "
                "would."
            )
        amount = f"About {self.passage_percent:.0f} % of it repeats passages of your recordings"
        origin = self._plainest_origin()
        if origin is None:
            return f"{amount}."
        return (
            f"{amount}, most plainly {origin.source} from {origin.source_s:.2f} s on "
            f"(here at {origin.output_s:.2f} s)."
        )

    def _plainest_origin(self) -> SharedRun | NearPassage | None:
        """The best evidence: the passage that sounds the same, else the heaviest shared run."""
        if self.passage and self.passage.is_passage:
            return self.passage
        heaviest = max((run for run in self.runs if run), key=lambda run: run.bits, default=None)
        return heaviest or self.passage
