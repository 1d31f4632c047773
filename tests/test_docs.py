"""The CLI page of the documentation is what the commands say of themselves."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from distill.training.metrics import PriorVerdictKind, VerdictKind

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "build_cli_reference", DOCS / "build_cli_reference.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(generator: ModuleType) -> None:
    written = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert written == generator.page(), "run: python docs/build_cli_reference.py"


@pytest.mark.parametrize(
    "environment",
    [
        {"CI": "true", "GITHUB_ACTIONS": "true"},
        {"FORCE_COLOR": "1", "PY_COLORS": "1", "TERM": "xterm-256color"},
        {"COLUMNS": "200", "TERMINAL_WIDTH": "200"},
        {"COLUMNS": "40", "TYPER_USE_RICH": "1", "PYTHONIOENCODING": "ascii"},
    ],
)
def test_help_does_not_depend_on_where_it_runs(
    generator: ModuleType, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = generator.help_of("train")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    text = generator.help_of("train")
    assert text == expected
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= generator.WIDTH


def test_every_verdict_is_explained() -> None:
    page = (DOCS / "verdicts.md").read_text(encoding="utf-8")
    explained = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert explained == [kind.value for kind in (*VerdictKind, *PriorVerdictKind)]
