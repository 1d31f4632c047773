"""Curves over time as a user writes them: `0:20,5:90`, or one number for all of it."""

Points = tuple[tuple[float, float], ...]
"""Seconds and values."""


def read_points(text: str) -> Points:
    """The points of a curve in text.

    Args:
        text: `seconds:value`, separated by commas; a single number is a constant.

    Raises:
        ValueError: It is neither.

    Example:
        >>> read_points("0:20,5:90")
        ((0.0, 20.0), (5.0, 90.0))
    """
    if ":" not in text:
        return ((0.0, float(text)),)
    pairs = (point.split(":") for point in text.split(","))
    return tuple((float(seconds), float(value)) for seconds, value in pairs)
