"""The line about a generated sound."""

from dataclasses import replace
from pathlib import Path

import pytest

from distill.cli.render_lines import render_line
from distill.inference.generate import Generated, generate
from distill.inference.modes.request import Request
from distill.library.rendering import RenderResult
from distill.models.persistence import load_model_v2


@pytest.fixture(scope="module")
def sound(trained: Path) -> Generated:
    (made,) = generate(load_model_v2(trained), Request(duration=0.5, seed=7))
    return made


def test_it_says_how_much_repeats_the_corpus(sound: Generated) -> None:
    assert sound.copy is not None
    line = render_line(RenderResult(path=Path("new.wav"), sound=sound, render=None))
    assert line.startswith("new.wav: 0.5 s, ")
    assert "seed 7" in line
    assert line.endswith(sound.copy.sentence)


def test_it_says_that_no_draw_stayed_under_the_limit(sound: Generated) -> None:
    assert sound.copy is not None
    copy = replace(sound.copy, passage_percent=50.0)
    result = RenderResult(path=Path("a.wav"), sound=replace(sound, copy=copy), render=None)
    assert "stayed under --max-copy 10;" in render_line(result, max_copy=10.0)


def test_it_says_that_copies_are_not_known(sound: Generated) -> None:
    result = RenderResult(path=Path("a.wav"), sound=replace(sound, copy=None), render=None)
    assert "is unknown" in render_line(result)
