"""Names of the quantiser levels."""


def level_names(num_quantizers: int) -> tuple[str, ...]:
    """Names of the levels of a codec, from the coarsest to the finest.

    Raises:
        ValueError: If there is no level.
    """
    if num_quantizers < 1:
        raise ValueError("a codec has at least one level")
    if num_quantizers == 1:
        return ("Structure",)
    if num_quantizers == 2:
        return ("Structure", "Detail")
    if num_quantizers == 3:
        return ("Structure", "Timbre", "Detail")
    if num_quantizers == 4:
        return ("Structure", "Timbre", "Texture", "Detail")
    details = (f"Detail {number}" for number in range(1, num_quantizers - 2))
    return ("Structure", "Timbre", "Texture", *details)
