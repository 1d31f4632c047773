"""Words of the page in place of options of the command line."""

import ast
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import distill
from distill.bounds import BOUNDS, check_bound
from distill.errors import UsageError
from distill.ui.words import OPTION, event_words, page_words

SOURCE = Path(distill.__file__).parent


def test_options_become_labels() -> None:
    given = "--temperature must lie between 0 and 10, --no-such-thing at least 1."
    assert page_words(given) == (
        "'wildness' must lie between 0 and 10, 'no such thing' at least 1."
    )


@pytest.mark.parametrize(
    "command", ["`distill ui --link` gives a link.", "'distill edit cut --help' says more."]
)
def test_commands_stay_as_they_are(command: str) -> None:
    assert page_words(command) == command


def test_names_with_dashes_stay_as_they_are() -> None:
    assert page_words("take--two.wav holds no sound.") == "take--two.wav holds no sound."


def test_only_sentences_of_an_event_change() -> None:
    data = {"error": "Leave out --like.", "name": "--like", "step": 3}
    assert event_words(data) == {"error": "Leave out 'like'.", "name": "--like", "step": 3}


@pytest.mark.parametrize("option", list(BOUNDS))
def test_no_bound_names_an_option(option: str) -> None:
    with pytest.raises(UsageError) as raised:
        check_bound(option, float("nan"))
    assert "--" not in page_words(str(raised.value))


def test_no_sentence_of_the_library_keeps_an_option() -> None:
    folders = ("data", "inference", "library", "models", "training", "workflows")
    files = [path for folder in folders for path in sorted((SOURCE / folder).rglob("*.py"))]
    found = [text for path in files for text in _sentences(path) if OPTION.search(text)]
    assert len(found) > 40
    # A part of a command in an f-string lacks its beginning.
    whole = [text for text in found if "distill " not in text]
    assert [text for text in whole if "--" in page_words(text)] == []


def _sentences(path: Path) -> list[str]:
    """Texts of the errors that a file raises."""
    raised = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Raise)]
    return [
        part.value
        for node in raised
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def test_a_wrong_setting_is_told_in_words_of_the_page(client: TestClient) -> None:
    body = {"title": "b", "settings": {"temperature": -1}}
    answer = client.put("/api/v1/presets", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith("'wildness' must lie between 0 and 10.")
