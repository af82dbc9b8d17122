"""`python -m benchmarks.leaderboard`: ranks what was measured, from the run records alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.errors import Parser, guarded


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    parser = Parser(
        prog="python -m benchmarks.leaderboard",
        description="Make leaderboard.csv and leaderboard.md anew from results/runs/*.json, and print the tables.",
    )
    parser.add_argument("--results", type=Path, default=Path("results"), help="results folder (default: results)")
    parser.add_argument("--by-step", action="store_true", help="print character recognition by blur step, too")
    options = parser.parse_args(arguments)
    return guarded(lambda: _show(options.results, options.by_step))


def _show(folder: Path, by_step: bool) -> int:
    """Makes and prints the leaderboard."""
    from benchmarks import console, records, standings, steps

    rows = standings.update(folder)
    standings.require_rows(rows, folder)
    console.print_standings(rows)
    if by_step:
        console.print_steps(steps.tables(list(records.read_all(folder))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
