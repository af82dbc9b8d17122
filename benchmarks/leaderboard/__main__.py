"""`python -m benchmarks.leaderboard`: ranks what was measured, from the run records alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.records import layout
from common.cli import Parser, guarded, name_problems, path
from common.console import FORMATS


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit status."""
    return guarded(lambda: _run(_parser().parse_args(arguments)))


def _parser() -> Parser:
    parser = Parser(
        prog="python -m benchmarks.leaderboard",
        description="Make leaderboard.csv and leaderboard.md anew from results/runs/*.json, and print the tables.",
    )
    parser.add_argument("--results", type=path, default=Path("results"), help="results folder (default: results)")
    parser.add_argument("--by-step", action="store_true", help="print character recognition by blur step, too")
    parser.add_argument(
        "--check", action="store_true", help="only look for faults of records and leaderboard; exit status 1 for any"
    )
    parser.add_argument(
        "--compare", nargs=2, metavar=("A", "B"), help="only show how two runs differ, image by image; names of records"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="table",
        help="what is printed: a table as wide as the terminal (plain lines into a pipe), or all columns and rows in "
        "another form (default: table)",
    )
    return parser


def _run(options: argparse.Namespace) -> int:
    """Does what one of the options asks for."""
    layout.existing(options.results)
    if options.check:
        return _check(options.results)
    if options.compare:
        return _compare(options.results, *options.compare)
    return _show(options.results, options.by_step, options.format)


def _check(folder: Path) -> int:
    """Prints every fault; 1 when there is one."""
    from benchmarks.leaderboard import check

    found = check.faults(folder)
    for line in found:
        print(line)
    count = len(layout.paths(folder))
    print(f"{count} records, {len(found)} faults" if found else f"{count} records, no faults")
    return 1 if found else 0


def _compare(folder: Path, first: str, second: str) -> int:
    """Prints how two runs differ."""
    from benchmarks.leaderboard import terminal
    from benchmarks.records import compare, store

    a, b = (store.find_by_name(folder, name) for name in (first, second))
    terminal.print_differences(a.path.stem, b.path.stem, compare.compare(a, b))
    return 0


def _show(folder: Path, by_step: bool, form: str) -> int:
    """Makes and prints the leaderboard."""
    from benchmarks.leaderboard import ranking, render, terminal
    from benchmarks.records import ocr_by_step

    rows, found = ranking.update(folder)
    name_problems(found.problems)
    ranking.require_rows(rows, folder)
    if form == "table":
        terminal.print_rankings(rows)
    else:
        forms = {"markdown": render.to_markdown, "csv": render.to_csv, "json": render.to_json, "latex": render.to_latex}
        print(forms[form](rows).rstrip("\n"))
    if by_step:
        terminal.print_steps(ocr_by_step.tables(found.done))
    return 0


if __name__ == "__main__":
    sys.exit(main())
