"""The leaderboard as CSV, Markdown and cells of text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import metrics
from benchmarks.leaderboard.rows import COLUMNS, Row
from benchmarks.protocols import PROTOCOLS
from benchmarks.records import compare, record

FOOTNOTE = (
    "= after the rank: tied with the leader, as the 95 % interval of the paired difference contains 0, or there are "
    f"fewer than {compare.FEWEST} images. "
    "* multiply-accumulates of one pass and seconds per megapixel at 256x256, batch of one, on the record's machine; "
    "networks of grey pictures take three passes for a colour picture."
)

Foreign = dict[str, dict[str, str]]


def foreign_columns(folder: Path) -> Foreign:
    """Returns the columns of the leaderboard on disk that are not ours, as a newer version or a user may have added.

    Args:
        folder: The results folder.

    Returns:
        Column -> (record -> value); nothing where there is no leaderboard or it is none.
    """
    try:
        with (folder / "leaderboard.csv").open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            names = [name for name in reader.fieldnames or () if name and name not in COLUMNS]
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    return {name: {row.get("record") or "": row.get(name) or "" for row in rows} for name in names}


def to_csv(rows: Sequence[Row], foreign: Foreign | None = None) -> str:
    """Returns the leaderboard as CSV with the fixed columns, then those that are not ours."""
    stream = io.StringIO()
    kept = foreign or {}
    writer = csv.DictWriter(stream, (*COLUMNS, *kept), restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, **{name: values.get(row["record"], "") for name, values in kept.items()}})
    return stream.getvalue()


def to_markdown(rows: Sequence[Row]) -> str:
    """Returns one Markdown table per data set, protocol and data."""
    parts = [
        "# Leaderboard",
        "",
        "Generated from `results/runs` by `python -m benchmarks.leaderboard`; do not edit.",
        "",
    ]
    for title, table in tables(rows):
        header, lines = cells(table)
        parts += [f"## {title}", "", "| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
        parts += ["| " + " | ".join(line) + " |" for line in lines] + [""]
    return "\n".join(parts)


def tables(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yields the title and the rows of each ranking."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        title = f"{row['dataset']}, protocol {row['protocol']}, {row['data']} (data {row['fingerprint']})"
        groups.setdefault(title, []).append(row)
    yield from groups.items()


def cells(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Returns headings and cells, as text, of one ranking for a reader."""
    shown = PROTOCOLS[rows[0]["protocol"]].metrics
    header = ["#", "model", *(metrics.METRICS[name].heading for name in shown)]
    by_step = ["by blur step", "stop step"] if "ocr" in shown else []
    header += [*by_step, "images", "params", "GMACs*", "s/Mpx*", "trained on", "budget"]
    return header, [_cells(row, shown) for row in rows]


def _cells(row: Row, shown: Sequence[str]) -> list[str]:
    """Returns the cells of one row."""
    scores = []
    for place, name in enumerate(shown):
        digits = 5 if name == "mse" else 4 if "ssim" in name else 2
        text = f"{row[name]:.{digits}f}"
        # The interval of the metric that ranks; the CSV has all of them.
        scores.append(
            f"{text} [{row[name + '_low']:.{digits}f}, {row[name + '_high']:.{digits}f}]" if not place else text
        )
    trained = f"{row['trained_on']} ({row['training_data']})" if row["trained_on"] else ""
    trained += f", weights chosen on {row['selected_on']}" if row["selected_on"] else ""
    budget = record.budget(row["profile"], row["steps"], row["training_seconds"]) if row["trained_on"] else ""
    budget = "; ".join(part for part in (budget, setting(row)) if part)
    speed = f"{row['seconds_per_megapixel']:.3g}" if row["seconds_per_megapixel"] != "" else ""
    by_step = [row["ocr_steps"], str(row["stop_step"])] if "ocr" in shown else []
    rank = f"{row['rank']} =" if row["tied"] else str(row["rank"])
    return [
        rank, f"{row['model']}/{row['variant']}", *scores, *by_step, str(row["images"]), f"{row['parameters']:,}",
        f"{row['macs_256'] / 1e9:.2f}", speed, trained, budget,
    ]  # fmt: skip


def setting(row: Row) -> str:
    """Returns what sets a run of the Helsinki challenge or of a known blur apart; empty for others."""
    guessed = f"blur step {row['blur_step']}" if row["blur_step"] else ""
    known = f"blur known: {row['psf']}" if row["psf"] else ""
    return "; ".join(part for part in (row["preparation"], row["tiles"], guessed, known) if part)
