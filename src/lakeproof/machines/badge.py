"""A badge for a README: `lakeproof | 41/43, 2 failed`, as an image of its own.

The colour says what the words say.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from lakeproof.machines.standing import Standing
from lakeproof.verdict import Outcome
from lakeproof.wording import printable

SVG = "http://www.w3.org/2000/svg"
LABEL = "lakeproof"
# White text on each has a contrast of 4.5 at least.
GREEN, RED, GREY, BLUE = "#2e7d32", "#c62828", "#616161", "#1565c0"
LETTER, PADDING, HEIGHT = 6.6, 10, 20
BASELINE = 14
FONT = "Verdana, DejaVu Sans, sans-serif"


def badge(found: Sequence[Standing], label: str = LABEL) -> str:
    """The badge of an endpoint or, of several, of their site, as SVG."""
    text, colour = _says(found)
    return drawn(label, text, colour)


def drawn(label: str, text: str, colour: str) -> str:
    """Two fields beside each other; `textLength` keeps words in their field in every font."""
    label, text = printable(label), printable(text)
    left, right = _width(label), _width(text)
    size = {"width": str(left + right), "height": str(HEIGHT)}
    svg = Element("svg", {"xmlns": SVG, **size, "role": "img", "aria-label": f"{label}: {text}"})
    SubElement(svg, "title").text = f"{label}: {text}"
    _field(svg, 0, left, "#424242", label)
    _field(svg, left, right, colour, text)
    return tostring(svg, encoding="unicode") + "\n"


def _says(found: Sequence[Standing]) -> tuple[str, str]:
    met = sum(each.core[0] for each in found)
    judged = sum(each.core[1] for each in found)
    failed, fixed, unjudged = (
        sum(each.count[outcome] for each in found)
        for outcome in (Outcome.FAIL, Outcome.FIXED, Outcome.ERROR)
    )
    if failed:
        return f"{met}/{judged}, {failed} failed", RED
    if unjudged or not any(each.judged for each in found):
        return f"{met}/{judged}, {unjudged} not judged" if judged else "not judged", GREY
    return f"{met}/{judged}", BLUE if fixed or met < judged else GREEN


def _width(text: str) -> int:
    return round(len(text) * LETTER) + PADDING


def _field(svg: Element, at: int, width: int, colour: str, text: str) -> None:
    place = {"x": str(at), "width": str(width), "height": str(HEIGHT), "fill": colour}
    SubElement(svg, "rect", place)
    SubElement(
        svg,
        "text",
        {
            "x": str(at + PADDING // 2),
            "y": str(BASELINE),
            "fill": "#ffffff",
            "font-family": FONT,
            "font-size": "11",
            "textLength": str(width - PADDING),
            "lengthAdjust": "spacingAndGlyphs",
        },
    ).text = text
