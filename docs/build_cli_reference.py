"""Write docs/cli.md from the `--help` of every command: `python docs/build_cli_reference.py`."""

import os
import subprocess
import sys
from pathlib import Path

from distill.cli import app

PAGE = Path(__file__).with_name("cli.md")
WIDTH = 80
"""Columns of the help texts: those of a common terminal."""

HEAD = """# Command line

Written by `python docs/build_cli_reference.py` from the `--help` of each command; a test compares
the two.

Text for people goes to stderr. With `--json`, stdout holds one JSON object and nothing else. Long
commands show their progress on stderr all the same.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | the input or the output cannot be used |
| 2 | a wrong option, or no usable folder of sounds |
| 130 | stopped with Ctrl-C, by a polite kill (SIGTERM), or because its terminal closed |
"""

# Plain text of one width, whatever terminal, pipe or build server this runs in.
PLAIN = {
    "COLUMNS": str(WIDTH),
    "TERMINAL_WIDTH": str(WIDTH),
    "NO_COLOR": "1",
    "TERM": "dumb",
    "TYPER_USE_RICH": "0",
    "PYTHONIOENCODING": "utf-8",
}
TERMINAL_VARIABLES = ("CI", "FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS")


def help_of(*command: str) -> str:
    """The help of a command, as `distill COMMAND --help` prints it."""
    environment = {
        name: value for name, value in os.environ.items() if name not in TERMINAL_VARIABLES
    }
    environment |= PLAIN
    result = subprocess.run(
        [sys.executable, "-m", "distill.cli", *command, "--help"],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    lines = result.stdout.decode("utf-8").strip().splitlines()
    return "\n".join(line.rstrip() for line in lines)


def page() -> str:
    """The whole of docs/cli.md."""
    parts = [HEAD, f"## distill\n\n```text\n{help_of()}\n```\n"]
    for words in commands():
        parts.append(f"## distill {' '.join(words)}\n\n```text\n{help_of(*words)}\n```\n")
    return "\n".join(parts)


def commands() -> list[tuple[str, ...]]:
    """Every command by its words; the commands of a group follow the group."""
    names: list[tuple[str, ...]] = [(str(command.name),) for command in app.registered_commands]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        names.append((str(group.name),))
        names += [
            (str(group.name), str(command.name))
            for command in group.typer_instance.registered_commands
        ]
    return names


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"Wrote {PAGE}")
