"""Sounds of two models: whether they hold as much of the second as its share asks for.

    python -m benchmarks.prior.blending FIRST.sda SECOND.sda --count 4 --seconds 6

FIRST has a prior. Takes about 3 minutes for versions of one model, 2 for others.

Versions draw the events of a sound from the recordings of both. The share of the second is that of
the frames whose events come from its recordings alone, among those of one model alone: in free
time, and in time where `--tempo` names one. A blend of two events counts by its weights. Recordings
that both have are left out.

Of other models, the second renders what the first draws. Its share is seen in the distance of the
log-mel spectra to the sound of the first alone, and to the rendition of the second alone: root mean
square over bins and frames, in dB.

Processor time is that of all sounds, beside the first alone and the second alone.
"""

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

import distill
from benchmarks.common import parser_of, run_main
from distill.audio.mel import mel_filterbank
from distill.audio.stft import stft
from distill.inference.generate import Generated
from distill.inference.sampling.event_chooser import Decision
from distill.inference.sampling.event_draw import EventDraw
from distill.models.codec_blend import are_versions
from distill.models.persistence import LoadedVQModel

SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Shares that are asked for."""

N_FFT = 2048
"""Samples of a window of the spectra."""

HOP = 512
"""Samples from one spectrum to the next."""

MELS = 80
"""Bands of the log-mel spectra."""

FLOOR_DB = -80.0
"""Level of a band below which it counts as silent, in dB."""


class FrameCount:
    """Frames of drawn events, by the model of a blend that alone has their recording.

    Attributes:
        frames: Frames of the first and of the second.
        both: Frames of recordings that both have.
    """

    def __init__(self) -> None:
        self.frames = [0.0, 0.0]
        self.both = 0.0

    def add(self, draw: EventDraw, decision: Decision, frames: int) -> None:
        """Count the frames of a decision."""
        weight = float(np.mean(decision.weights)) if decision.partner is not None else 1.0
        for event, part in ((decision.event, weight), (decision.partner, 1 - weight)):
            if event is None:
                continue
            origins = draw.bank.recordings[int(draw.bank.recording[event])].origins
            if len(origins) == 1:
                self.frames[origins[0]] += part * frames
            else:
                self.both += part * frames

    @property
    def share(self) -> float:
        """Share of the second among frames of one model alone; NaN without any."""
        total = sum(self.frames)
        return self.frames[1] / total if total else math.nan


@contextmanager
def frame_count() -> Iterator[FrameCount]:
    """Count the frames of all events that are laid in the block."""
    count = FrameCount()
    render = EventDraw._render

    def watched(draw: EventDraw, decision: Decision, cue: int, span: Any, context: Any) -> Any:
        count.add(draw, decision, span.frames)
        return render(draw, decision, cue, span, context)

    with patch.object(EventDraw, "_render", watched):
        yield count


def log_mel(sound: np.ndarray, sample_rate: int) -> np.ndarray:
    """Log-mel spectrum `[S, M]` of a sound `[C, N]`, in dB."""
    spectrum = stft(torch.from_numpy(sound.mean(0)).float()[None], N_FFT, HOP)[0]
    power = spectrum.abs().square().numpy()
    bands = power @ mel_filterbank(MELS, N_FFT, sample_rate).numpy()
    return np.maximum(10 * np.log10(bands + 1e-12), FLOOR_DB)


def distance_db(first: np.ndarray, second: np.ndarray, sample_rate: int) -> float:
    """Root mean square of the difference of two log-mel spectra, in dB; the shorter one decides."""
    n = min(first.shape[1], second.shape[1])
    difference = log_mel(first[:, :n], sample_rate) - log_mel(second[:, :n], sample_rate)
    return float(np.sqrt(np.square(difference).mean()))


def draw(
    first: LoadedVQModel, second: LoadedVQModel, share: float, **settings: Any
) -> tuple[list[Generated], float]:
    """Sounds of a blend, and seconds of processor."""
    began = time.process_time()
    # One model alone is no blend that loads another.
    blend = (second, share) if share else None
    sounds = list(distill.generate(first, blend=blend, seed=1, **settings))
    return sounds, time.process_time() - began


def show_versions(
    first: LoadedVQModel, second: LoadedVQModel, settings: dict[str, Any], tempo: float | None
) -> None:
    """Print the share of the second version, by the share that was asked for."""
    times: dict[str, dict[str, Any]] = {"free time": {"free_time": True}}
    if tempo is not None:
        times[f"{tempo:g} BPM"] = {"tempo": tempo}
    for name, extra in times.items():
        print(f"\n{name:12}{'share of the second':>21}{'of both':>9}{'processor':>11}")
        for share in SHARES:
            with frame_count() as count:
                _, seconds = draw(first, second, share, **settings, **extra)
            # One alone knows of no other.
            found = share if share in (0, 1) else count.share
            both = count.both / max(1.0, count.both + sum(count.frames))
            print(f"{share:<12g}{found:>21.2f}{both:>9.2f}{seconds:>9.2f} s", flush=True)


def show_others(first: LoadedVQModel, second: LoadedVQModel, settings: dict[str, Any]) -> None:
    """Print the distances to both ends, by the share that was asked for."""
    rate = first.model.sample_rate
    runs = {share: draw(first, second, share, **settings) for share in SHARES}
    ends = [[sound.audio for sound in runs[share][0]] for share in (0.0, 1.0)]
    print(f"\n{'share':12}{'to the first':>14}{'to the second':>15}{'processor':>11}")
    for share, (sounds, seconds) in runs.items():
        to_first, to_second = (
            np.mean([distance_db(s.audio, e, rate) for s, e in zip(sounds, end, strict=True)])
            for end in ends
        )
        print(f"{share:<12g}{to_first:>11.1f} dB{to_second:>12.1f} dB{seconds:>9.2f} s")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    args = _arguments(arguments)
    first, second = (distill.load(path, "cpu", args.threads) for path in (args.first, args.second))
    versions = are_versions(first.model, second.model)
    settings = {"duration": args.seconds, "count": args.count}
    kind = "versions of one model" if versions else "two models"
    print(f"{kind}, {args.count} sounds of {args.seconds:g} s, seed 1, {args.threads} threads")
    if versions:
        show_versions(first, second, settings, args.tempo)
    else:
        show_others(first, second, settings)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--count", type=int, default=4, help="sounds at each share")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each sound")
    parser.add_argument("--tempo", type=float, help="of sounds in time, in BPM")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run_main(main)
