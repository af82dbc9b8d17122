"""The content of the report's first page: rankings with their charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import metrics
from benchmarks.leaderboard import render
from benchmarks.leaderboard import rows as leaderboard_rows
from benchmarks.protocols import PROTOCOLS
from benchmarks.records import ocr_by_step
from benchmarks.records.record import Record
from benchmarks.report.charts import Axis, Point, keys, recognition, scatter

_COSTS = (
    ("parameters", "parameters", 1.0),
    ("macs_256", "GMACs at 256x256", 1e-9),
    ("seconds_per_megapixel", "seconds per megapixel", 1.0),
)


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: What is shown.
        value: The number that it is sorted by; empty for none.
        number: Whether it is one.
        link: Page behind it, empty for none.
        aside: Shown smaller behind the text.
    """

    text: str
    value: float | str = ""
    number: bool = False
    link: str = ""
    aside: str = ""


def rankings(ranked: Sequence[leaderboard_rows.Row], done: Sequence[Record]) -> list[dict[str, Any]]:
    """Returns every ranking with columns, lines and charts for its template.

    Args:
        ranked: The rows of the leaderboard.
        done: The finished runs that they are about.
    """
    by_name = {record.path.name: record for record in done}
    found = []
    for _, rows in render.tables(ranked):
        first = rows[0]
        shown = PROTOCOLS[first["protocol"]].metrics
        names = ("dataset", "protocol", "data", "fingerprint")
        found.append({
            **{name: first[name] for name in names},
            "anchor": "-".join(str(first[name]) for name in ("dataset", "protocol", "fingerprint")),
            "columns": _columns(shown),
            "lines": [_line(row, shown) for row in rows],
            "keys": keys([_name(row) for row in rows]) if len(rows) > 1 else "",
            "charts": [*_costs(rows, shown[0]), *_steps(rows, by_name)],
        })  # fmt: skip
    return found


def _name(row: leaderboard_rows.Row) -> str:
    """Returns what a run is called in a chart; the rank tells runs of one network apart."""
    return f"{row['rank']} {row['model']}/{row['variant']}"


def filters(found: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Returns the values that each filter offers."""
    return {
        name: sorted({ranking[name] for ranking in found}) for name in ("dataset", "protocol", "fingerprint")
    }  # fmt: skip


def _columns(shown: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the headings, and which direction each is sorted in first."""
    columns = [
        {"title": "#", "number": True, "first": "ascending"},
        {"title": "run", "number": False, "first": "ascending"},
    ]
    for name in shown:
        card = metrics.METRICS[name]
        title = card.heading
        columns.append(
            {"title": title, "number": True, "first": "descending" if card.higher_is_better else "ascending"}
        )
    columns += [
        {"title": title, "number": True, "first": "ascending"} for title in ("images", "params", "GMACs", "s/Mpx")
    ]
    return [*columns, {"title": "trained on", "number": False, "first": "ascending"},
            {"title": "budget", "number": False, "first": "ascending"}]  # fmt: skip


def _line(row: leaderboard_rows.Row, shown: Sequence[str]) -> list[Cell]:
    """Returns the cells of one run: what is shown, and the number that it is sorted by."""
    _, ((rank, name, *texts),) = render.cells([row])
    scores, rest = texts[: len(shown)], texts[len(texts) - 6 :]
    cells = [Cell(rank, row["rank"], number=True), Cell(name, link=f"runs/{Path(row['record']).stem}.html")]
    for metric, text in zip(shown, scores, strict=True):
        value, _, interval = text.partition(" ")
        cells.append(Cell(value, row[metric], number=True, aside=interval))
    numbers = ("images", "parameters", "macs_256", "seconds_per_megapixel")
    cells += [Cell(text, row[name], number=True) for text, name in zip(rest[:4], numbers, strict=True)]
    return [*cells, Cell(rest[4]), Cell(rest[5])]


def _costs(rows: Sequence[leaderboard_rows.Row], metric: str) -> list[Any]:
    """Returns the score against parameters, operations and time; nothing for a single run."""
    if len(rows) < 2:
        return []
    card = metrics.METRICS[metric]
    y = Axis.over(card.heading, [row[metric] for row in rows])
    charts = []
    for name, label, factor in _COSTS:
        points = [
            Point(row[name] * factor, row[metric], f"{_name(row)}: {row[metric]:.4g}", colour)
            for colour, row in enumerate(rows)
            if row[name] != "" and row[name] > 0
        ]
        if points:
            charts.append(scatter(points, Axis.over(label, [point.x for point in points], log=True), y))
    return charts


def _steps(rows: Sequence[leaderboard_rows.Row], by_name: Mapping[str, Record]) -> list[Any]:
    """Returns the OCR score of each blur step with the line at 70 %; nothing where there are no steps."""
    series = []
    for row in rows:
        found = ocr_by_step.by_step(by_name[row["record"]])
        if len(found) > 1:
            series.append((_name(row), [Point(each.step, each.mean, f"{each.mean:.1f}") for each in found]))
    return [recognition(series)] if series else []
