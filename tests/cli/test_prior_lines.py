from distill.cli.prior_lines import epoch_line
from distill.training.metrics import PriorEpochMetrics


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
