from distill.cli.curve_lines import curve_rows, sparkline
from distill.library.training_curves import ModelCurves


def test_a_sparkline_lies_between_lowest_and_highest() -> None:
    assert sparkline([1.0, 2.0, 3.0]) == "▁▅█"
    assert sparkline([2.0, 2.0]) == "▁▁"
    assert sparkline([float(i) for i in range(800)], columns=8) == "▁▂▃▄▅▆▇█"


def test_curves_are_lines_with_their_numbers() -> None:
    curves = ModelCurves(
        source="log",
        steps=[{"step": 1, "mel_loss": 4.0}, {"step": 2, "mel_loss": None}],
        validations=[{"step": 9, "own_loss": 3.0}, {"step": 20, "own_loss": 1.5}],
        prior_epochs=[{"epoch": 1, "val_loss": 2.0, "train_loss": float("nan")}],
    )
    assert curve_rows(curves) == [
        ("Sound, steps", "▁  4.000 → 4.000, lowest 4.000 at step 1"),
        ("Sound, own", "█▁  3.000 → 1.500, lowest 1.500 at step 20"),
        ("Prior, held out", "▁  2.000 → 2.000, lowest 2.000 at epoch 1"),
    ]
