"""The second model and its share, as users write them."""

from pathlib import Path
from typing import Any

import pytest

from distill.errors import UsageError
from distill.inference.blending.settings import Blend, read_blend


@pytest.mark.parametrize(
    ("value", "blend"),
    [
        (None, None),
        ([], None),
        ("other.sda:0.4", Blend(Path("other.sda"), 0.4)),
        ("C:/a:b.sda:1", Blend(Path("C:/a:b.sda"), 1.0)),
        ("a:b.sda", Blend(Path("a:b.sda"), None)),
        ("other.sda:", Blend(Path("other.sda:"), None)),
        (["other.sda:0"], Blend(Path("other.sda"), 0.0)),
        (("other.sda", 0.4), Blend(Path("other.sda"), 0.4)),
        (["other.sda", 1], Blend(Path("other.sda"), 1)),
        (Path("other.sda"), Blend(Path("other.sda"), None)),
    ],
)
def test_a_blend_is_read(value: Any, blend: Blend | None) -> None:
    assert read_blend(value) == blend


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("other.sda:1.5", "between 0 and 1"),
        ("other.sda:-0.1", "between 0 and 1"),
        ("other.sda:nan", "between 0 and 1"),
        (("other.sda", 10**400), "between 0 and 1"),
        (("other.sda", True), "such as other.sda:0.4"),
        (("other.sda", "0.4"), "give --blend once"),
        (["a.sda:0.1", "b.sda:0.2"], "give --blend once"),
        (["a.sda", 0.1, 3], "give --blend once"),
        (0.4, "such as other.sda:0.4"),
        ((3, 0.4), "such as other.sda:0.4"),
    ],
)
def test_a_blend_that_makes_no_sense(value: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_blend(value)
