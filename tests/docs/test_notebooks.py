"""The notebook runs, cell by cell, and what its cells show is bounded HTML."""

import ast
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "first-model.ipynb"
QUICK = {
    '"my.sda", minutes=10': (
        '"my.sda", steps=12, batch_size=2, codebook_size=16, hidden_size=64, threads=1'
    ),
    '"sounds", minutes=10': (
        '"sounds", max_epochs=1, hidden_size=32, num_layers=1, num_heads=2, encodings=2, '
        "min_steps_per_epoch=2, threads=1"
    ),
    "duration=8": "duration=0.5",
}
MOST_BYTES = 1_500_000
VOID = {"img", "br"}


class Balance(HTMLParser):
    """Elements that are opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """The value of the last expression of a cell; None without one."""
    tree = ast.parse(source)
    last = tree.body[-1]
    if not isinstance(last, ast.Expr):
        exec(compile(tree, "cell", "exec"), names)
        return None
    exec(compile(ast.Module(tree.body[:-1], []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@pytest.mark.usefixtures("small_networks")
def test_every_cell_runs(corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sounds").symlink_to(corpus_dir)
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    names: dict[str, Any] = {}
    shown: dict[str, set[str]] = {}
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        # A notebook is committed as it is before it runs.
        assert (cell["outputs"], cell["execution_count"]) == ([], None)
        source = "".join(cell["source"])
        for slow, quick in QUICK.items():
            source = source.replace(slow, quick)
        value = run_cell(source, names)
        if hasattr(value, "_repr_html_"):
            html = value._repr_html_()
            assert len(html) < MOST_BYTES
            balance = Balance()
            balance.feed(html)
            assert balance.open == []
            shown[type(value).__name__] = balance.names
    assert shown.keys() == {
        "TrainingCompleteEvent",
        "PriorTrainingCompleteEvent",
        "LoadedVQModel",
        "Generated",
        "CodeGrid",
    }
    assert {"audio", "img", "table"} <= shown["Generated"]
    assert "img" in shown["CodeGrid"]
    assert (tmp_path / "edited.wav").stat().st_size > 1000
