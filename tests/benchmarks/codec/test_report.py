"""The report of the codec benchmark: cells of the tables, and the files on its page."""

import io
import math
from pathlib import Path

import numpy as np
import soundfile as sf
from rich.console import Console

from benchmarks.codec import report
from benchmarks.codec.measure import CODEC, FileFigures
from distill.settings import SAMPLE_RATE


def printed(table: object) -> str:
    file = io.StringIO()
    Console(width=200, file=file).print(table)
    return file.getvalue()


def test_a_figure_that_was_not_measured_leaves_its_cell_empty() -> None:
    scores = {"mel7": 1.25, "stft": 0.5, "convergence": math.nan, "lsd": 3.0, "visqol": math.nan}
    text = printed(report.quality_table({"own": {CODEC: scores | {"kbps": 2.6}}}, {"own": 3}))
    assert "Means over 3 own files" in text
    assert "2.60" in text
    assert "1.250" in text
    assert "nan" not in text


def test_the_page_shows_the_extremes_and_some_held_out_files(tmp_path: Path) -> None:
    def group(name: str, figures: list[float]) -> dict[Path, FileFigures]:
        folder = tmp_path / "corpus"
        decoded = tmp_path / name.replace(" ", "_")
        folder.mkdir(exist_ok=True)
        decoded.mkdir()
        measured = {}
        for mel7 in figures:
            path = folder / f"{name}-{mel7}.wav"
            for file in (path, decoded / f"{report.name_of(path)}.wav"):
                sf.write(file, np.zeros(SAMPLE_RATE // 10), SAMPLE_RATE)
            systems = {CODEC: {"mel7": mel7}}
            measured[path] = FileFigures(systems, stereo={}, hit={}, codes=np.zeros((1, 1), int))
        return measured

    groups = {
        "own": group("own", [1.0, 3.0, 2.0, 5.0, 4.0]),
        "held out": group("held out", [7.0, 6.0]),
    }
    pairs = report.chosen_pairs(tmp_path, groups)
    shown = [float(pair.title.rsplit(" ", 1)[1]) for pair in pairs]
    assert shown == [5.0, 3.0, 1.0, 7.0, 6.0]
    assert report.save_page(tmp_path / "page.png", pairs).stat().st_size > 1000
