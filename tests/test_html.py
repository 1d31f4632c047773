import pytest

from distill.html import LONGEST_TEXT, card, image_element, line_chart


def test_texts_of_files_are_no_markup() -> None:
    html = card("<b>", {"<i>": "a & b", "none": None, "long": "x" * 1000, "steer": "\x1b[2J"})
    assert "&lt;b&gt;" in html
    assert "&lt;i&gt;" in html
    assert "a &amp; b" in html
    assert "none" not in html
    assert "x" * (LONGEST_TEXT + 1) not in html
    assert "\x1b" not in html
    assert 'alt="&quot;"' in image_element(b"", "image/png", '"', 1, 1)


def test_a_chart_has_a_line_for_each_curve_and_a_bounded_size() -> None:
    chart = line_chart("Loss", {"own": [3.0, 1.0], "held out": [float(i) for i in range(10_001)]})
    assert chart.count("<polyline") == 2
    assert "own 3 → 1" in chart
    assert len(chart) < 10_000
    assert "10000" in chart.replace("1e+04", "10000")


@pytest.mark.parametrize("curves", [{}, {"own": []}, {"own": [1.0]}])
def test_without_two_points_there_is_no_chart(curves: dict[str, list[float]]) -> None:
    assert line_chart("Loss", curves) == ""


def test_a_flat_curve_is_a_line() -> None:
    assert "nan" not in line_chart("Loss", {"own": [2.0, 2.0]})
