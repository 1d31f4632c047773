"""What the work of the player process shares."""

from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.library.player_requests import Stream
from distill.library.player_worker import check_settings
from distill.library.workspace import open_workspace
from distill.workflows.generate import generate
from tests.library.player_work import Desk


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"colour": 1}, "no setting 'colour'"),
        ({"count": True}, "count cannot be True"),
        ({"seed": 1.5}, "seed cannot be 1.5"),
        ({"loop": 1}, "loop cannot be 1"),
        ({"duration": "4"}, "duration cannot be '4'"),
    ],
)
def test_settings_are_those_of_the_function(settings: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check_settings(generate, settings)
    check_settings(generate, {"count": 2, "duration": 4, "loop": True, "like": "kick"})


def test_a_loader_takes_models_from_memory(trained: Path, tmp_path: Path) -> None:
    desk = Desk(open_workspace(tmp_path / "studio"))
    order = desk.order(Stream(trained))
    load = desk.worker.loader(order)
    assert load(trained, "auto", None) is load(trained, "auto", None)
    # A render names its threads: the same sound to the bit takes as many.
    order.threads = None
    load(trained, "auto", 1)
    assert order.threads == 1
