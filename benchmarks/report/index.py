"""The content of the report's first page: rankings with their charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.leaderboard import rows as leaderboard_rows
from benchmarks.leaderboard.rows import Ranking, Row
from benchmarks.metrics import Metric
from benchmarks.protocols import PROTOCOLS
from benchmarks.records import ocr_by_step
from benchmarks.records.record import Record
from benchmarks.report.charts import Axis, Point, keys, recognition, scatter

_COSTS = (
    ("parameters", "parameters", 1.0),
    ("macs_256", "GMACs at 256x256", 1e-9),
    ("seconds_per_megapixel", "seconds per megapixel", 1.0),
)
# A chart shows them.
_LEFT_OUT = ("ocr_steps", "stop_step")


def rankings(ranked: Sequence[Row], done: Sequence[Record]) -> list[dict[str, Any]]:
    """Every ranking with columns, lines and charts for its template.

    Args:
        ranked: The rows of the leaderboard.
        done: The finished runs that they are about.
    """
    by_name = {record.path.name: record for record in done}
    return [_content(ranking, by_name) for ranking in leaderboard_rows.rankings(ranked)]


def _content(ranking: Ranking, by_name: Mapping[str, Record]) -> dict[str, Any]:
    """One ranking for its template."""
    first, rows = ranking.rows[0], ranking.rows
    shown = [place for place, column in enumerate(ranking.columns) if column.name not in _LEFT_OUT]
    main = PROTOCOLS[first["protocol"]].main
    return {
        **{name: first[name] for name in leaderboard_rows.GROUP},
        "name": leaderboard_rows.names_of(rows),
        "anchor": "-".join(str(first[name]).replace(" ", "-") for name in leaderboard_rows.GROUP if first[name]),
        "columns": [ranking.columns[place] for place in shown],
        "lines": [
            {"link": f"runs/{Path(row['record']).stem}.html", "cells": [line[place] for place in shown]}
            for row, line in zip(rows, ranking.lines, strict=True)
        ],
        "keys": keys([_name(row) for row in rows]) if len(rows) > 1 else "",
        "charts": [*_costs(rows, main), *_steps(rows, by_name)],
    }


def _name(row: Row) -> str:
    """What a run is called in a chart; the rank tells runs of one model apart."""
    return f"{row['rank']} {row['model']}/{row['variant']}"


def filters(found: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """The values that each filter offers."""
    names = ("dataset", "protocol", "fingerprint")
    return {name: sorted({ranking[name] for ranking in found}) for name in names}


def _costs(rows: Sequence[Row], main: Metric) -> list[Any]:
    """The score against parameters, operations and time; nothing for a single run."""
    if len(rows) < 2:
        return []
    y = Axis.over(main.heading, [row[main.name] for row in rows])
    charts = []
    for name, label, factor in _COSTS:
        points = [
            Point(row[name] * factor, row[main.name], f"{_name(row)}: {row[main.name]:.4g}", colour)
            for colour, row in enumerate(rows)
            if row[name] != "" and row[name] > 0
        ]
        if points:
            charts.append(scatter(points, Axis.over(label, [point.x for point in points], log=True), y))
    return charts


def _steps(rows: Sequence[Row], by_name: Mapping[str, Record]) -> list[Any]:
    """The OCR score of each blur step with the line at 70 %; nothing where there are no steps."""
    series = []
    for row in rows:
        found = ocr_by_step.by_step(by_name[row["record"]])
        if len(found) > 1:
            series.append((_name(row), [Point(each.step, each.mean, f"{each.mean:.1f}") for each in found]))
    return [recognition(series)] if series else []
