"""Imports flow one way, and stand at the top of their file."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import distill

ROOT = Path(distill.__file__).parent
FOR_ALL = {"bounds", "claims", "errors", "settings", "device", "files", "process", "exports"} | {
    "cancellation",
    "curve_text",
    "event_lines",
    "html",
    "ordered_map",
    "printable",
    "progress",
    "ranks",
}
LAYERS = [
    "audio",
    "data",
    "models",
    "inference",
    "hosts",
    "live",
    "training",
    "workflows",
    "library",
    "ui",
    "cli",
]
FLOORS = {
    "inference": [
        {"codes", "events"},
        {"sampling", "copies"},
        {"blending"},
        {"modes", "heal"},
        {"recipe"},
        {"generate"},
    ],
    "training": [
        # What both trainings share.
        {"checkpoint", "checkpoint_types", "config", "corpus_facts", "curves", "metrics"}
        | {"out_of_memory", "paths", "prior_config", "rules", "threads"}
        | {"weight_average"},
        {"world"},
        {"many_processes"},
        {"codec", "prior"},
        {"loop", "prior_loop"},
    ],
}
"""Folders and files inside a layer, from the ground up: none knows another of its own floor."""

FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))


def height(module: str) -> int:
    """How high a module stands: 0 is for all, a module imports only what stands as high or
    lower."""
    part = module.split(".")[1] if "." in module else ""
    if part == "" or part in FOR_ALL:
        return 0
    return len(LAYERS) if part == "__main__" else LAYERS.index(part) + 1


def room(module: str) -> tuple[str, str]:
    """Layer, and folder or file inside it: `("inference", "codes")`; each may be empty."""
    _, layer, inside, *_ = [*module.split("."), "", ""]
    return layer, inside


def floor(layer: str, inside: str) -> int:
    """How high a folder or file stands inside its layer."""
    (number,) = [i for i, rooms in enumerate(FLOORS[layer]) if inside in rooms]
    return number


def module_name(file: str) -> str:
    parts = ["distill", *Path(file).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file) for file in FILES}


def tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def imports_of(node: ast.AST) -> Iterator[str]:
    """Modules of Distill that an import statement names."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        # `from distill.inference import heal` names the module `distill.inference.heal`.
        members = [f"{node.module}.{alias.name}" for alias in node.names]
        modules = [member for member in members if member in MODULES]
        names = modules or [node.module or ""]
    else:
        names = []
    return (name for name in names if name.split(".")[0] == "distill")


def imports_inside_functions(node: ast.AST, function: str = "") -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from imports_inside_functions(child, getattr(child, "name", "lambda"))
        elif isinstance(child, ast.Import | ast.ImportFrom) and function not in ("", "__getattr__"):
            yield f"{function}, line {child.lineno}"
        else:
            yield from imports_inside_functions(child, function)


def test_every_file_is_found() -> None:
    assert {file.split("/")[0] for file in FILES if "/" in file} == set(LAYERS)
    assert {file.removesuffix(".py") for file in FILES if "/" not in file} == FOR_ALL | {
        "__init__",
        "__main__",
    }


@pytest.mark.parametrize("file", FILES)
def test_imports_flow_one_way(file: str) -> None:
    # The package itself exports from all layers; of it they import the version alone.
    own = len(LAYERS) if file == "__init__.py" else height(module_name(file))
    used = {name for node in ast.walk(tree(file)) for name in imports_of(node)}
    assert {name for name in used if height(name) > own} == set()


@pytest.mark.parametrize("layer", FLOORS)
def test_every_room_of_a_layer_has_a_floor(layer: str) -> None:
    rooms = {inside for other, inside in map(room, MODULES) if other == layer and inside}
    assert rooms == set().union(*FLOORS[layer])


@pytest.mark.parametrize("file", [file for file in FILES if room(module_name(file))[0] in FLOORS])
def test_rooms_know_only_lower_floors(file: str) -> None:
    layer, own = room(module_name(file))
    used = {name for node in ast.walk(tree(file)) for name in imports_of(node)}
    inside = {other for other_layer, other in map(room, used) if other_layer == layer and other}
    above = {other for other in inside - {own} if floor(layer, other) >= floor(layer, own)}
    assert above == set()


@pytest.mark.parametrize("file", [file for file in FILES if not file.startswith("cli/")])
def test_imports_stand_at_the_top(file: str) -> None:
    assert list(imports_inside_functions(tree(file))) == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f():\n import torch", ["f, line 2"]),
        ("class A:\n def f(self):\n  if self:\n   from a import b", ["f, line 4"]),
        ("def __getattr__(name):\n from a import b", []),
        ("if True:\n import torch", []),
    ],
)
def test_the_check_itself(source: str, names: list[str]) -> None:
    assert list(imports_inside_functions(ast.parse(source))) == names
