"""Small charts as SVG that takes its colours from the page, so that it fits light and dark.

Every function gives the text of an element, its labels escaped, which templates take as it is (`|safe`). Matplotlib's
SVG is a hundred times larger and has fixed colours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from benchmarks.metrics import ocr

WIDTH, HEIGHT = 420, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 14, 44
_TICKS = 5
_COLOURS = 8
"""How many colours the style sheet has, `.c0` and so on."""


@dataclass(frozen=True)
class Point:
    """One mark: its place, what is shown when it is pointed at, and the number of its colour."""

    x: float
    y: float
    label: str = ""
    colour: int = 0


@dataclass(frozen=True)
class Axis:
    """One axis: what it shows, and from where to where.

    Attributes:
        label: Quantity and unit.
        low, high: Ends of the axis.
        log: Whether it is logarithmic.
    """

    label: str
    low: float
    high: float
    log: bool = False

    @classmethod
    def over(cls, label: str, values: Iterable[float], log: bool = False, *, margin: float = 0.06) -> Axis:
        """An axis that holds all values, with some room at both ends."""
        found = [value for value in values if not log or value > 0]
        low, high = (min(found), max(found)) if found else (0.0, 1.0)
        if log:
            return cls(label, low / 1.5, high * 1.5, True)
        room = (high - low) * margin or abs(high) * 0.05 or 1.0
        return cls(label, low - room, high + room)

    def share(self, value: float) -> float:
        """Where a value lies, 0 at the low end and 1 at the high one."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round values along the axis."""
        if self.log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            inside = [
                factor * 10.0**power
                for power in powers
                for factor in (1, 3)
                if self.low <= factor * 10.0**power <= self.high
            ]
            if len(inside) > _TICKS:
                return [value for value in inside if math.log10(value).is_integer()]
            if len(inside) > 2:
                return inside
        raw = (self.high - self.low) / _TICKS
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
        return [number * step for number in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def scatter(points: Sequence[Point], x: Axis, y: Axis) -> str:
    """A scatter chart; what has no place on a logarithmic axis is left out."""
    marks = [
        f'<circle class="{_colour(point.colour)}" cx="{_x(x, point.x):.1f}" cy="{_y(y, point.y):.1f}" r="5">'
        f"<title>{escape(point.label)}</title></circle>"
        for point in points
        if point.x > 0 or not x.log
    ]
    return _chart(x, y, marks)


def keys(names: Sequence[str]) -> str:
    """Which colour stands for what, in the order of the colours."""
    items = (f'<li><span class="key {_colour(i)}"></span>{escape(name)}</li>' for i, name in enumerate(names))
    return f'<ul class="keys">{"".join(items)}</ul>'


def _colour(number: int) -> str:
    """The classes of a colour; when all are used they come again, hollow."""
    return f"c{number % _COLOURS}" + (" hollow" if number // _COLOURS % 2 else "")


def lines(series: Sequence[tuple[str, Sequence[Point]]], x: Axis, y: Axis, limit: float | None = None) -> str:
    """A line chart.

    Args:
        series: Name and points of each line.
        x: Horizontal axis.
        y: Vertical axis.
        limit: Where a dashed horizontal line is drawn.
    """
    marks = []
    if limit is not None:
        height = f"{_y(y, limit):.1f}"
        marks.append(f'<line class="limit" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{height}" y2="{height}"/>')
    for number, (name, points) in enumerate(series):
        colour = _colour(number)
        places = [(_x(x, point.x), _y(y, point.y)) for point in points]
        path = " ".join(f"{left:.1f},{top:.1f}" for left, top in places)
        marks.append(f'<polyline class="{colour}" points="{path}"><title>{escape(name)}</title></polyline>')
        if len(points) <= 40:
            marks += [
                f'<circle class="{colour}" cx="{left:.1f}" cy="{top:.1f}" r="3"><title>{escape(name)} '
                f"{point.y:.4g}</title></circle>"
                for point, (left, top) in zip(points, places, strict=True)
            ]
    return _chart(x, y, marks) + keys([name for name, _ in series])


def recognition(series: Sequence[tuple[str, Sequence[Point]]]) -> str:
    """OCR scores in percent against the blur step, with the line that a step must reach."""
    x = Axis.over("blur step", [point.x for _, points in series for point in points])
    return lines(series, x, Axis("OCR (%)", 0, 105), limit=ocr.THRESHOLD)


def histogram(values: Sequence[float], label: str) -> str:
    """How many images have which score."""
    counts, edges = np.histogram(values, bins=min(20, max(5, round(math.sqrt(len(values))))))
    x, y = Axis(label, float(edges[0]), float(edges[-1])), Axis("images", 0, max(1.0, float(counts.max())) * 1.05)
    bars = [
        f'<rect class="c0" x="{_x(x, low):.1f}" width="{max(_x(x, high) - _x(x, low) - 1, 1):.1f}" '
        f'y="{_y(y, count):.1f}" height="{_y(y, 0) - _y(y, count):.1f}"><title>{count} from {low:.4g} to {high:.4g}'
        "</title></rect>"
        for count, low, high in zip(counts, edges, edges[1:], strict=False)
    ]
    return _chart(x, y, bars)


def _x(axis: Axis, value: float) -> float:
    return _LEFT + axis.share(value) * (WIDTH - _LEFT - _RIGHT)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - _BOTTOM - axis.share(value) * (HEIGHT - _TOP - _BOTTOM)


def _chart(x: Axis, y: Axis, marks: Sequence[str]) -> str:
    """The frame with grid, numbers and names of the axes, and the marks in it."""
    grid = []
    for tick in y.ticks():
        top = f"{_y(y, tick):.1f}"
        grid.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{top}" y2="{top}"/>')
        grid.append(f'<text x="{_LEFT - 6}" y="{top}" class="end">{_short(tick)}</text>')
    for tick in x.ticks():
        left = f"{_x(x, tick):.1f}"
        grid.append(f'<line x1="{left}" x2="{left}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}"/>')
        grid.append(f'<text x="{left}" y="{HEIGHT - _BOTTOM + 16}" class="middle">{_short(tick)}</text>')
    middle = (_TOP + HEIGHT - _BOTTOM) / 2
    names = (
        f'<text x="{(_LEFT + WIDTH - _RIGHT) / 2}" y="{HEIGHT - 8}" class="middle name">{escape(x.label)}</text>'
        f'<text transform="translate(14 {middle}) rotate(-90)" class="middle name">{escape(y.label)}</text>'
    )
    title = escape(f"{y.label} against {x.label}")
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
        f'<g class="grid">{"".join(grid)}</g>{names}{"".join(marks)}</svg>'
    )


def _short(value: float) -> str:
    """A number for an axis, like 12k or 0.05."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{unit}"
    return f"{value:.4g}"
