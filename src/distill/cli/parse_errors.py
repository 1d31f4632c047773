"""Errors of the parser of the command line, such as a number that is none, in a short sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from distill.printable import one_line

# Click's UsageError: Typer has moved it from module to module, its subclass stays in place.
PARSE_ERROR: Any = typer.BadParameter.__bases__[0]
"""Base of the errors that the parser raises."""


class ShortErrorsGroup(TyperGroup):
    """Commands of which a wrong value, however long, is named in a short sentence."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words before the command."""
        with _short_errors():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Parse the words of the command, and run it."""
        with _short_errors():
            return super().invoke(ctx)


@contextmanager
def _short_errors() -> Iterator[None]:
    try:
        yield
    except PARSE_ERROR as error:
        # The help of a group without a command comes as an error, too.
        if type(error).__name__ != "NoArgsIsHelpError":
            error.message = one_line(error.message)
        raise
