"""`python -m benchmarks.report`: makes `results/report` from the run records."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.records import layout
from common.cli import Parser, guarded, name_problems, path


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit status."""

    def run() -> int:
        options = _parser().parse_args(arguments)
        return _build(options.results, options.out or options.results / "report")

    return guarded(run)


def _parser() -> Parser:
    parser = Parser(
        prog="python -m benchmarks.report",
        description="Make a static site of leaderboards, papers' tables, runs, models and data sets. Open its "
        "index.html in any browser; no server is needed.",
    )
    parser.add_argument("--results", type=path, default=Path("results"), help="results folder (default: results)")
    parser.add_argument("--out", type=path, metavar="DIR", help="folder for the site (default: RESULTS/report)")
    return parser


def _build(folder: Path, out: Path) -> int:
    """Makes the site and says where it is."""
    from zoo.start import quiet_frameworks

    layout.existing(folder)
    quiet_frameworks()
    from benchmarks.report import build

    pages, problems = build.build(folder, out)
    name_problems(problems)
    print(f"{pages} pages: open {out / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
