"""How the codec benchmark shows what it measured: tables, a JSON file, a page of spectrograms."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.codec import metrics as figures
from benchmarks.codec.measure import Measured
from benchmarks.codec.one_shots import LARGEST
from benchmarks.common import write_json as write_json
from distill.settings import SAMPLE_RATE

FIGURES = {
    "mel7": ("mel7", ".3f"),
    "stft": ("STFT", ".3f"),
    "convergence": ("conv.", ".3f"),
    "lsd": ("LSD dB", ".2f"),
}
FIGURES |= {"visqol": ("ViSQOL", ".2f")}
HIT_FIGURES = {
    "onset_ms": "onset off by, ms",
    "envelope_db": "envelope off by, dB",
    "before_db": "level before the onset, dB re peak",
    "silent_after_ms": "goes on after the end, ms",
    "all": "all of them",
}
HELD_OUT_SHOWN = 5

Groups = dict[str, dict[Path, Measured]]
Rows = Mapping[str, Mapping[str, float]]


def name_of(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


# --- tables ---------------------------------------------------------------------------------------


def show(result: dict[str, Any], counts: Mapping[str, int]) -> None:
    """Print the tables of `result`; `counts` has the files of each group."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    console.print(quality_table(result["means"], counts))
    stereo = {
        f"{key}, {name}": line
        for name, row in result["stereo"].items()
        for key, line in _image(row).items()
    }
    console.print(facts_table(_facts(result["facts"], result["threads"]) | stereo))
    console.print(hits_table(result["oneshots"]))


def _number(value: float, form: str) -> str:
    return "" if math.isnan(value) else format(value, form)


def quality_table(groups: Mapping[str, Rows], counts: Mapping[str, int]) -> Table:
    """One row a system, its means over the files of each group side by side."""
    table = Table(
        title=f"Means over {' and '.join(f'{n} {name}' for name, n in counts.items())} files"
    )
    table.add_column("")
    table.add_column("kb/s", justify="right")
    for group in groups:
        for head, _ in FIGURES.values():
            table.add_column(f"{group}\n{head}", justify="right")
    for system, first in next(iter(groups.values())).items():
        rows = [group[system] for group in groups.values()]
        cells = [
            _number(row.get(name, math.nan), form)
            for row in rows
            for name, (_, form) in FIGURES.items()
        ]
        table.add_row(system, _number(first.get("kbps", math.nan), ".2f"), *cells)
    return table


def facts_table(facts: Mapping[str, str]) -> Table:
    table = Table.grid(padding=(0, 3))
    for name, value in facts.items():
        table.add_row(name, value)
    return table


def _facts(facts: dict[str, Any], threads: int) -> dict[str, str]:
    training, levels, trained = facts["training"], facts["levels"], {}
    if training:
        trained["Training"] = (
            f"{training['realtime_factor']:.1f}x real time on {threads} threads, {training['steps']} steps, "
            f"{training['wall_s']:.0f} s in all, peak memory {training['peak_mb']:.0f} MB"
        )
        trained["Verdict"] = training["verdict"]
    return trained | {
        "One thread": f"encode {facts['encode_x']:.0f}x, decode {facts['decode_x']:.0f}x real time",
        "Bit rate": f"{facts['kbps']:.2f} kb/s, {facts['kbps_per_channel']:.2f} a channel",
        "Size": f"{facts['parameters'] / 1e6:.1f} M parameters, file {facts['file_mb']:.1f} MB",
        "Codes used": ", ".join(f"{level['utilisation']:.0%}" for level in levels),
        "Perplexity": ", ".join(f"{level['perplexity']:.0f}" for level in levels),
    }


def _image(mean: Mapping[str, float]) -> dict[str, str]:
    """Mean stereo figures in words; nothing for mono."""
    if not mean:
        return {}
    return {
        "Side": f"mel7 {mean['side_mel7']:.3f}, level off by {mean['side_level_off_db']:.1f} dB",
        "Side over mid": f"{mean['width_source_db']:.1f} dB, decoded {mean['width_decoded_db']:.1f} dB",
        "Correlation": f"{mean['correlation_source']:.2f}, decoded {mean['correlation_decoded']:.2f}",
    }


def hits_table(summary: Rows) -> Table:
    table = Table(
        title="As hits, own files: when they start, how they fade, the silence around them"
    )
    table.add_column("")
    for head in ("at most", "files that meet it", "median", "worst"):
        table.add_column(head, justify="right")
    for name, row in summary.items():
        values = (
            LARGEST.get(name, math.nan),
            row.get("median", math.nan),
            row.get("worst", math.nan),
        )
        limit, median, worst = (_number(value, ".4g") for value in values)
        table.add_row(HIT_FIGURES[name], limit, f"{row['meet']:.0%}", median, worst)
    return table


# --- pictures -------------------------------------------------------------------------------------


def chosen_pairs(out: Path, groups: Groups) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Title, source and decoded `[N]` of the worst, median and best own file by mel7, and of up to
    5 held out."""
    own, held_out = (sorted(group, key=lambda path: -group[path].mel7) for group in groups.values())
    chosen = [("own", own[i]) for i in sorted({0, len(own) // 2, len(own) - 1})]
    spread = np.linspace(0, len(held_out) - 1, min(HELD_OUT_SHOWN, len(held_out)))
    chosen += [("held out", held_out[round(i)]) for i in spread]
    pairs = []
    for name, path in chosen:
        decoded = out / name.replace(" ", "_") / f"{name_of(path)}.wav"
        title = f"{name_of(path)} ({name}), mel7 {groups[name][path].mel7:.2f}"
        pairs.append((title, figures.load(path).mean(0), figures.load(decoded).mean(0)))
    return pairs


def page(path: Path, pairs: Sequence[tuple[str, np.ndarray, np.ndarray]]) -> Path:
    """Spectrograms (0 to 16 kHz) in two columns: under each title the source `[N]`, below it the
    decoded."""
    rows = -(-len(pairs) // 2)
    figure, axes = plt.subplots(2 * rows, 2, figsize=(16, 3.6 * rows), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for i, (title, *sounds) in enumerate(pairs):
        for axis, sound in zip(axes[2 * (i // 2) : 2 * (i // 2) + 2, i % 2], sounds, strict=True):
            _spectrogram(axis, sound)
        axes[2 * (i // 2), i % 2].set_title(title, fontsize=9, loc="left")
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)
    return path


def _spectrogram(axis: Any, sound: np.ndarray) -> None:
    axis.set_axis_on()
    long_enough = np.pad(sound, (0, max(0, 4096 - len(sound)))) + 1e-7
    axis.specgram(
        long_enough, NFFT=2048, noverlap=1536, Fs=SAMPLE_RATE, vmin=-140, vmax=-30, cmap="magma"
    )
    axis.set_ylim(0, 16_000)
    axis.set_yticks([0, 8000, 16_000], ["0", "8", "16 kHz"])
