"""Verdicts and advice are shown by every face, so they name no option of the command line."""

import ast
import re
from pathlib import Path

import pytest

import distill

FILES = (
    "data/doctor.py",
    "data/layout.py",
    "training/rules.py",
    "training/corpus_facts.py",
    "training/out_of_memory.py",
    "training/codec/run.py",
    "training/codec/trainer.py",
    "training/codec/verdict.py",
    "training/prior/epoch.py",
    "training/prior/run.py",
    "training/prior/verdict.py",
)
"""What writes sentences that a training or a scan tells."""

OPTION = re.compile(r"\s--[a-z]|--[a-z-]+\s")
"""An option among other words: alone it is the name of a number that is checked."""


@pytest.mark.parametrize("file", FILES)
def test_no_sentence_names_an_option(file: str) -> None:
    tree = ast.parse((Path(distill.__file__).parent / file).read_text(encoding="utf-8"))
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert texts
    assert [text for text in texts if OPTION.search(text)] == []
