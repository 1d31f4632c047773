"""Processor time of tests and fixtures, with that of the processes that they start.

`python -m pytest -p tests.processor_time tests/docs` prints the most at the end. Unlike wall time,
it hardly depends on what else the machine does. Processes count once they have ended; on Windows
not at all.
"""

import os
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

LINES = 20
"""Longest of each kind that are printed."""


def processor_s() -> float:
    """Seconds that this process and its ended children have computed."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


class ProcessorTime:
    """Adds up the seconds of a run, which has one process."""

    def __init__(self) -> None:
        self.files: Counter[str] = Counter()
        self.tests: Counter[str] = Counter()
        self.fixtures: Counter[str] = Counter()
        # Seconds of the fixtures that each fixture under way has asked for.
        self.inner_s: list[float] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        before = processor_s()
        try:
            return (yield)
        finally:
            seconds = processor_s() - before
            self.tests[item.nodeid] += seconds
            self.files[item.nodeid.partition("::")[0]] += seconds

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        before = processor_s()
        self.inner_s.append(0.0)
        try:
            return (yield)
        finally:
            seconds = processor_s() - before
            own_s = seconds - self.inner_s.pop()
            if self.inner_s:
                self.inner_s[-1] += seconds
            self.fixtures[f"{fixturedef.argname} ({fixturedef.scope})"] += own_s

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        write = terminalreporter.write_line
        write(f"{self.files.total():.1f} s of processor time")
        for counts in (self.files, self.fixtures, self.tests):
            write("")
            for name, seconds in counts.most_common(LINES):
                write(f"{seconds:8.1f} {name}")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(ProcessorTime())
