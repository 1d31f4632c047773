"""Generation: renders a request in its mode and measures how much of each sound is copied."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from distill.audio.binaural import recorded_delivery
from distill.audio.conversion import shape_sound
from distill.audio.delivery import Delivery
from distill.audio.formats import USUAL, Encoding
from distill.audio.level import integrated_loudness
from distill.audio.marks import Marks
from distill.audio.player import sound_element
from distill.audio.stereo import mix_channels
from distill.audio.timing import Timing
from distill.audio.write import write_sound
from distill.bounds import check_bound
from distill.errors import UsageError
from distill.files import FilePath
from distill.html import card
from distill.inference.blending.pair import Pair, open_pair
from distill.inference.blending.rendition import render_between
from distill.inference.codes.colours import grid_element
from distill.inference.codes.file import save_codes
from distill.inference.codes.grid import CodeGrid
from distill.inference.copies.meter import CopyMeter, copy_meter
from distill.inference.copies.report import CopyReport
from distill.inference.modes.base import GenerationJob, Progress, RenderedSound, Rendering
from distill.inference.modes.registry import complete, mode_of
from distill.inference.modes.request import Request
from distill.inference.modes.traits import LOOP, traits_of
from distill.inference.recipe import Recipe
from distill.inference.sampling.context import bar_beats, check_time, corpus_tempo
from distill.models.cancel_points import cancel_points
from distill.models.chunked import encode_audio
from distill.models.persistence import LoadedVQModel
from distill.ordered_map import ordered_map
from distill.settings import LARGEST_SEED, check_seed

MOST_DRAWS = 8
"""Draws for one sound at most while it copies too much."""


@dataclass(frozen=True)
class Generated:
    """A generated sound and how it was made.

    Args:
        audio: All of it, `[C, N]`.
        sample_rate: In Hz.
        codes: Codes of its new part, `[T, Q]`.
        recipe: All that is needed to regenerate it; its seed is that of the draw that was kept.
        loudness: Integrated loudness in LUFS.
        grid: Its codes with what decoding needs, to decode and edit: of its new part, and of the
            source around that as far as it was encoded. Of a blend of models that are no versions
            of one, the second model's codes of the sound.
        grid_start: Sample of the sound at which `grid` begins; may lie up to a frame before it.
        copy: How much of its new part repeats the corpus; None if the model keeps no copy index.
            Of a blend, whichever corpus it repeats more, or that of both versions.
        prompt_names: Recordings of the corpus that the prior was prompted with.
        draws: Sounds that were drawn for it: more than 1 if the first ones copied too much.
        remarks: Sentences on what was changed or lost of the source.
        timing: Tempo and beats; None where it keeps none.
        encoding: Bits or bitrate of its file.
    """

    audio: np.ndarray
    sample_rate: int
    codes: Tensor
    recipe: Recipe
    loudness: float
    copy: CopyReport | None
    grid: CodeGrid
    grid_start: int = 0
    prompt_names: tuple[str, ...] = ()
    draws: int = 1
    remarks: tuple[str, ...] = ()
    timing: Timing | None = None
    encoding: Encoding = USUAL

    def delivered(self, delivery: Delivery) -> "Generated":
        """The sound in another form: rate, channels, width, loudness, bits and bitrate.

        `audio`, `sample_rate`, `loudness` and `recipe` of the result are those of that form.

        Args:
            delivery: The form, of the sound as the model gives it.

        Raises:
            AudioError: The SOFA file cannot be used.
            UsageError: A mono sound has no width, the limiter cannot make the sound as loud, or the
                SOFA file has nothing near the place.
        """
        sound = replace(self, encoding=delivery.encoding)
        if not delivery.has_shape:
            return sound
        audio = shape_sound(self.audio, self.sample_rate, delivery, self.is_loop)
        rate = delivery.rate or self.sample_rate
        return replace(
            sound,
            audio=audio,
            sample_rate=rate,
            grid_start=round(self.grid_start * rate / self.sample_rate),
            loudness=integrated_loudness(audio, rate),
            recipe=replace(self.recipe, delivery=recorded_delivery(delivery)),
        )

    @property
    def is_loop(self) -> bool:
        """Whether its end flows into its start."""
        return self.recipe.way.kind == LOOP

    def save(
        self, path: FilePath, delivery: Delivery | None = None, marks: Marks | None = None
    ) -> Path:
        """Write the sound, with its recipe in the metadata, and return the path.

        The name's ending chooses the format: .wav, .aiff or .flac (24 bit), .ogg, .opus or .mp3.

        Args:
            path: File to write; an earlier one is replaced.
            delivery: Another form, as `delivered` gives it; None for the sound as it is.
            marks: Root note, loop and onsets for samplers.

        Raises:
            UsageError: The format does not have what is asked for.
            OutputError: The file cannot be written.
        """
        sound = self.delivered(delivery) if delivery else self
        copy = asdict(sound.copy) if sound.copy else None
        timing = asdict(sound.timing) if sound.timing else None
        tags = sound.recipe.tags(copy=copy, timing=timing)
        return write_sound(
            path, sound.audio, sound.sample_rate, sound.encoding, tags, sound.timing, marks
        )

    def _repr_html_(self) -> str:
        """Player, codes and facts, for notebooks."""
        facts = {
            "Length": f"{self.audio.shape[1] / self.sample_rate:.2f} s",
            "Seed": self.recipe.seed,
            "Loudness": f"{self.loudness:.1f} LUFS",
            "Tempo": f"{self.timing.tempo:.1f} BPM" if self.timing else None,
            "Copy": f"{self.copy.passage_percent:.0f} % repeats passages" if self.copy else None,
        }
        player = sound_element(self.audio, self.sample_rate)
        title = f"Generated sound ({self.recipe.way.kind})"
        return card(title, facts, player, grid_element(self.grid))

    def save_codes(self, path: FilePath, source: str = "") -> Path:
        """Write `grid` to a codes file, which `distill decode` and `distill edit` take.

        Args:
            path: Its name, ending in `.json` or `.json.gz`.
            source: Name of the sound, for messages.
        """
        return save_codes(path, replace(self.grid, source=source))


def generate(
    loaded: LoadedVQModel,
    request: Request,
    progress: Progress = lambda done, total: None,
) -> Iterator[Generated]:
    """The sounds of `request`, each as soon as it is ready.

    A sound that repeats passages of the corpus for more than `request.max_copy` percent is drawn
    again, up to `MOST_DRAWS` times in all, from seeds that follow from its own. If every draw
    copies more, the one that copies least is kept.

    Args:
        loaded: A model with a prior.
        request: What to generate.
        progress: Takes the number of frames drawn so far and the number of all frames.

    Raises:
        NoPriorError: The model has no prior.
        ModelFileError: The second model of a blend cannot be used.
        UsageError: A setting is out of range, or does not go with the mode or the model.

    Example:
        for sound in generate(load_model_v2("my.sda"), Request(duration=4.0, count=2)):
            print(sound.recipe.seed, sound.loudness)
    """
    pair = open_pair(loaded, request.blend) if request.blend else Pair.of_one(loaded)
    check_time(pair.model, request.sampling, request.bars)
    request = with_bars(pair.model, request)
    _check(pair.model, request)
    job = GenerationJob(pair.model, complete(request), pair.prior)
    _check_renderer(pair, request)
    # Refuses what the prior cannot follow before anything is computed.
    job.targets(1)
    seeds = range(request.seed, request.seed + request.count)
    return _Generation(loaded, pair, job).sounds(seeds, progress)


def with_bars(loaded: LoadedVQModel, request: Request) -> Request:
    """`request` with the duration and tempo of its bars; as it is if it counts none.

    The tempo is that of the settings, else the middle one of the corpus.

    Raises:
        UsageError: The number is out of range, or time is to be free.
    """
    if request.bars is None:
        return request
    check_bound("--bars", request.bars)
    sampling = request.sampling
    if sampling.free_time:
        raise UsageError("--free-time keeps no beat: ask for --duration in place of --bars.")
    recordings = loaded.prior_facts.recordings
    tempo = sampling.tempo or corpus_tempo(recordings)
    assert tempo is not None, "check_time"
    seconds = request.bars * bar_beats(recordings) * 60 / tempo
    return replace(request, bars=None, duration=seconds, sampling=replace(sampling, tempo=tempo))


def _check(loaded: LoadedVQModel, request: Request) -> None:
    """`NoPriorError` without a prior, `UsageError` for numbers out of range."""
    loaded.require_prior()
    duration = request.duration
    check_bound("--duration", duration)
    if round(duration * loaded.model.sample_rate) < 1:
        raise UsageError("--duration is shorter than one sample: ask for more.")
    # The first seed decides: it leaves room for those that follow.
    check_seed(request.seed)
    check_bound("--number", request.count)
    if request.max_copy is None:
        return
    if not 0 <= request.max_copy <= 100:
        raise UsageError("--max-copy must lie between 0 and 100 percent.")
    if loaded.prior_facts.copy_index is None:
        raise UsageError(
            f"{loaded.path} cannot measure copying: train its prior again "
            "(`distill train-prior`), or leave out --max-copy."
        )


def _check_renderer(pair: Pair, request: Request) -> None:
    """`UsageError` for a mode in which a second model has nothing to render."""
    mode = traits_of(request.mode)
    if mode.takes_source and pair.record and not pair.record.versions:
        raise UsageError(
            f"With {mode.option} both models have to be versions of one, so that the sound named "
            f"has the same codes in both: leave out {mode.option} or --blend."
        )


class _Generation:
    """Renders the sounds of a job, measures them, and draws again what copies too much."""

    def __init__(self, loaded: LoadedVQModel, pair: Pair, job: GenerationJob) -> None:
        self.loaded = loaded
        self.pair = pair
        self.job = job
        self.mode = mode_of(job.request.mode)(job)
        models = [model for model in (pair.model, pair.renderer) if model]
        with cancel_points():
            meters = [copy_meter(model) for model in models]
        # Priors of older versions keep no index: then copying is unknown.
        self.meters = [meter for meter in meters if meter]

    def sounds(self, seeds: Sequence[int], progress: Progress) -> Iterator[Generated]:
        """One sound for each of the `seeds`, rendered in batches as the mode prefers."""
        size = self.mode.batch_size
        batches = [seeds[i : i + size] for i in range(0, len(seeds), size)]
        for number, batch in enumerate(batches):
            report = partial(_report, progress, number, len(batches))
            drawn = zip(batch, self.mode.draw(batch, report), strict=True)
            # One sound is decoded and measured while the next one is drawn. A single one has its
            # pieces decoded side by side.
            workers = self.loaded.model.workers if len(batch) > 1 else 1
            measured = ordered_map(lambda pair: self._measure(*pair), drawn, workers)
            for sound in measured:
                yield self._within_limit(sound, report)

    def _within_limit(self, first: Generated, progress: Progress) -> Generated:
        """`first`, or a later draw in its place: the first one within `max_copy` percent, else the
        one that copies least."""
        max_copy = self.job.request.max_copy
        best = first
        for draw in range(1, MOST_DRAWS):
            if max_copy is None or best.copy is None or best.copy.passage_percent <= max_copy:
                break
            # From its own seed alone, whatever other sounds are asked for.
            seed = derived_seed(first.recipe.seed, draw)
            (rendering,) = self.mode.draw([seed], progress)
            another = self._measure(seed, rendering)
            assert another.copy is not None
            if another.copy.passage_percent < best.copy.passage_percent:
                best = another
            best = replace(best, draws=draw + 1)
        return best

    def _measure(self, seed: int, rendering: Rendering) -> Generated:
        sample_rate = self.loaded.model.sample_rate
        output = self._render_with_second(rendering())
        return Generated(
            audio=output.audio,
            sample_rate=sample_rate,
            codes=output.codes,
            recipe=self._recipe(seed, output),
            loudness=integrated_loudness(output.audio, sample_rate),
            copy=self._copy_report(output),
            grid=output.grid,
            grid_start=output.grid_start,
            prompt_names=output.prompt_names,
            remarks=self.mode.remarks,
            timing=self._timing(output),
        )

    def _render_with_second(self, output: RenderedSound) -> RenderedSound:
        """`output` as the second model renders it, where that is no version of the first."""
        if self.pair.renderer is None or self.pair.record is None:
            return output
        with cancel_points():
            audio, grid = render_between(
                self.pair.renderer, output.audio, self.pair.record.share, output.is_loop
            )
        return replace(output, audio=audio, codes=torch.tensor(grid.codes).long(), grid=grid)

    def _recipe(self, seed: int, output: RenderedSound) -> Recipe:
        return Recipe.of(
            self.loaded,
            self.job.request,
            seed=seed,
            gain=output.gain,
            blend=self.pair.record,
        )

    def _timing(self, output: RenderedSound) -> Timing | None:
        """Tempo and beats of a sound that keeps a beat from its beginning."""
        if output.tempo is None:
            return None
        seconds = output.audio.shape[1] / self.job.loaded.model.sample_rate
        return Timing(
            tempo=output.tempo,
            beats=round(seconds * output.tempo / 60),
            bar_beats=bar_beats(self.job.loaded.prior_facts.recordings),
            is_loop=output.is_loop,
        )

    def _copy_report(self, output: RenderedSound) -> CopyReport | None:
        """Measured on the new part alone, with times as in the whole sound."""
        if not self.meters:
            return None
        # A continued or infilled recording is itself no copy.
        new_audio = output.audio[:, output.new_start : output.new_stop]
        with cancel_points():
            reports = [
                meter.measure(self._codes_for(meter, output), new_audio, output.new_frames)
                for meter in self.meters
            ]
        # The corpus that it repeats more.
        report = max(reports, key=lambda report: (report.passage_percent, report.event_percent))
        return _delay(report, output.new_start / self.job.loaded.model.sample_rate)

    def _codes_for(self, meter: CopyMeter, output: RenderedSound) -> Tensor:
        """Codes `[T, Q]` of the sound in the codec of a meter."""
        own = self.pair.renderer or self.pair.model
        if meter.codec is own.model:
            return output.codes
        # What was drawn is no longer what sounds.
        channels = meter.codec.channels
        return encode_audio(meter.codec, mix_channels(output.audio, channels))


def _report(progress: Progress, number: int, batches: int, done: int, total: int) -> None:
    """Pass on the progress of batch `number` of several equally long ones."""
    progress(number * total + done, batches * total)


def _delay(report: CopyReport, seconds: float) -> CopyReport:
    """`report` on a part of a sound that begins `seconds` into it."""
    # A level without a run has None in its place.
    runs = tuple(run and replace(run, output_s=run.output_s + seconds) for run in report.runs)
    passage = report.passage
    if passage:
        passage = replace(passage, output_s=passage.output_s + seconds)
    return replace(report, runs=runs, passage=passage)


def derived_seed(seed: int, draw: int) -> int:
    """The seed of draw number `draw` in place of the sound of `seed`."""
    # Seeds that follow one another would meet those of the next sounds.
    state = np.random.SeedSequence((seed, draw)).generate_state(1, np.uint64)
    return int(state[0] % LARGEST_SEED)
