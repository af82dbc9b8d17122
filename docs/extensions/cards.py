"""Pages of all models and data sets, with the content of the report's cards.

They are written below `docs/cards` before anything is read; a page that would not change keeps its date, so that it is
not built anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import zoo
from benchmarks.leaderboard import ranking
from benchmarks.report import cards
from benchmarks.tables.markup import RST, escaped
from common.files import write_text
from datasets.registry import info as dataset_info
from datasets.registry import list_datasets
from extensions.numbers import RESULTS
from extensions.tables import claims, table
from zoo.weights import catalogue

FOLDER = "cards"
_COUNTS = ("parameters", "macs", "field", "frames")


def write(app: Sphinx) -> None:
    """Writes every page, and removes those of what is no longer registered."""
    folder = Path(app.srcdir) / FOLDER
    ranked = ranking.rank(ranking.read(RESULTS).done)
    pages = {
        **{f"models/{name}": _model(cards.model(zoo.info(name), ranked)) for name in zoo.list_models()},
        **{f"datasets/{name}": _card(cards.dataset(dataset_info(name), ranked)) for name in list_datasets()},
    }
    for path in folder.rglob("*.rst"):
        if path.relative_to(folder).with_suffix("").as_posix() not in pages:
            path.unlink()
    for page, text in pages.items():
        path = folder / f"{page}.rst"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)


def _model(card: dict[str, Any]) -> str:
    """The page of a model: its card, and what is published of its weights."""
    parts = [_card(card)]
    found = catalogue.entries(card["name"])
    if found:
        parts.append(_heading("Published weights"))
    for entry in found:
        note = f" {escaped(entry.note)}" if entry.note else ""
        parts.append(
            f"``{entry.name}``, for ``{entry.model}/{entry.variant}``, trained on {escaped(entry.trained_on)}: "
            f"{escaped(entry.licence)}.{note}\n"
        )
        if entry.packaged is not None:
            parts.append(f"**Where they fail:** {escaped(entry.packaged.fails)}.\n")
        if entry.scores:
            parts.append(claims(entry))
    return "\n".join(parts)


def _card(card: dict[str, Any]) -> str:
    """A page with what a card says."""
    title = f"{escaped(card['title'])} (``{card['name']}``)"
    parts = [title, "=" * len(title), "", escaped(card["summary"]), "", *_facts(card["facts"])]
    if card["layout"]:
        parts += [_heading("Layout"), "::", "", *(f"   {line}" for line in card["layout"].splitlines()), ""]
    if card["variants"]:
        parts += [_heading("Variants"), _variants(card["variants"])]
    parts += [_heading("Runs")]
    parts += [f"- {escaped(run['title'])}: {escaped(run['score'])}" for run in card["runs"]] or ["None yet."]
    return "\n".join(parts) + "\n"


def _facts(facts: Sequence[tuple[str, str]]) -> list[str]:
    """A list of fields."""
    return [*(f":{escaped(name)}: {_linked(str(value))}" for name, value in facts), ""]


def _linked(value: str) -> str:
    """A value, as a link where it is an address."""
    return RST.link(value, value) if value.startswith("http") else escaped(value)


def _variants(variants: Sequence[dict[str, Any]]) -> str:
    lines = [
        [
            RST.code(each["name"]),
            *(str(each[name]) for name in _COUNTS),
            RST.code(each["options"]) if each["options"] else "",
            escaped(each["note"]),
        ]
        for each in variants
    ]
    header = ["variant", "parameters", "GMACs at 256x256", "receptive field", "frames", "options", "note"]
    return table(header, lines)


def _heading(words: str) -> str:
    return f"{words}\n{'-' * len(words)}\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Has the pages written before Sphinx looks for sources, and before examples register models of their own."""
    app.connect("builder-inited", write, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
