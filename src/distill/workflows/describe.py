"""Facts about models, codes and corpora as typed records.

The command line prints them with `--json` and lays them out as tables; a page can show the same.
Field names and their order are the JSON keys: `dataclasses.asdict(record)` is what `--json` prints.
`describe_results` has the facts about sounds and trainings that come out.

Example:
    facts = distill.describe.model_facts("my.sda")
    print(facts.codebook_size, facts.steered_by)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import log2
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.audio.io import AUDIO_EXTENSIONS, AudioInfo, probe
from distill.audio.tags import read_tags
from distill.data import cache, doctor
from distill.errors import AudioError, NotAModelError, UsageError
from distill.exports import LazyModule
from distill.files import FilePath
from distill.workflows.describe_codes import (
    CodebookLevel,
    CodeCount,
    CodesFacts,
    CodesLevel,
    CorpusCodeCount,
    codebook_level,
    codes_facts,
    codes_level,
)
from distill.workflows.describe_corpus import (
    CorpusSummary,
    FileFacts,
    corpus_facts,
    count_keys,
    file_facts,
    tempos_of,
)

if TYPE_CHECKING:
    from distill.data.doctor import TempoRange
    from distill.inference import recipe as recipes
    from distill.models import persistence, prior_metadata, vqvae
else:
    # Torch loads with these: `distill doctor` does without.
    recipes = LazyModule("distill.inference.recipe")
    persistence = LazyModule("distill.models.persistence")
    prior_metadata = LazyModule("distill.models.prior_metadata")
    vqvae = LazyModule("distill.models.vqvae")


# In the order of the page that shows them.
__all__ = [  # noqa: RUF022
    "ModelFacts",
    "model_facts",
    "SoundFacts",
    "sound_facts",
    "model_or_sound_facts",
    "CodebookLevel",
    "codebook_level",
    "CodesFacts",
    "codes_facts",
    "CodeCount",
    "CorpusCodeCount",
    "CodesLevel",
    "codes_level",
    "FileFacts",
    "CorpusSummary",
    "corpus_facts",
    "tempos_of",
    "count_keys",
    "file_facts",
]

# --- model ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModelFacts:
    """Facts of a model file.

    Attributes:
        frame_rate: Code frames per second.
        bits_per_second: Bit rate of the codes of all levels.
        memory_frames: Frames in the decoder's frame memory; 0: it has none.
        memory_width: Numbers that the frame memory holds for each frame.
        level_health: Use of each codebook at the end of training.
        stereo: `side_db` and `correlation` as recorded and as decoded; empty for mono.
        corpus_s: Length of the corpus in seconds.
        corpus_loudness: Loudness of the corpus in LUFS.
        prior_metadata: Facts about the prior, without long tables; None without a prior.
        steered_by: Descriptors that the prior can be steered by.
        tags: Folders of the corpus that the prior can be steered by.
        recordings: Number of recordings that new sounds take events from.
        tempo: Their tempos; None where none keeps a beat, or `pulse_known` is false.
        pulse_known: Whether beats were looked for in them: not in models of earlier versions.
    """

    name: str | None
    id: str | None
    created: str | None
    distill_version: str | None
    sample_rate: int
    channels: int
    output_channels: int
    frame_rate: float
    codebook_size: int
    num_quantizers: int
    bits_per_second: float
    memory_frames: int
    memory_width: int
    level_health: list[dict[str, Any]]
    stereo: dict[str, list[float]]
    corpus_files: int
    corpus_s: float
    corpus_loudness: float | None
    verdict: str | None
    verdict_kind: str | None
    licence: str | None
    has_prior: bool
    prior_config: dict[str, Any] | None
    prior_metadata: dict[str, Any] | None
    steered_by: list[str]
    tags: list[str]
    recordings: int
    tempo: TempoRange | None
    pulse_known: bool


def model_facts(path: FilePath) -> ModelFacts:
    """Facts about the model file at `path`, from its header alone.

    Raises:
        ModelFileError: If it is no model file, or a damaged one.
    """
    header = persistence.read_header(path)
    config = header["vqvae_config"]
    metadata = header["metadata"]
    # Models of earlier versions may not state it.
    hop = config.get("hop_length") or vqvae.HOP_LENGTH
    frame_rate = metadata.get("frame_rate") or config["sample_rate"] / hop
    corpus = metadata.get("corpus", [])
    has_prior = header.get("has_prior") is True
    # Without a prior, nothing about one was checked.
    prior = header["prior_metadata"] if has_prior else {}
    prior_config = header["prior_config"] if has_prior else None
    steering = prior_metadata.SteeringFacts.from_dict(prior.get("steering") or {})
    recordings = prior.get("recordings") or []
    tempos = [entry["pulse"]["tempo"] for entry in recordings if "pulse" in entry]
    return ModelFacts(
        name=metadata.get("name"),
        id=metadata.get("id"),
        created=metadata.get("created"),
        distill_version=metadata.get("distill_version"),
        sample_rate=config["sample_rate"],
        channels=config["channels"],
        output_channels=metadata.get("output_channels") or config["channels"],
        frame_rate=frame_rate,
        codebook_size=config["codebook_size"],
        num_quantizers=config["num_quantizers"],
        bits_per_second=frame_rate * config["num_quantizers"] * log2(config["codebook_size"]),
        memory_frames=config.get("memory_frames", 0),
        memory_width=config.get("memory_width", 0),
        level_health=prior_metadata.without_tensors(metadata.get("level_health", [])),
        stereo=prior_metadata.without_tensors(metadata.get("stereo") or {}),
        corpus_files=len(corpus),
        corpus_s=sum(entry.get("duration_s", 0) for entry in corpus),
        corpus_loudness=metadata.get("corpus_loudness"),
        verdict=metadata.get("verdict"),
        verdict_kind=metadata.get("verdict_kind"),
        licence=metadata.get("licence"),
        has_prior=has_prior,
        prior_config=prior_metadata.without_tensors(prior_config),
        prior_metadata=prior_metadata.brief(prior) or None,
        steered_by=list(steering.descriptors),
        tags=list(steering.tags),
        recordings=len(recordings),
        tempo=doctor.tempo_range(tempos),
        pulse_known=prior.get("pulse_known", False),
    )


# --- sound ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SoundFacts:
    """Facts of a sound file.

    Attributes:
        duration_s: Length in seconds.
        format: Container, as soundfile names it, such as "WAV".
        subtype: Encoding of the samples, such as "PCM_24".
        sample_rate: Of the file, in Hz.
        channels: Of the file.
        peak_db: Peak in dBFS; None where `reason` says something.
        loudness: Integrated loudness in LUFS; None below the gate.
        tempo: In beats per minute (BPM); None where it keeps no beat.
        key: Such as "A minor"; None where none stands out.
        software: The program that the file names as its own, if any.
        recipe: Settings that made the sound; None if it carries none.
        recipe_loss: Why it carries none, in a few words; empty where no Distill wrote it.
        reason: Why Distill cannot use it, in a few words; empty if it can.
        remarks: Peculiarities of sound, container and channels, in a few words each.
    """

    name: str
    duration_s: float
    format: str
    subtype: str
    sample_rate: int
    channels: int
    peak_db: float | None
    loudness: float | None
    tempo: float | None
    key: str | None
    software: str
    recipe: dict[str, Any] | None
    recipe_loss: str
    reason: str
    remarks: list[str]


def sound_facts(path: FilePath) -> SoundFacts:
    """Facts about the sound file at `path`; the cache keeps what was measured.

    Raises:
        UnreadableAudioError: If it is no sound that can be read.
        OutputError: If the cache cannot be written.
    """
    path = Path(path)
    info = probe(path)
    measurements = cache.cached_sound(path, min(info.channels, 2)).measurements
    file = file_facts(doctor.report_file(path.name, measurements))
    recipe, recipe_loss = _recipe_facts(path)
    return SoundFacts(
        name=file.name,
        # The header of an MP3 gives an estimate, so that the measured length comes first.
        duration_s=file.duration_s if file.used else round(info.frames / info.sample_rate, 4),
        format=info.format,
        subtype=info.subtype,
        sample_rate=info.sample_rate,
        channels=info.channels,
        peak_db=file.peak_db if file.used else None,
        loudness=file.loudness,
        tempo=file.tempo,
        key=file.key,
        software=read_tags(path).get("software", ""),
        recipe=recipe,
        recipe_loss=recipe_loss,
        reason=file.reason,
        remarks=_remarks(file.flags, info),
    )


def model_or_sound_facts(path: FilePath) -> ModelFacts | SoundFacts:
    """Facts about the model file, or else the sound file, at `path`.

    Raises:
        ModelFileError: If it is neither, or a damaged model.
        UnreadableAudioError: If its name ends as that of a sound, and it is none.
        OutputError: If the cache cannot be written.
    """
    if Path(path).suffix.lower() in AUDIO_EXTENSIONS:
        return sound_facts(path)
    try:
        return model_facts(path)
    except NotAModelError as no_model:
        try:
            return sound_facts(path)
        except AudioError:
            raise no_model from None


def _recipe_facts(path: Path) -> tuple[dict[str, Any] | None, str]:
    """The recipe of a sound, or why it carries none."""
    try:
        return asdict(recipes.read_recipe(path)), ""
    except recipes.NoRecipeError as error:
        return None, error.reason
    except UsageError as error:
        return None, f"it carries settings out of range: {error}".rstrip(".")


def _remarks(flags: list[str], info: AudioInfo) -> list[str]:
    """Peculiarities, each once: a sound that cannot be used has no flags, but a header."""
    texts = (*flags, info.remark, info.layout.remark)
    return list(dict.fromkeys(text for text in texts if text))
