"""Write docs/python-api.md from the docstrings: `python docs/build_python_reference.py`.

Signatures come from the source text, so that the page is the same on every Python and machine.
Defaults that the source names (`Request.count`) are shown as their values.
Docstrings are Google style: their sections become lists and code blocks.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import distill
import distill.models
import distill.training
from distill.workflows.edit import EDITS

PAGE = Path(__file__).with_name("python-api.md")
LONGEST_SIGNATURE = 88
"""Characters of a signature on one line; longer ones get a line for each parameter."""

HEAD = """# Python API

Written by `python docs/build_python_reference.py` from the docstrings; a test compares the two.
Names that are not on this page may change. Letters in shapes are those of
[architecture.md](architecture.md#letters).
"""

INTROS = {
    "distill": "Everything that the command line does. Torch is loaded on first use.",
    "distill.models": "Networks and the model file.",
    "distill.training": "Training with your own loop or callbacks.",
}

TITLES = {
    "Args": "Arguments",
    "Attributes": "Attributes",
    "Returns": "Returns",
    "Yields": "Yields",
    "Raises": "Raises",
}
EXAMPLES = ("Example", "Examples")
SECTION = re.compile(rf"({'|'.join([*TITLES, *EXAMPLES])}):")
ENTRY = re.compile(r"(\*{0,2}[\w.]+(?:, [\w.]+)*): (.*)", re.DOTALL)

Definition = ast.FunctionDef | ast.ClassDef


# --- the page -------------------------------------------------------------------------------------


def page() -> str:
    """The whole of docs/python-api.md."""
    parts = [HEAD]
    for module in (distill, distill.models, distill.training):
        parts += _module_parts(module)
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _module_parts(module: ModuleType) -> Iterator[str]:
    name = module.__name__
    yield f"## {name}\n\n{INTROS[name]}"
    for export in module.__all__:
        value = getattr(module, export)
        if not isinstance(value, ModuleType):
            yield from _export_parts(f"{name}.{export}", value)
    for export in module.__all__:
        value = getattr(module, export)
        if isinstance(value, ModuleType):
            yield f"## {name}.{export}\n\n{render_docstring(value.__doc__)}"
            for member in members(value):
                yield from _export_parts(f"{name}.{export}.{member.__name__}", member)


def members(module: ModuleType) -> list[Any]:
    """Functions and classes of a module that is exported whole, in the order of its source."""
    if module is distill.edit:
        return list(EDITS.values())
    if hasattr(module, "__all__"):
        return [getattr(module, name) for name in module.__all__]
    return [
        value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    ]


def _export_parts(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, type):
        yield from _class_parts(name, value)
    elif callable(value):
        yield _entry(f"### {name}", _signature(_parse(value)), value.__doc__)
    else:
        yield f"### {name}\n\nA {type(value).__name__}."


def _class_parts(name: str, value: type) -> Iterator[str]:
    definition = _parse(value)
    assert isinstance(definition, ast.ClassDef)
    yield _entry(f"### {name}", _constructor(definition), value.__doc__)
    for node in definition.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            docstring = ast.get_docstring(node)
            if docstring:
                yield _entry(f"#### {definition.name}.{node.name}", _method(node), docstring)


def _entry(heading: str, signature: str, docstring: str | None) -> str:
    code = f"\n\n```python\n{signature}\n```" if signature else ""
    return f"{heading}{code}\n\n{render_docstring(docstring)}"


# --- signatures -----------------------------------------------------------------------------------


def _parse(value: Callable[..., Any] | type) -> Definition:
    """The definition of a function or class in its source, with values of its defaults."""
    original = inspect.unwrap(value)
    source = textwrap.dedent(inspect.getsource(original))
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef | ast.ClassDef)
    namespace = vars(sys.modules[original.__module__])
    for node in ast.walk(definition):
        if isinstance(node, ast.AnnAssign) and node.value:
            node.value = _plain_value(node.value, namespace)
        elif isinstance(node, ast.arguments):
            node.defaults = [_plain_value(default, namespace) for default in node.defaults]
            node.kw_defaults = [
                default and _plain_value(default, namespace) for default in node.kw_defaults
            ]
    return definition


def _plain_value(default: ast.expr, namespace: dict[str, Any]) -> ast.expr:
    """The number or text that a dotted name stands for; any other default as it is written."""
    first, *attributes = ast.unparse(default).split(".")
    if not isinstance(default, ast.Name | ast.Attribute) or first not in namespace:
        return default
    value = namespace[first]
    for attribute in attributes:
        value = getattr(value, attribute)
    return ast.Constant(value) if isinstance(value, bool | int | float | str) else default


def _constructor(definition: ast.ClassDef) -> str:
    """How an object is made: by `__init__`, or by the fields of a dataclass or tuple."""
    for node in definition.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            return _format(definition.name, _parameters(node)[1:], "")
    fields = [ast.unparse(node) for node in definition.body if isinstance(node, ast.AnnAssign)]
    return _format(definition.name, fields, "") if fields else ""


def _method(definition: ast.FunctionDef) -> str:
    decorators = [ast.unparse(decorator) for decorator in definition.decorator_list]
    if any("property" in decorator for decorator in decorators):
        returns = f": {ast.unparse(definition.returns)}" if definition.returns else ""
        return f"{definition.name}{returns}"
    if "staticmethod" in decorators:
        return _signature(definition)
    return _format(definition.name, _parameters(definition)[1:], _returns(definition))


def _signature(definition: Definition) -> str:
    assert isinstance(definition, ast.FunctionDef)
    return _format(definition.name, _parameters(definition), _returns(definition))


def _returns(definition: ast.FunctionDef) -> str:
    return f" -> {ast.unparse(definition.returns)}" if definition.returns else ""


def _format(name: str, parameters: list[str], returns: str) -> str:
    """A signature on one line, or with a line for each parameter."""
    line = f"{name}({', '.join(parameters)}){returns}"
    if len(line) <= LONGEST_SIGNATURE:
        return line
    return f"{name}(\n" + "".join(f"    {parameter},\n" for parameter in parameters) + f"){returns}"


def _parameters(definition: ast.FunctionDef) -> list[str]:
    """Parameters with annotations and defaults."""
    arguments = definition.args
    positional = arguments.posonlyargs + arguments.args
    without_default = len(positional) - len(arguments.defaults)
    defaults = [None] * without_default + list(arguments.defaults)
    texts = [_parameter(*pair) for pair in zip(positional, defaults, strict=True)]
    if arguments.vararg:
        texts.append(f"*{_parameter(arguments.vararg, None)}")
    elif arguments.kwonlyargs:
        texts.append("*")
    keyword_only = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    texts += [_parameter(*pair) for pair in keyword_only]
    if arguments.kwarg:
        texts.append(f"**{_parameter(arguments.kwarg, None)}")
    return texts


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    annotation = f": {ast.unparse(argument.annotation)}" if argument.annotation else ""
    if default is None:
        return f"{argument.arg}{annotation}"
    equals = " = " if annotation else "="
    return f"{argument.arg}{annotation}{equals}{ast.unparse(default)}"


# --- docstrings -----------------------------------------------------------------------------------


def render_docstring(docstring: str | None) -> str:
    """A Google-style docstring as Markdown: paragraphs, lists of entries, blocks of code."""
    lines = inspect.cleandoc(docstring or "").splitlines()
    parts = []
    start = 0
    while start < len(lines):
        stop = _section_end(lines, start)
        parts.append(_render_section(lines[start:stop]))
        start = stop
    return "\n\n".join(part for part in parts if part)


def _section_end(lines: list[str], start: int) -> int:
    """The line at which the next section begins, or text that no longer belongs to this one."""
    is_section = SECTION.fullmatch(lines[start]) is not None
    for i in range(start + 1, len(lines)):
        if SECTION.fullmatch(lines[i]):
            return i
        if is_section and lines[i] and not lines[i].startswith(" "):
            return i
    return len(lines)


def _render_section(lines: list[str]) -> str:
    heading = SECTION.fullmatch(lines[0])
    if heading is None:
        return _render_text(lines)
    body = textwrap.dedent("\n".join(lines[1:])).strip("\n")
    if heading[1] in EXAMPLES:
        return f"Example:\n\n{_render_example(body)}"
    title = TITLES[heading[1]]
    entries = [_render_entry(entry) for entry in _entries(body)]
    if entries and all(entry.startswith("- ") for entry in entries):
        return f"{title}:\n\n" + "\n".join(entries)
    return f"{title}: {' '.join(body.split())}"


def _render_text(lines: list[str]) -> str:
    """Paragraphs as they are; indented ones as blocks of text."""
    parts = []
    for paragraph in re.split(r"\n\s*\n", "\n".join(lines).strip("\n")):
        if paragraph.startswith("    "):
            parts.append(f"```text\n{textwrap.dedent(paragraph)}\n```")
        else:
            parts.append(paragraph)
    return "\n\n".join(parts)


def _render_example(body: str) -> str:
    # A line of prose in backticks is no code block.
    if body.startswith("`"):
        return body
    return f"```python\n{body}\n```"


def _entries(body: str) -> list[str]:
    """The entries of a section: a line without indent and the indented lines after it."""
    entries: list[str] = []
    for line in body.splitlines():
        if line.startswith(" ") and entries:
            entries[-1] += f" {line.strip()}"
        elif line:
            entries.append(line)
    return entries


def _render_entry(entry: str) -> str:
    match = ENTRY.fullmatch(entry)
    return f"- `{match[1]}`: {match[2]}" if match else entry


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"Wrote {PAGE}")
