"""`distill doctor`: which sounds of a folder will be used, which not, and why."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import DatasetDir, IgnoreChoices, Jobs, Json, WorkspaceDir
from distill.cli.work_progress import SpacedLines
from distill.errors import DistillError
from distill.process import using_jobs

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from distill.data.corpus import CorpusReport
    from distill.data.curation import Curation
    from distill.data.doctor import FileReport

LONGEST_LIST = 30
"""Files that fit a screen: of a larger folder only those with a problem are listed."""

LONG_S = 1200.0
"""Seconds of sound from which ten minutes of training are too few: mel7 of own files is 0.12 higher
for 20 minutes of music than for 2, and 0.14 higher for 3 hours."""

NARROWEST_NAME = 16
"""Columns for names of files, at least."""

OTHER_COLUMNS = 52
"""Columns for all but the names: length, peak, and the longest usual remark."""

TEMPO_COLUMNS = 7
"""Columns for the tempo, where files have one."""

MOST_KEYS = 5
"""Keys that are named of a corpus."""

PROGRESS_NAME = 30
"""Columns for the name of the file beside the progress bar."""

MILLISECONDS_BELOW = 0.01
"""Seconds below which a length is given in ms: two decimals would round it away."""


@one_sentence_errors
def doctor_cmd(
    dataset_dir: DatasetDir,
    show_all: Annotated[
        bool, typer.Option("--all", help="List every file, not only those with a problem.")
    ] = False,
    ignore_choices: IgnoreChoices = False,
    jobs: Jobs = None,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Check a folder of sounds.

    Shows which files will be used, which not and why, and what to fix first (then the exit code is
    1).
    """
    from distill.workflows.describe import corpus_facts

    console = make_console()
    curation = choices_about(dataset_dir, workspace, ignore_choices)
    with using_jobs(jobs):
        report = scan_folder(dataset_dir, console, curation=curation)
    if json:
        print_json(asdict(corpus_facts(report)))
    else:
        print_report(report, console, show_all)
    # Scripts can tell by the exit code whether to go on.
    if report.verdict != "go":
        raise typer.Exit(1)


def print_report(report: "CorpusReport", console: "Console", show_all: bool = False) -> None:
    """Print table, totals, verdict and advice.

    Args:
        report: Scan of a folder.
        console: Console to print on.
        show_all: Whether to list all files of a large folder, not only those with a problem.
    """
    from rich.text import Text

    odd = [file for file in report.files if file.flags or not file.used]
    rows = report.files if show_all or len(report.files) <= LONGEST_LIST else odd
    if rows:
        console.print(_table(rows, console.width))
    if fine := len(report.files) - len(rows):
        console.print(
            Text(f"  {fine} more files are fine (distill doctor --all lists them)", style="dim")
        )
    console.print()
    console.print(Text(_totals(report)))
    console.print(Text(report.layout.reason))
    for line in _music_lines(report):
        console.print(Text(line))
    if report.clips:
        console.print(Text(_time_line(report.total_s)))
    is_fine = report.verdict == "go"
    verdict = Text("go", "bold green") if is_fine else Text("fix this first", "bold red")
    console.print(Text.assemble("Verdict: ", verdict))
    for sentence in report.advice:
        console.print(_bullet(sentence))


def _time_line(total_s: float) -> str:
    """A sentence on how long the codec learns from `total_s` seconds of sound."""
    from distill.training.config import LEAST_MINUTES, default_minutes

    text = f"Training takes {default_minutes(total_s):.0f} minutes by default"
    if total_s > LONG_S:
        text += f": after {LEAST_MINUTES:.0f} it knows so much sound only coarsely"
    return f"{text}."


def _music_lines(report: "CorpusReport") -> list[str]:
    """A line on tempo and a line on key, where there are such."""
    from distill.data.doctor import tempo_range, tempo_sentence
    from distill.workflows.describe import count_keys, tempos_of

    n_files = len(report.clips)
    lines = []
    if tempos := tempo_range(tempos_of(report)):
        lines.append(f"Tempo: {tempo_sentence(tempos, n_files)}.")
    if keys := count_keys(report):
        names = [f"{key} ({count})" if count > 1 else key for key, count in keys.items()]
        more = ["…"] if len(names) > MOST_KEYS else []
        lines.append(f"Key: {', '.join(names[:MOST_KEYS] + more)}.")
    return lines


def choices_about(folder: Path, workspace: Path | None, ignore: bool) -> "Curation":
    """The choices about the files of a folder; none where they are to `ignore`.

    Where they cannot be read, a remark says so: every file counts alike then.
    """
    from distill.data.curation import NO_CURATION
    from distill.library.corpora import curation_for

    if ignore:
        return NO_CURATION
    try:
        return curation_for(folder, workspace)
    except DistillError as error:
        make_console().print(f"Every file is heard alike. {error}", soft_wrap=True)
        return NO_CURATION


def curation_line(curation: "Curation") -> str:
    """A sentence on what is not heard as usual; empty where all is."""
    counts = {
        "muted": len(curation.muted),
        "with a weight": len(curation.weights),
        "added": len(curation.added),
    }
    texts = [f"{count} {name}" for name, count in counts.items() if count]
    hint = "('distill corpus list'; all alike with --ignore-choices)"
    return f"Your choices: {', '.join(texts)} {hint}." if texts else ""


def scan_folder(
    folder: Path,
    console: "Console",
    channels: int | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, name: None,
    curation: "Curation | None" = None,
) -> "CorpusReport":
    """Scan a folder, and show how far it is.

    Args:
        folder: Folder of sounds.
        console: Console to show it on.
        channels: Channels of the codec to train; None: as many as suit the folder.
        progress: Called with files done, files in all, and the name of the next.
        curation: What a person has chosen about the files.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from distill.data.corpus import scan_corpus
    from distill.data.curation import NO_CURATION

    name_column = TextColumn("{task.fields[name]}", markup=False)
    columns = (TextColumn("Listening"), BarColumn(), MofNCompleteColumn(), name_column)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", name="")
        lines = SpacedLines(console)

        def advance(done: int, total: int, name: str) -> None:
            progress(done, total, name)
            lines(f"Listening: {done} of {total} files, {_printable(name)}")
            bar.update(task, completed=done, total=total, name=_fit(name, PROGRESS_NAME))

        return scan_corpus(folder, channels, advance, curation or NO_CURATION)


def _table(files: "tuple[FileReport, ...] | list[FileReport]", width: int) -> "Table":
    from rich.table import Table
    from rich.text import Text

    has_tempo = any(file.tempo is not None for file in files)
    longest_key = max(len(file.key or "") for file in files)
    others = OTHER_COLUMNS + TEMPO_COLUMNS * has_tempo + longest_key
    longest_name = max(len(file.name) for file in files)
    name_width = max(NARROWEST_NAME, min(longest_name, width - others))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("File", no_wrap=True)
    table.add_column("Length", justify="right", no_wrap=True)
    table.add_column("Peak", justify="right", no_wrap=True)
    if has_tempo:
        table.add_column("BPM", justify="right", no_wrap=True)
    if longest_key:
        table.add_column("Key", no_wrap=True)
    table.add_column("", overflow="fold")
    for file in files:
        # A file that cannot be read has neither length nor rate.
        length = duration_text(file.duration_s) if file.duration_s else "–"
        # Adding zero turns -0.0 into 0.0.
        peak = f"{round(file.peak_db, 1) + 0.0:.1f} dB" if file.sample_rate else "–"
        cells = [Text(_fit(file.name, name_width)), Text(length), Text(peak)]
        if has_tempo:
            cells.append(Text("" if file.tempo is None else f"{file.tempo:.1f}"))
        if longest_key:
            cells.append(Text(file.key or ""))
        table.add_row(*cells, _status(file))
    return table


def _status(file: "FileReport") -> "Text":
    from rich.text import Text

    if not file.used:
        return Text.assemble(("skipped: ", "red"), _printable(file.reason))
    if file.flags:
        return Text.assemble(("used: ", "yellow"), _printable(", ".join(file.flags)))
    return Text("used", style="green")


def _totals(report: "CorpusReport") -> str:
    files = "1 file" if len(report.files) == 1 else f"{len(report.files)} files"
    text = f"{len(report.clips)} of {files} used, {duration_text(report.total_s)} of sound."
    if report.other_files:
        others = "1 other file" if report.other_files == 1 else f"{report.other_files} other files"
        text += f" {others} left alone."
    return text


def _bullet(sentence: str) -> "Table":
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text("  •"), Text(_printable(sentence)))
    return grid


def duration_text(seconds: float) -> str:
    """A length as people write it: 0.02 ms, 0.04 s, 12.3 s, 3:25 min, 1:02:03 h."""
    if seconds < MILLISECONDS_BELOW:
        return f"{seconds * 1000:.2g} ms"
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    # Whole seconds are exact enough from a minute on.
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def _fit(name: str, width: int) -> str:
    """The end of a name, where files of one folder differ, in at most `width` columns."""
    from rich.cells import cell_len

    name = _printable(name)
    if cell_len(name) <= width:
        return name
    while cell_len(name) > width - 1:
        name = name[1:]
    return "…" + name


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "·" for char in text)
