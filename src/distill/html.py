"""Pieces of HTML that objects show of themselves in notebooks. Nothing of IPython is imported.

Source of the protocol: `_repr_html_`, https://ipython.readthedocs.io/en/stable/config/integrating.html.
"""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from distill.printable import visible

CHART_WIDTH = 360
"""Pixels."""

CHART_HEIGHT = 90
"""Pixels."""

MOST_POINTS = 400
"""Points of a curve, at most: as many as a chart has pixels."""

LONGEST_TEXT = 300
"""Characters of a fact: names come from files, and may be of any length."""

COLOURS = ("#3b7dd8", "#d8743b", "#4f9d5d")
"""Colours of curves that stand out on white and on black."""


def card(title: str, facts: Mapping[str, Any], *parts: str) -> str:
    """A title, a table of facts (those that are None left out), and parts of HTML below.

    Args:
        title: Plain text.
        facts: Plain texts or numbers by their names.
        *parts: HTML.
    """
    rows = "".join(
        f'<tr><th style="text-align:left">{_text(name)}</th>'
        f'<td style="text-align:left">{_text(value)}</td></tr>'
        for name, value in facts.items()
        if value is not None
    )
    return f"<div><strong>{_text(title)}</strong><table>{rows}</table>{''.join(parts)}</div>"


def _text(value: Any) -> str:
    text = str(value)
    return escape(visible(text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"))


def audio_element(data: bytes, kind: str) -> str:
    """A player of a sound file.

    Args:
        data: The file.
        kind: Its MIME type, such as `audio/mpeg`.
    """
    return f'<audio controls preload="metadata" src="{_data_url(data, kind)}"></audio>'


def image_element(data: bytes, kind: str, alt: str, width: int, height: int) -> str:
    """A picture of cells, enlarged to `width` x `height` pixels with sharp edges."""
    style = f"image-rendering:pixelated;width:{width}px;height:{height}px;max-width:100%"
    return (
        f'<div><img src="{_data_url(data, kind)}" alt="{escape(alt, quote=True)}" '
        f'style="{style}"></div>'
    )


def _data_url(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def line_chart(title: str, curves: Mapping[str, Sequence[float]]) -> str:
    """A small chart of curves, each over its own length; empty without two points of one.

    Args:
        title: Plain text.
        curves: Finite values by name.
    """
    shown = {name: _thinned(values) for name, values in curves.items() if len(values) > 1}
    if not shown:
        return ""
    lowest = min(min(values) for values in shown.values())
    highest = max(max(values) for values in shown.values())
    scale = (CHART_HEIGHT - 2) / ((highest - lowest) or 1.0)
    lines = []
    for (_, values), colour in zip(shown.items(), COLOURS, strict=False):
        step = CHART_WIDTH / (len(values) - 1)
        points = " ".join(
            f"{i * step:.1f},{1 + (highest - value) * scale:.1f}" for i, value in enumerate(values)
        )
        lines.append(f'<polyline fill="none" stroke="{colour}" points="{points}"/>')
    names = ", ".join(
        f'<span style="color:{colour}">{_text(name)} {values[0]:.3g} → {values[-1]:.3g}</span>'
        for (name, values), colour in zip(shown.items(), COLOURS, strict=False)
    )
    return (
        f'<div><svg width="{CHART_WIDTH}" height="{CHART_HEIGHT}" role="img" '
        f'aria-label="{_text(title)}">{"".join(lines)}</svg><br>{_text(title)}: {names}</div>'
    )


def _thinned(values: Sequence[float]) -> list[float]:
    """At most `MOST_POINTS` of `values`, the last one among them."""
    every = -(-len(values) // MOST_POINTS)
    return [*values[:-1:every], values[-1]]
