"""`python -m benchmarks.tables`: every table of the five papers, claimed beside measured."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.errors import RunError
from benchmarks.records import layout
from benchmarks.records.record import Record
from common.cli import Parser, guarded, name_problems, path
from common.console import FORMATS

if TYPE_CHECKING:
    from benchmarks.tables import render

FILES = ("md", "csv", "tex")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit status."""

    def run() -> int:
        options = _parser().parse_args(arguments)
        if options.readme is not None:
            return _readme(options.readme)
        return _write(options.paper, options.results, options.out or options.results / "tables", options.show)

    return guarded(run)


def _parser() -> Parser:
    parser = Parser(
        prog="python -m benchmarks.tables",
        description="Write results/tables/PAPER.md, .csv and .tex from results/published.csv and results/runs/*.json.",
    )
    parser.add_argument(
        "--paper", metavar="NAME[,NAME]", help="bologna, fcn, psfnn, refiner, lite, weights (default: all)"
    )
    parser.add_argument("--results", type=path, default=Path("results"), help="results folder (default: results)")
    parser.add_argument("--out", type=path, metavar="DIR", help="folder for the tables (default: RESULTS/tables)")
    parser.add_argument(
        "--readme",
        type=path,
        nargs="*",
        metavar="FILE",
        help="only make the tables of models, data sets and metrics in files of Markdown or .rst anew (default: "
        "README.md and the pages in docs)",
    )
    parser.add_argument("--print", dest="show", action="store_const", const="markdown", help="print them, too")
    parser.add_argument(
        "--format", dest="show", choices=FORMATS, help="print them in this form, too; --print is --format markdown"
    )
    return parser


def _readme(targets: Sequence[Path]) -> int:
    """Makes the tables of files anew."""
    from benchmarks.tables import readme

    for target in targets or readme.PAGES:
        print(f"{target}: {', '.join(readme.update(target))}")
    return 0


def _write(names: str | None, folder: Path, out: Path, show: str | None) -> int:
    """Writes the tables of some papers in every format."""
    from benchmarks.records import store
    from benchmarks.tables import claims, render
    from common.files import write_text
    from zoo.start import quiet_frameworks

    papers = names.split(",") if names else list(claims.PAPERS)
    for paper in papers:
        if paper not in claims.PAPERS:
            raise RunError(f"unknown paper {paper!r}; choose from {', '.join(claims.PAPERS)}")
    published = claims.load(layout.existing(folder))
    results = store.read_all(folder)
    name_problems(results.problems)
    found = results.done
    quiet_frameworks()
    for paper in papers:
        tables = render.tables(published, paper, found)
        markdown = render.to_markdown(paper, tables, _spread(found) if paper == "refiner" else "")
        written = {"md": markdown, "csv": render.to_csv(tables), "tex": render.to_latex(paper, tables)}
        for suffix, text in written.items():
            write_text(out / f"{paper}.{suffix}", text)
        if show == "table":
            _print(paper, tables)
        elif show is not None:
            texts = {"markdown": markdown, "csv": written["csv"], "latex": written["tex"]}
            print(texts.get(show) or render.to_json(tables))
        listed, measured = render.counts(tables)
        print(f"{out / paper}.{{{','.join(FILES)}}}: {listed} claims, {measured} measured")
    return 0


def _print(paper: str, tables: Mapping[str, Sequence[render.Line]]) -> None:
    """Prints the tables of a paper, as wide as the terminal."""
    from benchmarks.tables import render
    from common.console import listing, terminal

    console = terminal()
    for title, lines in tables.items():
        used = [name for name in render.used_columns(lines) if name != "note"]
        shown = listing(used, [name for name in used if name in render.NUMBERS])
        for line in lines:
            cells = line.cells()
            shown.add_row(*(cells[name] for name in used))
        console.print(f"{paper}, {title}", markup=False)
        console.print(shown, markup=False)


def _spread(found: Sequence[Record]) -> str:
    """How the scores of the pages spread, as in Figures 17 to 19, which the article gives no numbers for."""
    from benchmarks.records import ocr_by_step

    return ocr_by_step.to_markdown([each for each in found if each.run.model in ("refiner", "identity", "wiener")])


if __name__ == "__main__":
    sys.exit(main())
