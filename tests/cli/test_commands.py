"""Commands by name: their help without their modules, and each with its own module alone."""

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from distill.cli.commands import COMMANDS, GROUPS, app_of, make_app, whole_app

EVERYTHING = (*COMMANDS, *GROUPS)

MODULES = """
import sys
from distill.cli.commands import app_of
app = app_of(sys.argv[1:])
print(*sorted(name for name in sys.modules if name.startswith("distill.cli.")))
"""


def help_of(app: typer.Typer, *words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    return result.output


def test_the_help_of_the_whole_is_that_of_all_commands() -> None:
    """Sentences in the list are those of the commands, which are not imported for them."""
    assert help_of(app_of(["--help"])) == help_of(app_of([])) == help_of(whole_app())


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_command_alone_has_the_help_that_it_has_among_all(name: str) -> None:
    assert help_of(app_of([name, "anything"]), name) == help_of(whole_app(), name)


def modules(*words: str) -> set[str]:
    """Modules of the command line that a process has imported for a command."""
    result = subprocess.run(
        [sys.executable, "-c", MODULES, *words], capture_output=True, text=True, check=True
    )
    return {name.removeprefix("distill.cli.") for name in result.stdout.split()}


def test_a_command_imports_its_own_module_and_no_other() -> None:
    own = {entry.module for entry in COMMANDS.values()} | set(GROUPS)
    assert modules("convert", "--help") & own == {"convert"}
    assert modules("--help") & own == set()
    assert modules() & own == set()
    assert modules("nonsense") & own == own


def test_what_names_no_command_is_answered_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (["nonsense"], ["--version"], ["--help", "train"]):
        assert app_of(words) is whole_app()
    monkeypatch.setenv("_DISTILL_COMPLETE", "complete_bash")
    assert app_of(["train"]) is whole_app()


def test_an_application_has_what_it_is_asked_for() -> None:
    made = make_app(["jobs", "info"])
    assert [command.name for command in made.registered_commands] == ["info"]
    assert [group.name for group in made.registered_groups] == ["jobs"]
