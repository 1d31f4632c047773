"""What the player makes of requests for new sound."""

from pathlib import Path

import pytest
import soundfile as sf

from distill.errors import UsageError
from distill.library.comparison import Couple
from distill.library.comparisons import open_comparison, sound_path
from distill.library.player_requests import (
    CompareModels,
    CompareSounds,
    Generate,
    MakeAgain,
    Vary,
)
from distill.library.renders import find_renders, load_render
from distill.library.workspace import open_workspace
from tests.library.player_work import Desk

SHORT = {"duration": 0.5, "seed": 7}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(open_workspace(tmp_path_factory.mktemp("studio")))


@pytest.fixture(scope="module")
def render(desk: Desk, trained: Path) -> str:
    """The id of a render."""
    (made,) = desk.do(Generate(model=trained, settings=SHORT))["files"]
    return str(made["render"])


def test_a_sound_without_a_name_gets_a_free_one_in_the_workspace(desk: Desk, render: str) -> None:
    path = load_render(desk.workspace, render).path
    assert path.is_relative_to(desk.workspace.renders)
    assert path.exists()


def test_a_render_is_made_again_longer_and_varied(
    desk: Desk, render: str, trained: Path, tmp_path: Path
) -> None:
    original = load_render(desk.workspace, render).path
    (again,) = desk.do(MakeAgain(render))["files"]
    assert Path(again["path"]).read_bytes() == original.read_bytes()
    longer = MakeAgain(render, output=tmp_path / "longer.wav", duration=1.0)
    (longer_facts,) = desk.do(longer)["files"]
    assert sf.info(longer_facts["path"]).duration == 1.0
    told = len(desk.messages("written"))
    varied = desk.do(Vary(render, seed=3, count=2))["files"]
    assert [load_render(desk.workspace, facts["render"]).origin for facts in varied] == [render] * 2
    # Each is told as soon as it is written.
    assert [message["facts"] for message in desk.messages("written")[told:]] == varied
    # All of them by one model in memory.
    assert desk.worker.models.paths == [trained]
    with pytest.raises(UsageError, match="There is no render"):
        desk.do(MakeAgain("20260101-120000-abcdef"))


def test_sounds_and_models_are_compared(desk: Desk, render: str, trained: Path) -> None:
    path = load_render(desk.workspace, render).path
    before = find_renders(desk.workspace).total
    couples = (Couple(path, path, labels=("one", "two")), Couple(path, path))
    request = CompareSounds(couples, sides=("a", "b"), seed=3)
    made = open_comparison(desk.workspace, desk.do(request)["comparison"])
    assert [(pair.first, pair.second) for pair in made.pairs] == [
        ("one", "two"),
        (path.name, path.name),
    ]
    models = CompareModels(trained, trained, pairs=2, duration=0.3, seed=5)
    of_models = open_comparison(desk.workspace, desk.do(models)["comparison"])
    x, y = (sound_path(desk.workspace, of_models, 2, side) for side in "xy")
    # The same model on the same seed.
    assert x.read_bytes() == y.read_bytes()
    assert find_renders(desk.workspace).total == before
