import pytest

from distill.data.cache import Width
from distill.data.layout import choose_layout, fixed_layout

MONO, DUAL, WIDE = Width(1, -120.0, 1.0), Width(2, -90.0, 1.0), Width(2, -12.0, 1.0)


@pytest.mark.parametrize(
    ("files", "layout"),
    [
        ([MONO] * 9, (1, 1)),
        ([DUAL] * 9, (1, 2)),
        ([WIDE] * 9, (2, 2)),
        ([DUAL] * 5 + [MONO] * 4, (1, 2)),
        ([DUAL] * 4 + [MONO] * 5, (1, 1)),
        ([WIDE] + [MONO] * 9, (2, 2)),
        ([WIDE] + [MONO] * 10, (1, 1)),
        ([WIDE] + [DUAL] * 10, (1, 2)),
        ([WIDE._replace(duration_s=100.0)] + [MONO] * 30, (2, 2)),
        ([], (1, 1)),
    ],
)
def test_the_corpus_decides(files: list[Width], layout: tuple[int, int]) -> None:
    choice = choose_layout(files)
    assert (choice.channels, choice.output_channels) == layout
    word = {(1, 1): "Mono", (1, 2): "Dual mono", (2, 2): "Stereo"}[layout]
    assert choice.reason.startswith(word)
    if WIDE in files:
        assert f"1 of {len(files)} files" in choice.reason or layout == (2, 2)


def test_unless_it_is_asked_for() -> None:
    assert fixed_layout(1)[:2] == (1, 1)
    assert fixed_layout(2) == (2, 2, "Stereo, as was chosen.")
