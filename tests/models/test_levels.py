"""Names of the quantiser levels."""

import pytest

from distill.models.levels import level_names


@pytest.mark.parametrize(
    ("levels", "names"),
    [
        (1, "Structure"),
        (2, "Structure Detail"),
        (3, "Structure Timbre Detail"),
        (4, "Structure Timbre Texture Detail"),
        (5, "Structure Timbre Texture Detail_1 Detail_2"),
        (8, "Structure Timbre Texture Detail_1 Detail_2 Detail_3 Detail_4 Detail_5"),
    ],
)
def test_level_names(levels: int, names: str) -> None:
    assert level_names(levels) == tuple(name.replace("_", " ") for name in names.split())


def test_no_levels() -> None:
    with pytest.raises(ValueError, match="at least one"):
        level_names(0)
