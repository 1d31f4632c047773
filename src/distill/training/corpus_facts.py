"""What a corpus lets training reach, whatever the settings: measured once, before the first
step."""

from collections.abc import Sequence
from dataclasses import dataclass

from distill.audio.noise import is_plain_noise
from distill.data.corpus import Clip, CorpusReport
from distill.data.doctor import NEAR_DUPLICATE, SAME_CONTENT, FileReport
from distill.settings import SAMPLE_RATE

_HEARD_S = 2.0


@dataclass(frozen=True)
class Material:
    """Facts about a corpus: `copies` of its `files` are the same sound as another of them, whole or
    nearly; `longest` is the longest file's name, `longest_share` its share of the sound (0 to 1),
    `noise_share` the share of files that are plain noise."""

    files: int = 1
    copies: int = 0
    longest: str = ""
    longest_share: float = 0.0
    noise_share: float = 0.0

    @property
    def is_repeated(self) -> bool:
        """Whether at least every second file is there already."""
        return 2 * self.copies >= self.files

    @property
    def is_uneven(self) -> bool:
        """Whether one file is more than half of the sound, and clearly more than its due among
        few."""
        return self.longest_share > (1 + 1 / self.files) / 2

    @property
    def is_noise(self) -> bool:
        return self.noise_share >= 0.9


def measure_material(corpus: CorpusReport) -> Material:
    """Facts about a scanned corpus, whose copies the scan has found; listens to 2 s of every
    file."""
    longest = max(corpus.clips, key=lambda clip: clip.n_samples)
    copies = sum(_is_copy(file) for file in corpus.files)
    return Material(
        files=sum(file.used or file.reason.startswith(SAME_CONTENT) for file in corpus.files),
        copies=copies,
        longest=longest.name,
        longest_share=longest.duration_s / corpus.total_s,
        noise_share=_noise_share(corpus.clips),
    )


def _is_copy(file: FileReport) -> bool:
    near = any(flag.startswith(NEAR_DUPLICATE) for flag in file.flags)
    return near or file.reason.startswith(SAME_CONTENT)


def _noise_share(clips: Sequence[Clip]) -> float:
    return sum(_is_noise(clip) for clip in clips) / len(clips)


def _is_noise(clip: Clip) -> bool:
    # Its middle: beginnings fade in, ends fade out.
    length = min(clip.n_samples, round(_HEARD_S * SAMPLE_RATE))
    start = (clip.n_samples - length) // 2
    return is_plain_noise(clip.audio()[:, start : start + length])
