import io

import pytest
from rich.console import Console

from distill.cli.job_display import JobDisplay
from distill.library.job_types import JobEvent

ENCODED = {"done": 8, "total": 8, "progress": 1.0, "name": ""}


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("Remark", {"text": "No room."}, "No room.\n"),
        ("ScanProgress", {"done": 8, "total": 8, "name": ""}, "Listened to 8 files.\n"),
        ("ScanProgress", {"done": 3, "total": 8, "name": "a.wav"}, ""),
        ("PreparationMetrics", ENCODED, "Encoded 8 sounds.\n"),
        ("PreparationMetrics", ENCODED | {"done": 3}, ""),
        ("BatchHalved", {"step": 3, "batch_size": 2}, "Memory ran out: going on with 2 pieces"),
        ("StepMetrics", {"mel_loss": None}, ""),
        ("JobRunning", {}, ""),
        ("FromTheFuture", {"a": 1}, ""),
    ],
)
def test_events_are_shown_in_words(kind: str, data: dict[str, object], words: str) -> None:
    console = Console(file=io.StringIO(), width=80)
    with JobDisplay(console) as display:
        display.show(JobEvent(n=1, t=1.0, type=kind, data=data))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().startswith(words)
    assert bool(console.file.getvalue()) == bool(words)
