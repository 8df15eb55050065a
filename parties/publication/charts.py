"""The bulletin's drawings as SVG to stand inside the page: intervals of a region's authorities, and a tile for every authority. Pure.

Plain shapes and text, no script, no font and no link from elsewhere; who cannot see them has the caption and the table.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol
from xml.etree import ElementTree as ET

from parties.publication.places import Row
from schemas.geography import Place, authorities, regions

INK, LINE, PALE, PAPER = "#26323d", "#1d5b99", "#b9c4cd", "#ffffff"
SHADES: Final = ("#eef4fa", "#d3e3f3", "#aecbe8", "#86b0da", "#5f97cd")  # dark ink is legible on each
FONT: Final = {"font-family": "sans-serif", "font-size": "12", "fill": INK}
WIDTH, NAMES, ROW, TOP = 720, 250, 22, 26
TILE_WIDTH, TILE_HEIGHT, PER_ROW, GAP, LETTERS = 116, 34, 6, 4, 17
TICKS: Final = 4


class Counted(Protocol):
    """A count with its interval, none below 0; a mark where the interval is wide."""

    @property
    def value(self) -> int: ...  # noqa: D102 - the class says it
    @property
    def lower(self) -> int: ...  # noqa: D102
    @property
    def upper(self) -> int: ...  # noqa: D102
    @property
    def mark(self) -> str: ...  # noqa: D102


def most_first(rows: Sequence[Row], language: str) -> list[tuple[str, Row]]:
    """Return rows with their places' names, the most children first."""
    return [(row.place.named(language), row) for row in sorted(rows, key=lambda row: (-row.value, row.place.code))]


def intervals_svg(named: Sequence[tuple[str, Counted]], caption: str) -> str:
    """Return rows under their names, in this order: a dot for the count, a line for its interval."""
    end = _round_up(max(1, *(row.upper for _, row in named)))
    drawing = _drawing(WIDTH, TOP + ROW * len(named) + 8, caption)
    for tick in range(TICKS + 1):
        value = end * tick // TICKS
        across = _across(value, end)
        _add(drawing, "line", x1=across, x2=across, y1=TOP - 4, y2=TOP + ROW * len(named), stroke=PALE)
        _text(drawing, f"{value:,}", x=across, y=TOP - 10, anchor="middle")
    for number, (name, row) in enumerate(named):
        middle = TOP + ROW * number + ROW / 2
        _text(drawing, name, x=NAMES - 8, y=middle + 4, anchor="end")
        _add(drawing, "line", x1=_across(row.lower, end), x2=_across(row.upper, end), y1=middle, y2=middle, stroke=LINE, stroke_width=2)
        _add(drawing, "circle", cx=_across(row.value, end), cy=middle, r=4, stroke=LINE, stroke_width=2, fill=PAPER if row.mark else LINE)
    return ET.tostring(drawing, encoding="unicode")


def tiles_svg(rows: Sequence[Row], language: str, caption: str) -> str:
    """Return a tile for each authority of England and Wales, by region: shaded where it is part of the table, empty where it is not."""
    counted = {row.place.code: row for row in rows}
    most = max([row.value for row in rows], default=0)
    blocks = [(region, sorted(_of(region), key=lambda place: place.named(language))) for region in regions().values()]
    height = sum(TOP + (TILE_HEIGHT + GAP) * -(-len(places) // PER_ROW) for _, places in blocks) + GAP
    drawing = _drawing(WIDTH, height, caption)
    _hatching(drawing)
    top = 0
    for region, places in blocks:
        _text(drawing, region.named(language), x=0, y=top + 18, weight="bold")
        top += TOP
        for number, place in enumerate(places):
            across, down = number % PER_ROW * (TILE_WIDTH + GAP), top + number // PER_ROW * (TILE_HEIGHT + GAP)
            _tile(drawing, place.named(language), counted.get(place.code), most, (across, down))
        top += (TILE_HEIGHT + GAP) * -(-len(places) // PER_ROW)
    return ET.tostring(drawing, encoding="unicode")


def _tile(drawing: ET.Element, name: str, row: Row | None, most: int, at: tuple[float, float]) -> None:
    box = {"x": at[0] + 0.5, "y": at[1] + 0.5, "width": TILE_WIDTH - 1, "height": TILE_HEIGHT - 1}
    tile = _add(drawing, "g")
    _add(tile, "title").text = name if row is None else f"{name}: {row.value:,} ({row.lower:,}\N{EN DASH}{row.upper:,})"
    _add(tile, "rect", **box, fill=PAPER if row is None else _shade(row.value, most), stroke=PALE)
    if row is not None and row.mark:
        _add(tile, "rect", **box, fill="url(#wide)")
    short = name if len(name) <= LETTERS else f"{name[: LETTERS - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"
    _text(tile, short, x=at[0] + 5, y=at[1] + (21 if row is None else 14), size=11)
    if row is not None:
        _text(tile, f"{row.value:,}", x=at[0] + 5, y=at[1] + 28, size=11, weight="bold")


def _hatching(drawing: ET.Element) -> None:
    pattern = _add(_add(drawing, "defs"), "pattern", id="wide", width=6, height=6, patternUnits="userSpaceOnUse")
    _add(pattern, "path", d="M0 6L6 0", stroke=PALE, stroke_width=1)


def _of(region: Place) -> list[Place]:
    return [place for place in authorities().values() if place.within == region.code]


def _shade(value: int, most: int) -> str:
    return SHADES[min(len(SHADES) - 1, value * len(SHADES) // (most + 1))]


def _round_up(value: int) -> int:
    """Return the next number of the form 4, 8, 20, 40, 80, 200, …, so that ticks are whole."""
    step, found = 1, 0
    while not found:
        found = next((TICKS * factor * step for factor in (1, 2, 5) if TICKS * factor * step >= value), 0)
        step *= 10
    return found


def _across(value: float, end: int) -> float:
    return round(NAMES + (WIDTH - NAMES - 30) * value / end, 1)


def _drawing(width: int, height: float, caption: str) -> ET.Element:
    box = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {width} {height:g}",
        "width": "100%",
        "role": "img",
        "aria-label": caption,
    }
    return ET.Element("svg", box)


def _add(parent: ET.Element, tag: str, **given: str | float) -> ET.Element:
    return ET.SubElement(
        parent, tag, {name.replace("_", "-"): value if isinstance(value, str) else f"{value:g}" for name, value in given.items()}
    )


def _text(parent: ET.Element, text: str, *, x: float, y: float, anchor: str = "start", weight: str = "normal", size: int = 12) -> None:
    style: Mapping[str, str] = {**FONT, "font-size": str(size), "text-anchor": anchor, "font-weight": weight}
    ET.SubElement(parent, "text", {**style, "x": f"{x:g}", "y": f"{y:g}"}).text = text
