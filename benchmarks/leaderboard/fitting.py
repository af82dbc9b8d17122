"""Which columns of a ranking find room in a terminal: those that rank are always whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.leaderboard.rows import Cell, Column, Ranking
from benchmarks.metrics import METRICS

ALWAYS = ("rank", "model")
"""Never left out; nor is the metric that ranks."""

FIRST_OUT = ("seconds_per_megapixel", "macs_256", "mse", "images", "parameters", "profile", "ocr_steps", "trained_on")
"""What is left out for want of room, in this order; then the other metrics from the last one on, and at the very end
the interval of the metric that ranks."""

_FRAME = 3
_NARROWEST = 14


@dataclass(frozen=True)
class Fitted:
    """A ranking as it finds room.

    Attributes:
        columns: What is shown.
        lines: The cells' texts, row by row.
        left_out: Headings of what is not.
    """

    columns: tuple[Column, ...]
    lines: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...]


def fitted(ranking: Ranking, width: int) -> Fitted:
    """A ranking in so many columns of characters.

    Args:
        ranking: The table.
        width: Characters in a line. Rank, model and the metric that ranks are shown whatever it is.
    """
    main = next(column.name for column in ranking.columns if column.name in METRICS)
    kept, out, interval = list(ranking.columns), [], True
    while _needed(kept, ranking, interval) > width:
        column = _next_out(kept, main)
        if column is not None:
            kept.remove(column)
            out.append(column.title)
        elif interval:
            interval = False
            out.append("95 % intervals")
        else:
            break
    places = [ranking.columns.index(column) for column in kept]
    lines = tuple(tuple(_text(line[place], interval) for place in places) for line in ranking.lines)
    return Fitted(tuple(kept), lines, tuple(out))


def _next_out(kept: Sequence[Column], main: str) -> Column | None:
    """The column that goes next; None where only those are left that stay."""
    by_name = {column.name: column for column in kept if column.name not in (*ALWAYS, main)}
    rest = [name for name in by_name if name not in FIRST_OUT]
    return next((by_name[name] for name in (*FIRST_OUT, *reversed(rest)) if name in by_name), None)


def _needed(columns: Sequence[Column], ranking: Ranking, interval: bool) -> int:
    """Characters of a line; words may be broken at spaces, numbers and names may not."""
    total = 1
    for column in columns:
        place = ranking.columns.index(column)
        texts = [_text(line[place], interval) for line in ranking.lines]
        if column.number or column.name in ALWAYS:
            total += _FRAME + max(map(len, (column.heading, *texts)))
        else:
            words = [word for text in (column.heading, *texts) for word in text.split()]
            longest = max(map(len, texts), default=0)
            total += _FRAME + max(min(_NARROWEST, longest), *map(len, words or [""]))
    return total


def _text(cell: Cell, interval: bool) -> str:
    return cell.words if interval else cell.text
