"""The live display, drawn on a terminal that is a string."""

from io import StringIO

from rich.console import Console

from distill.cli.train_display import TrainDisplay
from distill.training.metrics import (
    BatchHalved,
    LevelHealth,
    ModelSaved,
    StepMetrics,
    StoppingEarly,
    ValidationMetrics,
    VerdictKind,
)

LEVELS = (LevelHealth("Structure", 0.91, 80.5, 11), LevelHealth("Detail", 0.2, 9.0, 102))


def validation(kind: VerdictKind, verdict: str, held_out: float | None = 3.1) -> ValidationMetrics:
    return ValidationMetrics(100, 25.0, 2.6, 2.5, held_out, held_out, verdict, kind)


def drawn(width: int = 80) -> list[str]:
    console = Console(file=StringIO(), force_terminal=True, width=width, color_system=None)
    display = TrainDisplay(console)
    step = StepMetrics(120, 0.25, 30.0, 95.0, 2.5, 1e-3, 28.0, LEVELS)
    display(
        validation(VerdictKind.LEARNING, "Learning: distance 2.50 (held out 3.10); let it go on.")
    )
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
    assert any(
        "Structure" in line and "91%" in line and "80.5" in line and "11" in line for line in lines
    )
    text = " ".join(lines)
    assert "my.sda is usable as of step 110" in text
    assert "Learning: distance 2.50 (held out 3.10); let it go on." in text
    assert "Warning: Detail uses 20% of its codes" in text


def test_narrow_terminals_wrap() -> None:
    assert "real" in " ".join(drawn(40))


def test_lines_say_a_verdict_when_it_changes() -> None:
    out = StringIO()
    display = TrainDisplay(Console(file=out, width=80))
    for kind, verdict in (
        (VerdictKind.LEARNING, "Learning at first."),
        (VerdictKind.LEARNING, "Learning still."),
        (VerdictKind.DONE, "Done."),
    ):
        display(validation(kind, verdict, held_out=None))
        display(StepMetrics(120, 0.25, 30.0, 95.0, 2.5, 1e-3, 28.0, LEVELS))
    lines = out.getvalue().splitlines()
    assert [line for line in lines if not line.startswith("step")] == [
        "Learning at first.",
        "Done.",
    ]
    assert any(line.startswith("step 120") and "held out" not in line for line in lines)


def test_what_happens_on_the_way_is_said() -> None:
    out = StringIO()
    display = TrainDisplay(Console(file=out, width=120))
    display(BatchHalved(7, 4))
    display(BatchHalved(9, 1))
    display(StoppingEarly(500, "Flattening."))
    first, second, third = out.getvalue().splitlines()
    assert "Memory ran out" in first
    assert "4 pieces a step" in first
    assert "1 piece a step" in second
    assert "--no-early-stop" in third
