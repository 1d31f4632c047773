"""Smaller inputs with the same fault, by leaving parts out (delta debugging, Zeller 1999)."""

import time
from collections.abc import Callable


def minimise(content: bytes, has_fault: Callable[[bytes], bool], seconds: float) -> bytes:
    """A part of `content` that still has the fault.

    Args:
        content: Bytes with the fault.
        has_fault: Whether bytes have it.
        seconds: Time for the search.
    """
    stop_at = time.monotonic() + seconds
    size = len(content) // 2
    while size:
        start = 0
        while start < len(content):
            if time.monotonic() > stop_at:
                return content
            smaller = content[:start] + content[start + size :]
            if has_fault(smaller):
                content = smaller
            else:
                start += size
        size //= 2
    return content
