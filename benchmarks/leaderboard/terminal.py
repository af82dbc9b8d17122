"""The tables that `python -m benchmarks.leaderboard` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from benchmarks import metrics
from benchmarks.leaderboard.fitting import ALWAYS, Fitted, fitted
from benchmarks.leaderboard.render import FOOTNOTE
from benchmarks.leaderboard.rows import Ranking, Row, rankings
from benchmarks.metrics.summary import Scores
from benchmarks.records import ocr_by_step
from benchmarks.records.compare import Difference
from common.console import print_numbers, terminal

if TYPE_CHECKING:
    from rich.table import Table


def print_rankings(rows: Sequence[Row]) -> None:
    """Prints one table per ranking: framed and as wide as the terminal, or plain lines into a file or a pipe."""
    console = terminal()
    out: dict[str, None] = {}
    for ranking in rankings(rows):
        if console.soft_wrap:
            print("\n".join(plain_lines(ranking)), end="\n\n")
            continue
        shown = fitted(ranking, console.width)
        out |= dict.fromkeys(shown.left_out)
        console.print(_framed(ranking.title, shown))
    if out:
        console.print(f"no room for {', '.join(out)}: --format csv or a wider terminal shows all", markup=False)
    console.print(FOOTNOTE)


def plain_lines(ranking: Ranking) -> list[str]:
    """A ranking as lines of text, columns aligned and two spaces apart; nothing is broken."""
    header = [column.heading for column in ranking.columns]
    table = [header, *([cell.words for cell in line] for line in ranking.lines)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(
            text.rjust(width) if column.number else text.ljust(width)
            for text, width, column in zip(line, widths, ranking.columns, strict=True)
        ).rstrip()
        for line in table
    ]
    return [ranking.title, *lines]


def _framed(title: str, shown: Fitted) -> Table:
    """A ranking in a frame."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title), title_justify="left")
    for column in shown.columns:
        justify: Literal["left", "right"] = "right" if column.number else "left"
        whole = column.number or column.name in ALWAYS
        table.add_column(escape(column.heading), justify=justify, no_wrap=whole, overflow="fold")
    for line in shown.lines:
        table.add_row(*map(escape, line))
    return table


def print_means(name: str, scores: Scores) -> None:
    """Prints the means of scores that are in no ranking."""
    lines = []
    for metric, mean in scores.means.items():
        card = metrics.METRICS[metric]
        interval = f"[{mean.low:.5g}, {mean.high:.5g}]"
        lines.append([card.title, card.shown(mean.mean, ".5g"), interval, str(len(scores.images))])
    print_numbers(name, ("metric", "mean", "95 % interval", "images"), lines)


def print_steps(found: Sequence[tuple[str, list[list[str]]]]) -> None:
    """Prints one table of blur steps for each set of photographs."""
    for title, lines in found:
        print_numbers(title, ocr_by_step.HEADER, lines)


def print_differences(first: str, second: str, found: Sequence[Difference]) -> None:
    """Prints how two runs differ in every metric, and the images that the first one loses most on."""
    from rich.table import Table

    console = terminal()
    console.print(f"A  {first}\nB  {second}\n", markup=False, highlight=False)
    table = Table(title="A - B, paired over the images that both scored")
    for name in ("metric", "mean", "95 % interval", "images", "verdict"):
        table.add_column(name, justify="left" if name in ("metric", "verdict") else "right")
    for each in found:
        card, interval = metrics.METRICS[each.metric], each.interval
        better = "A" if (interval.mean > 0) == card.higher_is_better else "B"
        verdict = "tied" if each.tied else f"{better} is better"
        bounds = f"[{interval.low:+.4g}, {interval.high:+.4g}]"
        table.add_row(card.title, card.shown(interval.mean, "+.4g"), bounds, str(each.images), verdict)
    console.print(table)
    if not found or not found[0].worst:
        return
    table = Table(title=f"where A is farthest behind in {metrics.METRICS[found[0].metric].title}", title_justify="left")
    for name in ("image", "A", "B", "A - B"):
        table.add_column(name, justify="left" if name == "image" else "right")
    for image, ours, theirs in found[0].worst:
        table.add_row(image, f"{ours:.4g}", f"{theirs:.4g}", f"{ours - theirs:+.4g}")
    console.print(table)
