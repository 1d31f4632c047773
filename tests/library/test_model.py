import random

from hypothesis import given
from hypothesis import strategies as st

from distill.library.model import CorpusChange, CorpusFile, corpus_change, file_id
from distill.library.workspace import check_id


def files(*names: str, **weights: float) -> list[CorpusFile]:
    return [CorpusFile(name=name, hash=name, weight=weights.get(name, 1.0)) for name in names]


def test_what_changed_is_told_by_content() -> None:
    before = [*files("a", "b", "c", "d", "e"), CorpusFile(name="m", hash="m", muted=True)]
    after = [
        CorpusFile(name="renamed a", hash="a"),
        *files("b", "new", b=2.0),
        CorpusFile(name="c", hash="c", muted=True),
        CorpusFile(name="m", hash="m"),
        *files("d"),
    ]
    random.Random(0).shuffle(after)
    change = corpus_change(before, after)
    assert set(change.added) == {"new", "m"}
    assert set(change.removed) == {"c", "e"}
    assert change.weighted == (("b", 2.0),)
    assert change.text == "+2, −2, b ×2"


def test_the_same_corpus() -> None:
    assert corpus_change(files("a"), files("a")) == CorpusChange()
    assert CorpusChange().text == "the same corpus"


@given(st.text())
def test_any_file_has_an_id(file: str) -> None:
    assert check_id(file_id(file)) == file_id(file)
