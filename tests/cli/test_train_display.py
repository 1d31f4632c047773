"""The live display, drawn on a terminal that is a string."""

from io import StringIO

from rich.console import Console

from distill.cli.train_display import TrainDisplay
from distill.training.metrics import LevelHealth, ModelSaved, StepMetrics, ValidationMetrics

LEVELS = (LevelHealth("Structure", 0.91, 80.5, 11), LevelHealth("Detail", 0.2, 9.0, 102))


def drawn(width: int = 80) -> list[str]:
    console = Console(file=StringIO(), force_terminal=True, width=width, color_system=None)
    display = TrainDisplay(console)
    step = StepMetrics(120, 0.25, 30.0, 95.0, 2.5, 0.1, 1e-3, 28.0, LEVELS)
    display(ValidationMetrics(100, 25.0, 2.6, 3.1, 3.0))
    display(ModelSaved(110, "my.sda"))
    display(step)
    with console.capture() as capture:
        console.print(display._panel(step))
    return capture.get().splitlines()


def test_everything_is_there_and_nothing_is_cut() -> None:
    lines = drawn()
    assert set(lines[0].strip()) <= set("━╸╺ ")
    for part in ("step 120", "1:35 left", "loss 2.50", "held out 3.10", "28x real time"):
        assert part in lines[1], lines
    assert any("Structure" in line and "91%" in line and "80.5" in line and "11" in line for line in lines)
    text = " ".join(lines)
    assert "my.sda is usable as of step 110" in text
    assert "Warning: Detail uses 20% of its codes" in text


def test_narrow_terminals_wrap() -> None:
    assert "real" in " ".join(drawn(40))
