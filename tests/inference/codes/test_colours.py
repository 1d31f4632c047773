import numpy as np

from distill.inference.codes.colours import MOST_COLUMNS, colour_codes, grid_element


def test_equal_codes_have_equal_colours_and_rare_ones_are_darker() -> None:
    colours = colour_codes(np.array([3, 5, 3]))
    assert (colours[0] == colours[2]).all()
    assert (colours[0] != colours[1]).any()
    darker = colour_codes(np.array([3]), np.array([9, 9, 9, 0]))
    assert darker.max() < colours[0].max()


def test_the_picture_of_a_long_grid_is_small(new_grid) -> None:
    html = grid_element(new_grid(T=20 * MOST_COLUMNS))
    assert html.startswith("<div><img ")
    assert len(html) < 30_000
