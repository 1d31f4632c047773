"""The Python page of the documentation is what the docstrings say, whole and readable."""

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

import pytest

import distill
import distill.models
import distill.training
from distill.workflows.edit import EDITS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    path = DOCS / "build_python_reference.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(builder: ModuleType) -> None:
    written = (DOCS / "python-api.md").read_text(encoding="utf-8")
    assert written == builder.page(), "run: python docs/build_python_reference.py"


def test_every_public_name_is_on_the_page(builder: ModuleType) -> None:
    headings = [line[4:] for line in builder.page().splitlines() if line.startswith("### ")]
    exports = [
        f"{module.__name__}.{name}"
        for module in (distill, distill.models, distill.training)
        for name in module.__all__
        if not inspect.ismodule(getattr(module, name))
    ]
    edits = [f"distill.edit.{edit.__name__}" for edit in EDITS.values()]
    facts = [name for name in headings if name.startswith("distill.describe.")]
    assert "distill.describe.model_facts" in facts
    jobs = [name for name in headings if name.startswith("distill.jobs.")]
    assert "distill.jobs.start" in jobs
    assert sorted(headings) == sorted(exports + edits + facts + jobs)


def test_every_public_function_and_class_has_a_docstring() -> None:
    for module in (distill, distill.models, distill.training):
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                assert value.__doc__, f"{module.__name__}.{name}"


def sample(a: int, *, b: str = "x", **rest: float) -> "list[int]":
    """Do this.

    More on it,
    in two lines.

    Args:
        a: The first,
            on two lines.
        b: The second.

    Returns:
        A list `[a]`
        of numbers.

    Raises:
        ValueError: If `a` is 0.

    Example:
        >>> sample(1)
        [1]
    """
    return [a]


SAMPLE = """### sample

```python
sample(a: int, *, b: str = 'x', **rest: float) -> 'list[int]'
```

Do this.

More on it,
in two lines.

Arguments:

- `a`: The first, on two lines.
- `b`: The second.

Returns: A list `[a]` of numbers.

Raises:

- `ValueError`: If `a` is 0.

Example:

```python
>>> sample(1)
[1]
```"""


def test_a_function_is_rendered(builder: ModuleType) -> None:
    assert "\n".join(builder._export_parts("sample", sample)) == SAMPLE


class Settings:
    count = 3
    names: tuple[str, ...] = ()


def with_named_defaults(
    count: int = Settings.count,
    names: tuple[str, ...] = Settings.names,
    *,
    folder: Path = DOCS,
    text: str = __name__,
) -> None:
    """Do this."""


def test_numbers_and_texts_stand_for_their_names(builder: ModuleType) -> None:
    signature = "\n".join(builder._export_parts("named", with_named_defaults))
    assert "count: int = 3,\n" in signature
    assert f"text: str = {__name__!r},\n" in signature
    # Records and other objects keep their names.
    assert "names: tuple[str, ...] = Settings.names,\n" in signature
    assert "folder: Path = DOCS,\n" in signature


def test_text_after_a_section_is_no_part_of_it(builder: ModuleType) -> None:
    rendered = builder.render_docstring("Do.\n\nArgs:\n    a: One.\n\nAnd then more.")
    assert rendered == "Do.\n\nArguments:\n\n- `a`: One.\n\nAnd then more."


def test_long_signatures_have_a_line_for_each_parameter(builder: ModuleType) -> None:
    names = [f"parameter_{i}: int" for i in range(6)]
    signature = builder._format("run", names, " -> None")
    assert signature.splitlines()[1:-1] == [f"    {name}," for name in names]
    assert signature.splitlines()[0] == "run("
    assert signature.splitlines()[-1] == ") -> None"
