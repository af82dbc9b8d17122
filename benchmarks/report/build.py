"""Makes the whole site beside the old one and puts it in its place at the end."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

import zoo
from benchmarks.leaderboard import ranking
from benchmarks.leaderboard import rows as leaderboard_rows
from benchmarks.records import compare, layout, store
from benchmarks.records.record import Record
from benchmarks.report import cards, index, run_page
from benchmarks.tables import claims, render
from common.errors import FileError
from datasets.registry import info as dataset_info
from datasets.registry import list_datasets

HERE = Path(__file__).parent


class Site:
    """A folder of pages in the making.

    Args:
        folder: Where it is made.
        found: The records of finished runs.
    """

    def __init__(self, folder: Path, found: Sequence[Record]) -> None:
        self.folder, self.found = folder, found
        self.pages = 0
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )

    def page(self, path: str, template: str, **values: Any) -> None:
        """Writes one page; `path` is relative to the site."""
        values = {"here": "", "up": "../" * path.count("/"), "count": len(self.found), **values}
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self._environment.get_template(template).render(values), encoding="utf-8")
        self.pages += 1


def build(folder: Path, out: Path) -> tuple[int, tuple[str, ...]]:
    """Makes the site of a results folder.

    Args:
        folder: The results folder.
        out: Where the site goes; what a site left there before is replaced in one step.

    Returns:
        The number of pages, and what is wrong with records that were left out, one line each.

    Raises:
        RunError: When the published numbers cannot be read.
        FileError: When the site cannot be written, or something else lies in its place.
    """
    with store.locked(folder):
        if out.exists() and not (out / "index.html").is_file() and (not out.is_dir() or any(out.iterdir())):
            raise FileError(f"{out} is there and no report; choose another folder with --out")
        found = ranking.read(folder)
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".tmp-report-", dir=out.parent) as temporary:
                site = Site(Path(temporary) / "new", found.done)
                _fill(site, folder)
                if out.exists():
                    out.rename(Path(temporary) / "old")
                site.folder.rename(out)
        except OSError as error:
            raise FileError(
                f"cannot write {out}: {error.strerror or error}; free disk space or choose another folder"
            ) from error
    return site.pages, found.problems


def _fill(site: Site, folder: Path) -> None:
    """Writes every page, style, script and image."""
    shutil.copytree(HERE / "assets", site.folder / "assets")
    done = site.found
    kept = folder / layout.FOLDER
    for record in done:
        source = kept / record.path.stem
        if source.is_dir():
            shutil.copytree(source, site.folder / layout.FOLDER / record.path.stem)
    ranked = ranking.rank(done)
    rankings = index.rankings(ranked, done)
    site.page(
        "index.html",
        "index.html",
        title="Leaderboards",
        here="index",
        rankings=rankings,
        filters=index.filters(rankings),
        fewest=compare.FEWEST,
    )
    rows = {row["record"]: row for row in ranked}
    for record in done:
        content = run_page.content(record, rows[record.path.name], folder)
        site.page(f"runs/{record.path.stem}.html", "run.html", **content)
    _papers(site, folder)
    _cards(site, ranked)


def _papers(site: Site, folder: Path) -> None:
    """Writes the tables of the papers."""
    published, listed = claims.load(folder), []
    for paper, title in claims.PAPERS.items():
        tables = render.tables(published, paper, site.found)
        site.page(
            f"papers/{paper}.html",
            "paper.html",
            title=title,
            here="papers",
            numbers=render.NUMBERS,
            tables=[_table(name, lines) for name, lines in tables.items()],
        )
        number, measured = render.counts(tables)
        listed.append({"name": paper, "title": title, "claims": number, "measured": measured})
    site.page("papers.html", "papers.html", title="Papers", here="papers", papers=listed)


def _table(title: str, lines: Sequence[render.Line]) -> dict[str, Any]:
    """One table of a paper for its template."""
    return {
        "title": title,
        "columns": render.used_columns(lines),
        "lines": [
            {**line.cells(), "record": Path(line.measured.record).stem if line.measured else ""} for line in lines
        ],
    }


def _cards(site: Site, ranked: Sequence[leaderboard_rows.Row]) -> None:
    """Writes a card for every model and data set, and the list of them."""
    known = [info for info in map(zoo.info, zoo.list_models()) if info.own is None]
    models = [cards.model(info, ranked) for info in known] + _own_cards(site.found, ranked)
    datasets = [cards.dataset(dataset_info(name), ranked) for name in list_datasets()]
    for kind, group in (("models", models), ("datasets", datasets)):
        for card in group:
            site.page(f"{kind}/{card['name']}.html", "card.html", here="cards", **card)
    site.page(
        "cards.html",
        "cards.html",
        title="Models and data sets",
        here="cards",
        models=_listed(models),
        datasets=_listed(datasets),
    )


def _own_cards(found: Sequence[Record], ranked: Sequence[leaderboard_rows.Row]) -> list[dict[str, Any]]:
    """The cards of the users' own models that the records tell of, by name."""
    own = [record.result for record in found if record.result.own is not None]
    last = {run.model: run for run in sorted(own, key=lambda run: run.created)}
    return [cards.own(last[name], ranked) for name in sorted(last)]


def _listed(group: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Cards with the number of their runs."""
    return [{**card, "runs": len(card["runs"])} for card in group]
