"""Library: how the codec benchmark shows its figures, as tables and as a page of spectrograms."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.codec import metrics
from benchmarks.codec.measure import FileFigures
from benchmarks.codec.one_shots import BOUNDS
from benchmarks.common import draw_spectrogram

FIGURES = {
    "mel7": ("mel7", ".3f"),
    "stft": ("STFT", ".3f"),
    "convergence": ("conv.", ".3f"),
    "lsd": ("LSD dB", ".2f"),
    "visqol": ("ViSQOL", ".2f"),
}
"""Heads and number formats of the figures of quality."""

HIT_FIGURES = {
    "onset_ms": "onset off by, ms",
    "envelope_db": "envelope off by, dB",
    "before_db": "level before the onset, dB re peak",
    "silent_after_ms": "goes on after the end, ms",
    "all": "all of them",
}
"""Titles of the figures of hits."""

HELD_OUT_SHOWN = 5
"""Held-out files on the page of spectrograms, at most."""

PIPE_WIDTH = 150
"""Characters of a line where the output is no terminal."""

Groups = dict[str, dict[Path, FileFigures]]
"""Figures of each file in the groups `own` and `held out`."""

Rows = Mapping[str, Mapping[str, float]]


def name_of(path: Path) -> str:
    """Name of a file in the results: its corpus and its own."""
    return f"{path.parent.name}-{path.stem}"


# --- tables ---------------------------------------------------------------------------------------


def show(result: dict[str, Any], counts: Mapping[str, int]) -> None:
    """Print the tables of `result`; `counts` has the files of each group."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    console.print(quality_table(result["means"], counts))
    facts = _facts(result["facts"], result["threads"])
    for group, row in result["stereo"].items():
        facts |= {f"{title}, {group}": line for title, line in _stereo_facts(row).items()}
    console.print(facts_table(facts))
    console.print(hits_table(result["oneshots"]))


def _number(value: float, form: str) -> str:
    return "" if math.isnan(value) else format(value, form)


def quality_table(groups: Mapping[str, Rows], counts: Mapping[str, int]) -> Table:
    """A row for each system, with its means over the files of each group."""
    files = " and ".join(f"{count} {group}" for group, count in counts.items())
    table = Table(title=f"Means over {files} files")
    table.add_column("")
    table.add_column("kb/s", justify="right")
    for group in groups:
        for head, _ in FIGURES.values():
            table.add_column(f"{group}\n{head}", justify="right")
    first_group = next(iter(groups.values()))
    for system, scores in first_group.items():
        cells = [system, _number(scores.get("kbps", math.nan), ".2f")]
        for group_scores in groups.values():
            for name, (_, form) in FIGURES.items():
                cells.append(_number(group_scores[system].get(name, math.nan), form))
        table.add_row(*cells)
    return table


def facts_table(facts: Mapping[str, str]) -> Table:
    """Titles and facts in two columns."""
    table = Table.grid(padding=(0, 3))
    for title, fact in facts.items():
        table.add_row(title, fact)
    return table


def _facts(facts: dict[str, Any], threads: int) -> dict[str, str]:
    """Facts about training and model in words; those of training only where there was one."""
    lines = {}
    if training := facts["training"]:
        lines["Training"] = (
            f"{training['realtime_factor']:.1f}x real time on {threads} threads, "
            f"{training['steps']} steps, {training['wall_s']:.0f} s in all, "
            f"peak memory {training['peak_mb']:.0f} MB"
        )
        lines["Verdict"] = training["verdict"]
    levels = facts["levels"]
    return lines | {
        "One thread": f"encode {facts['encode_x']:.0f}x, decode {facts['decode_x']:.0f}x real time",
        "Bit rate": f"{facts['kbps']:.2f} kb/s, {facts['kbps_per_channel']:.2f} a channel",
        "Size": f"{facts['parameters'] / 1e6:.1f} M parameters, file {facts['file_mb']:.1f} MB",
        "Codes used": ", ".join(f"{level['utilisation']:.0%}" for level in levels),
        "Perplexity": ", ".join(f"{level['perplexity']:.0f}" for level in levels),
    }


def _stereo_facts(mean: Mapping[str, float]) -> dict[str, str]:
    """Mean stereo figures in words; none for mono."""
    if not mean:
        return {}
    side = f"mel7 {mean['side_mel7']:.3f}, level off by {mean['side_level_off_db']:.1f} dB"
    width = f"{mean['width_source_db']:.1f} dB, decoded {mean['width_decoded_db']:.1f} dB"
    correlation = f"{mean['correlation_source']:.2f}, decoded {mean['correlation_decoded']:.2f}"
    return {"Side": side, "Side over mid": width, "Correlation": correlation}


def hits_table(summary: Rows) -> Table:
    """A row for each figure of hits, with its bound."""
    table = Table(
        title="As hits, own files: when they start, how they fade, the silence around them"
    )
    table.add_column("")
    for head in ("at most", "files that meet it", "median", "worst"):
        table.add_column(head, justify="right")
    for name, row in summary.items():
        limit = BOUNDS[name].limit if name in BOUNDS else math.nan
        table.add_row(
            HIT_FIGURES[name],
            _number(limit, ".4g"),
            f"{row['meet']:.0%}",
            _number(row.get("median", math.nan), ".4g"),
            _number(row.get("worst", math.nan), ".4g"),
        )
    return table


# --- pictures -------------------------------------------------------------------------------------


class Pair(NamedTuple):
    """A title, and a source and its decoded sound `[N]`."""

    title: str
    source: np.ndarray
    output: np.ndarray


def chosen_pairs(out: Path, groups: Groups) -> list[Pair]:
    """The worst, median and best own file by mel7, and up to 5 held-out ones.

    Args:
        out: The folder with the decoded sounds of each group.
        groups: What was measured.
    """
    # The worst file comes first.
    own, held_out = (sorted(group, key=lambda path: -group[path].mel7) for group in groups.values())
    # A set, since with one or two files these are the same.
    places = sorted({0, len(own) // 2, len(own) - 1})
    choice = [("own", own[i]) for i in places]
    evenly = np.linspace(0, len(held_out) - 1, min(HELD_OUT_SHOWN, len(held_out)))
    choice += [("held out", held_out[round(i)]) for i in evenly]
    pairs = []
    for group, path in choice:
        wav = out / group.replace(" ", "_") / f"{name_of(path)}.wav"
        pairs.append(
            Pair(
                title=f"{name_of(path)} ({group}), mel7 {groups[group][path].mel7:.2f}",
                source=metrics.load(path).mean(0),
                output=metrics.load(wav).mean(0),
            )
        )
    return pairs


def save_page(path: Path, pairs: Sequence[Pair]) -> Path:
    """Write spectrograms of `pairs` in two columns, each source above its decoded sound."""
    rows = -(-len(pairs) // 2)
    figure, axes = plt.subplots(2 * rows, 2, figsize=(16, 3.6 * rows), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for i, pair in enumerate(pairs):
        row = 2 * (i // 2)
        above, below = axes[row : row + 2, i % 2]
        for axis in (above, below):
            axis.set_axis_on()
        draw_spectrogram(above, pair.source, pair.title)
        draw_spectrogram(below, pair.output)
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)
    return path
