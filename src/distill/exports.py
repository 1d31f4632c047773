"""Modules and exports that load on first use (PEP 562).

Torch takes a second to load: `distill --help` and `import distill` should not.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


def lazy_exports(
    package: str, homes: Mapping[str, str], modules: Mapping[str, str] | None = None
) -> Callable[[str], Any]:
    """A module `__getattr__` for `package`.

    Args:
        package: Full name of the package.
        homes: Module of the package that holds each exported name.
        modules: Modules of the package that are exported whole, by the name of the export.

    Example:
        `__getattr__ = lazy_exports(__name__, {"train": "workflows.train"})`
    """

    def get(name: str) -> Any:
        if modules and name in modules:
            return import_module(f"{package}.{modules[name]}")
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return get


class LazyModule(ModuleType):
    """A module that is imported when one of its names is used.

    Example:
        `operations = LazyModule("distill.inference.codes.operations")`
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)
