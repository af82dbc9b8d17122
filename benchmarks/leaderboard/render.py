"""The leaderboard as CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.leaderboard.rows import Row, columns, rankings
from benchmarks.records import compare, latex, markdown

FOOTNOTE = (
    "= after the rank: tied with the leader, as the 95 % interval of the paired difference contains 0, or there are "
    f"fewer than {compare.FEWEST} images. "
    "* multiply-accumulates of one pass and seconds per megapixel at 256x256, batch of one, on the record's machine; "
    "models of grey images take three passes for a colour image."
)

Foreign = dict[str, dict[str, str]]

_SEPARATORS = ",;\t"


def foreign_columns(folder: Path) -> Foreign:
    """The columns of the leaderboard on disk that are not ours, as a newer version or a user may have added.

    A spreadsheet may have put a byte-order mark in front and semicolons or tabs between the columns.

    Args:
        folder: The results folder.

    Returns:
        Column -> (record -> value); nothing where there is no leaderboard or it is none.
    """
    try:
        text = (folder / "leaderboard.csv").read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=_separator(text))
        ours = columns()
        names = [name for name in reader.fieldnames or () if name and name not in ours]
        # A file without the column that names the record is none of ours.
        rows = list(reader) if "record" in (reader.fieldnames or ()) else []
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    return {name: {row["record"]: row[name] or "" for row in rows if row["record"]} for name in names if rows}


def _separator(text: str) -> str:
    """What stands between the columns, by which of the separators the first line has most."""
    first = text.partition("\n")[0]
    return max(_SEPARATORS, key=first.count)


def to_csv(rows: Sequence[Row], foreign: Foreign | None = None) -> str:
    """The leaderboard as CSV with our columns, then those that are not ours."""
    stream = io.StringIO()
    kept = foreign or {}
    writer = csv.DictWriter(stream, (*columns(), *kept), restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, **{name: values.get(row["record"], "") for name, values in kept.items()}})
    return stream.getvalue()


def to_json(rows: Sequence[Row]) -> str:
    """The leaderboard as a JSON list of objects with the columns of the CSV."""
    return json.dumps([{name: row[name] for name in columns() if name in row} for row in rows], indent=1)


def to_latex(rows: Sequence[Row]) -> str:
    r"""One LaTeX table per data set, protocol and data; needs `\usepackage{booktabs}`."""
    import pandas as pd

    parts = []
    for ranking in rankings(rows):
        lines = [[cell.words for cell in line] for line in ranking.lines]
        table = pd.DataFrame(lines, columns=[column.heading for column in ranking.columns])
        kinds = "".join("r" if column.number else "l" for column in ranking.columns)
        parts.append(
            table.to_latex(index=False, escape=True, column_format=kinds, caption=latex.escaped(ranking.title))
        )
    return "\n".join(parts)


def to_markdown(rows: Sequence[Row]) -> str:
    """One Markdown table per data set, protocol and data."""
    parts = [
        "# Leaderboard",
        "",
        "Generated from `results/runs` by `python -m benchmarks.leaderboard`; do not edit.",
        "",
    ]
    for ranking in rankings(rows):
        header = [column.heading for column in ranking.columns]
        lines = [[cell.words for cell in line] for line in ranking.lines]
        parts += [f"## {ranking.title}", "", *markdown.table(header, lines), ""]
    return "\n".join(parts)
