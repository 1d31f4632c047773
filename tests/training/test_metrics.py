"""Events of training, for programs that know their fields by name."""

from dataclasses import fields

from distill.training.metrics import LOW_UTILISATION, LevelHealth, PriorEpochMetrics


def test_a_level_is_low_under_the_bound() -> None:
    def level(utilisation: float) -> LevelHealth:
        return LevelHealth(name="Detail", utilisation=utilisation, perplexity=3.0, dead_codes=0)

    assert level(LOW_UTILISATION - 0.01).is_low
    assert not level(LOW_UTILISATION).is_low


def test_the_first_fields_of_an_epoch_keep_their_order() -> None:
    """They are documented, and may be given by position."""
    names = [entry.name for entry in fields(PriorEpochMetrics)]
    assert names[:4] == ["epoch", "total_epochs", "train_loss", "val_loss"]
    assert names[4:6] == ["val_perplexity", "best_perplexity"]
