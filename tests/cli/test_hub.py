"""The commands of the hub; what goes there and comes back is tested in `workflows/test_hub.py`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from distill.workflows import hub_sounds
from tests.workflows.fake_hub import FakeHub, connected_hub

# The library of the hub calls that of its connections in a way that is to change.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with connected_hub(tmp_path, monkeypatch) as server:
        yield server


def test_push_pull_and_addresses(run, hub: FakeHub, trained: Path, corpus_dir: Path) -> None:
    pushed = run("push", trained, "me/plucks", "--private", "--json")
    assert pushed.exit_code == 0, pushed.stderr
    facts = json.loads(pushed.stdout)
    assert (facts["url"], facts["has_names"]) == (f"{hub.url}/me/plucks", False)
    assert "without names of recordings" in pushed.stderr
    pulled = run("pull", "me/plucks", "--json")
    assert json.loads(pulled.stdout)["path"] == "plucks.sda"
    assert "exists already" in run("pull", "me/plucks").stderr
    assert "recording-0001" not in run("info", "hf://me/plucks").stderr
    assert run("codebook", "hf://me/plucks").exit_code == 0
    refused = run("train-prior", "hf://me/plucks", corpus_dir)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "`distill pull` it first" in refused.stderr


def test_sounds_of_the_card_are_asked_for(
    run, hub: FakeHub, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_sounds, "SECONDS", 0.3)
    # Nobody is there to ask.
    run("push", trained, "me/quiet")
    assert not [name for name in hub.files["me/quiet"] if name.endswith(".mp3")]
    questions: list[str] = []
    monkeypatch.setattr("distill.cli.hub.has_keyboard", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda text, **_: questions.append(text) or True)
    pushed = run("push", trained, "me/loud", "--max-copy", "100")
    assert "3 new sounds" in pushed.stderr
    assert "at most 100 % of each repeats" in questions[0]
    run("push", trained, "me/quiet", "--no-sounds")
    assert len(questions) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("pull", "me/nothing"), 1, "There is no me/nothing at the hub"),
        (("pull", "nothing"), 2, "USER/NAME"),
        (("info", "hf://me/nothing"), 1, "There is no me/nothing at the hub"),
        (("push", "none.sda", "me/none"), 1, "none.sda"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    run, hub: FakeHub, arguments: tuple[str, ...], code: int, words: str
) -> None:
    refused = run(*arguments)
    assert (refused.exit_code, refused.stderr.count("\n")) == (code, 1)
    assert words in refused.stderr
