"""From run records to the leaderboard: fixed columns, one ranking per data set, protocol and data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks import metrics
from benchmarks.errors import RunError
from benchmarks.leaderboard.render import foreign_columns, to_csv, to_markdown
from benchmarks.leaderboard.rows import GROUP, Row, row_of
from benchmarks.protocols import PROTOCOLS
from benchmarks.records import compare, ocr_by_step, store
from benchmarks.records.record import Record
from benchmarks.records.store import locked
from common.files import write_text

# Enough for a yes or no; every run of every table is drawn anew whenever the leaderboard is made.
_TIE_RESAMPLES = 2000


def update(folder: Path) -> tuple[list[Row], store.Results]:
    """Makes `leaderboard.csv` and `leaderboard.md` anew from all records; safe beside another process doing the same.

    Args:
        folder: The results folder.

    Returns:
        The rows of the leaderboard, and what it was made of; what is wrong with other files is among its problems.

    Raises:
        FileError: When the files cannot be written.
    """
    with locked(folder):
        found = read(folder)
        rows = rank(found.done)
        write_text(folder / "leaderboard.csv", to_csv(rows, foreign_columns(folder)))
        write_text(folder / "leaderboard.md", to_markdown(rows) + ocr_by_step.to_markdown(found.done))
    return rows, found


def read(folder: Path) -> store.Results:
    """Every record of a results folder that can be ranked; what is wrong with the others is among the problems."""
    found = store.read_all(folder)
    records, problems = [], list(found.problems)
    for record in found.records:
        main = PROTOCOLS[record.run.protocol].main.name
        if record.done and main not in record.result.scores.means:
            problems.append(f"{record.path}: no {main}, by which protocol {record.run.protocol} ranks; run again")
        else:
            records.append(record)
    return store.Results(tuple(records), tuple(problems))


def rank(found: Iterable[Record]) -> list[Row]:
    """The ranked rows of all finished records; different data or protocols are never ranked together.

    A row is tied with the leader when the paired bootstrap of their difference, over the images that both scored,
    leaves open which is better.
    """
    tables: dict[tuple[str, ...], list[tuple[Row, Record]]] = {}
    for record in found:
        if record.done:
            row = row_of(record)
            tables.setdefault(tuple(row[name] for name in GROUP), []).append((row, record))
    ranked = []
    for key in sorted(tables):
        main = PROTOCOLS[key[1]].main
        lines = sorted(tables[key], key=lambda line: line[0][main.name], reverse=main.higher_is_better)
        for place, (row, record) in enumerate(lines, 1):
            ranked.append(
                {**row, "rank": place, "tied": "yes" if place > 1 and _tied(record, lines[0][1], main) else ""}
            )
    return ranked


def _tied(record: Record, leader: Record, main: metrics.Metric) -> bool:
    """Whether a run cannot be told from the leader by the metric that ranks."""
    _, first, second = compare.paired(leader.result.scores, record.result.scores, main.name)
    if not len(first):
        return False
    interval = metrics.paired_difference(first, second, resamples=_TIE_RESAMPLES)
    return compare.undecided(len(first), interval)


def require_rows(rows: Sequence[Row], folder: Path) -> None:
    """Raises RunError when there is nothing to show."""
    if not rows:
        raise RunError(
            f"no finished run in {folder / 'runs'}; "
            "make one: python -m benchmarks.run --model atrous --dataset reds --sample"
        )
