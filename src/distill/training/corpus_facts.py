"""Facts about a corpus that limit what training can reach, whatever the settings.

They are measured once, before the first step, and end up in the verdicts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from distill.audio.noise import is_plain_noise
from distill.data.corpus import Clip, CorpusReport
from distill.data.doctor import NEAR_DUPLICATE, SAME_CONTENT, FileReport
from distill.settings import SAMPLE_RATE

# Seconds of each file that are tested for noise: enough to tell, and quick for large corpora.
TESTED_S = 2.0

# A corpus counts as noise when nearly all of its files are. One recording in ten with a tone in it
# is too little to learn from.
NOISE_SHARE = 0.9

# Share of generated sound above which a corpus feeds on itself: a model that learns from its own
# sound loses what is rare (Shumailov et al. 2024). Half of real data keeps the loss bounded
# (Gerstgrasser et al. 2024, "Is model collapse inevitable?").
MOSTLY_GENERATED = 0.5


@dataclass(frozen=True)
class CorpusFacts:
    """Facts about a corpus.

    Attributes:
        files: Readable files, copies included.
        copies: Files that are the same sound as another one, whole or nearly.
        longest: Name of the longest file.
        longest_share: Its share of the corpus in seconds, 0 to 1.
        noise_share: Share of the files that are plain noise, 0 to 1.
        generated_share: Share of what is heard that a model made, 0 to 1.
    """

    files: int = 1
    copies: int = 0
    longest: str = ""
    longest_share: float = 0.0
    noise_share: float = 0.0
    generated_share: float = 0.0

    @property
    def is_repeated(self) -> bool:
        """Whether at least half of the files are copies of others."""
        return 2 * self.copies >= self.files

    @property
    def is_uneven(self) -> bool:
        """Whether one file makes up more than half of the sound.

        The bound is higher for few files: each of them has a large share by nature.
        """
        return self.longest_share > (1 + 1 / self.files) / 2

    @property
    def is_fed_back(self) -> bool:
        """Whether most of what is heard was made by a model."""
        return self.generated_share > MOSTLY_GENERATED

    @property
    def is_noise(self) -> bool:
        """Whether nearly all files are plain noise."""
        return self.noise_share >= NOISE_SHARE


def measure_corpus_facts(corpus: CorpusReport) -> CorpusFacts:
    """Facts about a scanned corpus, in which the scan has found the copies.

    Reads 2 s of every file.
    """
    longest = max(corpus.clips, key=lambda clip: clip.n_samples)
    readable = [file for file in corpus.files if file.used or _is_same_content(file)]
    return CorpusFacts(
        files=len(readable),
        copies=sum(_is_copy(file) for file in corpus.files),
        longest=longest.name,
        longest_share=longest.duration_s / corpus.total_s,
        noise_share=_noise_share(corpus.clips),
        generated_share=_generated_share(corpus.clips),
    )


def _generated_share(clips: Sequence[Clip]) -> float:
    """Files are heard by their weights, whatever their length."""
    weight = sum(clip.weight for clip in clips if clip.is_generated)
    return weight / sum(clip.weight for clip in clips)


def _is_same_content(file: FileReport) -> bool:
    return file.reason.startswith(SAME_CONTENT)


def _is_copy(file: FileReport) -> bool:
    is_near = any(flag.startswith(NEAR_DUPLICATE) for flag in file.flags)
    return is_near or _is_same_content(file)


def _noise_share(clips: Sequence[Clip]) -> float:
    return sum(_is_noise(clip) for clip in clips) / len(clips)


def _is_noise(clip: Clip) -> bool:
    # The middle of the file: beginnings fade in, ends fade out.
    length = min(clip.n_samples, round(TESTED_S * SAMPLE_RATE))
    start = (clip.n_samples - length) // 2
    return is_plain_noise(clip.audio()[:, start : start + length])


def fed_back_sentence(facts: CorpusFacts) -> str:
    """The verdict on a corpus that is mostly generated sound."""
    return (
        f"Feeding on itself: {facts.generated_share:.0%} of what is heard was made by a model, and "
        "rare sounds get lost from version to version; give generated files less weight "
        "('distill corpus weight'), or add recordings."
    )
