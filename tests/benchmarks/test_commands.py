"""Every runnable benchmark answers `--help`, and the README names it."""

import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")


def runnable() -> list[str]:
    """Names of the modules that can be run."""
    paths = sorted((ROOT / "benchmarks").rglob("*.py"))
    scripts = [path for path in paths if 'if __name__ == "__main__":' in path.read_text("utf-8")]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in scripts]


def test_the_readme_names_the_runnable_modules_and_no_others() -> None:
    named = set(re.findall(r"python -m (benchmarks\.[a-z_.]+)", README))
    assert named == set(runnable())


@pytest.mark.parametrize("module", runnable())
def test_help_shows_the_command_of_the_module(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [module, "--help"])
    with pytest.raises(SystemExit) as stop:
        importlib.import_module(module).main()
    assert stop.value.code == 0
    assert f"python -m {module}" in capsys.readouterr().out
