import io

from rich.console import Console

from distill.cli.prior_lines import PriorDisplay, epoch_line
from distill.training.metrics import PreparationMetrics, PriorEpochMetrics, PriorStepMetrics


def test_an_epoch_is_one_line() -> None:
    metrics = PriorEpochMetrics(
        epoch=3,
        total_epochs=10,
        train_loss=1.25,
        val_loss=1.5,
        val_perplexity=4.48,
        best_perplexity=4.4,
        is_memorizing=False,
        memorization_message="",
        epoch_time_s=1.0,
        learning_rate=1e-3,
    )
    rest = " | train_loss: 1.2500 | val_loss: 1.5000 | perplexity: 4.5 | best: 4.4"
    assert epoch_line(metrics) == "Epoch 3/10" + rest
    assert epoch_line(metrics, has_total=False) == "Epoch 3" + rest


def test_without_a_terminal_encoding_says_that_it_goes_on() -> None:
    out = io.StringIO()
    console = Console(file=out, width=60, highlight=False, markup=False)
    with PriorDisplay(console, minutes=None) as display:
        display.show_scan(1, 2, "a.wav")
        for progress, name in ((0.0, "[b]\x1b.wav"), (0.5, "c.wav")):
            display(PreparationMetrics(done=0, total=2, progress=progress, name=name))
        display(PriorStepMetrics(epoch=1, step=1, steps_per_epoch=2, loss=1.0))
    assert out.getvalue() == "Encoding your sounds: 0%, [b]\\x1b.wav\n"
