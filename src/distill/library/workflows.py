"""What a user does with Distill, one function each: the CLI and the Python API both call these."""

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from distill.audio.io import FORMATS, probe, rereadable, write_sound, write_sound_blocks
from distill.data.corpus import CorpusReport, collect_audio_files, scan_corpus
from distill.device import pick_device, prepare, prepared
from distill.errors import OutputError, UsageError
from distill.inference.codec import encode_blocks, encode_sound
from distill.inference.codes import load_codes
from distill.inference.editing import CodeGrid
from distill.inference.generate import Generated
from distill.inference.generate import generate as generate_sounds
from distill.inference.listening import column_sound, decode_sound, entry_sound, listen
from distill.inference.recipe import Recipe, model_tags, read_recipe
from distill.inference.regions import Region, level_names, parse_entry
from distill.inference.sampling import Sampling
from distill.inference.steering import Steering, steer
from distill.inference.streaming import stream_sound
from distill.inference.ways import Playing
from distill.library.playing import choose_playing
from distill.models.persistence import LoadedVQModel, load_model_v2, save_prior_to_model
from distill.training.config import get_adaptive_vqvae_config
from distill.training.loop import Callback, check_output, resume_vqvae, train_vqvae
from distill.training.metrics import TrainingCompleteEvent
from distill.training.prior_config import PriorConfig, get_adaptive_prior_config
from distill.training.prior_loop import EpochCallback, StepCallback
from distill.training.prior_loop import train_prior as run_prior_training

ScanProgress = Callable[[int, int, str], None]
FilePath = str | Path
Control = float | Sequence[float] | Sequence[Sequence[float]] | np.ndarray | None
"""What a descriptor of a sound is to be: see `generate`."""
CODES_ENDINGS = (".json", ".json.gz")


def train(
    sounds: FilePath | CorpusReport,
    output: FilePath,
    *,
    callback: Callback = lambda event: None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    model_name: str | None = None,
    discard_prior: bool = False,
    progress: ScanProgress | None = None,
    **settings: Any,
) -> TrainingCompleteEvent:
    """Train a codec on the folder `sounds` (or on a scan of it) and write it to `output` (`.sda`).

    `settings` are fields of `VQVAEConfig` (`minutes`, `steps`, `num_quantizers`, …); what is not given is chosen
    from the corpus. Raises `CorpusError`, `UsageError`, `OutputError`, `PriorPresentError`.
    """
    check_training(output, discard_prior, settings)
    channels = settings.get("channels")
    corpus = sounds if isinstance(sounds, CorpusReport) else scan_corpus(sounds, channels, progress)
    config = get_adaptive_vqvae_config(len(corpus.clips), **settings)
    return train_vqvae(corpus, Path(output), config, callback, cancel_event, device, model_name, discard_prior)


def check_training(output: FilePath, discard_prior: bool, settings: dict[str, Any]) -> None:
    """Refuse outputs and settings that make no sense before hours of sound are decoded."""
    check_output(Path(output), discard_prior)
    get_adaptive_vqvae_config(1, **settings)


def resume(
    output: FilePath,
    *,
    sounds: FilePath | None = None,
    callback: Callback = lambda event: None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    progress: ScanProgress | None = None,
    discard_prior: bool = False,
) -> TrainingCompleteEvent:
    """Go on with the training of `output` from the checkpoint beside it. Raises `CheckpointError`."""
    folder = Path(sounds) if sounds is not None else None
    return resume_vqvae(Path(output), callback, cancel_event, folder, device, progress, discard_prior)


def prior_settings(sounds: FilePath, **overrides: Any) -> tuple[PriorConfig, int]:
    """Settings for a prior over the folder `sounds`, and its file count; overrides that are not None win."""
    count = len(collect_audio_files(Path(sounds)))
    chosen = {name: value for name, value in overrides.items() if value is not None}
    config = replace(get_adaptive_prior_config(count), **chosen)
    config.check()
    return config, count


def train_prior(
    model_path: FilePath,
    sounds: FilePath,
    *,
    callback: EpochCallback | None = None,
    step_callback: StepCallback | None = None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    **overrides: Any,
) -> dict[str, Any]:
    """Train a prior over `sounds` and put it into the model at `model_path`, in place of any prior there.

    Returns what `distill.training.train_prior` does; `prior_model` is None, and the file unchanged, when it was
    stopped before the first validation. `overrides` are fields of `PriorConfig`.
    """
    config, _ = prior_settings(sounds, **overrides)
    result = run_prior_training(model_path, sounds, config, callback, cancel_event, device, step_callback)
    if result["prior_model"] is not None:
        save_prior_to_model(model_path, result["prior_model"], result["prior_config"], result["prior_metadata"])
        Path(result["checkpoint"]).unlink(missing_ok=True)
    return result


def load(path: FilePath, device: str = "auto", threads: int | None = None) -> LoadedVQModel:
    """The model in the file `path`, ready to use. Raises the `ModelFileError` that says what is wrong."""
    prepare(threads)
    return load_model_v2(path, device=pick_device(device))


def generate(
    model: LoadedVQModel,
    duration: float = 10.0,
    seed: int = 0,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 0.97,
    count: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    max_copy: float | None = None,
    like: str = "",
    free_levels: int = Sampling.free_levels,
    closeness: float = Sampling.closeness,
    lead_in: float = 4.0,
    continue_from: FilePath | None = None,
    one_shot: bool = False,
    loop: bool = False,
    variation_of: FilePath | None = None,
    amount: float | None = None,
    infill: FilePath | None = None,
    start: float | None = None,
    stop: float | None = None,
    loudness: Control = None,
    brightness: Control = None,
    noisiness: Control = None,
    pitch: Control = None,
    onsets: Control = None,
    tags: Sequence[str] | Mapping[str, float] | None = None,
    guidance: float | None = None,
) -> list[Generated]:
    """`count` new sounds of `duration` seconds, from the seeds `seed`, `seed + 1`, …

    One that copies more than `max_copy` percent of the corpus is drawn again, a few times at most. The prior begins
    from `lead_in` seconds, not played, of a recording with `like` in its name. It draws `free_levels` levels of codes,
    coarsest first; the finer ones come together from frames of the recordings: the more are free, the wilder it gets.
    `closeness`, 0 to 1, is how much it moves on as the recordings do.

    `continue_from` is a sound file of any kind to go on from, for `duration` seconds more, instead of that recording.
    A `one_shot` ends by itself, `duration` is the longest that it may be. The end of a `loop` flows into its start;
    it is about as long as `duration`. `variation_of` is a sound file of which `amount` (0 to 1, by default 0.3) is
    made anew, as long as it is, whatever the `duration`; `infill` one that is made anew from `start` to `stop`
    seconds only, with both sides heard.

    `loudness`, `brightness`, `noisiness`, `pitch` and `onsets` are percentiles of the corpus, 0 to 100: a number, an
    array spread evenly over the `duration`, or `[n, 2]` of seconds and percentiles. `tags` are folders of the corpus,
    several with weights (`{"drums": 0.7, "voice": 0.3}`). `guidance` says how strictly all this is followed (1).
    """
    sampling = Sampling(temperature, top_k, top_p, lead_in, like, free_levels, closeness)
    playing = choose_playing(continue_from, one_shot, loop, variation_of, amount, infill, start, stop)
    duration = playing.own_duration or duration
    steering = steer(
        None, duration, tags, guidance, loudness=loudness, brightness=brightness, noisiness=noisiness, pitch=pitch,
        onsets=onsets,
    )  # fmt: skip
    sounds = generate_sounds(
        model, duration, seed, sampling, count, progress, max_copy, playing=playing, steering=steering
    )
    return list(sounds)


def stream(
    model: LoadedVQModel,
    seed: int = 0,
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = Sampling.top_p,
    lead_in: float = Sampling.lead_in,
    like: str = "",
    free_levels: int = Sampling.free_levels,
    closeness: float = Sampling.closeness,
    tags: Sequence[str] | Mapping[str, float] | None = None,
    guidance: float | None = None,
    **descriptors: Control,
) -> Iterator[np.ndarray]:
    """New sound without end, as it is drawn: blocks `[C, n]` of a quarter of a second, to be played at once.

    At the level that the prior gives it. `descriptors` (`brightness`, …), `tags` and `guidance` as `generate` takes
    them, but for arrays over a duration, which there is not; what a curve ends with goes on. Raises `NoPriorError` and
    `UsageError`.
    """
    steering = steer(None, 0.0, tags, guidance, **descriptors)
    sampling = Sampling(temperature, top_k, top_p, lead_in, like, free_levels, closeness)
    return stream_sound(model, seed, sampling, steering)


@dataclass(frozen=True)
class GenerateSettings:
    """What to generate; `gain` is that of an earlier sound which this one is to begin like."""

    duration: float
    seed: int
    sampling: Sampling
    gain: float | None = None
    playing: Playing = field(default_factory=Playing)
    steering: Steering = field(default_factory=Steering)


def generate_settings(
    earlier: Recipe | None = None,
    duration: float | None = None,
    seed: int | None = None,
    playing: Playing | None = None,
    steering: dict[str, Any] | None = None,
    **sampling: Any,
) -> GenerateSettings:
    """Settings as given; what is None is as in the `earlier` sound, or else the default, and the seed a new one.

    `playing` for an `earlier` sound is what its `Playing.again` gives; `steering` is what `steer` takes.
    """
    playing = (playing or Playing()).settled()
    if playing.source and sampling.get("lead_in") is not None:
        raise UsageError(f"With {playing.way.option} the prior hears that sound first: leave out --lead-in.")
    if playing.own_duration:
        if duration is not None:
            raise UsageError(f"With {playing.way.option} the length is that of the sound named: leave out --duration.")
        duration = playing.own_duration
    if earlier and playing.way.kind == "loop" and duration is not None:
        raise UsageError("A loop has no longer version that begins like it: leave out --duration.")
    given = {name: value for name, value in sampling.items() if value is not None}
    if earlier is None:
        duration = 10.0 if duration is None else duration
        seed = secrets.randbelow(2**31) if seed is None else seed
        asked = steer(None, duration, **steering or {})
        return GenerateSettings(duration, seed, Sampling(**given), playing=playing, steering=asked)
    duration = earlier.duration if duration is None else duration
    seed = earlier.seed if seed is None else seed
    chosen, asked = replace(earlier.sampling, **given), steer(earlier.steering, duration, **steering or {})
    same = (seed, chosen, asked) == (earlier.seed, earlier.sampling, earlier.steering)
    return GenerateSettings(duration, seed, chosen, earlier.gain if same else None, playing, asked)


def generate_again(
    model: LoadedVQModel,
    sound: FilePath,
    duration: float | None = None,
    *,
    continue_from: FilePath | None = None,
    variation_of: FilePath | None = None,
    infill: FilePath | None = None,
) -> Generated:
    """The sound that the file `sound`, which `model` generated, says how to make; or one of another `duration` that
    begins like it. On as many threads as it was made with.

    What it was made from is to be given again. `AudioError` when it says nothing, `CodebookMismatchError` when
    another model made it, `UsageError` when it was made from another sound.
    """
    recipe = read_recipe(sound)
    playing = choose_playing(continue_from, variation_of=variation_of, infill=infill).again(recipe.way, sound)
    wanted = generate_settings(recipe, duration, playing=playing)
    with prepared(recipe.threads):
        recipe.check_model(model, sound)
        (again,) = generate_sounds(
            model, wanted.duration, wanted.seed, wanted.sampling, gain=wanted.gain, playing=wanted.playing,
            steering=wanted.steering,
        )  # fmt: skip
    return again


@dataclass(frozen=True)
class Written:
    """A generated sound and the file that it was written to."""

    path: Path
    sound: Generated


def output_paths(output: FilePath, count: int) -> list[Path]:
    """`out.wav` for one sound, `out-1.wav`, `out-2.wav`, … for several. `OutputError` if they cannot be written."""
    path = Path(output)
    if path.suffix.lower() not in FORMATS:
        raise OutputError(f"Sounds are written as {', '.join(FORMATS)}: let the name of '{path}' end in one of these.")
    _check_folder(path)
    if count == 1:
        return [path]
    width = len(str(count))
    return [path.with_name(f"{path.stem}-{i:0{width}d}{path.suffix}") for i in range(1, count + 1)]


def codes_path(output: FilePath) -> Path:
    """`output` as a path to write codes to. `OutputError` if they cannot be written there: before there are any."""
    path = Path(output)
    # A slip of the fingers must not overwrite a recording.
    if not path.name.lower().endswith(CODES_ENDINGS):
        raise OutputError(f"Codes are written as JSON: let the name of '{path}' end in .json or .json.gz.")
    _check_folder(path)
    return path


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise OutputError(f"The folder '{path.parent}' does not exist: create it first, or choose another --output.")


def generate_files(
    model: LoadedVQModel,
    output: FilePath,
    settings: GenerateSettings,
    count: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    max_copy: float | None = None,
) -> Iterator[Written]:
    """Generate as `generate` does, and write each sound, as its name ends, as soon as it is ready."""
    paths = output_paths(output, count)
    s = settings
    sounds = generate_sounds(
        model, s.duration, s.seed, s.sampling, count, progress, max_copy, s.gain, s.playing, s.steering
    )
    return (Written(sound.save(path), sound) for path, sound in zip(paths, sounds, strict=True))


def encode(model: LoadedVQModel, sound: FilePath | np.ndarray) -> CodeGrid:
    """Codes of a sound file of any kind, or of samples `[C, N]` at the model's rate. Raises `AudioError`.

    Any number of channels will do: they are mixed to those of the model.
    """
    if isinstance(sound, np.ndarray):
        if sound.ndim != 2 or len(sound) == 0:
            raise UsageError(f"Samples must come as [channels, N], not {list(sound.shape)}.")
        return encode_sound(model, sound)
    path = Path(sound)
    return encode_blocks(model, rereadable(path, model.model.sample_rate), path.name)


def decode(
    model: LoadedVQModel, codes: CodeGrid | FilePath, output: FilePath | None = None, region: Region | None = None
) -> np.ndarray:
    """The sound `[C, N]` of `codes` (or of a codes file), or of a `region` of them, as it is in the whole.

    Also written to `output` (24-bit WAV) when given, with version, id and hash of the model in its metadata.
    """
    grid = codes if isinstance(codes, CodeGrid) else load_codes(codes)
    return _written(model, output, lambda: decode_sound(model, grid, region))


def decode_column(
    model: LoadedVQModel, codes: CodeGrid | FilePath, time: str | float, output: FilePath | None = None
) -> np.ndarray:
    """One column of `codes`, at `time` (seconds, or frames as `12f`), held for half a second: `[C, N]`.

    As loud as all that sounds by itself. Also written to `output` (24-bit WAV) when given.
    """
    grid = codes if isinstance(codes, CodeGrid) else load_codes(codes)
    return _written(model, output, lambda: column_sound(model, grid, grid.region(time).start))


def decode_entry(model: LoadedVQModel, entry: str, output: FilePath | None = None) -> np.ndarray:
    """One `entry` of a codebook (`1:17`, `timbre:17`), held for half a second: `[C, N]`; see `decode_column`."""
    level, code = parse_entry(entry, level_names(model.model.num_quantizers))
    return _written(model, output, lambda: entry_sound(model, level, code))


def _written(model: LoadedVQModel, output: FilePath | None, make: Callable[[], np.ndarray]) -> np.ndarray:
    """What `make` gives, also written to `output`, if there is one: which is looked at before the work."""
    paths = output_paths(output, 1) if output is not None else []
    audio = make()
    for path in paths:
        write_sound(path, audio, model.model.sample_rate, tags=model_tags(model))
    return audio


def decode_to_file(model: LoadedVQModel, codes: CodeGrid, output: FilePath, region: Region | None = None) -> int:
    """Write what `decode` gives to `output` as it is decoded, in memory that does not grow; returns its samples."""
    (path,) = output_paths(output, 1)
    sound = listen(model, codes, region)
    write_sound_blocks(path, sound, model.output_channels, model.model.sample_rate, tags=model_tags(model))
    return probe(path).frames
