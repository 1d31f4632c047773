from distill.training.metrics import LevelHealth
from distill.training.verdict import codec_verdict


def curve(*losses: float) -> list[dict[str, float]]:
    return [{"step": i, "train_loss": 1.0, "val_loss": loss} for i, loss in enumerate(losses)]


GOOD = (LevelHealth("Structure", 0.9, 50.0, 6),)


def test_each_case_has_its_sentence() -> None:
    assert "underused (Structure 10%" in codec_verdict(curve(3, 2, 1), (LevelHealth("Structure", 0.1, 3, 57),), 1)
    assert codec_verdict(curve(3), GOOD, 0.1).startswith("Too early")
    assert codec_verdict(curve(5, 4, 3), GOOD, 0.3).startswith("Learning")
    assert codec_verdict(curve(5, 3, 2.5, 3.2, 3.4), GOOD, 1).startswith("Over-fitting")
    assert codec_verdict(curve(5, 4, 3, 2), GOOD, 1).startswith("Still improving")
    assert codec_verdict(curve(5, 3, 2.02, 2.01, 2.0, 2.0, 2.0, 2.0), GOOD, 1).startswith("Done")
