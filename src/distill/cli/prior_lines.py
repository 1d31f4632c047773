"""One line of text for each epoch of prior training."""

from distill.training.metrics import PriorEpochMetrics


def epoch_line(metrics: PriorEpochMetrics, has_total: bool = True) -> str:
    """One epoch of prior training in a line.

    Args:
        metrics: Its metrics.
        has_total: Whether anybody knows how many epochs there will be.
    """
    total = f"/{metrics.total_epochs}" if has_total else ""
    return (
        f"Epoch {metrics.epoch}{total} | train_loss: {metrics.train_loss:.4f} "
        f"| val_loss: {metrics.val_loss:.4f} | perplexity: {metrics.val_perplexity:.1f} "
        f"| best: {metrics.best_perplexity:.1f}"
    )
