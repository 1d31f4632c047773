from typing import Any

import pytest

from distill.library.model_health import COLOURS, HealthWord, judge_health


def level(utilisation: float, perplexity: float = 30.0) -> dict[str, Any]:
    return {"name": "Timbre", "utilisation": utilisation, "perplexity": perplexity}


@pytest.mark.parametrize(
    ("utilisation", "perplexity", "word", "colour"),
    [
        (0.95, 60.0, "healthy", "good"),
        (0.75, 60.0, "healthy", "good"),
        (0.74, 60.0, "some codes idle", "warn"),
        (0.3, 20.0, "some codes idle", "warn"),
        (0.29, 20.0, "most codes idle", "bad"),
        (0.29, 2.4, "collapsed", "bad"),
        (0.09, 20.0, "collapsed", "bad"),
    ],
)
def test_a_word_for_each_level(
    utilisation: float, perplexity: float, word: str, colour: str
) -> None:
    health = judge_health([level(utilisation, perplexity)])
    assert (health.word, health.colour) == (word, colour)


def test_the_worst_level_counts() -> None:
    health = judge_health([level(0.9), level(0.2), level(0.5)])
    assert health.word == "most codes idle"
    assert [level.word for level in health.levels] == [
        "healthy",
        "most codes idle",
        "some codes idle",
    ]


def test_older_models_do_not_say() -> None:
    assert judge_health([]).word == HealthWord.UNKNOWN


def test_every_word_has_a_colour() -> None:
    assert set(COLOURS) == set(HealthWord)
